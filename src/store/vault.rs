//! Sealing: nothing secret lies in a store in the clear, and no sealed value fits another row.
//!
//! A master key wraps one data key per connection; the data key seals the tokens. Each record is
//! `version | nonce | ciphertext and tag`, authenticated together with the name of the place it belongs to, so that a
//! row cannot be swapped for another one.

mod file;

use std::fmt;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use secrecy::zeroize::Zeroizing;

use super::StoreError;
use crate::clock::Clock;

pub use file::KeyTurn;
#[cfg(feature = "cli")]
pub(crate) use file::draft_beside;

const VERSION: u8 = 1;
const KEY_LEN: usize = 32;

/// A key of 256 bits that does not print.
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; KEY_LEN]>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key([redacted])")
    }
}

impl Key {
    /// A new random key.
    pub fn generate(clock: &dyn Clock) -> Self {
        let mut bytes = Zeroizing::new([0; KEY_LEN]);
        clock.random(&mut bytes[..]);
        Self(bytes)
    }

    /// A key from 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() != KEY_LEN * 2 || !text.is_ascii() {
            return None;
        }
        let mut bytes = Zeroizing::new([0; KEY_LEN]);
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// As 64 hexadecimal digits: for the key's file, and for a backup that was asked to hold the key.
    pub(super) fn to_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.iter().fold(String::with_capacity(KEY_LEN * 2), |hex, byte| hex + &format!("{byte:02x}")))
    }

    /// Whether both are the same key.
    pub fn is_same(&self, other: &Self) -> bool {
        *self.0 == *other.0
    }

    fn cipher(&self) -> Result<LessSafeKey, StoreError> {
        let key = UnboundKey::new(&AES_256_GCM, &self.0[..])
            .map_err(|_| StoreError("the key has a wrong length".to_owned()))?;
        Ok(LessSafeKey::new(key))
    }

    /// Seals `plain` for the place `place`.
    pub fn seal(&self, clock: &dyn Clock, place: &str, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut nonce = [0; NONCE_LEN];
        clock.random(&mut nonce);
        let mut sealed = plain.to_vec();
        let failed = |_| StoreError("sealing failed".to_owned());
        self.cipher()?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place.as_bytes()), &mut sealed)
            .map_err(failed)?;
        let mut record = Vec::with_capacity(1 + NONCE_LEN + sealed.len());
        record.push(VERSION);
        record.extend_from_slice(&nonce);
        record.extend_from_slice(&sealed);
        Ok(record)
    }

    /// Opens what was sealed for the place `place`.
    pub fn open(&self, place: &str, record: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let wrong = || {
            let what = "it was sealed with another key, or changed since";
            StoreError(format!(
                "cannot open the stored secret of {place}: {what}; bring back the key that belongs to this store"
            ))
        };
        let (version, rest) = record.split_first().ok_or_else(wrong)?;
        if *version != VERSION {
            return Err(StoreError(format!(
                "the stored secret of {place} has the unknown format {version}; use a newer ctct"
            )));
        }
        let (nonce, sealed) = rest.split_at_checked(NONCE_LEN).ok_or_else(wrong)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| wrong())?;
        let mut buffer = Zeroizing::new(sealed.to_vec());
        let opened =
            self.cipher()?.open_in_place(nonce, Aad::from(place.as_bytes()), &mut buffer).map_err(|_| wrong())?;
        Ok(Zeroizing::new(opened.to_vec()))
    }

    /// A new data key, and the same wrapped by this one for the place `place`.
    pub fn new_data_key(&self, clock: &dyn Clock, place: &str) -> Result<(Self, Vec<u8>), StoreError> {
        let key = Self::generate(clock);
        let wrapped = self.wrap_data_key(clock, place, &key)?;
        Ok((key, wrapped))
    }

    /// A data key, wrapped by this one for the place `place`.
    pub fn wrap_data_key(&self, clock: &dyn Clock, place: &str, data_key: &Self) -> Result<Vec<u8>, StoreError> {
        self.seal(clock, &data_key_place(place), &data_key.0[..])
    }

    /// The data key that was wrapped for the place `place`.
    pub fn unwrap_data_key(&self, place: &str, wrapped: &[u8]) -> Result<Self, StoreError> {
        let plain = self.open(&data_key_place(place), wrapped)?;
        let bytes: [u8; KEY_LEN] =
            plain[..].try_into().map_err(|_| StoreError("a data key has a wrong length".to_owned()))?;
        Ok(Self(Zeroizing::new(bytes)))
    }
}

/// Where the data key of the connection `place` belongs.
pub(super) fn data_key_place(place: &str) -> String {
    format!("{place}/data_key")
}

/// Where the secrets of the profile `id` belong.
pub fn profile_place(id: &str) -> String {
    format!("profile/{id}/secrets")
}

/// Where the result kept for an idempotency key belongs.
pub fn kept_place(connection: &str, key: &str) -> String {
    format!("idempotency/{connection}/{key}")
}

#[cfg(test)]
mod tests {
    use super::Key;
    use crate::clock::SystemClock;

    #[test]
    fn a_record_opens_only_in_its_own_place_and_with_its_own_key() {
        let clock = SystemClock;
        let key = Key::generate(&clock);
        let sealed = key.seal(&clock, "a/tokens/1", b"hidden").unwrap();
        assert_eq!(&key.open("a/tokens/1", &sealed).unwrap()[..], b"hidden");
        assert!(key.open("b/tokens/1", &sealed).is_err());
        assert!(Key::generate(&clock).open("a/tokens/1", &sealed).is_err());
        for end in 0..sealed.len() {
            assert!(key.open("a/tokens/1", &sealed[..end]).is_err());
        }
    }

    #[test]
    fn a_data_key_comes_back_from_its_wrapping() {
        let clock = SystemClock;
        let master = Key::generate(&clock);
        let (data, wrapped) = master.new_data_key(&clock, "a").unwrap();
        let sealed = data.seal(&clock, "a", b"x").unwrap();
        assert_eq!(&master.unwrap_data_key("a", &wrapped).unwrap().open("a", &sealed).unwrap()[..], b"x");
        assert!(master.unwrap_data_key("b", &wrapped).is_err());
    }
}

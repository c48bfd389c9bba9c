//! A store as one file: a line of JSON with everything in it, and a line with the checksum of the first, so that a
//! file that was cut off or changed on its way is recognised before any of it is used.

use ring::digest::{SHA256, digest};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{opened, reseal};
use crate::{
    clock::Clock,
    store::{Dump, Result, Store, StoreError, vault::Key},
};

/// What every backup begins with, so that another program's file is not taken for one.
const BEGIN: &[u8] = br#"{"format":"ctct-store-backup","#;
const FORMAT: &str = "ctct-store-backup";
/// Grows with every change that an older program would not understand.
const VERSION: u32 = 1;
const SEALED: &str = "The secrets in this file are sealed; they open only with the key of the store it was made of.";
const WITH_KEY: &str = "THIS FILE HOLDS THE KEY: whoever can read it can use every connection in it. Keep it as you \
    would keep a password.";

/// The document as it is written; its fields stand in this order.
#[derive(Serialize)]
struct Written<'a> {
    format: &'a str,
    version: u32,
    note: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    store: &'a Dump,
}

/// What is read before the version is known to be ours.
#[derive(Deserialize)]
struct Head {
    version: u32,
}

/// The document as it is read.
#[derive(Deserialize)]
struct Read {
    #[serde(default)]
    key: Option<SecretString>,
    store: Dump,
}

/// What a restore has put into the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Restored {
    /// Profiles.
    pub profiles: usize,
    /// Connections.
    pub connections: usize,
    /// Secrets that the key did not open: broken in the backup, or sealed with yet another key.
    pub unreadable: usize,
}

/// Everything in the store as one file's content. Secrets stay sealed; the key goes in only where it is given.
pub async fn backup(store: &dyn Store, key: Option<&Key>) -> Result<Vec<u8>> {
    let hex = key.map(Key::to_hex);
    let dump = store.dump().await?;
    let document = Written {
        format: FORMAT,
        version: VERSION,
        note: if key.is_some() { WITH_KEY } else { SEALED },
        key: hex.as_ref().map(|h| h.as_str()),
        store: &dump,
    };
    let mut text = serde_json::to_vec(&document).map_err(|e| StoreError(format!("cannot write the backup: {e}")))?;
    let sum = checksum(&text);
    text.extend_from_slice(format!("\n{sum}\n").as_bytes());
    Ok(text)
}

/// Puts a backup into a store that holds no profile and no connection yet. `key` is that store's: a backup that holds
/// its key is sealed anew with it, any other must open with it.
pub async fn restore(store: &dyn Store, clock: &dyn Clock, bytes: &[u8], key: &Key) -> Result<Restored> {
    let Read { key: inside, store: mut dump } = read(bytes)?;
    if let Some(hex) = inside {
        let inside = Key::from_hex(hex.expose_secret()).ok_or_else(|| broken("its key is no key"))?;
        // What the key does not open is counted below; one broken record does not keep the others back.
        reseal(&mut dump, clock, &inside, key);
    }
    let (opens, of) = opened(&dump, key);
    if opens == 0 && of > 0 {
        return Err(StoreError(
            "the key of this store does not open the backup; name the key that the backup was made with (--key), or \
             make a backup that holds its key (ctct store backup FILE --with-key)"
                .to_owned(),
        ));
    }
    store.load(&dump).await?;
    Ok(Restored { profiles: dump.profiles.len(), connections: dump.connections.len(), unreadable: of - opens })
}

/// Whether a file that begins like this is a backup.
pub fn is_backup(start: &[u8]) -> bool {
    start.starts_with(BEGIN)
}

fn read(bytes: &[u8]) -> Result<Read> {
    if !is_backup(bytes) {
        return Err(StoreError("this is not a backup of a store; name a file that ctct store backup wrote".to_owned()));
    }
    let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let whole = text.iter().rposition(|b| *b == b'\n').map(|at| (&text[..at], &text[at + 1..]));
    let (document, _) = whole.filter(|(d, sum)| checksum(d).as_bytes() == *sum).ok_or_else(|| {
        StoreError("the backup was cut off or changed: its checksum is not right; take another copy of it".to_owned())
    })?;
    let head: Head = serde_json::from_slice(document).map_err(|_| broken("it has no version"))?;
    if head.version != VERSION {
        let theirs = head.version;
        return Err(StoreError(format!(
            "the backup has the format version {theirs}, and this program knows {VERSION}; use the ctct that wrote it"
        )));
    }
    serde_json::from_slice(document).map_err(|e| broken(&format!("column {} makes no sense", e.column())))
}

fn checksum(document: &[u8]) -> String {
    digest(&SHA256, document).as_ref().iter().fold("sha256 ".to_owned(), |hex, byte| hex + &format!("{byte:02x}"))
}

fn broken(what: &str) -> StoreError {
    StoreError(format!("the backup is broken: {what}; take another one"))
}

//! Access tokens as the real ones are: JWTs signed with RS256, with a key set to check them by.
//!
//! The key is for tests and public by intent. It is made at start from two primes kept as numbers: no key file, no
//! slow generation, and the same key every time.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use num_bigint::BigUint;
use ring::{
    rand::SystemRandom,
    rsa::{KeyPair, KeyPairComponents, PublicKeyComponents},
    signature::RSA_PKCS1_SHA256,
};
use serde_json::{Value, json};

use crate::sandbox::env::Env;

const P: &str = "\
    eabb04fba037efeb646bb68f7cf4a8366251b885b99e9fb2c05fd7b68ba56d6e2e0d9b5e485ed837f2a8cd67ff3c3933\
    55f6692e2b5d8b29dd6572e93facbb67dde7d81e3551ff64da40d68875d4d2b74f949c88322f9bead66875e06006641e\
    d04c449f5cfbc5a24a6442750a2c4619b707fd2f4b635fda0c22c5038ed884d3";
const Q: &str = "\
    c47566a44485b9a7494a8703f0b437764a9a89ad486e47989ae44f490b49ca20b5d128b805fd1ce0e7e584800159a8ca\
    38ab4630ead3e16eba95f934126d38d23c926e3733955c56b6459501800d3a6dfafded2235c52d9db98320d4aab77010\
    773e497453f7e32e33a85a2108c3dfd735e102e48f34905df6bcd906f3c147df";
const E: u32 = 65_537;
const KEY_ID: &str = "sandbox-1";
/// Who signs, as the real tokens are believed to say.
const ISSUER: &str = "https://identity.constantcontact.com/oauth2/aus1lm3ry9mF7x2Ja0h8";

/// Signs access tokens.
pub(super) struct Signer {
    /// None only if the primes were no primes.
    key: Option<KeyPair>,
    modulus: Vec<u8>,
}

impl Signer {
    pub(super) fn new() -> Self {
        let number = |hex: &str| BigUint::parse_bytes(hex.as_bytes(), 16).unwrap_or_default();
        let (p, q, one) = (number(P), number(Q), BigUint::from(1u32));
        let exponent = BigUint::from(E);
        let product = &p * &q;
        let (p1, q1) = (&p - &one, &q - &one);
        let d = exponent.modinv(&(&p1 * &q1)).unwrap_or_default();
        let inverse = q.modinv(&p).unwrap_or_default();
        let modulus = product.to_bytes_be();
        let bytes = |n: &BigUint| n.to_bytes_be();
        let components = KeyPairComponents {
            public_key: PublicKeyComponents { n: modulus.clone(), e: bytes(&exponent) },
            d: bytes(&d),
            p: bytes(&p),
            q: bytes(&q),
            dP: bytes(&(&d % &p1)),
            dQ: bytes(&(&d % &q1)),
            qInv: bytes(&inverse),
        };
        Self { key: KeyPair::from_components(&components).ok(), modulus }
    }

    /// A token for this application and subject, good for `life` seconds, laid out as the real ones are.
    pub(super) fn sign(&self, env: &mut Env, client_id: &str, subject: &str, scopes: &[String], life: i64) -> String {
        let now = env.now().as_second();
        let header = json!({ "kid": KEY_ID, "alg": "RS256" });
        let user = uuid_of(subject);
        let claims = json!({
            "ver": 1, "jti": format!("AT.{}", env.token(43)), "iss": ISSUER, "aud": "https://api.cc.email/v3",
            "iat": now, "exp": now.saturating_add(life), "cid": client_id, "uid": "00usandbox", "scp": scopes,
            "auth_time": now, "sub": subject, "platform_user_id": user,
        });
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let mut signature = vec![0; self.modulus.len()];
        if let Some(key) = &self.key {
            // Fails only for a buffer of a wrong size, and this one is the key's.
            let _ = key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature);
        }
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The public half, as clients look it up.
    pub(super) fn jwks(&self) -> Value {
        let exponent = URL_SAFE_NO_PAD.encode(E.to_be_bytes().split_at(1).1);
        let modulus = URL_SAFE_NO_PAD.encode(&self.modulus);
        json!({ "keys": [{ "kty": "RSA", "alg": "RS256", "use": "sig", "kid": KEY_ID, "e": exponent, "n": modulus }] })
    }
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// The same id for the same login, every time.
fn uuid_of(login: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, login.as_bytes());
    let hex = digest.as_ref().iter().take(16).fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}

#[cfg(test)]
mod tests {
    use super::Signer;
    use crate::sandbox::env::{Env, Options};

    #[test]
    fn a_token_may_be_good_for_ever() {
        let token = Signer::new().sign(&mut Env::new(Options::default()), "id", "noor", &[], i64::MAX);
        assert_eq!(token.split('.').count(), 3);
    }

    #[test]
    fn tokens_check_against_the_published_key() {
        let signer = Signer::new();
        let key = signer.key.as_ref().expect("the primes make a key");
        let token = signer.sign(&mut Env::new(Options::default()), "id", "noor", &[], 60);
        let (body, signature) = token.rsplit_once('.').unwrap();
        let signature = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, signature).unwrap();
        let public =
            ring::signature::UnparsedPublicKey::new(&ring::signature::RSA_PKCS1_2048_8192_SHA256, key.public());
        public.verify(body.as_bytes(), &signature).unwrap();
    }
}

//! Secrets cannot be printed: whatever holds one shows something else in its `Debug` form. A log line or a panic message
//! that somebody adds next year is safe by the types, not by care.

use std::{fmt::Debug, time::Duration};

use constantcontact::{
    auth::{LiveToken, TokenSet},
    clock::SystemClock,
    config::{PartnerApp, Profile, SecretSource},
    store::vault::Key,
    transport::{Body, Credentials, HttpCall},
};
use secrecy::SecretString;

use crate::support::{Bench, CONNECTION, nothing, profile};

/// Not to be found in anything.
const PLANTED: &str = "planted-7Qx2-secret";

fn shows_nothing(thing: &impl Debug) {
    for text in [format!("{thing:?}"), format!("{thing:#?}")] {
        assert!(!text.contains("planted") && !text.contains("7Qx2"), "{text}");
    }
}

fn secret() -> SecretString {
    SecretString::from(PLANTED)
}

#[test]
fn what_holds_a_secret_does_not_print_it() {
    shows_nothing(&SecretSource::Value(secret()));
    shows_nothing(&TokenSet {
        access_token: secret(),
        refresh_token: Some(secret()),
        expires_ms: 0,
        issued_ms: 0,
        scopes: None,
        api_key: None,
    });
    let partner = Credentials::Partner { token: secret(), api_key: "key".to_owned() };
    let bearer = Credentials::Bearer(secret());
    for credentials in [bearer, partner] {
        let url = "https://example.com".parse().unwrap();
        shows_nothing(&HttpCall { method: "GET", url, credentials, body: Body::None, timeout: Duration::ZERO });
    }
}

#[test]
fn a_key_does_not_print_itself() {
    let key = Key::from_hex(&"7a".repeat(32)).unwrap();
    let text = format!("{key:?}");
    assert!(!text.contains("7a7a") && !text.contains("122"), "{text}");
    assert!(!format!("{:?}", Key::generate(&SystemClock)).contains(|c: char| c.is_ascii_digit()));
}

#[tokio::test]
async fn a_live_token_an_error_and_a_stored_connection_print_no_token() {
    let bench = Bench::new().await;
    bench.adopt(PLANTED, Some(PLANTED), 86_400).await;
    let live: std::sync::Arc<LiveToken> = bench.connector.keeper().live(CONNECTION, 0, None).await.unwrap();
    shows_nothing(&live);
    let error = bench.run("get_user_privileges", nothing()).await.unwrap_err();
    shows_nothing(&error);
    assert!(!error.to_string().contains("planted"));
    shows_nothing(&bench.store.connection(CONNECTION).await.unwrap());
    shows_nothing(&bench.store.tokens(CONNECTION).await.unwrap());
    let partner = PartnerApp { client_id: "p".to_owned(), client_secret: Some(SecretSource::Value(secret())) };
    let mine: Profile = profile(&bench.sandbox, false);
    shows_nothing(&Profile { client_secret: Some(SecretSource::Value(secret())), partner: Some(partner), ..mine });
}

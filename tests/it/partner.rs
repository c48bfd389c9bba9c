//! Partner actions: their own token, with the API key beside it, or a clear refusal.

use constantcontact::{
    config::{PartnerApp, SecretSource},
    protocol::Code,
};
use secrecy::SecretString;

use crate::{
    strict::Strict,
    support::{Bench, CONNECTION, nothing, profile, request},
};

#[tokio::test]
async fn a_profile_with_partner_credentials_calls_partner_actions_with_a_token_of_its_own() {
    let bench = Bench::new().await;
    let strict = Strict::start().await;
    let ready = bench.sandbox.ready().clone();
    let mut profile = profile(&bench.sandbox, false);
    let client_secret = Some(SecretSource::Value(SecretString::from(ready.partner_client_secret.clone())));
    profile.partner = Some(PartnerApp { client_id: ready.partner_client_id.clone(), client_secret });
    bench.connector.profiles().put(profile).await.unwrap();
    let mut connection = bench.store.connection(CONNECTION).await.unwrap().unwrap();
    connection.api_base = Some(strict.base.clone());
    let tokens = bench.store.tokens(CONNECTION).await.unwrap().unwrap();
    bench.store.put_connection(&connection, &tokens).await.unwrap();
    let connector = bench.another();
    for _ in 0..2 {
        connector.invoke(request("list_partner_webhooks", nothing())).await.unwrap();
    }
    assert_eq!(strict.complaints(), Vec::<String>::new(), "token and API key were both there");
    assert_eq!(bench.count("POST", "/oauth2/default/v1/token").await, 1, "one token serves until it ends");
}

#[tokio::test]
async fn a_profile_without_them_is_told_so_before_a_call() {
    let bench = Bench::new().await;
    let error = bench.run("list_partner_accounts", nothing()).await.unwrap_err();
    assert_eq!(error.code, Code::CredentialsMissing);
    assert!(error.detail.contains("partner.client_id"), "{}", error.detail);
    assert_eq!(bench.arrived().await, []);
}

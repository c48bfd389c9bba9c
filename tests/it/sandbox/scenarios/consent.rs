//! How a test comes to tokens: the way of a browser that presses a button, and of the application behind it.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use constantcontact::sandbox::Ready;
use serde_json::Value;
use url::form_urlencoded;

use super::client::{Reply, Service};

pub(super) const AUTHORIZE: &str = "/oauth2/default/v1/authorize";
pub(super) const TOKEN: &str = "/oauth2/default/v1/token";
pub(super) const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
/// What can be asked for, as one text.
pub(super) const EVERYTHING: &str = "account_read account_update campaign_data contact_data offline_access";

/// Fields as a query or a form has them.
pub(super) fn pairs(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// The value of an `Authorization` header.
pub(super) fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// What an access token says of itself.
pub(super) fn claims(token: &str) -> Value {
    let middle = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(middle).unwrap()).unwrap()
}

/// What the application with a secret asks for.
pub(super) fn asked<'a>(ready: &'a Ready, scope: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("client_id", ready.client_id.as_str()),
        ("redirect_uri", ready.redirect_uri.as_str()),
        ("response_type", "code"),
        ("scope", scope),
        ("state", "xyz"),
    ]
}

/// The same with another value of one field.
pub(super) fn but<'a>(mut fields: Vec<(&'a str, &'a str)>, name: &str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    for field in fields.iter_mut().filter(|(held, _)| *held == name) {
        field.1 = value;
    }
    fields
}

/// The value of a parameter in an address.
pub(super) fn parameter(address: &str, name: &str) -> Option<String> {
    let (_, query) = address.split_once(['?', '#'])?;
    form_urlencoded::parse(query.as_bytes()).find(|(held, _)| held == name).map(|(_, value)| value.into_owned())
}

impl Service {
    /// Sends a form, with Basic credentials if there are any.
    pub(super) async fn form(&self, target: &str, by: Option<(&str, &str)>, fields: &[(&str, &str)]) -> Reply {
        let credentials = by.map(|(id, secret)| basic(id, secret));
        let mut headers = vec![FORM];
        headers.extend(credentials.as_deref().map(|value| ("authorization", value)));
        self.call("POST", target, &headers, pairs(fields).as_bytes()).await
    }

    /// Presses a button of the authorize page; gives the address that the browser is sent to.
    pub(super) async fn press(&self, button: &str, fields: &[(&str, &str)]) -> String {
        let fields = [fields, &[("decision", button)]].concat();
        let reply = self.form(AUTHORIZE, None, &fields).await;
        assert_eq!(reply.status, 302, "{}", reply.text());
        reply.header("location").unwrap().to_owned()
    }

    /// A code for these scopes.
    pub(super) async fn code(&self, scope: &str) -> String {
        let address = self.press("allow", &asked(self.ready(), scope)).await;
        parameter(&address, "code").unwrap_or_else(|| panic!("{address}"))
    }

    /// Exchanges a code, as the application with a secret.
    pub(super) async fn redeem(&self, code: &str) -> Reply {
        let redirect_uri = self.ready().redirect_uri.as_str();
        self.grant(&[("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect_uri)]).await
    }

    /// Uses a refresh token, as the application with a secret.
    pub(super) async fn refresh(&self, token: &str) -> Reply {
        self.grant(&[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    /// A token request of the application with a secret.
    pub(super) async fn grant(&self, fields: &[(&str, &str)]) -> Reply {
        let ready = self.ready();
        self.form(TOKEN, Some((ready.client_id.as_str(), ready.client_secret.as_str())), fields).await
    }

    /// Tokens for these scopes.
    pub(super) async fn tokens(&self, scope: &str) -> Value {
        let code = self.code(scope).await;
        self.redeem(&code).await.must(200)
    }

    /// An access token for these scopes.
    pub(super) async fn token_for(&self, scope: &str) -> String {
        self.tokens(scope).await["access_token"].as_str().unwrap().to_owned()
    }
}

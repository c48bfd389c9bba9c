//! The same seed and the same calls give the same answers, byte for byte, headers and all.

use constantcontact::sandbox::{Clock, Options};
use serde_json::{Value, json};

use super::client::{Reply, Service, still};
use super::consent::{AUTHORIZE, EVERYTHING, FORM, TOKEN, asked, basic, pairs, parameter};
use super::things::{OWNER, mail, text};

/// The port differs from run to run, so every call names the same host.
const HOST: (&str, &str) = ("host", "127.0.0.1:4173");

/// Calls one after the other, and keeps all that is answered.
struct Script {
    service: Service,
    replies: Vec<Reply>,
}

impl Script {
    async fn plain(&mut self, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Value {
        let headers = [headers, &[HOST]].concat();
        let reply = self.service.call(method, target, &headers, body.as_bytes()).await;
        self.replies.push(reply.clone());
        reply.json()
    }

    async fn api(&mut self, method: &str, path: &str, body: &Value) -> Value {
        let bearer = format!("Bearer {}", self.service.ready().access_token);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.plain(method, &format!("/v3{path}"), &headers, &body).await
    }

    async fn advance(&mut self, seconds: i64) {
        let body = json!({ "advance_seconds": seconds }).to_string();
        self.plain("POST", "/_sandbox/clock", &[], &body).await;
    }

    /// Tokens by code and by device.
    async fn connect(&mut self) {
        let ready = self.service.ready().clone();
        let fields = [asked(&ready, EVERYTHING), vec![("decision", "allow")]].concat();
        self.plain("POST", AUTHORIZE, &[FORM], &pairs(&fields)).await;
        let address = self.replies.last().and_then(|reply| reply.header("location")).unwrap().to_owned();
        let code = parameter(&address, "code").unwrap();
        let by = basic(&ready.client_id, &ready.client_secret);
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", ready.redirect_uri.as_str()),
        ];
        self.plain("POST", TOKEN, &[FORM, ("authorization", by.as_str())], &pairs(&fields)).await;
        let fields = [("client_id", ready.pkce_client_id.as_str()), ("scope", "contact_data")];
        self.plain("POST", "/oauth2/default/v1/device/authorize", &[FORM], &pairs(&fields)).await;
    }

    /// People, and a campaign to them that goes out and comes to something.
    async fn work(&mut self) {
        let list = text(&self.api("POST", "/contact_lists", &json!({ "name": "News" })).await, "list_id");
        let rows: Vec<Value> = (0..200).map(|nth| json!({ "email": format!("a{nth}@example.com") })).collect();
        let import = json!({ "import_data": rows, "list_ids": [list] });
        self.api("POST", "/activities/contacts_json_import", &import).await;
        self.advance(2).await;
        let campaign = json!({ "name": "News", "email_campaign_activities": [mail(OWNER)] });
        let made = self.api("POST", "/emails", &campaign).await;
        let path = format!("/emails/activities/{}", text(&made["campaign_activities"][0], "campaign_activity_id"));
        let mut update = mail(OWNER);
        update["contact_list_ids"] = json!([list]);
        self.api("PUT", &path, &update).await;
        self.api("POST", &format!("{path}/schedules"), &json!({ "scheduled_date": "0" })).await;
        self.advance(40_000).await;
    }

    /// Everything that there is to see.
    async fn look(&mut self) {
        for path in [
            "/contacts?include=list_memberships&limit=500",
            "/contacts/counts",
            "/contact_lists",
            "/activities",
            "/emails",
            "/events",
            "/segments",
            "/account/emails",
            "/reports/summary_reports/email_campaign_summaries",
            "/nowhere",
        ] {
            self.api("GET", path, &Value::Null).await;
        }
        for lever in ["journal", "state", "outbox?limit=20", "jobs", "apps", "accounts"] {
            self.plain("GET", &format!("/_sandbox/{lever}"), &[], "").await;
        }
    }
}

async fn run(options: Options) -> Vec<Reply> {
    let mut script = Script { service: Service::with(options).await, replies: Vec::new() };
    script.connect().await;
    script.work().await;
    script.look().await;
    script.replies
}

#[tokio::test]
async fn the_same_calls_are_answered_in_the_same_bytes() {
    let (first, second) = (run(still()).await, run(still()).await);
    assert_eq!(first.len(), second.len());
    for (nth, (one, other)) in first.iter().zip(&second).enumerate() {
        assert_eq!((one.status, one.text()), (other.status, other.text()), "answer {nth}");
        assert_eq!(one.headers, other.headers, "answer {nth}");
    }
}

#[tokio::test]
async fn another_seed_is_another_world() {
    let (first, second) = (run(still()).await, run(Options { random: 8, ..still() }).await);
    assert_ne!(first, second);
}

/// What the clock says is in the headers too, and the machine's own time is nowhere.
#[tokio::test]
async fn the_date_is_that_of_the_clock() {
    let clock = Clock::Fixed("2031-05-06T07:08:09Z".parse().unwrap());
    let replies = run(Options { clock, ..still() }).await;
    assert_eq!(replies[0].header("date"), Some("Tue, 06 May 2031 07:08:09 GMT"));
    let today = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    assert!(!replies.iter().any(|reply| reply.text().contains(&today)), "the machine's own day is in an answer");
}

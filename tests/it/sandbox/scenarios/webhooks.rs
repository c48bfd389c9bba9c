//! Notifications to partners, really posted to a receiver on this machine, and to nobody else.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use super::partner::Partner;
use super::things::{names, text};

/// Takes posts: 500 to the first two, 200 from then on.
struct Receiver {
    address: String,
    bodies: Arc<Mutex<Vec<Value>>>,
    task: JoinHandle<()>,
}

impl Receiver {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/hook", listener.local_addr().unwrap());
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&bodies);
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let body = body_of(&mut stream).await;
                let count = {
                    let mut bodies = kept.lock().unwrap();
                    bodies.push(body);
                    bodies.len()
                };
                let status = if count <= 2 { "500 Internal Server Error" } else { "200 OK" };
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Self { address, bodies, task }
    }

    fn received(&self) -> Vec<Value> {
        self.bodies.lock().unwrap().clone()
    }

    /// Waits for so many posts, and a little longer for one too many.
    async fn has(&self, count: usize) {
        for _ in 0..200 {
            if self.received().len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(self.received().len(), count, "{:?}", self.received());
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The body of one request, as long as its head says.
async fn body_of(stream: &mut TcpStream) -> Value {
    let mut request = Vec::new();
    let mut part = [0; 4_096];
    loop {
        let count = stream.read(&mut part).await.unwrap();
        request.extend_from_slice(&part[..count]);
        let words = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = words.split_once("\r\n\r\n") else {
            assert!(count > 0, "the request ends in its head: {words}");
            continue;
        };
        let head = head.to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        if count == 0 || body.len() >= length.unwrap_or(0) {
            assert!(head.starts_with("post /hook http/1.1"), "{head}");
            return serde_json::from_str(body).unwrap();
        }
    }
}

/// Subscribes to a topic.
async fn subscribe(partner: &Partner, topic: u32, address: &str) {
    let path = format!("/webhooks/subscriptions/{topic}");
    partner.call("PUT", &path, Some(&json!({ "hook_uri": address }))).await.must(200);
}

/// Asks for a test of a topic.
async fn try_out(partner: &Partner, topic: u32) {
    let path = format!("/webhooks/subscriptions/{topic}/tests");
    assert_eq!(partner.call("POST", &path, None).await.status, 201);
}

/// The only delivery, as the lever shows it.
async fn delivery(partner: &Partner) -> Value {
    let all = partner.service.lever("GET", "deliveries", None).await.must(200);
    assert_eq!(all.as_array().map(Vec::len), Some(1), "{all}");
    all[0].clone()
}

// [O] every minute until it is taken, by the stand-in's own clock
#[tokio::test]
async fn a_refused_notification_comes_again_every_minute() {
    let (partner, receiver) = (Partner::start().await, Receiver::start().await);
    subscribe(&partner, 1, &receiver.address).await;
    try_out(&partner, 1).await;
    receiver.has(1).await;
    for count in [2, 3] {
        partner.service.advance(59).await;
        receiver.has(count - 1).await;
        partner.service.advance(1).await;
        receiver.has(count).await;
    }
    // Taken: there is no fourth.
    partner.service.advance(60).await;
    receiver.has(3).await;
    let shown = delivery(&partner).await;
    assert_eq!((&shown["state"], &shown["attempts"]), (&json!("delivered"), &json!(3)));
}

// [O] the documented payload, the same every time
#[tokio::test]
async fn the_payload_is_the_documented_one() {
    let (partner, receiver) = (Partner::start().await, Receiver::start().await);
    subscribe(&partner, 1, &receiver.address).await;
    try_out(&partner, 1).await;
    receiver.has(1).await;
    let payload = receiver.received()[0].clone();
    assert_eq!(names(&payload), ["url", "api_key", "event_type"]);
    let url = text(&payload, "url");
    let account = url.strip_prefix("https://api.cc.email/v3/partner/accounts/").and_then(|u| u.strip_suffix("/plan"));
    assert!(account.is_some_and(|id| !id.is_empty() && !id.contains('/')), "{url}");
    assert_eq!(payload["api_key"], json!(partner.service.ready().client_id));
    assert_eq!(payload["event_type"], "tier.increase");
}

// [O] a change of plan is told of, and names its account
#[tokio::test]
async fn a_higher_plan_is_announced() {
    let (partner, receiver) = (Partner::start().await, Receiver::start().await);
    subscribe(&partner, 1, &receiver.address).await;
    let account = partner.account().await;
    let path = format!("/accounts/{account}/plan");
    partner.call("PUT", &path, Some(&json!({ "plan_type": "GOLD", "billing_day_of_month": 1 }))).await.must(200);
    receiver.has(1).await;
    let payload = receiver.received()[0].clone();
    assert_eq!(payload["url"], format!("https://api.cc.email/v3/partner/accounts/{account}/plan"));
}

// [O] for an hour
#[tokio::test]
async fn after_an_hour_a_notification_is_given_up() {
    let partner = Partner::start().await;
    // Nobody listens at a port that was free a moment ago.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/hook", listener.local_addr().unwrap());
    drop(listener);
    subscribe(&partner, 1, &address).await;
    try_out(&partner, 1).await;
    for state in ["waiting", "waiting", "given_up"] {
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(delivery(&partner).await["state"], state);
        partner.service.advance(1_800).await;
    }
}

// The stand-in calls nobody but this machine.
#[tokio::test]
async fn an_address_elsewhere_is_never_called() {
    let partner = Partner::start().await;
    subscribe(&partner, 3, "https://hooks.example.com/cancelled").await;
    try_out(&partner, 3).await;
    partner.service.advance(3_600).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let shown = delivery(&partner).await;
    assert_eq!((&shown["state"], &shown["attempts"]), (&json!("not_delivered"), &json!(0)));
}

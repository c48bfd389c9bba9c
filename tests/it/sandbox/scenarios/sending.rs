//! Schedules, what goes out, test mails, previews, and the second mail to those who did not open.

use serde_json::{Value, json};

use super::client::Service;
use super::things::{Made, OWNER, mail, text};

/// A campaign to a crowd, ready to go out, and its list.
async fn ready(people: usize) -> (Service, Made, String) {
    let service = Service::start().await;
    let (list, made) = (service.crowd(people).await, service.campaign("News").await);
    service.address(&made, "contact_list_ids", &json!([list])).await;
    (service, made, list)
}

fn on(date: &str) -> Value {
    json!({ "scheduled_date": date })
}

async fn status(service: &Service, made: &Made) -> String {
    text(&service.read(&made.path()).await, "current_status")
}

// [O] the date comes back with milliseconds, in an array
#[tokio::test]
async fn a_schedule_comes_back_in_an_array() {
    let (service, made, _) = ready(1).await;
    let path = made.below("/schedules");
    assert_eq!(service.read(&path).await, json!([]));
    let scheduled = json!([{ "scheduled_date": "2026-06-01T10:00:00.000Z" }]);
    assert_eq!(service.post(&path, &on("2026-06-01T10:00:00Z")).await.must(201), scheduled);
    assert_eq!(service.read(&path).await, scheduled);
    assert_eq!(status(&service, &made).await, "SCHEDULED");
    service.delete(&path).await.bare(204);
    assert_eq!((service.read(&path).await, status(&service, &made).await.as_str()), (json!([]), "DRAFT"));
    service.delete(&path).await.refusal(400);
}

// [O] the text 0 is now, and answers an empty array; a day alone passes
#[tokio::test]
async fn zero_is_now_and_a_day_will_do() {
    let (service, made, list) = ready(1).await;
    assert_eq!(service.post(&made.below("/schedules"), &on("0")).await.must(201), json!([]));
    let other = service.campaign("Other").await;
    service.address(&other, "contact_list_ids", &json!([list])).await;
    service.post(&other.below("/schedules"), &on("2026-06-01")).await.must(201);
}

// [I] the past; [C] nobody to send to
#[tokio::test]
async fn what_cannot_go_out_cannot_be_scheduled() {
    let (service, made, _) = ready(1).await;
    for date in ["2026-01-15T08:59:59Z", "soon", ""] {
        service.post(&made.below("/schedules"), &on(date)).await.refusal(400);
    }
    let nobody = service.campaign("To nobody").await;
    service.post(&nobody.below("/schedules"), &on("2026-06-01")).await.refusal(400);
    let permalink = format!("/emails/activities/{}/schedules", made.permalink);
    service.post(&permalink, &on("2026-06-01")).await.refusal(400);
}

// [O] a physical address is needed
#[tokio::test]
async fn an_account_without_an_address_cannot_send() {
    let (service, made, _) = ready(1).await;
    service.plant(|state| state["accounts"][0]["physical_address"] = Value::Null).await;
    service.post(&made.below("/schedules"), &on("2026-06-01")).await.refusal(400);
}

// [O] Scheduled, Executing for a moment, Done; numbers from 1, oldest first
#[tokio::test]
async fn a_campaign_goes_out_when_its_time_comes() {
    let (service, made, list) = ready(3).await;
    let path = made.below("/send_history");
    assert_eq!(service.read(&path).await, json!([]));
    service.post(&made.below("/schedules"), &on("2026-01-15T10:00:00Z")).await.must(201);
    for (until, wanted) in [(3_596, "SCHEDULED"), (2, "EXECUTING"), (10, "DONE")] {
        service.advance(until).await;
        assert_eq!(status(&service, &made).await, wanted);
    }
    let history = service.read(&path).await;
    let wanted = json!([{
        "send_id": 1, "contact_list_ids": [list], "segment_ids": [], "count": 3,
        "run_date": "2026-01-15T10:00:00.000Z", "send_status": "COMPLETED", "reason_code": 0
    }]);
    assert_eq!(history, wanted);
    assert_eq!(service.mails_to("person1@example.com").await.len(), 1);
}

// [O] only to people who can be mailed
#[tokio::test]
async fn nobody_is_mailed_who_has_left() {
    let (service, made, list) = ready(3).await;
    let people = service.all(&format!("/contacts?lists={list}"), "contacts").await;
    let leave = json!({
        "email_address": { "address": "person0@example.com", "permission_to_send": "unsubscribed" },
        "update_source": "Account"
    });
    service.put(&format!("/contacts/{}", text(&people[0], "contact_id")), &leave).await.must(200);
    service.delete(&format!("/contacts/{}", text(&people[1], "contact_id"))).await.bare(204);
    service.send(&made, &[&list]).await;
    assert_eq!(service.read(&made.below("/send_history")).await[0]["count"], 1);
}

// [O] a campaign that is done goes out again to those who have not had it
#[tokio::test]
async fn a_second_sending_reaches_new_people_only() {
    let (service, made, list) = ready(3).await;
    service.send(&made, &[&list]).await;
    service.import(&["new@example.com"], &[&list]).await;
    service.post(&made.below("/schedules"), &on("0")).await.must(201);
    service.advance(5).await;
    let history = service.read(&made.below("/send_history")).await;
    let counts: Vec<(&Value, &Value)> =
        history.as_array().unwrap().iter().map(|sent| (&sent["send_id"], &sent["count"])).collect();
    assert_eq!(counts, [(&json!(1), &json!(3)), (&json!(2), &json!(1))]);
}

// --- Tests and previews -----------------------------------------------------------------------------------------

// [O] five addresses a call
#[tokio::test]
async fn a_test_mail_goes_to_five_at_most() {
    let (service, made, _) = ready(1).await;
    let path = made.below("/tests");
    let to = |many: usize| {
        let addresses: Vec<String> = (0..many).map(|nth| format!("tester{nth}@example.com")).collect();
        json!({ "email_addresses": addresses, "personal_message": "Look at this" })
    };
    service.post(&path, &to(5)).await.bare(204);
    for many in [0, 6] {
        service.post(&path, &to(many)).await.refusal(400);
    }
    let mails = service.mails_to("tester4@example.com").await;
    assert_eq!(mails[0]["subject"], "Soup day");
    // [O] test mails have no dynamic content
    assert!(text(&mails[0], "html").contains("[[firstName]]"), "{}", mails[0]);
}

// [O] fifty recipients a day
#[tokio::test]
async fn fifty_people_get_test_mails_in_a_day() {
    let (service, made, _) = ready(1).await;
    let path = made.below("/tests");
    let five = json!({ "email_addresses": vec!["tester@example.com"; 5] });
    for _ in 0..10 {
        service.post(&path, &five).await.bare(204);
    }
    let one = json!({ "email_addresses": ["tester@example.com"] });
    assert_eq!(service.post(&path, &one).await.status, 429);
    service.advance(15 * 3_600).await;
    service.post(&path, &one).await.bare(204);
}

// [O] tags are filled in with what is known of the owner
#[tokio::test]
async fn a_preview_is_filled_in() {
    let (service, made, _) = ready(1).await;
    let shown = service.read(&made.below("/previews")).await;
    assert!(text(&shown, "preview_html_content").contains("Hello Sam"), "{shown}");
    assert!(text(&shown, "preview_text_content").contains("Hello Sam"), "{shown}");
    assert_eq!((&shown["subject"], &shown["from_email"]), (&json!("Soup day"), &json!(OWNER)));
}

// --- The second mail --------------------------------------------------------------------------------------------

fn again(more: &Value) -> Value {
    let mut body = json!({ "resend_subject": "Still hungry?" });
    body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    body
}

// [O] the guide's array, the word for a draft, and days beside whole minutes
#[tokio::test]
async fn a_second_mail_is_drafted_once() {
    let (service, made, _) = ready(1).await;
    let path = made.below("/non_opener_resends");
    assert_eq!(service.read(&path).await, json!([]));
    let drafted = service.post(&path, &again(&json!({ "delay_minutes": 4_320 }))).await.must(201);
    let wanted = json!([{
        "delay_days": 3, "delay_minutes": 4_320, "resend_subject": "Still hungry?", "resend_request_id": "DRAFT"
    }]);
    assert_eq!(drafted, wanted);
    assert_eq!(service.read(&path).await, wanted);
    service.post(&path, &again(&json!({ "delay_days": 3 }))).await.refusal(409);
    service.delete(&format!("{path}/DRAFT")).await.bare(204);
    assert_eq!(service.read(&path).await, json!([]));
}

// [O] the limits of the delay; where both are sent, the days count
#[tokio::test]
async fn the_delay_has_limits() {
    let (service, made, _) = ready(1).await;
    let path = made.below("/non_opener_resends");
    for bad in [
        json!({}),
        json!({ "delay_days": 0 }),
        json!({ "delay_days": 11 }),
        json!({ "delay_minutes": 719 }),
        json!({ "delay_minutes": 14_401 }),
    ] {
        service.post(&path, &again(&bad)).await.refusal(400);
    }
    let both = service.post(&path, &again(&json!({ "delay_days": 2, "delay_minutes": 800 }))).await.must(201);
    assert_eq!((&both[0]["delay_days"], &both[0]["delay_minutes"]), (&json!(2), &json!(2_880)));
}

// [O] once it has been sent it has a number, a date and a state, and cannot be taken back
#[tokio::test]
async fn a_second_mail_goes_out_after_its_delay() {
    let (service, made, list) = ready(20).await;
    let path = made.below("/non_opener_resends");
    service.post(&path, &again(&json!({ "delay_minutes": 720 }))).await.must(201);
    service.send(&made, &[&list]).await;
    let number = text(&service.read(&path).await[0], "resend_request_id");
    assert!(number.parse::<u64>().is_ok(), "{number}");
    service.advance(12 * 3_600).await;
    let sent = service.read(&path).await;
    assert_eq!((&sent[0]["resend_status"], &sent[0]["resend_request_id"]), (&json!("DONE"), &json!(number)));
    assert!(text(&sent[0], "resend_date").ends_with('Z'), "{sent}");
    service.delete(&format!("{path}/{number}")).await.refusal(409);
    let roles = service.read(&made.path()).await;
    let resend = roles["campaign_activities"].as_array().unwrap().iter().find(|one| one["role"] == "resend");
    assert!(resend.is_some(), "{roles}");
}

// [O] custom code only: other formats cannot be made here, so one is planted
#[tokio::test]
async fn only_custom_code_can_be_sent_again() {
    let (service, made, _) = ready(1).await;
    service.plant(|state| state["accounts"][0]["campaigns"][0]["primary"]["content"]["format_type"] = json!(3)).await;
    let path = made.below("/non_opener_resends");
    service.post(&path, &again(&json!({ "delay_days": 1 }))).await.refusal(400);
    // [O] and only of this other format is a mail changed that has gone out
    service.plant(|state| state["accounts"][0]["campaigns"][0]["status"] = json!("Done")).await;
    let mut body = mail(OWNER);
    body.as_object_mut().unwrap().remove("html_content");
    service.put(&made.below(""), &body).await.must(200);
}

//! Reports, their rows and their sums.

use serde_json::{Value, json};

use super::client::Service;
use super::things::{Made, names, text, texts};

/// A campaign that went out to so many people most of a day ago.
async fn sent(people: usize) -> (Service, Made) {
    let service = Service::start().await;
    let (list, made) = (service.crowd(people).await, service.campaign("News").await);
    service.send(&made, &[&list]).await;
    // Much has come of it by then, and the first token still lives.
    service.advance(80_000).await;
    (service, made)
}

async fn rows(service: &Service, made: &Made, report: &str) -> Vec<Value> {
    service.all(&made.report(&format!("tracking/{report}")), "tracking_activities").await
}

fn stats_path(ids: &[&str]) -> String {
    format!("/reports/stats/email_campaigns/{}", ids.join(","))
}

/// How many tenths of a percent the part is of the whole.
fn tenths(part: i64, whole: i64) -> i64 {
    (part * 1_000 + whole / 2) / whole.max(1)
}

/// A percentage in tenths, whichever way it is written.
fn shown_tenths(percent: &Value) -> i64 {
    let text = percent.to_string();
    let (whole, part) = text.split_once('.').unwrap_or((text.as_str(), "0"));
    let first = part.chars().next().unwrap_or('0');
    whole.parse::<i64>().unwrap() * 10 + i64::from(first.to_digit(10).unwrap())
}

// [O] newest first everywhere
#[tokio::test]
async fn rows_come_newest_first() {
    let (service, made) = sent(80).await;
    for (report, kind) in [
        ("sends", "em_sends"),
        ("opens", "em_opens"),
        ("unique_opens", "em_opens"),
        ("didnotopens", "em_didnotopens"),
        ("clicks", "em_clicks"),
        ("bounces", "em_bounces"),
        ("optouts", "em_optouts"),
        ("forwards", "em_forwards"),
    ] {
        let rows = rows(&service, &made, report).await;
        let times = texts(&rows, "created_time");
        assert!(times.is_sorted_by(|newer, older| newer >= older), "{report}: {times:?}");
        assert!(times.iter().all(|time| time.len() == 24 && time.ends_with('Z')), "{report}: {times:?}");
        assert!(rows.iter().all(|row| row["tracking_activity_type"] == kind), "{report}");
    }
}

// [O] the link carries everything; five hundred to a page
#[tokio::test]
async fn rows_are_followed_by_their_link() {
    let (service, made) = sent(30).await;
    let whole = rows(&service, &made, "sends").await;
    let parts = service.all(&made.report("tracking/sends?limit=7"), "tracking_activities").await;
    assert_eq!((whole.len(), &whole), (30, &parts));
    service.get(&made.report("tracking/sends?limit=501")).await.must(400);
}

// [O] how not opened is reckoned, and what each percentage is of
#[tokio::test]
async fn sums_follow_their_rules() {
    let (service, made) = sent(200).await;
    let answer = service.read(&stats_path(&[&made.campaign])).await;
    let (stats, percents) = (&answer["results"][0]["stats"], &answer["results"][0]["percents"]);
    let count = |name: &str| stats[name].as_i64().unwrap_or_else(|| panic!("{name}: {stats}"));
    let (sends, opens, bounces) = (count("em_sends"), count("em_opens"), count("em_bounces"));
    assert_eq!(count("em_not_opened"), (sends - opens - bounces).max(0));
    for (name, part, whole) in [
        ("open", opens, sends - bounces),
        ("click", count("em_clicks"), opens),
        ("bounce", bounces, sends),
        ("did_not_open", count("em_not_opened"), sends - bounces),
        ("unsubscribe", count("em_optouts"), sends - bounces),
    ] {
        assert_eq!(shown_tenths(&percents[name]), tenths(part, whole), "{name}: {answer}");
    }
    // Tablets are carried about as well.
    let mobile = count("em_opens_all_mobile") + count("em_opens_all_tablet");
    assert_eq!(shown_tenths(&percents["mobile_open"]), tenths(mobile, count("em_opens_all")));
}

// [O] one malformed id spoils the call; the rest is told of among the errors
#[tokio::test]
async fn a_part_of_the_campaigns_may_be_unknown() {
    let (service, made) = sent(5).await;
    let draft = service.campaign("Draft").await;
    service.get(&stats_path(&[&made.campaign, "not-an-id"])).await.refusal(404);
    let some = service.read(&stats_path(&[&made.campaign, &draft.campaign])).await;
    assert_eq!((some["results"].as_array().map(Vec::len), some["errors"].as_array().map(Vec::len)), (Some(1), Some(1)));
    let none = service.read(&stats_path(&[&draft.campaign])).await;
    let wanted = json!([{
        "error_key": "reportingsvc.not_found.invalid_path_param.campaign_ids.",
        "error_message": "Could not find any campaign stats for all requested campaigns."
    }]);
    assert_eq!((&none["results"], &none["errors"]), (&json!([]), &wanted));
}

// [O] ten activities, a hundred and fifty campaigns
#[tokio::test]
async fn so_many_ids_go_into_one_path() {
    let (service, made) = sent(1).await;
    let ids = |many: usize| (0..many).map(|nth| format!("{nth:08x}-1111-4222-8333-444455556666")).collect::<Vec<_>>();
    let path = |kind: &str, many: usize| format!("/reports/stats/{kind}/{}", ids(many).join(","));
    for (kind, most) in [("email_campaigns", 150), ("email_campaign_activities", 10)] {
        service.get(&path(kind, most)).await.must(200);
        service.get(&path(kind, most + 1)).await.refusal(400);
    }
    let activities = format!("/reports/stats/email_campaign_activities/{}", made.activity);
    assert_eq!(service.read(&activities).await["results"][0]["stats"]["em_sends"], 1);
}

// [C] a draft has no reports
#[tokio::test]
async fn a_draft_has_no_reports() {
    let service = Service::start().await;
    let made = service.campaign("News").await;
    for report in ["links", "tracking/sends", "tracking/opens"] {
        service.get(&made.report(report)).await.refusal(404);
    }
}

// [O] codes, repeated or in a list
#[tokio::test]
async fn bounces_are_found_by_their_codes() {
    let (service, made) = sent(400).await;
    let all = rows(&service, &made, "bounces").await;
    assert!(!all.is_empty());
    let with = |wanted: &[&str]| all.iter().filter(|row| wanted.iter().any(|code| row["bounce_code"] == *code)).count();
    for (query, codes) in [
        ("bounce_code=B", vec!["B"]),
        ("bounce_code=B&bounce_code=F", vec!["B", "F"]),
        ("bounce_code=D,S,V,X,Z", vec!["D", "S", "V", "X", "Z"]),
    ] {
        let found = service.all(&made.report(&format!("tracking/bounces?{query}")), "tracking_activities").await;
        assert_eq!(found.len(), with(&codes), "{query}");
    }
    service.get(&made.report("tracking/bounces?bounce_code=Q")).await.refusal(400);
}

// [O] clicks of one link; the id is a text in the overview
#[tokio::test]
async fn clicks_are_found_by_their_link() {
    let (service, made) = sent(400).await;
    let all = rows(&service, &made, "clicks").await;
    let links = service.read(&made.report("links")).await;
    let links = links["link_click_counts"].as_array().unwrap();
    let mut total = 0;
    for link in links {
        let id = text(link, "url_id");
        let path = made.report(&format!("tracking/clicks?url_id={id}"));
        let found = service.all(&path, "tracking_activities").await;
        assert!(found.iter().all(|row| row["link_url"] == link["link_url"] && row["url_id"] == json!(id)));
        total += found.len();
    }
    assert!(!all.is_empty());
    assert_eq!(total, all.len());
}

// [C] nothing sent yet, as recorded
#[tokio::test]
async fn an_overview_of_nothing_looks_as_recorded() {
    let service = Service::start().await;
    let wanted = json!({
        "bulk_email_campaign_summaries": [],
        "aggregate_percents": { "click": 0, "open": 0, "did_not_open": 0, "bounce": 0, "unsubscribe": 0 }
    });
    assert_eq!(service.read("/reports/summary_reports/email_campaign_summaries").await, wanted);
}

// [O] the one sent last comes first; [C] its time always has milliseconds
#[tokio::test]
async fn the_overview_begins_with_the_last_campaign() {
    let service = Service::start().await;
    let list = service.crowd(5).await;
    let (first, second) = (service.campaign("First").await, service.campaign("Second").await);
    service.send(&second, &[&list]).await;
    service.send(&first, &[&list]).await;
    let shown = service.read("/reports/summary_reports/email_campaign_summaries").await;
    let summaries = shown["bulk_email_campaign_summaries"].as_array().unwrap();
    assert_eq!(texts(summaries, "campaign_id"), [first.campaign.as_str(), second.campaign.as_str()]);
    assert!(texts(summaries, "last_sent_date").iter().all(|time| time.contains(".000Z")), "{shown}");
}

// --- One contact ------------------------------------------------------------------------------------------------

async fn somebody(service: &Service) -> String {
    text(&service.read("/contacts?limit=1").await["contacts"][0], "contact_id")
}

// [O] kinds have to be named, in one of two ways
#[tokio::test]
async fn the_activities_of_a_contact_need_their_kinds() {
    let (service, made) = sent(3).await;
    let path = format!("/reports/contact_reports/{}/activity_details", somebody(&service).await);
    service.get(&path).await.refusal(400);
    service
        .get(&format!("{path}?tracking_activities_list=em_sends&tracking_activity_type=em_sends"))
        .await
        .refusal(400);
    service.get(&format!("{path}?tracking_activities_list=em_naps")).await.refusal(400);
    for query in ["tracking_activities_list=em_sends,em_bounces", "tracking_activity_type=em_sends"] {
        let rows = service.all(&format!("{path}?{query}"), "tracking_activities").await;
        let mails: Vec<&Value> = rows.iter().filter(|row| row["tracking_activity_type"] == "em_sends").collect();
        assert_eq!((mails.len(), &mails[0]["campaign_activity_id"]), (1, &json!(made.activity)), "{query}");
    }
}

// [O] both ends, an offset with or without its colon, five years at most
#[tokio::test]
async fn rates_need_a_period() {
    let (service, _) = sent(3).await;
    let path = format!("/reports/contact_reports/{}/open_and_click_rates", somebody(&service).await);
    service.get(&path).await.refusal(400);
    service.get(&format!("{path}?start=2026-01-01T00:00:00-0500")).await.refusal(400);
    let long = "start=2019-01-01T00:00:00-0500&end=2026-02-01T00:00:00-0500";
    service.get(&format!("{path}?{long}")).await.refusal(400);
    for query in [
        "start=2026-01-01T00:00:00-0500&end=2026-02-01T00:00:00-0500",
        "start=2026-01-01T00:00:00-05:00&end=2026-02-01T00:00:00Z",
    ] {
        let rates = service.read(&format!("{path}?{query}")).await;
        assert_eq!(rates["included_activities_count"], 1, "{query}");
    }
}

// [F] engagement outlives the contact; [O] rows of a deleted one have its day
#[tokio::test]
async fn the_reports_keep_a_deleted_contact() {
    let (service, made) = sent(3).await;
    let id = somebody(&service).await;
    service.delete(&format!("/contacts/{id}")).await.bare(204);
    let rows = rows(&service, &made, "sends").await;
    let row = rows.iter().find(|row| row["contact_id"] == json!(id)).unwrap();
    assert_eq!(row["deleted_at"], "2026-01-16");
    let path = format!("/reports/contact_reports/{id}/activity_details?tracking_activities_list=em_sends");
    assert_eq!(service.all(&path, "tracking_activities").await.len(), 1);
}

// [C] devices by name, and no mark for machines
#[tokio::test]
async fn an_open_names_its_device() {
    let (service, made) = sent(80).await;
    for row in rows(&service, &made, "opens").await {
        assert!(["computer", "mobile", "tablet"].contains(&text(&row, "device_type").as_str()), "{row}");
        assert!(!names(&row).iter().any(|name| name.contains("bot")), "{row}");
    }
}

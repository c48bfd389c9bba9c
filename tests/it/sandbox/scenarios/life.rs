//! A full life: ten thousand people come in, are grouped and mailed, and every report adds up.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::client::Service;
use super::segments::any_of;
use super::things::{Made, text, texts};

const PEOPLE: usize = 10_000;
const FROM_FILE: usize = 500;
const EVERYBODY: usize = PEOPLE + FROM_FILE;
const DAY: i64 = 86_400;

/// One report's rows, by name.
type Reports = BTreeMap<&'static str, Vec<Value>>;

/// A stand-in, and a token that outlives the story.
async fn begin() -> Service {
    let service = Service::start().await;
    service.options(&json!({ "token_ttl": 400 * DAY })).await;
    let token = service.token_for(super::consent::EVERYTHING).await;
    service.holding(token)
}

/// Four imports of rows into a list.
async fn import(service: &Service, list: &str) {
    for part in 0..4 {
        let row = |nth: usize| {
            let (address, name) = (format!("p{nth}@example.com"), format!("N{nth}"));
            json!({ "email": address, "first_name": "Noor", "last_name": name })
        };
        let first = part * PEOPLE / 4;
        let rows: Vec<Value> = (first..first + PEOPLE / 4).map(row).collect();
        let done = service.job("contacts_json_import", &json!({ "import_data": rows, "list_ids": [list] })).await;
        assert_eq!(done["status"]["person_count"], PEOPLE / 4);
        assert_eq!(done["activity_errors"], json!([]));
    }
}

/// One file into a list.
async fn upload(service: &Service, list: &str) {
    let lines: Vec<String> = (0..FROM_FILE).map(|nth| format!("f{nth}@example.com,Sam,F{nth}")).collect();
    let csv = format!("email,first_name,last_name\n{}\n", lines.join("\n"));
    let job = service.upload("people.csv", &csv, list).await.must(201);
    let done = service.finish(&job).await;
    let status = &done["status"];
    assert_eq!((&status["items_total_count"], &status["person_count"]), (&json!(FROM_FILE + 1), &json!(FROM_FILE)));
}

/// Everybody on two lists; the people of the file tagged, and by their tag put on a third.
async fn gather(service: &Service) -> (String, String, String) {
    let (many, few) = (service.list("Many").await, service.list("Few").await);
    import(service, &many).await;
    upload(service, &few).await;
    let (tag, third) = (service.tag("file").await, service.list("By tag").await);
    let tagging = json!({ "source": { "list_ids": [few] }, "tag_ids": [tag] });
    assert_eq!(service.job("contacts_taggings_add", &tagging).await["status"]["items_completed_count"], FROM_FILE);
    let listing = json!({ "source": { "tag_ids": [tag] }, "list_ids": [third] });
    assert_eq!(service.job("add_list_memberships", &listing).await["status"]["items_completed_count"], FROM_FILE);
    assert_eq!(service.read("/contacts?include_count=true&limit=1").await["contacts_count"], EVERYBODY);
    (many, third, tag)
}

async fn rows(service: &Service, made: &Made, report: &str) -> Vec<Value> {
    service.all(&made.report(&format!("tracking/{report}")), "tracking_activities").await
}

async fn reports(service: &Service, made: &Made) -> Reports {
    let mut reports = Reports::new();
    for report in ["sends", "opens", "unique_opens", "didnotopens", "clicks", "bounces", "optouts", "forwards"] {
        reports.insert(report, rows(service, made, report).await);
    }
    reports
}

fn ids(rows: &[Value]) -> BTreeSet<String> {
    texts(rows, "contact_id").into_iter().collect()
}

/// The rows against the counters of the activity.
async fn counters_agree(service: &Service, made: &Made, reports: &Reports) {
    let path = format!("/reports/stats/email_campaign_activities/{}", made.activity);
    let stats = service.read(&path).await["results"][0]["stats"].clone();
    for (report, counter) in [
        ("sends", "em_sends"),
        ("opens", "em_opens_all"),
        ("unique_opens", "em_opens"),
        ("didnotopens", "em_not_opened"),
        ("clicks", "em_clicks_all"),
        ("bounces", "em_bounces"),
        ("optouts", "em_optouts"),
        ("forwards", "em_forwards"),
    ] {
        assert_eq!(json!(reports[report].len()), stats[counter], "{report}: {stats}");
    }
    assert_eq!(json!(ids(&reports["clicks"]).len()), stats["em_clicks"]);
    let codes = ["blocked", "mailbox_full", "nonexistent_address", "other", "suspended", "undeliverable", "vacation"];
    let by_code = codes.iter().filter_map(|code| stats[format!("em_bounces_{code}")].as_u64()).sum::<u64>();
    assert_eq!(json!(by_code), stats["em_bounces"], "{stats}");
}

/// Everybody opened it, sent it back, or did not open it; nobody did two of these.
fn everybody_is_somewhere(reports: &Reports) {
    let sent = ids(&reports["sends"]);
    assert_eq!((sent.len(), reports["sends"].len()), (EVERYBODY, EVERYBODY));
    let parts = [&reports["unique_opens"], &reports["bounces"], &reports["didnotopens"]];
    assert_eq!(parts.iter().map(|part| part.len()).sum::<usize>(), EVERYBODY);
    let together: BTreeSet<String> = parts.iter().flat_map(|part| ids(part)).collect();
    assert_eq!(together, sent);
    assert_eq!(ids(&reports["opens"]), ids(&reports["unique_opens"]));
    assert!(ids(&reports["clicks"]).is_subset(&ids(&reports["opens"])));
}

/// The clicks of each link together are all clicks.
async fn links_agree(service: &Service, made: &Made, reports: &Reports) {
    let links = service.read(&made.report("links?no_clicks=true")).await;
    let mut total = 0;
    for link in links["link_click_counts"].as_array().unwrap() {
        let clicks = rows(service, made, &format!("clicks?url_id={}", text(link, "url_id"))).await;
        assert_eq!(json!(ids(&clicks).len()), link["unique_clicks"], "{link}");
        total += clicks.len();
    }
    assert_eq!(total, reports["clicks"].len());
}

/// Who asked for no more is unsubscribed now, by its own wish.
async fn leavers_have_left(service: &Service, reports: &Reports) {
    let left = service.all("/contacts?status=unsubscribed&limit=500", "contacts").await;
    assert!(left.iter().all(|contact| contact["email_address"]["opt_out_source"] == "Contact"));
    assert!(!left.is_empty());
    assert_eq!(ids(&left), ids(&reports["optouts"]));
}

/// How many tenths of a percent.
fn tenths(part: usize, whole: usize) -> usize {
    (part * 1_000 + whole / 2) / whole
}

/// The overview, reckoned again from the rows.
async fn percentages_agree(service: &Service, made: &Made, reports: &Reports) {
    let shown = service.read("/reports/summary_reports/email_campaign_summaries").await;
    let summary = &shown["bulk_email_campaign_summaries"][0];
    assert_eq!(summary["campaign_id"], json!(made.campaign));
    let count = |report: &str| reports[report].len();
    let (opens, clickers) = (count("unique_opens"), ids(&reports["clicks"]).len());
    for (name, value) in [("sends", EVERYBODY), ("opens", opens), ("clicks", clickers), ("optouts", count("optouts"))] {
        assert_eq!(summary["unique_counts"][name], value, "{name}");
    }
    let delivered = EVERYBODY - count("bounces");
    for (name, share) in [
        ("open", tenths(opens, delivered)),
        ("click", tenths(clickers, opens)),
        ("bounce", tenths(count("bounces"), EVERYBODY)),
        ("did_not_open", tenths(count("didnotopens"), delivered)),
        ("unsubscribe", tenths(count("optouts"), delivered)),
    ] {
        let whole = share / 10;
        let wanted = if share % 10 == 0 { whole.to_string() } else { format!("{whole}.{}", share % 10) };
        assert_eq!(shown["aggregate_percents"][name].to_string(), wanted, "{name}");
    }
}

/// The details of one contact are its rows in all reports.
async fn one_contact_agrees(service: &Service, reports: &Reports) {
    let id = text(reports["clicks"].first().unwrap(), "contact_id");
    let kinds = "em_sends,em_opens,em_clicks,em_bounces,em_optouts,em_forwards";
    let path = format!("/reports/contact_reports/{id}/activity_details?tracking_activities_list={kinds}");
    let line = |row: &Value| (text(row, "created_time"), text(row, "tracking_activity_type"));
    let mut found: Vec<_> = service.all(&path, "tracking_activities").await.iter().map(line).collect();
    let all = ["sends", "opens", "clicks", "bounces", "optouts", "forwards"].into_iter();
    let own = all.flat_map(|report| &reports[report]).filter(|row| row["contact_id"] == json!(id));
    let mut wanted: Vec<_> = own.map(line).collect();
    found.sort_unstable();
    wanted.sort_unstable();
    assert!(wanted.len() >= 3, "a mail, an open and a click: {wanted:?}");
    assert_eq!(found, wanted);
}

/// The history of the activity says how many it went to.
async fn history_agrees(service: &Service, made: &Made) {
    let history = service.read(&made.below("/send_history")).await;
    let counts: Vec<u64> = history.as_array().unwrap().iter().filter_map(|sent| sent["count"].as_u64()).collect();
    assert_eq!(counts.iter().sum::<u64>(), u64::try_from(EVERYBODY).unwrap());
}

/// A file of everybody has a line for each, under one of headings.
async fn an_export_has_everybody(service: &Service) {
    let job = service.job("contact_exports", &json!({ "fields": ["email_address", "first_name"] })).await;
    let file = service.get(&format!("/contact_exports/{}", text(&job, "activity_id"))).await.text();
    assert_eq!(file.lines().count(), EVERYBODY + 1);
    let addresses: BTreeSet<&str> = file.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    assert_eq!(addresses.len(), EVERYBODY);
}

/// The second mail goes exactly to those who had not opened the first.
async fn the_second_mail_agrees(service: &Service, made: &Made, reports: &Reports) {
    let body = json!({ "resend_subject": "Still hungry?", "delay_days": 10 });
    service.post(&made.below("/non_opener_resends"), &body).await.must(201);
    service.advance(3 * DAY).await;
    let sent = service.read(&made.below("/non_opener_resends")).await;
    assert_eq!(sent[0]["resend_status"], "DONE", "{sent}");
    let campaign = service.read(&made.path()).await;
    let activities = campaign["campaign_activities"].as_array().unwrap();
    let resend = activities.iter().find(|activity| activity["role"] == "resend").unwrap();
    let path = format!("/reports/email_reports/{}/tracking/sends", text(resend, "campaign_activity_id"));
    let again = service.all(&path, "tracking_activities").await;
    assert_eq!(again.len(), reports["didnotopens"].len());
    assert_eq!(ids(&again), ids(&reports["didnotopens"]));
}

/// A segment of the tagged, and a mail to it.
async fn the_segment_agrees(service: &Service, tag: &str) {
    let criteria = any_of(&json!([{ "source": "tags", "field": "tag_id", "op": "contains-any", "value": [tag] }]));
    let segment = service.segment("From the file", &criteria).await;
    // Nobody leaves any more because of the mails before.
    service.advance(5 * DAY).await;
    let members = service.members(segment).await;
    assert_eq!(members.len(), FROM_FILE);
    let mailable = members.iter().filter(|one| one["email_address"]["permission_to_send"] == "implicit").count();
    let made = service.campaign("To the segment").await;
    service.address(&made, "segment_ids", &json!([segment])).await;
    service.post(&made.below("/schedules"), &json!({ "scheduled_date": "0" })).await.must(201);
    service.advance(5).await;
    assert_eq!(service.read(&made.below("/send_history")).await[0]["count"], mailable);
    assert_eq!(rows(service, &made, "sends").await.len(), mailable);
}

#[tokio::test]
async fn ten_thousand_people_and_every_report_adds_up() {
    let service = begin().await;
    let (many, third, tag) = gather(&service).await;
    an_export_has_everybody(&service).await;
    let made = service.campaign("Soup for all").await;
    service.address(&made, "contact_list_ids", &json!([many, third])).await;
    service.post(&made.below("/schedules"), &json!({ "scheduled_date": "2026-01-16T09:00:00Z" })).await.must(201);
    assert_eq!(service.read(&made.path()).await["current_status"], "SCHEDULED");
    service.advance(9 * DAY).await;
    assert_eq!(service.read(&made.path()).await["current_status"], "DONE");
    let reports = reports(&service, &made).await;
    everybody_is_somewhere(&reports);
    history_agrees(&service, &made).await;
    counters_agree(&service, &made, &reports).await;
    links_agree(&service, &made, &reports).await;
    leavers_have_left(&service, &reports).await;
    percentages_agree(&service, &made, &reports).await;
    one_contact_agrees(&service, &reports).await;
    the_second_mail_agrees(&service, &made, &reports).await;
    the_segment_agrees(&service, &tag).await;
}

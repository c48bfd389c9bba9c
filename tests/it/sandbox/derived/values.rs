//! Words and numbers that a request needs where the contract gives a type and no more.
//!
//! A text in braces stands for something that has to be made first; `{unique}` differs from request to request.

use serde_json::{Value, json};

use crate::strict::facts::name;

/// A moment that is to come for long.
const SOON: &str = "2090-06-01T10:00:00Z";
const SOME_ID: &str = "11111111-2222-4333-8444-555555555555";

/// Texts of bodies and forms, by the name of the property.
const TEXTS: &[(&str, &str)] = &[
    ("account_operation_method", "GET"),
    ("address", "{unique}@example.com"),
    ("address_type", "EVENT"),
    ("after", "P7D"),
    ("anniversary", "2006-11-15"),
    ("before", "P7D"),
    ("billing_locale", "en_US"),
    ("consent_type", "promotional_sms"),
    ("contact_email", "{unique}@example.com"),
    ("contact_ids", "{contact}"),
    ("contact_list_ids", "{list}"),
    ("contact_phone", "555-010-0199"),
    ("country_code", "US"),
    ("create_source", "Account"),
    ("currency_code", "USD"),
    ("currency_type", "USD"),
    ("custom_field_id", "{field}"),
    ("custom_field_ids", "{field}"),
    ("date_field", "record.anniversary"),
    ("day_field", "record.birthday_day"),
    ("dial_code", "1"),
    ("email", "{unique}@example.com"),
    ("email_address", "{unique}@example.com"),
    ("email_addresses", "{unique}@example.com"),
    ("engagement_level", "high"),
    ("event_end", "2090-06-01T12:00:00Z"),
    ("event_start", SOON),
    ("event_type", "OTHER"),
    ("external_id", "{unique}"),
    ("fields", "email_address"),
    ("file", "email,first_name\r\nreader@example.com,Ann\r\n"),
    ("from_email", "owner@example.com"),
    ("from_email_address", "owner@example.com"),
    ("full_sms_address", "+15555550123"),
    ("greeting_name_type", "F"),
    ("hook_uri", "https://hooks.example.com/tier"),
    ("html_content", "<html><body>[[trackingImage]]<a href=\"https://www.example.com/\">Hello</a></body></html>"),
    ("kind", "home"),
    ("label", "Label {unique}"),
    ("list_ids", "{list}"),
    ("list_memberships", "{list}"),
    ("location_type", "PHYSICAL"),
    ("login_name", "login-{unique}@example.com"),
    ("month_field", "record.birthday_month"),
    ("name", "Name {unique}"),
    ("order_ticket_keys", "{ticket}"),
    ("organization_phone", "555-010-0188"),
    ("payment_status", "PAID"),
    ("permission_to_send", "explicit"),
    ("phone_number", "555-010-0177"),
    ("plan_type", "BRONZE"),
    ("profile_id", "{profile}"),
    ("registration_end_time", SOON),
    ("registration_ids", "{registration}"),
    ("registration_status", "REGISTERED"),
    ("reply_to_email", "owner@example.com"),
    ("role_name", "account_manager"),
    ("scheduled_time", SOON),
    ("segment_criteria", CRITERIA),
    ("sms_address", "5555550123"),
    ("sms_consent_permission", "explicit"),
    ("sms_number", "5555550124"),
    ("sms_permission_to_send", "explicit"),
    ("state_code", "MA"),
    ("status", "active"),
    ("tag_ids", "{tag}"),
    ("taggings", "{tag}"),
    ("partner_account_id", "{unique}"),
    ("target_event_name", "Copy {unique}"),
    ("time_zone", "US/Eastern"),
    ("time_zone_id", "US/Eastern"),
    ("update_source", "Account"),
    ("url", "https://www.example.com/picture.png"),
    ("website", "https://www.example.com"),
];

/// Criteria that everybody may meet.
pub(super) const CRITERIA: &str = concat!(
    r#"{"version":"1.0.0","criteria":{"type":"and","group":[{"source":"tracking","field":"not_opened","#,
    r#""op":"contains-any","const_value":"last-n-campaigns","param":"5"}]}}"#
);

/// Numbers of bodies, by the name of the property; a text stands for a number that has to be made.
const NUMBERS: &[(&str, &str)] = &[
    ("birthday_day", "20"),
    ("birthday_month", "5"),
    ("billing_day_of_month", "5"),
    ("decimal_places", "2"),
    ("delay_days", "2"),
    ("delay_minutes", "2880"),
    ("format_type", "5"),
    ("segment_id", "{segment}"),
    ("segment_ids", "{segment}"),
    ("test_size", "10"),
    ("winner_wait_duration", "6"),
];

/// Values of the query, by the name of the parameter.
const QUERY: &[(&str, &str)] = &[
    ("channel", "email"),
    ("email", "{unique}@example.com"),
    ("end", "2027-12-01T00:00:00-0500"),
    ("end_at", SOON),
    ("end_time", "2090-06-01T12:00:00Z"),
    ("limit", "10"),
    ("lists", "{list}"),
    ("name", "Name {unique}"),
    ("offset", "0"),
    ("page", "0"),
    ("page_size", "10"),
    ("placeholder_campaign_id", SOME_ID),
    ("segment_id", "{segment}"),
    ("sequence_ids", "1,2"),
    ("sort_order", "ASC"),
    ("start", "2024-01-01T00:00:00-0500"),
    ("start_at", "2020-01-01T00:00:00Z"),
    ("start_time", SOON),
    ("tags", "{tag}"),
    ("url_id", "1"),
    ("v2_email_campaign_ids", "1100000000001"),
    ("workflowName", "Path {unique}"),
];

/// Variables of the path. What a report is about must have been sent or visited.
const PATH: &[(&str, &str)] = &[
    ("activity_id", "{job}"),
    ("automation_flow_id", "{flow}"),
    ("campaign_activity_id", "{activity}"),
    ("campaign_activity_ids", "{sent_activity}"),
    ("campaign_id", "{campaign}"),
    ("campaign_ids", "{sent_campaign}"),
    ("contact_id", "{contact}"),
    ("custom_field_id", "{field}"),
    ("encoded_account_id", "{client}"),
    ("event_id", "{event}"),
    ("file_export_id", "{export}"),
    ("list_id", "{list}"),
    ("registration_id", "{registration}"),
    ("resend_request_id", "DRAFT"),
    ("segment_id", "{segment}"),
    ("tag_id", "{tag}"),
    ("topic_id", "{topic}"),
    ("track_id", "{attended_track}"),
];

fn named(table: &'static [(&'static str, &'static str)], name: &str) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// A text for a property.
pub(super) fn text(name: &str, schema: &Value) -> Value {
    if schema["format"] == "uuid" && named(TEXTS, name).is_none() {
        return json!(SOME_ID);
    }
    if schema["format"] == "date-time" {
        return json!(SOON);
    }
    json!(named(TEXTS, name).unwrap_or("some text"))
}

/// A number for a property.
pub(super) fn number(name: &str, schema: &Value) -> Value {
    match named(NUMBERS, name) {
        Some(text) => text.parse::<i64>().map_or_else(|_| json!(text), Value::from),
        None => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
    }
}

/// The value of a path variable in the operation with this path.
pub(super) fn variable(path: &str, name: &str) -> Value {
    match (path, name) {
        (path, "campaign_activity_id") if path.starts_with("/reports/email_reports/") => json!("{sent_activity}"),
        (path, "campaign_activity_id") if path.starts_with("/reports/landing_pages/") => json!("{landing_page}"),
        (_, name) => json!(named(PATH, name).unwrap_or_default()),
    }
}

/// The value of a query parameter or form field: all words of a choice where several may be given, else the first.
pub(super) fn parameter(parameter: &Value) -> Value {
    let choices = choices(parameter);
    if let Some(first) = choices.first() {
        let several = parameter["format"] == "csv" && parameter["collectionFormat"] != "multi";
        return if several { json!(choices.join(",")) } else { json!(first) };
    }
    let name = name(parameter);
    if let Some(default) = parameter.get("default") {
        return json!(plain(default));
    }
    if parameter["type"] == "boolean" {
        return json!("true");
    }
    if parameter["format"] == "date-time" {
        return json!(if name.contains("before") { SOON } else { "2020-01-01T00:00:00Z" });
    }
    let place = if parameter["in"] == "query" { QUERY } else { TEXTS };
    json!(named(place, name).unwrap_or("text"))
}

/// The words that a parameter is a choice of.
pub(super) fn choices(parameter: &Value) -> Vec<&str> {
    let choices = parameter.get("enum").unwrap_or(&parameter["items"]["enum"]);
    choices.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// A value as it stands in a path or a query.
pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

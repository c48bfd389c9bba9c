//! Tables for people.

use comfy_table::{ContentArrangement, Table, TableStyle};
use serde_json::Value;

/// Rows under headings, with as little ink as possible.
pub(super) fn rows(headings: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table
        .load_style(TableStyle::new())
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(headings.iter().map(|h| h.to_uppercase()));
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// Any output: a list of things as a table of their plain properties, one thing as name and value.
pub(super) fn value(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            match map.values().find_map(Value::as_array).filter(|list| list.iter().any(Value::is_object)) {
                Some(list) => things(list),
                None => rows(&["field", "value"], map.iter().map(|(k, v)| vec![k.clone(), short(v)])),
            }
        }
        Value::Array(list) if list.iter().any(Value::is_object) => things(list),
        Value::Array(list) => list.iter().map(short).collect::<Vec<_>>().join("\n"),
        Value::Null => "(nothing)".to_owned(),
        other => short(other),
    }
}

fn things(list: &[Value]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in list.iter().filter_map(Value::as_object).flat_map(|o| o.keys()) {
        if !names.contains(&name.as_str()) && names.len() < 8 {
            names.push(name);
        }
    }
    rows(&names, list.iter().map(|thing| names.iter().map(|n| short(&thing[n])).collect()))
}

fn short(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Object(map) => map.values().find_map(Value::as_str).map_or_else(|| value.to_string(), str::to_owned),
        Value::Array(list) => format!("{} entries", list.len()),
        other => other.to_string(),
    };
    if text.chars().count() > 60 { text.chars().take(59).chain(['…']).collect() } else { text }
}

//! The fields of a schema in one flat list, as a table needs them: nested ones dotted, `[]` after a list.

use serde_json::Value;

use super::super::markdown::{code, text};

/// One field.
pub(super) struct Field<'a> {
    /// Dotted from the root; `*` stands for a name that is free.
    pub(super) path: String,
    /// What it may hold.
    pub(super) schema: &'a Value,
    /// Whether what holds it needs it.
    pub(super) required: bool,
    /// What a free name must match.
    pub(super) pattern: Option<&'a str>,
    /// Whether it holds fields that lie deeper than was asked for.
    pub(super) cut: bool,
}

impl Field<'_> {
    /// Its form label.
    pub(super) fn label(&self) -> String {
        text(self.schema["title"].as_str().unwrap_or_default())
    }

    /// What it is.
    pub(super) fn words(&self) -> String {
        text(self.schema["description"].as_str().unwrap_or_default())
    }
}

/// The fields of `schema`, down to `depth` levels.
pub(super) fn fields(schema: &Value, depth: usize) -> Vec<Field<'_>> {
    let mut out = Vec::new();
    collect(schema, String::new(), depth, &mut out);
    out
}

fn collect<'a>(schema: &'a Value, mut above: String, depth: usize, out: &mut Vec<Field<'a>>) {
    let holder = within_lists(schema, &mut above);
    let path = |name: &str| if above.is_empty() { name.to_owned() } else { format!("{above}.{name}") };
    let required = |name: &str| holder["required"].as_array().is_some_and(|names| names.iter().any(|n| n == name));
    let named = members(holder, "properties").map(|(name, schema)| (path(name), schema, required(name), None));
    let free =
        members(holder, "patternProperties").map(|(name, schema)| (path("*"), schema, false, Some(name.as_str())));
    for (path, schema, required, pattern) in named.chain(free) {
        out.push(Field { path: path.clone(), schema, required, pattern, cut: depth <= 1 && holds_fields(schema) });
        if depth > 1 {
            collect(schema, path, depth - 1, out);
        }
    }
}

/// What a list, or a list of lists, holds; `path` grows by a `[]` for each.
fn within_lists<'a>(schema: &'a Value, path: &mut String) -> &'a Value {
    let mut inner = schema;
    while inner["items"].is_object() {
        inner = &inner["items"];
        path.push_str("[]");
    }
    inner
}

fn members<'a>(schema: &'a Value, group: &str) -> impl Iterator<Item = (&'a String, &'a Value)> + use<'a> {
    schema[group].as_object().into_iter().flatten()
}

fn holds_fields(schema: &Value) -> bool {
    let holder = within_lists(schema, &mut String::new());
    members(holder, "properties").chain(members(holder, "patternProperties")).next().is_some()
}

/// The sentences that the catalogue gives for conditions, at whatever depth; those below the root name their place.
pub(super) fn conditions(schema: &Value) -> Vec<String> {
    let mut out = sentences(schema, "");
    for field in fields(schema, usize::MAX) {
        out.extend(sentences(field.schema, &field.path));
        let mut path = field.path;
        let inner = within_lists(field.schema, &mut path);
        if !std::ptr::eq(inner, field.schema) {
            out.extend(sentences(inner, &path));
        }
    }
    out
}

fn sentences(schema: &Value, path: &str) -> Vec<String> {
    let place = if path.is_empty() { String::new() } else { format!("{}: ", code(path)) };
    let sentences = members(schema, "x-message").filter_map(|(_, sentence)| sentence.as_str());
    sentences.map(|sentence| format!("{place}{}", text(sentence))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{conditions, fields};

    #[test]
    fn nested_fields_are_dotted_and_cut_at_the_depth() {
        let item = json!({ "type": "object", "required": ["b"], "properties": { "b": { "type": "string" } },
            "patternProperties": { "^cf:": { "type": "string" } }, "x-message": { "not": "Not so." } });
        let schema = json!({ "type": "object", "properties": { "a": { "type": "array", "items": item } } });
        let paths: Vec<_> = fields(&schema, 2).into_iter().map(|f| (f.path, f.required, f.cut)).collect();
        let expected = [("a", false, false), ("a[].b", true, false), ("a[].*", false, false)];
        assert_eq!(paths, expected.map(|(path, required, cut)| (path.to_owned(), required, cut)));
        assert!(fields(&schema, 1)[0].cut);
        assert_eq!(conditions(&schema), ["`a[]`: Not so."]);
    }
}

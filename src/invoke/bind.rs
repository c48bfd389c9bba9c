//! Step 4, pure: an input and the file's recipe become a call.
//!
//! Whatever a value holds, it stays what the recipe says it is: a path value is one segment, a query value is one
//! pair. A cursor brings query pairs back in, and only those that this action may have.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use crate::{
    catalog::model::{Action, CallRecipe, PageStyle, Style},
    protocol::{ActionError, Code, FieldError},
    transport::{Body, Part},
};

/// Everything but what RFC 3986 calls unreserved.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A call, not yet on any host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundCall {
    /// HTTP method.
    pub method: &'static str,
    /// Encoded path below the API's base.
    pub path: String,
    /// Query pairs, not yet encoded.
    pub query: Vec<(String, String)>,
    /// What it carries.
    pub body: Body,
}

impl BoundCall {
    /// The full address on `base`, whose own path stays in front.
    pub fn url(&self, base: &Url) -> Url {
        let mut url = base.clone();
        url.set_path(&format!("{}{}", base.path().trim_end_matches('/'), self.path));
        url.set_query(None);
        if !self.query.is_empty() {
            let encode = |text: &str| utf8_percent_encode(text, SEGMENT).to_string();
            let pairs: Vec<_> = self.query.iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect();
            // A comma between ids stays a comma: the service splits before it decodes.
            url.set_query(Some(&pairs.join("&").replace("%2C", ",")));
        }
        url
    }
}

/// Binds a valid input. Fails only where a value cannot be what the recipe needs.
pub fn bind(action: &Action, input: &Map<String, Value>, cursor: Option<&str>) -> Result<BoundCall, ActionError> {
    let recipe = &action.call;
    let path = path(&recipe.path, input)?;
    let mut query = query(recipe, input);
    if let Some(cursor) = cursor {
        query = resume(action, query, cursor)?;
    }
    let body = body(recipe, input)?;
    Ok(BoundCall { method: method(&recipe.method), path, query, body })
}

fn method(name: &str) -> &'static str {
    match name {
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        _ => "GET",
    }
}

fn path(template: &str, input: &Map<String, Value>) -> Result<String, ActionError> {
    let mut path = String::with_capacity(template.len() + 40);
    for part in template.split_inclusive('/') {
        let (segment, slash) = part.strip_suffix('/').map_or((part, ""), |s| (s, "/"));
        match segment.strip_prefix('{').and_then(|s| s.strip_suffix('}')) {
            Some(name) => path.push_str(&segment_of(name, input.get(name).unwrap_or(&Value::Null))?),
            None => path.push_str(segment),
        }
        path.push_str(slash);
    }
    Ok(path)
}

/// One value as one segment; a list as segments joined by commas.
fn segment_of(name: &str, value: &Value) -> Result<String, ActionError> {
    let values = value.as_array().map_or_else(|| vec![text(value)], |list| list.iter().map(text).collect());
    let encoded: Vec<_> = values.iter().map(|v| utf8_percent_encode(v, SEGMENT).to_string()).collect();
    let joined = encoded.join(",");
    // An empty or dotted segment would make another path of it.
    if values.iter().any(String::is_empty) || values.is_empty() || joined == "." || joined == ".." {
        let field = FieldError { pointer: format!("/{name}"), message: "must not be empty or only dots".to_owned() };
        return Err(
            ActionError::new(Code::InvalidInput, format!("{name} cannot stand in an address")).fields(vec![field])
        );
    }
    Ok(joined)
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn query(recipe: &CallRecipe, input: &Map<String, Value>) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for parameter in &recipe.query {
        let Some(value) = input.get(parameter.property()).filter(|v| !v.is_null()) else { continue };
        match (value, parameter.style) {
            (Value::Array(list), Style::Multi) => pairs.extend(list.iter().map(|v| (parameter.name.clone(), text(v)))),
            (Value::Array(list), _) => {
                let joined: Vec<_> = list.iter().map(text).collect();
                pairs.push((parameter.name.clone(), joined.join(",")));
            }
            (value, _) => pairs.push((parameter.name.clone(), text(value))),
        }
    }
    pairs
}

/// Takes up a listing where a cursor left it. A link holds the whole query; the other styles change one pair of it.
fn resume(
    action: &Action,
    mut query: Vec<(String, String)>,
    cursor: &str,
) -> Result<Vec<(String, String)>, ActionError> {
    let foreign = || {
        let field = FieldError {
            pointer: "/options/page/cursor".to_owned(),
            message: "is not a cursor of this action".to_owned(),
        };
        ActionError::new(Code::InvalidInput, "use the cursor of an earlier result of the same action")
            .fields(vec![field])
    };
    let page = action.page.as_ref().ok_or_else(foreign)?;
    let pairs: Vec<(String, String)> = form_urlencoded::parse(cursor.as_bytes()).into_owned().collect();
    if pairs.is_empty() || pairs.iter().any(|(name, _)| !may_resume(action, name)) {
        return Err(foreign());
    }
    if page.style == PageStyle::Link {
        return Ok(pairs);
    }
    for (name, value) in pairs {
        query.retain(|(known, _)| *known != name);
        query.push((name, value));
    }
    Ok(query)
}

/// Whether a query pair of a cursor or link may come back in: declared names, and the two words for "go on".
pub(super) fn may_resume(action: &Action, name: &str) -> bool {
    matches!(name, "cursor" | "next") || action.call.query.iter().any(|q| q.name == name)
}

fn body(recipe: &CallRecipe, input: &Map<String, Value>) -> Result<Body, ActionError> {
    match recipe.body.as_str() {
        "none" => Ok(Body::None),
        "rest" => json(&Value::Object(rest(recipe, input))),
        "multipart" => rest(recipe, input)
            .iter()
            .map(|(name, value)| part(name, value))
            .collect::<Result<_, _>>()
            .map(Body::Multipart),
        property => json(input.get(property).unwrap_or(&Value::Null)),
    }
}

fn json(value: &Value) -> Result<Body, ActionError> {
    serde_json::to_vec(value).map(Body::Json).map_err(|e| ActionError::new(Code::Internal, e.to_string()))
}

/// Every input that is neither in the path nor in the query, in the form in which it travels.
fn rest(recipe: &CallRecipe, input: &Map<String, Value>) -> Map<String, Value> {
    let elsewhere =
        |name: &str| recipe.query.iter().any(|q| q.property() == name) || recipe.path_variables().any(|v| v == name);
    let own = input.iter().filter(|(name, _)| !elsewhere(name));
    own.map(|(name, value)| (name.clone(), encoded(recipe, name, value))).collect()
}

fn encoded(recipe: &CallRecipe, name: &str, value: &Value) -> Value {
    match recipe.encode.get(name).and_then(Value::as_str) {
        Some("json") => Value::String(value.to_string()),
        Some("string") if !value.is_null() => Value::String(text(value)),
        _ => value.clone(),
    }
}

/// A file is `{filename, content | content_base64}`; lists travel as one text with commas.
fn part(name: &str, value: &Value) -> Result<Part, ActionError> {
    let plain = |content: String| Part { name: name.to_owned(), filename: None, content: content.into_bytes() };
    let file = match value {
        Value::Array(list) => return Ok(plain(list.iter().map(text).collect::<Vec<_>>().join(","))),
        Value::Object(file) => file,
        other => return Ok(plain(text(other))),
    };
    let content = match (file.get("content"), file.get("content_base64")) {
        (Some(Value::String(text)), None) => text.clone().into_bytes(),
        (None, Some(Value::String(encoded))) => {
            STANDARD.decode(encoded.trim()).map_err(|_| bad_file(name, "/content_base64", "is not Base64"))?
        }
        _ => return Err(bad_file(name, "", "must have either content or content_base64")),
    };
    let filename = file.get("filename").map(text).filter(|f| !f.is_empty()).unwrap_or_else(|| "file".to_owned());
    Ok(Part { name: name.to_owned(), filename: Some(filename), content })
}

fn bad_file(name: &str, below: &str, message: &str) -> ActionError {
    let field = FieldError { pointer: format!("/{name}{below}"), message: message.to_owned() };
    ActionError::new(Code::InvalidInput, format!("the file {name} {message}")).fields(vec![field])
}

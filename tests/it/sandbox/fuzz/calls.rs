//! Calls made out of the vendor's contract: most of each is good, so that it gets far, and somewhere in it is something
//! that nobody would send.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::{dice::Dice, known::Known, wire::Request};

/// Methods besides the right one.
const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get", "BREW"];
/// Content types besides the right one.
const TYPES: &[&str] = &[
    "",
    "text/plain",
    "application/xml",
    "application/json; charset=utf-16",
    "APPLICATION/JSON",
    "application/jsonp",
    "multipart/form-data",
    "multipart/form-data; boundary=",
    "multipart/form-data; boundary=\"",
    "application/x-www-form-urlencoded",
];
/// Names of query parameters that no operation has.
const FOREIGN: &[&str] = &["", "limit[]", "Limit", "é", "a b", "$where", "cursor ", "include[0]"];

/// Values that get through the checks of the service, by the name of their property. Each is written as JSON.
const USUAL: &[(&str, &[&str])] = &[
    ("account_operation_method", &[r#""GET""#, r#""POST""#, r#""delete""#]),
    ("account_operation_payload", &[r#""{}""#, r#""{\"name\":\"x\"}""#, r#""""#]),
    ("account_operation_url", &[r#""/contacts""#, r#""/contact_lists?limit=1""#, r#""/partner/accounts""#, r#""//""#]),
    ("account_type", &[r#""all""#]),
    ("address", &[r#""noor@example.com""#, r#""owner@example.com""#]),
    ("address_type", &[r#""EVENT""#]),
    ("anniversary", &[r#""2020-02-29""#, r#""02/29/2020""#]),
    ("billing_day_of_month", &["1", "31"]),
    ("birthday_day", &["29", "31"]),
    ("birthday_month", &["2", "12"]),
    ("choice_ids", &["1", "2"]),
    ("consent_type", &[r#""promotional_sms""#]),
    ("country_code", &[r#""US""#, r#""ca""#]),
    ("create_source", &[r#""Account""#, r#""Contact""#]),
    ("currency_type", &[r#""USD""#]),
    ("email_address", &[r#""noor@example.com""#]),
    ("email_addresses", &[r#""noor@example.com""#]),
    ("end", &[r#""2026-01-01""#]),
    ("engagement_level", &[r#""most""#, r#""least""#]),
    ("format_type", &["5"]),
    ("from_email", &[r#""owner@example.com""#]),
    ("hook_uri", &[r#""http://127.0.0.1:9/hook""#, r#""https://hooks.example.com/""#]),
    ("html_content", &[r#""<html><body>Hi [[FIRSTNAME]] <a href=\"https://www.example.com/\">x</a></body></html>""#]),
    ("kind", &[r#""home""#, r#""mobile""#]),
    ("limit", &["1", "3", "500"]),
    ("permission_to_send", &[r#""implicit""#, r#""explicit""#, r#""unsubscribed""#]),
    ("phone_number", &[r#""+1 555-0100""#]),
    ("reply_to_email", &[r#""owner@example.com""#]),
    ("role_name", &[r#""owner""#]),
    ("scheduled_date", &[r#""0""#, r#""2026-01-15T09:00:01Z""#, r#""2026-02-15T09:00:00Z""#]),
    (
        "segment_criteria",
        &[
            r#""{\"criteria\":{\"type\":\"and\",\"group\":[{\"type\":\"or\",\"group\":[]}]}}""#,
            r#""{\"criteria\":{\"type\":\"and\",\"group\":[{\"source\":\"tracking\",\"field\":\"opened\"}]}}""#,
            r#""{\"criteria\":{\"type\":\"and\",\"group\":[{\"source\":\"tags\",\"op\":\"eq\"}]}}""#,
        ],
    ),
    ("sms_consent_permission", &[r#""explicit""#]),
    ("sms_permission_to_send", &[r#""explicit""#]),
    ("start", &[r#""2024-01-01""#]),
    ("status", &[r#""DRAFT""#, r#""SCHEDULED""#, r#""ACTIVE""#, r#""active""#, r#""all""#]),
    ("test_size", &["10", "50"]),
    ("type", &[r#""string""#, r#""date""#, r#""single_select""#]),
    ("update_source", &[r#""Account""#, r#""Contact""#]),
    ("version", &["1", "2"]),
    ("winner_wait_duration", &["6", "48"]),
];

/// Who may call: the service's token for most operations, a partner's for its own.
pub(super) struct Keys {
    pub(super) access: String,
    pub(super) partner: String,
    /// What partners send in `x-api-key`.
    pub(super) partner_key: String,
}

/// The contract, to make calls of.
pub(super) struct Contract(Value);

impl Contract {
    pub(super) fn read() -> Self {
        Self(serde_json::from_str(include_str!("../../../contract/v3.json")).unwrap())
    }

    pub(super) fn operations(&self) -> &[Value] {
        self.0["operations"].as_array().unwrap()
    }

    /// What a schema refers to, or itself.
    fn meant<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let name = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/definitions/"));
        name.map_or(schema, |name| &self.0["definitions"][name])
    }
}

/// One maker of one call.
pub(super) struct Maker<'a> {
    contract: &'a Contract,
    known: &'a Known,
    dice: &'a mut Dice,
    /// How many of a hundred values are odd.
    wild: usize,
    /// How many more values there may be: some schemas hold themselves several times over.
    room: usize,
}

/// Values in one call.
const ROOM: usize = 500;
/// Objects and lists within each other.
const DEEPEST: usize = 7;

impl<'a> Maker<'a> {
    pub(super) fn new(contract: &'a Contract, known: &'a Known, dice: &'a mut Dice, wild: usize) -> Self {
        Self { contract, known, dice, wild, room: ROOM }
    }

    /// A call of this operation, or one that begins as it does.
    pub(super) fn call(&mut self, operation: &Value, keys: &Keys) -> Request {
        let right = operation["method"].as_str().unwrap();
        let method = if self.dice.percent(8) { *self.dice.pick(METHODS) } else { right };
        let template = operation["path"].as_str().unwrap();
        let target = format!("/v3{}{}", self.path(template), self.query(operation));
        let request = self.authorized(Request::new(method, target), template.starts_with("/partner"), keys);
        let parameters = operation["parameters"].as_array().unwrap();
        let body = parameters.iter().find(|parameter| parameter["in"] == "body");
        if parameters.iter().any(|parameter| parameter["in"] == "formData") {
            return self.with_form(request);
        }
        match body {
            Some(body) => self.with_json(request, &body["schema"]),
            None if self.dice.percent(6) => self.with_json(request, &Value::Null),
            None => request,
        }
    }

    /// A path of this template.
    fn path(&mut self, template: &str) -> String {
        let segments: Vec<String> = template.split('/').map(|segment| self.segment(segment)).collect();
        let path = segments.join("/");
        match self.dice.below(200) {
            0 => path + "/",
            1 => path + "%ff%fe",
            2 => format!("/{path}"),
            3 => path + "/..%2f..",
            _ => path,
        }
    }

    fn segment(&mut self, segment: &str) -> String {
        let Some(name) = segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) else {
            return segment.to_owned();
        };
        let value = self.value(name, &json!({ "type": "string", "format": "uuid" }), 0);
        let mut text = words(&value);
        if name.ends_with("_ids") && self.dice.percent(40) {
            let other = self.value(name, &json!({ "type": "string", "format": "uuid" }), 0);
            text = format!("{text},{}", words(&other));
        }
        match self.dice.below(100) {
            // As it is, but without ending the line.
            0 | 1 => text.replace(['\r', '\n'], "%0A"),
            2 => "x".repeat(self.dice.below(70_000)),
            _ => encoded(&text),
        }
    }

    /// The parameters that the operation has, some of them, and some that it has not.
    fn query(&mut self, operation: &Value) -> String {
        let mut pairs = Vec::new();
        for parameter in operation["parameters"].as_array().unwrap().iter().filter(|p| p["in"] == "query") {
            let name = parameter["name"].as_str().unwrap();
            let needed = parameter["required"] == true;
            let times = if needed || self.dice.percent(30) { 1 + self.dice.below(20) / 19 } else { 0 };
            for _ in 0..times {
                let value = self.value(name, parameter, 0);
                pairs.push((name.to_owned(), words(&value)));
            }
        }
        if self.dice.percent(15) {
            let name = *self.dice.pick(&["cursor", "next", "limit", "offset"]);
            pairs.push((name.to_owned(), self.dice.cursor()));
        }
        if self.dice.percent(self.wild) {
            let name = *self.dice.pick(FOREIGN);
            pairs.push((name.to_owned(), self.dice.text()));
        }
        let written = pairs.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
        let question = written.collect::<Vec<_>>().join("&");
        match self.dice.below(120) {
            0 => format!("?{question}&%zz=%&=&&"),
            1 => "?a".repeat(2_000),
            _ if question.is_empty() => question,
            _ => format!("?{question}"),
        }
    }

    fn authorized(&mut self, request: Request, partner: bool, keys: &Keys) -> Request {
        let token = if partner { &keys.partner } else { &keys.access };
        let request = if partner { request.with("x-api-key", keys.partner_key.as_str()) } else { request };
        let request = match self.dice.below(150) {
            0 => return request,
            1 => request.with("authorization", token.as_str()),
            2 => request.with("authorization", format!("bearer {token}")),
            3 => request.with("authorization", format!("Bearer {token}")).with("authorization", "Bearer x"),
            4 => request.with("authorization", "Bearer é\u{1d4b3}"),
            5 => request.with("authorization", format!("Bearer {}", "x".repeat(20_000))),
            6 => request.with("authorization", "Basic Og=="),
            _ => request.with("authorization", format!("Bearer {token}")),
        };
        match self.dice.below(80) {
            0 => request.with("host", "evil.example"),
            1 => request.with("expect", "100-continue"),
            2 => request.with("accept-encoding", "gzip, x;q=é"),
            3 => request.with("x-http-method-override", "DELETE").with("range", "bytes=0-0,-1"),
            _ => request,
        }
    }

    /// A JSON body by a schema, perhaps damaged as a text, and perhaps under another content type.
    fn with_json(&mut self, request: Request, schema: &Value) -> Request {
        let value = if schema.is_null() { self.dice.json(3) } else { self.value("body", schema, 0) };
        let text = self.damaged(value.to_string());
        let kind = if self.dice.percent(5) { *self.dice.pick(TYPES) } else { "application/json" };
        request.carrying(kind, text)
    }

    /// What a broken pipe, a broken encoder or a hostile hand makes of a text.
    fn damaged(&mut self, text: String) -> Vec<u8> {
        let number = self.dice.pick(&["1e400", "-0.0", "123456789012345678901234567890", "01", "NaN"]);
        let place = self.dice.below(text.len());
        match self.dice.below(90) {
            0 | 1 => text.as_bytes()[..place].to_vec(),
            2 => [&text.as_bytes()[..place], b"\xff\xc3\x28", &text.as_bytes()[place..]].concat(),
            3 => format!("{}{text}{}", "[".repeat(200), "]".repeat(200)).into_bytes(),
            4 => text.replacen('"', &format!("\"x\":{}{},\"", "[".repeat(90), "]".repeat(90)), 1).into_bytes(),
            5 => text.replacen("\":", &format!("\":{number},\"y\":"), 1).into_bytes(),
            6 => text.replacen(":\"", &format!(":\"{}", "é".repeat(500_000)), 1).into_bytes(),
            7 => [text.as_str(), text.as_str()].concat().into_bytes(),
            8 => format!("\u{feff}{text}").into_bytes(),
            9 => text.replace('"', "'").into_bytes(),
            10 => text.replacen(":\"", ":\"\\ud800\\u0000", 1).into_bytes(),
            11 => Vec::new(),
            _ => text.into_bytes(),
        }
    }

    /// A form with a file, perhaps with broken boundaries.
    fn with_form(&mut self, request: Request) -> Request {
        let boundary = "a-boundary";
        let lists = words(&self.value("list_id", &json!({ "type": "string" }), 0));
        let mut form = Vec::new();
        for (head, body) in [
            ("name=\"file\"; filename=\"people.csv\"", self.file()),
            ("name=\"list_ids\"", lists),
            ("name=\"sms_permission_to_send\"", (*self.dice.pick(&["explicit", "not_set", "é"])).to_owned()),
        ] {
            if !self.dice.percent(4) {
                form.push(format!("--{boundary}\r\ncontent-disposition: form-data; {head}\r\n\r\n{body}\r\n"));
            }
        }
        let form = format!("{}--{boundary}--\r\n", form.concat());
        let form = match self.dice.below(14) {
            0 => form.replace("a-boundary--", "a-boundary"),
            1 => form.replace("\r\n", "\n"),
            2 => form.replace("form-data", "form-data; name"),
            3 => form.replace("\"file\"", "\"file"),
            4 => form.replace("content-disposition", "content"),
            5 => form.repeat(120),
            _ => form,
        };
        let kind = match self.dice.below(20) {
            0 => format!("multipart/form-data; boundary={}", "x".repeat(100)),
            1 => format!("multipart/form-data; boundary=\"{boundary}"),
            2 => (*self.dice.pick(TYPES)).to_owned(),
            _ => format!("multipart/form-data; boundary={boundary}"),
        };
        let body = self.damaged(form);
        request.carrying(&kind, body)
    }

    /// A file of people, in which quotes and columns need not fit.
    fn file(&mut self) -> String {
        let heads = ["Email,First Name", "email", "Email Address,Birthday,custom", "\u{feff}EMAIL;Name", "", "\""];
        let head = *self.dice.pick(&heads);
        let count = self.dice.below(6);
        let row = |_| format!("row{}@example.com,{}", self.dice.below(40), self.dice.text());
        let rows: Vec<String> = (0..count).map(row).collect();
        format!("{head}\n{}", rows.join("\n"))
    }

    /// A value for a property or a parameter.
    fn value(&mut self, name: &str, schema: &Value, depth: usize) -> Value {
        self.room = self.room.saturating_sub(1);
        if self.dice.percent(self.wild) {
            return if self.dice.percent(60) { json!(self.dice.text()) } else { self.dice.json(2) };
        }
        let contract = self.contract;
        let schema = contract.meant(schema);
        match schema["type"].as_str() {
            Some("object") => self.object(schema, depth),
            Some("array") => self.array(name, schema, depth),
            kind => self.leaf(name, schema, kind),
        }
    }

    fn object(&mut self, schema: &Value, depth: usize) -> Value {
        let mut made = Map::new();
        let properties = schema["properties"].as_object().filter(|_| depth < DEEPEST && self.room > 0);
        let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        for (name, schema) in properties.into_iter().flatten() {
            let needed = required.iter().any(|one| one.as_str() == Some(name.as_str()));
            let likely = if schema["readOnly"] == true { 15 } else { 60 };
            if needed || self.dice.percent(likely) {
                made.insert(name.clone(), self.value(name, schema, depth + 1));
            }
        }
        Value::Object(made)
    }

    fn array(&mut self, name: &str, schema: &Value, depth: usize) -> Value {
        let count = if self.dice.percent(3) { 60 } else { self.dice.below(4) };
        let count = if depth < DEEPEST { count.min(self.room) } else { 0 };
        (0..count).map(|_| self.value(name, &schema["items"], depth + 1)).collect()
    }

    fn leaf(&mut self, name: &str, schema: &Value, kind: Option<&str>) -> Value {
        if self.dice.percent(90)
            && let Some(known) = self.known.one(name, self.dice)
        {
            return known;
        }
        if let Some(choices) = schema["enum"].as_array() {
            return self.dice.pick(choices).clone();
        }
        let usual = USUAL.iter().find(|(known, _)| *known == name).filter(|_| self.dice.percent(85));
        if let Some(&(_, values)) = usual {
            return serde_json::from_str(self.dice.pick::<&str>(values)).unwrap();
        }
        match (kind, schema["format"].as_str()) {
            (Some("integer" | "number"), _) => json!(self.dice.below(60)),
            (Some("boolean"), _) => json!(self.dice.percent(50)),
            (_, Some("uuid")) => json!(self.dice.uuid()),
            (_, Some("date-time" | "date")) => json!("2026-01-10T09:00:00Z"),
            _ => json!(format!("word {}", self.dice.below(50))),
        }
    }
}

/// A value as it stands in an address.
fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(words).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

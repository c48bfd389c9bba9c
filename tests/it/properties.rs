//! What no input, cursor, link or answer can do, however strange: leave its place in a call, lead the call to another
//! address, or bring the runtime down.

use std::{
    cell::Cell,
    sync::{Arc, LazyLock},
};

use bytes::Bytes;
use constantcontact::{
    catalog::model::{Action, PageStyle, Style},
    invoke::{
        bind::{BoundCall, bind},
        decode::{Decoded, decode},
    },
    protocol::{ActionError, Code, Sent},
    schema::InputRules,
    transport::{Body, HttpAnswer},
};
use percent_encoding::percent_decode_str;
use proptest::{
    arbitrary::any,
    collection::vec,
    option::weighted,
    prop_oneof,
    sample::{Index, select},
    strategy::{Just, Strategy},
    test_runner::{Config, TestRunner},
};
use serde_json::{Map, Value, json};
use url::{Url, form_urlencoded};

use crate::examples::{actions, filled};

/// Texts that have led somebody astray before.
const HOSTILE: &[&str] = &[
    "",
    ".",
    "..",
    "./",
    "../..",
    "/",
    "//evil.example/x",
    "\\\\evil.example",
    "a/b",
    "%",
    "%zz",
    "%2F",
    "%2f..%2f",
    "%2e%2e",
    "%2C",
    "%00",
    "?b=c",
    "#x",
    "a=b",
    "&limit=1",
    ";v=1",
    ",",
    "a,b",
    "+",
    " ",
    "\t",
    "\0",
    "\u{7f}",
    "\r\nx-api-key: evil",
    "é",
    "\u{202e}",
    "\u{feff}",
    "\u{1d4b3}",
    "@evil.example",
    ":8080",
    "http://evil.example/?cursor=1#y",
    "{contact_id}",
    "<script>",
    "\"}",
];

/// Names of query pairs that no action declares.
const FOREIGN: &[&str] = &["", "a", "api_key", "access_token", "redirect", "host", "Cursor", "next ", "limit[]", "é"];

/// What stands before the query of a link.
const PLACES: &[&str] = &[
    "",
    "/v3/contacts",
    "/v3/../../x",
    "https://api.cc.email/v3/contacts",
    "https://evil.example/x",
    "http://user:pass@evil.example:8080",
    "//evil.example",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "\\\\evil",
];

/// One valid example.
struct Subject {
    action: &'static Action,
    rules: Arc<InputRules>,
    input: Map<String, Value>,
    /// Pointers to the texts that may hold anything.
    texts: Vec<String>,
}

static SUBJECTS: LazyLock<Vec<Subject>> = LazyLock::new(|| {
    let subjects = actions().flat_map(|action| {
        let rules = Arc::new(InputRules::compile(action).unwrap());
        action.examples.iter().map(move |example| {
            let input = filled(action, &example.input);
            let mut texts = Vec::new();
            free_texts(&action.input, &Value::Object(input.clone()), "", &mut texts);
            Subject { action, rules: Arc::clone(&rules), input, texts }
        })
    });
    subjects.collect()
});

/// The texts of a value that have neither a format nor a list of choices.
fn free_texts(rules: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::String(_) if ["format", "enum", "const"].iter().all(|keyword| rules.get(*keyword).is_none()) => {
            found.push(at.to_owned());
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                free_texts(&rules["items"], item, &format!("{at}/{i}"), found);
            }
        }
        Value::Object(object) => {
            for (name, value) in object {
                let pointer = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
                free_texts(&rules["properties"][name], value, &pointer, found);
            }
        }
        _ => {}
    }
}

/// Tries a claim on so many values. A claim that panics is false.
fn holds<S: Strategy>(cases: u32, values: &S, claim: impl Fn(S::Value)) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(values, |value| {
        claim(value);
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

fn hostile_text() -> impl Strategy<Value = String> {
    prop_oneof![
        select(HOSTILE.to_vec()).prop_map(str::to_owned),
        vec(any::<char>(), 0..24).prop_map(|text| text.into_iter().collect::<String>()),
        vec(select(HOSTILE.to_vec()), 1..4).prop_map(|parts| parts.concat()),
    ]
}

fn base() -> Url {
    Url::parse("http://127.0.0.1:1/v3").unwrap()
}

/// Values as they stand in an address, one by one.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        other => vec![other.to_string()],
    }
}

/// Whether a query pair of this name may come back with a cursor.
fn may_return(action: &Action, name: &str) -> bool {
    matches!(name, "cursor" | "next") || action.call.query.iter().any(|parameter| parameter.name == name)
}

/// A valid input becomes a call in which every value has its own place, or is refused for a reason that we know.
fn keeps_its_places(action: &Action, input: &Map<String, Value>) {
    let call = match bind(action, input, None) {
        Ok(call) => call,
        Err(error) => return refused_for_a_reason(action, input, &error),
    };
    let url = call.url(&base());
    let context = format!("{}: {url}", action.name);
    assert_eq!(Url::parse(url.as_str()).unwrap(), url, "{context}");
    assert_eq!((url.scheme(), url.host_str(), url.port()), ("http", Some("127.0.0.1"), Some(1)), "{context}");
    assert_eq!((url.username(), url.password(), url.fragment()), ("", None, None), "{context}");
    path_values_are_segments(action, input, &url);
    query_values_are_pairs(action, input, &url);
    if let Body::Json(text) = &call.body {
        assert!(serde_json::from_slice::<Value>(text).is_ok(), "{context}");
    }
}

fn path_values_are_segments(action: &Action, input: &Map<String, Value>, url: &Url) {
    let found: Vec<&str> = url.path().strip_prefix("/v3/").unwrap().split('/').collect();
    let template: Vec<&str> = action.call.path.strip_prefix('/').unwrap().split('/').collect();
    assert_eq!(found.len(), template.len(), "{}: {url}", action.name);
    for (segment, wanted) in found.into_iter().zip(template) {
        let values: Vec<_> = segment.split(',').map(|part| percent_decode_str(part).decode_utf8().unwrap()).collect();
        match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) => assert_eq!(values, texts(&input[name]), "{}: {url}", action.name),
            None => assert_eq!(segment, wanted, "{}: {url}", action.name),
        }
    }
}

fn query_values_are_pairs(action: &Action, input: &Map<String, Value>, url: &Url) {
    let mut wanted = Vec::new();
    for parameter in &action.call.query {
        let value = input.get(parameter.property()).unwrap_or(&Value::Null);
        let values = match value {
            Value::Array(_) if parameter.style != Style::Multi => vec![texts(value).join(",")],
            value => texts(value),
        };
        wanted.extend(values.into_iter().map(|value| (parameter.name.clone(), value)));
    }
    let found: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    assert_eq!(found, wanted, "{}: {url}", action.name);
}

/// Only two things cannot be seen by a schema: that a path value would make another path, and that a file is no Base64.
fn refused_for_a_reason(action: &Action, input: &Map<String, Value>, error: &ActionError) {
    assert_eq!((error.code, error.sent), (Code::InvalidInput, Sent::No), "{}: {error:?}", action.name);
    assert!(!error.fields.is_empty(), "{}: {error:?}", action.name);
    for field in &error.fields {
        let name = field.pointer.trim_start_matches('/');
        if action.call.path_variables().any(|variable| variable == name) {
            let values = texts(&input[name]);
            let is_no_segment = |text: &String| matches!(text.as_str(), "" | "." | "..");
            assert!(values.is_empty() || values.iter().any(is_no_segment), "{}: {values:?}", action.name);
        } else {
            assert!(field.pointer.ends_with("/content_base64"), "{}: {error:?}", action.name);
        }
    }
}

#[test]
fn a_valid_input_keeps_its_places_whatever_its_texts_hold() {
    let subjects: Vec<&Subject> = SUBJECTS.iter().filter(|subject| !subject.texts.is_empty()).collect();
    let valid = Cell::new(0_u32);
    let values = (any::<Index>(), vec(weighted(0.3, hostile_text()), 1..16));

    holds(2_000, &values, |(index, replacements)| {
        let subject = index.get(&subjects);
        let mut input = Value::Object(subject.input.clone());
        for (at, text) in subject.texts.iter().zip(replacements.iter().cycle()) {
            if let Some(text) = text {
                *input.pointer_mut(at).unwrap() = json!(text);
            }
        }
        if subject.rules.violations(&input).is_empty() {
            valid.set(valid.get() + 1);
            keeps_its_places(subject.action, input.as_object().unwrap());
        }
    });

    assert!(valid.get() > 500, "only {} of the inputs were valid", valid.get());
}

#[test]
fn every_text_of_an_address_may_be_as_hostile_as_it_likes() {
    let mut tried = 0;
    for subject in SUBJECTS.iter() {
        let action = subject.action;
        let in_query = |name: &str| action.call.query.iter().any(|parameter| parameter.property() == name);
        let in_path = |name: &str| action.call.path_variables().any(|variable| variable == name);
        for at in &subject.texts {
            let name = at.split('/').nth(1).unwrap();
            for text in HOSTILE.iter().filter(|_| in_query(name) || in_path(name)) {
                let mut input = Value::Object(subject.input.clone());
                *input.pointer_mut(at).unwrap() = json!(text);
                if subject.rules.violations(&input).is_empty() {
                    tried += 1;
                    keeps_its_places(action, input.as_object().unwrap());
                }
            }
        }
    }
    assert!(tried > 1_000, "only {tried} addresses");
}

/// Actions whose answers are looked into.
fn looked_into() -> Vec<&'static Action> {
    let looked_into =
        |action: &&Action| action.page.is_some() || action.call.pending.is_some() || !action.call.issues.is_empty();
    actions().filter(looked_into).collect()
}

/// Everywhere that the runtime looks in an answer to this action.
fn pointers(action: &Action) -> Vec<&str> {
    let page = action.page.iter().flat_map(|page| page.next.as_slice().iter().chain([&page.items]));
    page.chain(&action.call.issues).map(String::as_str).collect()
}

/// Puts a value where a pointer through objects leads.
fn plant(document: &mut Value, pointer: &str, value: Value) {
    let mut here = document;
    for name in pointer.split('/').skip(1) {
        if !here.is_object() {
            *here = json!({});
        }
        here = &mut here[name];
    }
    *here = value;
}

/// JSON in which the names that the runtime looks for are likely.
fn document() -> impl Strategy<Value = Value> {
    let actions = looked_into();
    let mut names: Vec<String> =
        actions.iter().flat_map(|action| pointers(action)).flat_map(|p| p.split('/').map(str::to_owned)).collect();
    names.extend(["error_message", "message"].map(str::to_owned));
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        hostile_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        let member = (select(names.clone()), inner.clone());
        prop_oneof![
            vec(inner, 0..6).prop_map(Value::Array),
            vec(member, 0..6).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..200),
        document().prop_map(|document| document.to_string().into_bytes()),
        // Cut off in the middle, perhaps of a character.
        (document(), any::<Index>()).prop_map(|(document, end)| {
            let text = document.to_string().into_bytes();
            text[..end.index(text.len())].to_vec()
        }),
        (1..20_000_usize).prop_map(|deep| format!("{}{}", "[".repeat(deep), "]".repeat(deep)).into_bytes()),
        select(vec!["<html>", "\u{feff}{}", "{\"errors\":[\"\\ud800\"]}", " \r\n", "null"])
            .prop_map(|text| text.as_bytes().to_vec()),
    ]
}

fn content_type() -> impl Strategy<Value = String> {
    let kinds = ["application/json", "application/json;charset=utf-8", "text/html", "text/csv; header=x", "text/", ""];
    prop_oneof![select(kinds.map(str::to_owned).to_vec()), hostile_text()]
}

/// The query pairs of the call that is answered.
fn sent() -> impl Strategy<Value = Vec<(String, String)>> {
    let name = select(vec!["limit", "offset", "page", "cursor", "next"]).prop_map(str::to_owned);
    let number = prop_oneof![0..3_u64, any::<u64>(), Just(u64::MAX)].prop_map(|number| number.to_string());
    vec((name, prop_oneof![number, hostile_text()]), 0..4)
}

fn answer(status: u16, content_type: &str, body: Vec<u8>) -> HttpAnswer {
    HttpAnswer { status, content_type: content_type.to_owned(), request_id: None, body: Bytes::from(body) }
}

/// Decodes; what comes out is an output whose cursor can be given back, or the one error for answers like this.
fn decodes_or_says_why(subject: &Subject, sent: &[(String, String)], answer: &HttpAnswer) {
    let action = subject.action;
    match decode(action, sent, answer) {
        Ok(Decoded::Pending) => assert_eq!(action.call.pending, Some(answer.status), "{}", action.name),
        Ok(Decoded::Done { next: None, .. }) => {}
        Ok(Decoded::Done { next: Some(next), .. }) => {
            assert!(bind(action, &subject.input, Some(&next.cursor)).is_ok(), "{}: {}", action.name, next.cursor);
        }
        Err(error) => {
            assert_eq!((error.code, error.sent), (Code::BadResponse, Sent::Yes), "{}: {error:?}", action.name);
        }
    }
}

#[test]
fn any_answer_is_decoded_or_called_unreadable() {
    let names: Vec<&str> = looked_into().into_iter().map(|action| action.name.as_str()).collect();
    let subjects: Vec<&Subject> =
        SUBJECTS.iter().filter(|subject| names.contains(&subject.action.name.as_str())).collect();
    let statuses = prop_oneof![200..208_u16, any::<u16>()];
    let values = (any::<Index>(), statuses, content_type(), body(), document(), sent());

    holds(2_000, &values, |(index, status, content_type, body, found, sent)| {
        let subject = index.get(&subjects);
        decodes_or_says_why(subject, &sent, &answer(status, &content_type, body));

        let mut planted = json!({});
        for pointer in pointers(subject.action) {
            plant(&mut planted, pointer, found.clone());
        }
        let planted = planted.to_string().into_bytes();
        decodes_or_says_why(subject, &sent, &answer(status, "application/json", planted));
    });
}

#[test]
fn a_count_that_cannot_grow_ends_the_listing() {
    for (style, parameter) in [(PageStyle::Offset, "offset"), (PageStyle::Page, "page")] {
        let counted = |action: &&Action| action.page.as_ref().is_some_and(|page| page.style == style);
        let action = actions().find(counted).unwrap();
        let mut page = json!({});
        plant(&mut page, &action.page.as_ref().unwrap().items, json!([{}]));
        let sent = [(parameter.to_owned(), u64::MAX.to_string()), ("limit".to_owned(), "1".to_owned())];

        let decoded = decode(action, &sent, &answer(200, "application/json", page.to_string().into_bytes()));

        match decoded {
            Ok(Decoded::Done { next, .. }) => assert!(next.is_none(), "{}: {next:?}", action.name),
            other => panic!("{}: {other:?}", action.name),
        }
    }
}

fn paged() -> Vec<&'static Subject> {
    SUBJECTS.iter().filter(|subject| subject.action.page.is_some()).collect()
}

/// Pairs, most with names that every listing may have, some with those of another action or of none.
fn named_pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    let declared: Vec<String> = actions().flat_map(|a| &a.call.query).map(|parameter| parameter.name.clone()).collect();
    let name = prop_oneof![
        6 => select(vec!["cursor", "next", "limit"]).prop_map(str::to_owned),
        1 => select(declared),
        1 => select(FOREIGN.to_vec()).prop_map(str::to_owned),
    ];
    vec((name, hostile_text()), 0..4)
}

/// Query pairs, encoded or not, or any text.
fn cursor() -> impl Strategy<Value = String> {
    let joined = |pairs: Vec<(String, String)>| {
        let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("&")
    };
    prop_oneof![
        3 => named_pairs().prop_map(|pairs| encoded(&pairs)),
        1 => named_pairs().prop_map(joined),
        1 => hostile_text(),
    ]
}

fn encoded(pairs: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn pairs(cursor: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(cursor.as_bytes()).into_owned().collect()
}

/// The call goes where it would go without a cursor, with names that it may have.
fn goes_to_the_same_place(subject: &Subject, call: &BoundCall) {
    let action = subject.action;
    let plain = bind(action, &subject.input, None).unwrap();
    assert_eq!((call.method, &call.path, &call.body), (plain.method, &plain.path, &plain.body), "{}", action.name);
    let (url, plain) = (call.url(&base()), plain.url(&base()));
    let place = |url: &Url| (url.origin(), url.path().to_owned(), url.fragment().map(str::to_owned));
    assert_eq!(place(&url), place(&plain), "{}: {url}", action.name);
    let found: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    assert_eq!(found, call.query, "{}: {url}", action.name);
    for (name, _) in &found {
        assert!(may_return(action, name), "{}: {name:?} in {url}", action.name);
    }
}

fn resumes_or_is_refused(subject: &Subject, cursor: &str) -> bool {
    let action = subject.action;
    let pairs = pairs(cursor);
    let fits = !pairs.is_empty() && pairs.iter().all(|(name, _)| may_return(action, name));
    match bind(action, &subject.input, Some(cursor)) {
        Ok(call) => {
            assert!(fits, "{} took {cursor:?}", action.name);
            goes_to_the_same_place(subject, &call);
        }
        Err(error) => {
            assert!(!fits, "{} refused {cursor:?}", action.name);
            assert_eq!((error.code, error.sent), (Code::InvalidInput, Sent::No), "{}: {error:?}", action.name);
            let pointers: Vec<&str> = error.fields.iter().map(|field| field.pointer.as_str()).collect();
            assert_eq!(pointers, ["/options/page/cursor"], "{}", action.name);
        }
    }
    fits
}

#[test]
fn a_cursor_from_anywhere_resumes_with_known_names_or_is_refused() {
    let (subjects, resumed) = (paged(), Cell::new(0_u32));

    holds(2_000, &(any::<Index>(), cursor()), |(index, cursor)| {
        let subject = index.get(&subjects);
        let fits = resumes_or_is_refused(subject, &cursor);
        resumed.set(resumed.get() + u32::from(fits));
    });

    assert!((200..1_800).contains(&resumed.get()), "{} of the cursors fit: one side is hardly tried", resumed.get());
}

#[test]
fn an_action_without_pages_takes_no_cursor() {
    for subject in SUBJECTS.iter().filter(|subject| subject.action.page.is_none()) {
        for cursor in ["cursor=1", "next=1", "limit=1", ""] {
            let error = bind(subject.action, &subject.input, Some(cursor)).unwrap_err();
            assert_eq!(error.code, Code::InvalidInput, "{}: {error:?}", subject.action.name);
        }
    }
}

/// The cursor that a page with this link, or this cursor of the service's own, leads to.
fn cursor_after(action: &Action, link: &str) -> Option<String> {
    let recipe = action.page.as_ref().unwrap();
    let mut page = json!({});
    plant(&mut page, &recipe.items, json!([{}]));
    for pointer in recipe.next.as_slice() {
        plant(&mut page, pointer, json!(link));
    }
    match decode(action, &[], &answer(200, "application/json", page.to_string().into_bytes())) {
        Ok(Decoded::Done { next, .. }) => next.map(|next| next.cursor),
        other => panic!("{}: {other:?}", action.name),
    }
}

fn link() -> impl Strategy<Value = String> {
    let parts = (select(PLACES.to_vec()), cursor(), hostile_text());
    prop_oneof![
        3 => parts.prop_map(|(place, query, fragment)| format!("{place}?{query}#{fragment}")),
        1 => (select(PLACES.to_vec()), hostile_text()).prop_map(|(place, rest)| format!("{place}{rest}")),
        1 => hostile_text(),
    ]
}

#[test]
fn a_hostile_link_changes_neither_host_nor_path() {
    let (subjects, followed) = (paged(), Cell::new(0_u32));

    holds(2_000, &(any::<Index>(), link()), |(index, link)| {
        let subject = index.get(&subjects);
        if let Some(cursor) = cursor_after(subject.action, &link) {
            followed.set(followed.get() + 1);
            let call = bind(subject.action, &subject.input, Some(&cursor)).unwrap();
            goes_to_the_same_place(subject, &call);
            for (name, _) in pairs(&cursor) {
                assert!(may_return(subject.action, &name), "{}: {name:?} of {link:?}", subject.action.name);
            }
        }
    });

    assert!(followed.get() > 200, "only {} of the links led on", followed.get());
}

#[test]
fn of_a_link_only_known_names_are_kept() {
    let action = actions().find(|action| action.name == "list_contacts").unwrap();
    let links = [
        ("https://evil.example/x?cursor=1", Some("cursor=1")),
        ("https://evil.example/x?cursor=1&redirect=%2F%2Fevil&host=evil", Some("cursor=1")),
        ("https://evil.example/?cursor=a%26host%3Devil", Some("cursor=a%26host%3Devil")),
        ("/v3/contacts?cursor=1#?next=2", Some("cursor=1")),
        ("?a=b&limit=5", Some("limit=5")),
        ("?a=b", None),
        ("//evil", None),
        ("javascript:alert(1)", None),
        ("?", None),
        ("", None),
    ];
    for (link, cursor) in links {
        assert_eq!(cursor_after(action, link).as_deref(), cursor, "{link:?}");
    }
}

#[test]
fn a_cursor_of_the_service_comes_back_as_it_was() {
    let subjects: Vec<&Subject> = paged().into_iter().filter(|s| style(s.action) == Some(PageStyle::Cursor)).collect();
    assert!(!subjects.is_empty());

    holds(500, &(any::<Index>(), hostile_text()), |(index, token)| {
        let subject = index.get(&subjects);
        let cursor = cursor_after(subject.action, &token);
        assert_eq!(cursor.is_none(), token.is_empty(), "{}: {token:?}", subject.action.name);
        if let Some(cursor) = cursor {
            let call = bind(subject.action, &subject.input, Some(&cursor)).unwrap();
            let given: Vec<&String> = call.query.iter().filter(|(name, _)| name == "next").map(|(_, v)| v).collect();
            assert_eq!(given, [&token], "{}", subject.action.name);
        }
    });
}

fn style(action: &Action) -> Option<PageStyle> {
    action.page.as_ref().map(|page| page.style)
}

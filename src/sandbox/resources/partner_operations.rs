//! What a partner does inside a client account: any ordinary call in its name, and taking people off its mail.

use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::body::{self, Body};
use super::bulk_work::delete_contact;
use super::partner_accounts::place;
use super::permission;
use super::refusal::{PARTNER_API, invalid};
use super::tick;
use super::validate::Checks;
use crate::sandbox::account::{Account, Contact};
use crate::sandbox::call::{Answer, Call, Reply};
use crate::sandbox::gate;
use crate::sandbox::world::World;

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
/// Addresses in one call.
const MAX_ADDRESSES: usize = 500;

// --- Any call ---------------------------------------------------------------------------------------------------

/// `POST /partner/accounts/{encoded_account_id}/account_operations/sync`: the answer is that of the inner call, its
/// refusals too. Every success is a 200, the one that is documented.
pub(super) fn sync(world: &mut World, call: &Call) -> Answer {
    let place = place(world, call)?;
    let sent = body::read(call, PARTNER_API)?;
    check_operation(&sent)?;
    let reply = gate::on_behalf(world, inner(call, &sent)?, place)?;
    Ok(Reply { status: 200, ..reply })
}

fn check_operation(sent: &Body) -> Result<(), Reply> {
    let known = |v: &Value| v.as_str().is_some_and(|m| METHODS.iter().any(|method| method.eq_ignore_ascii_case(m)));
    let mut checks = Checks::of(sent);
    checks.filled("account_operation_url", usize::MAX).required("account_operation_method");
    checks.test("account_operation_method", known).test("account_operation_payload", Value::is_string);
    for (list, key, value) in [
        ("account_operation_query_parameters", "query_param_key", "query_param_value"),
        ("account_operation_path_parameters", "path_param_key", "path_param_value"),
        ("account_operation_headers", "header_key", "header_value"),
    ] {
        checks.each(list, usize::MAX, |pair| {
            pair.test(key, Value::is_string).test(value, Value::is_string);
        });
    }
    checks.done(PARTNER_API)
}

/// The call that the body describes, made by the same application.
fn inner(call: &Call, sent: &Body) -> Result<Call, Reply> {
    let url = body::text(sent, "account_operation_url").unwrap_or_default();
    let (path, question) = url.split_once('?').unwrap_or((url.as_str(), ""));
    let mut query: Vec<(String, String)> = form_urlencoded::parse(question.as_bytes()).into_owned().collect();
    query.extend(pairs(sent, "account_operation_query_parameters", "query_param"));
    let payload = sent.get("account_operation_payload").and_then(Value::as_str).unwrap_or("");
    Ok(Call {
        method: body::text(sent, "account_operation_method").unwrap_or_default().to_ascii_uppercase(),
        path: path_of(path, &pairs(sent, "account_operation_path_parameters", "path_param"))?,
        query,
        headers: headers(pairs(sent, "account_operation_headers", "header"), payload),
        body: payload.as_bytes().to_vec(),
        caller: call.caller.clone(),
        ..Call::default()
    })
}

/// Names and values of a list; an entry without a name says nothing.
fn pairs(sent: &Body, list: &str, kind: &str) -> Vec<(String, String)> {
    let (key, value) = (format!("{kind}_key"), format!("{kind}_value"));
    let pair = |entry: &&Body| Some((body::text(entry, &key)?, body::text(entry, &value).unwrap_or_default()));
    body::objects(sent, list).iter().filter_map(pair).collect()
}

/// The path with its variables filled in. The partner's own operations cannot be nested.
fn path_of(template: &str, values: &[(String, String)]) -> Result<String, Reply> {
    let filled = |segment: &str| {
        let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let Some(name) = name else { return Some(segment.to_owned()) };
        let (_, value) = values.iter().find(|(key, _)| key == name)?;
        Some(utf8_percent_encode(value, NON_ALPHANUMERIC).to_string())
    };
    let segments: Option<Vec<String>> = template.split('/').map(filled).collect();
    let path = segments.map(|segments| segments.join("/"));
    let path = path.filter(|path| path.starts_with('/') && !path.starts_with("/partner/"));
    path.map(|path| format!("/v3{path}")).ok_or_else(|| invalid(PARTNER_API, "account_operation_url is invalid"))
}

/// Names in lower case. A payload without a type of its own is taken for JSON.
fn headers(sent: Vec<(String, String)>, payload: &str) -> Vec<(String, String)> {
    let mut headers: Vec<_> = sent.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    if !payload.is_empty() && !headers.iter().any(|(name, _)| name == "content-type") {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    headers
}

// --- Unsubscribing ----------------------------------------------------------------------------------------------

/// Who is to leave, at whose wish, and how far.
struct OptOut {
    addresses: Vec<String>,
    source: String,
    reason: Option<String>,
    delete: bool,
    everywhere: bool,
}

/// `POST /partner/accounts/{encoded_account_id}/contacts/unsubscribe`: in this account, or in all of them. Unknown
/// addresses are passed over.
pub(super) fn unsubscribe(world: &mut World, call: &Call) -> Answer {
    let place = place(world, call)?;
    let wish = opt_out(call)?;
    let World { accounts, env, .. } = world;
    let now = env.now();
    let mut count = 0;
    for (index, account) in accounts.iter_mut().enumerate() {
        if wish.everywhere || index == place {
            tick(account, env);
            count += leave_account(account, &wish, now);
        }
    }
    Ok(Reply::json(200, &json!({ "unsubscribed_count": count })))
}

/// Unlike anywhere else, a body that is not JSON is documented as a 406.
fn opt_out(call: &Call) -> Result<OptOut, Reply> {
    let sent = body::read(call, PARTNER_API).map_err(|reply| match reply.status {
        415 => Reply { status: 406, ..reply },
        _ => reply,
    })?;
    let mut checks = Checks::of(&sent);
    checks.test("email_addresses", is_address_list).required_one_of("update_source", &["Account", "Contact", "System"]);
    checks.text("opt_out_reason", 255).flag("delete_contacts").flag("global_unsubscribe");
    let yes = |name: &str| sent.get(name).and_then(Value::as_bool).unwrap_or(false);
    let addresses = body::strings(&sent, "email_addresses");
    if yes("global_unsubscribe") && addresses.len() > 1 {
        checks.problem("email_addresses", "does not have a valid value");
    }
    checks.done(PARTNER_API)?;
    Ok(OptOut {
        addresses,
        source: body::text(&sent, "update_source").unwrap_or_default(),
        reason: body::text(&sent, "opt_out_reason"),
        delete: yes("delete_contacts"),
        everywhere: yes("global_unsubscribe"),
    })
}

fn is_address_list(value: &Value) -> bool {
    value.as_array().is_some_and(|all| all.len() <= MAX_ADDRESSES && all.iter().all(Value::is_string))
}

/// How many of them left this account now.
fn leave_account(account: &mut Account, wish: &OptOut, at: Timestamp) -> usize {
    let Account { contacts, by_email, .. } = account;
    let mut count = 0;
    for address in &wish.addresses {
        let place = by_email.get(&address.trim().to_lowercase()).copied();
        if let Some(contact) = place.and_then(|place| contacts.get_mut(place)) {
            count += usize::from(leave(contact, wish, at));
        }
    }
    count
}

/// Unsubscribes a contact; says whether it was subscribed before.
fn leave(contact: &mut Contact, wish: &OptOut, at: Timestamp) -> bool {
    let subscribed = !permission::opted_out(contact);
    if subscribed {
        permission::leave(contact, at);
        contact.update_source = Some(wish.source.clone());
        if let Some(email) = contact.email.as_mut() {
            email.opt_out_source = Some(wish.source.clone());
            email.opt_out_reason.clone_from(&wish.reason);
        }
    }
    if wish.delete {
        delete_contact(contact, at);
    }
    subscribed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::account::EmailAddress;

    fn described(body: Value) -> Result<Call, u16> {
        let Value::Object(sent) = body else { return Err(0) };
        check_operation(&sent).and_then(|()| inner(&Call::default(), &sent)).map_err(|reply| reply.status)
    }

    #[test]
    fn a_call_is_put_together() {
        let call = described(json!({
            "account_operation_url": "/contacts/{contact_id}?status=all", "account_operation_method": "put",
            "account_operation_payload": "{}",
            "account_operation_path_parameters": [{ "path_param_key": "contact_id", "path_param_value": "a/../b" }],
            "account_operation_query_parameters": [{ "query_param_key": "limit", "query_param_value": "5" }],
            "account_operation_headers": [{ "header_key": "Accept", "header_value": "application/json" }],
        }));
        let call = call.unwrap_or_default();
        assert_eq!((call.method.as_str(), call.path.as_str()), ("PUT", "/v3/contacts/a%2F%2E%2E%2Fb"));
        assert_eq!((call.query("status"), call.query("limit")), (Some("all"), Some("5")));
        let json = Some("application/json");
        assert_eq!((call.header("accept"), call.header("content-type")), (json, json));
    }

    #[test]
    fn what_leads_nowhere_is_refused() {
        let elsewhere = "https://api.example.com/v3/contacts";
        for url in ["contacts", "/contacts/{contact_id}", "/partner/accounts", elsewhere, " "] {
            let sent = json!({ "account_operation_url": url, "account_operation_method": "GET" });
            assert_eq!(described(sent).map(|call| call.path), Err(400), "{url}");
        }
        for method in [Value::Null, json!("COPY")] {
            let sent = json!({ "account_operation_url": "/contacts", "account_operation_method": method });
            assert_eq!(described(sent).map(|call| call.path), Err(400));
        }
    }

    #[test]
    fn a_person_leaves_once_and_it_is_known_at_whose_wish() {
        let email = EmailAddress { permission_to_send: "implicit".to_owned(), ..EmailAddress::default() };
        let mut contact = Contact { email: Some(email), ..Contact::default() };
        let reason = Some("moved away".to_owned());
        let source = "Account".to_owned();
        let wish = OptOut { addresses: Vec::new(), source, reason, delete: true, everywhere: false };
        assert!(leave(&mut contact, &wish, Timestamp::UNIX_EPOCH));
        assert!(!leave(&mut contact, &wish, Timestamp::UNIX_EPOCH));
        let kept = contact.email.map(|email| (email.opt_out_source, email.opt_out_reason));
        assert_eq!(kept, Some((Some("Account".to_owned()), Some("moved away".to_owned()))));
        assert_eq!(contact.deleted_at, Some(Timestamp::UNIX_EPOCH));
    }
}

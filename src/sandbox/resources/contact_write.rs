//! Writing to a contact: what a body must hold, and how its properties and sub-resources are set.
//!
//! Four doors lead here (create, update, sign-up form, import), with different rules for what was left out; the rules
//! are the doors', the setting is here.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::body::{self, Body};
use super::refusal::{CONTACTS, conflict, invalid};
use super::validate::Checks;
use crate::sandbox::account::{Account, Contact};
use crate::sandbox::call::Reply;
use crate::sandbox::env::{Env, seconds};

const PHONE_KINDS: &[&str] = &["home", "work", "mobile", "other"];
const ADDRESS_KINDS: &[&str] = &["home", "work", "other"];
const SMS_PERMISSIONS: &[&str] = &["explicit", "implicit", "not_set", "pending_confirmation", "unsubscribed"];
/// Lists a contact can be on.
pub(super) const MAX_LISTS: usize = 50;
/// Phone numbers, and street addresses, that a contact can have.
pub(super) const MAX_PLACES: usize = 3;

// --- Checks -----------------------------------------------------------------------------------------------------

/// The properties that every door knows by the same names.
pub(super) fn check_person(checks: &mut Checks<'_>) {
    for name in ["first_name", "last_name", "job_title", "company_name"] {
        checks.text(name, 50);
    }
    checks.integer("birthday_month", 1..=12).integer("birthday_day", 1..=31);
    // Either alone says nothing.
    if checks.has("birthday_month") || checks.has("birthday_day") {
        checks.required("birthday_month").required("birthday_day");
    }
    checks.test("anniversary", |v| v.as_str().is_some_and(|t| t.trim().is_empty() || anniversary(t).is_some()));
}

/// The sub-resources of create and update.
pub(super) fn check_parts(checks: &mut Checks<'_>) {
    check_custom_fields(checks, 25);
    checks.each("phone_numbers", MAX_PLACES, |phone| {
        phone.required("phone_number").text("phone_number", 25).one_of("kind", PHONE_KINDS);
    });
    checks.each("street_addresses", MAX_PLACES, check_street);
    checks.ids("list_memberships", MAX_LISTS).ids("taggings", 50);
    checks.each("notes", 150, |note| {
        note.required("content").text("content", 2000);
    });
    check_sms(checks, &["full_sms_address", "sms_address"]);
}

/// Values of custom fields; each must name its field.
pub(super) fn check_custom_fields(checks: &mut Checks<'_>, max: usize) {
    checks.each("custom_fields", max, |field| {
        field.required("custom_field_id").text("custom_field_id", 36).text("value", 255);
        field.test("choice_ids", Value::is_array);
    });
}

/// One street address.
pub(super) fn check_street(street: &mut Checks<'_>) {
    street.required_one_of("kind", ADDRESS_KINDS).text("street", 255);
    for name in ["city", "state", "postal_code", "country"] {
        street.text(name, 50);
    }
}

/// An SMS channel, whose number has one of the given names.
pub(super) fn check_sms(checks: &mut Checks<'_>, numbers: &[&str]) {
    checks.inner("sms_channel", |sms| {
        sms.any_of(numbers).text("full_sms_address", 20).text("sms_address", 20);
        sms.required("sms_channel_consents").each("sms_channel_consents", 10, |consent| {
            consent.required_one_of("sms_consent_permission", SMS_PERMISSIONS);
            consent.required_one_of("consent_type", &["promotional_sms"]);
        });
    });
}

/// Refuses ids that the account does not have.
pub(super) fn check_known(account: &Account, sent: &Body) -> Result<(), Reply> {
    let field = |id: &str| account.custom_fields.iter().any(|f| f.custom_field_id.eq_ignore_ascii_case(id));
    let fields = body::objects(sent, "custom_fields");
    if !fields.iter().filter_map(|f| body::text(f, "custom_field_id")).all(|id| field(&id)) {
        return Err(invalid(CONTACTS, "custom_fields.custom_field_id is invalid"));
    }
    known_lists(account, &body::ids(sent, "list_memberships"))?;
    let tag = |id: &String| account.tags.iter().any(|t| t.tag_id == *id);
    if body::ids(sent, "taggings").iter().all(tag) { Ok(()) } else { Err(invalid(CONTACTS, "tag_id not found")) }
}

/// Refuses lists that do not exist or were deleted.
pub(super) fn known_lists(account: &Account, ids: &[String]) -> Result<(), Reply> {
    let known = |id: &String| account.lists.iter().any(|l| l.list_id == *id && l.deleted_at.is_none());
    if ids.iter().all(known) { Ok(()) } else { Err(invalid(CONTACTS, "list_id not found")) }
}

/// Refuses an address that another contact has, be it deleted. Callers read the id out of the text.
pub(super) fn refuse_taken(account: &Account, address: &str, own: Option<usize>) -> Result<(), Reply> {
    let Some(index) = account.by_email.get(&address.to_lowercase()).filter(|index| own != Some(**index)) else {
        return Ok(());
    };
    let id = account.contacts.get(*index).map_or("", |contact| contact.contact_id.as_str());
    Err(conflict(CONTACTS, &format!("Email already exists for contact {id}")))
}

// --- Keeping ----------------------------------------------------------------------------------------------------

/// A contact with nothing in it yet.
pub(super) fn blank(env: &mut Env, source: &str, at: Timestamp) -> Contact {
    Contact {
        contact_id: env.uuid_v1(),
        create_source: source.to_owned(),
        created_at: at,
        updated_at: at,
        ..Contact::default()
    }
}

/// Adds a contact to the account.
pub(super) fn insert(account: &mut Account, mut contact: Contact) {
    let index = account.contacts.len();
    contact.sequence = account.contacts.last().map_or(1, |last| last.sequence.saturating_add(1));
    account.by_id.insert(contact.contact_id.clone(), index);
    if let Some(email) = &contact.email {
        account.by_email.insert(email.address.to_lowercase(), index);
    }
    account.contacts.push(contact);
}

/// Puts a changed contact back in its place; an address it no longer has becomes free.
pub(super) fn replace(account: &mut Account, index: usize, contact: Contact) {
    let Some(slot) = account.contacts.get_mut(index) else { return };
    if let Some(email) = &slot.email {
        account.by_email.remove(&email.address.to_lowercase());
    }
    if let Some(email) = &contact.email {
        account.by_email.insert(email.address.to_lowercase(), index);
    }
    *slot = contact;
}

// --- Properties -------------------------------------------------------------------------------------------------

/// What becomes of a property that was not sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    /// It is emptied, as an update does.
    Clears,
    /// It stays, as with sign-up forms and imports.
    Keeps,
}

/// Sets name, job, birthday and anniversary.
pub(super) fn set_person(contact: &mut Contact, sent: &Body, absent: Absent) {
    set(&mut contact.first_name, body::text(sent, "first_name"), absent);
    set(&mut contact.last_name, body::text(sent, "last_name"), absent);
    set(&mut contact.job_title, body::text(sent, "job_title"), absent);
    set(&mut contact.company_name, body::text(sent, "company_name"), absent);
    set(&mut contact.birthday_month, body::integer(sent, "birthday_month"), absent);
    set(&mut contact.birthday_day, body::integer(sent, "birthday_day"), absent);
    let day = body::text(sent, "anniversary").and_then(|text| anniversary(&text));
    set(&mut contact.anniversary, day, absent);
}

fn set<T>(slot: &mut Option<T>, value: Option<T>, absent: Absent) {
    if value.is_some() || absent == Absent::Clears {
        *slot = value;
    }
}

/// A day in any of the accepted spellings, as `YYYY-MM-DD`: year first or last, `/` or `-` between.
pub(super) fn anniversary(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.trim().split(['/', '-']).collect();
    let (year, month, day) = match parts.as_slice() {
        [year, month, day] if year.len() == 4 => (year, month, day),
        [month, day, year] if year.len() == 4 => (year, month, day),
        _ => return None,
    };
    let date = jiff::civil::Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
    Some(date.to_string())
}

// --- Sub-resources ----------------------------------------------------------------------------------------------

/// Who writes, and when: what new sub-resources are stamped with.
pub(super) struct Stamp<'a> {
    pub source: &'a str,
    pub at: Timestamp,
}

/// Replaces each sub-resource that was sent, and leaves the others alone.
pub(super) fn set_parts(contact: &mut Contact, sent: &Body, env: &mut Env, stamp: &Stamp<'_>) {
    if body::array(sent, "custom_fields").is_some() {
        contact.custom_fields.clear();
        set_custom_fields(contact, sent);
    }
    if body::array(sent, "phone_numbers").is_some() {
        let phones = body::objects(sent, "phone_numbers");
        contact.phone_numbers = phones.iter().map(|phone| place_phone(contact, phone, env, stamp)).collect();
    }
    if body::array(sent, "street_addresses").is_some() {
        let streets = body::objects(sent, "street_addresses");
        contact.street_addresses = streets.iter().map(|street| place_street(contact, street, env, stamp)).collect();
    }
    if body::array(sent, "list_memberships").is_some() {
        contact.list_memberships = body::ids(sent, "list_memberships");
    }
    if body::array(sent, "taggings").is_some() {
        contact.taggings = body::ids(sent, "taggings");
    }
    if body::array(sent, "notes").is_some() {
        contact.notes = notes(&body::objects(sent, "notes"), env, stamp);
    }
    set_sms(contact, sent, env, stamp);
}

/// Adds the values of custom fields; one for a field that has a value replaces it.
pub(super) fn set_custom_fields(contact: &mut Contact, sent: &Body) {
    for field in body::objects(sent, "custom_fields") {
        let Some(id) = body::text(field, "custom_field_id") else { continue };
        set_custom_field(contact, &id.to_ascii_lowercase(), field.get("value"), field.get("choice_ids"));
    }
}

/// Sets one custom field; without a value and without choices it is cleared.
pub(super) fn set_custom_field(contact: &mut Contact, id: &str, value: Option<&Value>, choices: Option<&Value>) {
    let held = |v: &&Value| !v.is_null() && v.as_str() != Some("") && v.as_array().is_none_or(|a| !a.is_empty());
    let (value, choices) = (value.filter(held), choices.filter(held));
    let mut shown = Body::new();
    body::show(&mut shown, "custom_field_id", Some(id));
    body::show(&mut shown, "value", value.cloned());
    body::show(&mut shown, "choice_ids", choices.cloned());
    let place = contact.custom_fields.iter().position(|f| f.get("custom_field_id").and_then(Value::as_str) == Some(id));
    match place {
        Some(index) if value.is_none() && choices.is_none() => {
            contact.custom_fields.remove(index);
        }
        Some(index) => {
            if let Some(slot) = contact.custom_fields.get_mut(index) {
                *slot = Value::Object(shown);
            }
        }
        None if value.is_none() && choices.is_none() => {}
        None => contact.custom_fields.push(Value::Object(shown)),
    }
}

/// A phone number as it is kept: an unchanged one keeps its id and its times.
fn place_phone(contact: &Contact, sent: &Body, env: &mut Env, stamp: &Stamp<'_>) -> Value {
    let number = body::text(sent, "phone_number").unwrap_or_default();
    let kind = body::text(sent, "kind").unwrap_or_else(|| "other".to_owned());
    let mut phone = Body::new();
    body::show(&mut phone, "phone_number", Some(number));
    body::show(&mut phone, "kind", Some(kind));
    if let Some(old) = unchanged(&contact.phone_numbers, &phone) {
        return old;
    }
    let mut kept = stamped("phone_number_id", phone, env, stamp);
    body::show(&mut kept, "create_source", Some(stamp.source));
    Value::Object(kept)
}

/// A street address as it is kept.
fn place_street(contact: &Contact, sent: &Body, env: &mut Env, stamp: &Stamp<'_>) -> Value {
    let mut street = Body::new();
    for name in ["kind", "street", "city", "state", "postal_code", "country"] {
        body::show(&mut street, name, body::text(sent, name));
    }
    unchanged(&contact.street_addresses, &street)
        .unwrap_or_else(|| Value::Object(stamped("street_address_id", street, env, stamp)))
}

/// The kept entry that has all of these properties.
fn unchanged(kept: &[Value], sent: &Body) -> Option<Value> {
    kept.iter().find(|old| sent.iter().all(|(name, value)| old.get(name) == Some(value))).cloned()
}

/// With an id before and times after.
fn stamped(id: &str, sent: Body, env: &mut Env, stamp: &Stamp<'_>) -> Body {
    let mut kept = Body::new();
    kept.insert(id.to_owned(), env.uuid_v1().into());
    kept.extend(sent);
    kept.insert("created_at".to_owned(), seconds(stamp.at).into());
    kept.insert("updated_at".to_owned(), seconds(stamp.at).into());
    kept
}

/// Sets the phone number of one kind, if there is room for it.
pub(super) fn set_phone(contact: &mut Contact, sent: &Body, env: &mut Env, stamp: &Stamp<'_>) {
    let phone = place_phone(contact, sent, env, stamp);
    set_place(&mut contact.phone_numbers, phone);
}

/// Sets the street address of one kind, if there is room for it.
pub(super) fn set_street(contact: &mut Contact, sent: &Body, env: &mut Env, stamp: &Stamp<'_>) {
    let street = place_street(contact, sent, env, stamp);
    set_place(&mut contact.street_addresses, street);
}

fn set_place(places: &mut Vec<Value>, place: Value) {
    let same_kind = |old: &Value| old.get("kind") == place.get("kind");
    let index = places.iter().position(same_kind).unwrap_or(places.len());
    if let Some(old) = places.get_mut(index) {
        *old = place;
    } else if places.len() < MAX_PLACES {
        places.push(place);
    }
}

/// Puts a contact on more lists.
pub(super) fn add_lists(contact: &mut Contact, ids: &[String]) {
    for id in ids {
        if !contact.list_memberships.contains(id) {
            contact.list_memberships.push(id.clone());
        }
    }
}

/// Notes, newest first. One that comes with an id was read before and keeps its time.
fn notes(sent: &[&Body], env: &mut Env, stamp: &Stamp<'_>) -> Vec<Value> {
    let mut notes: Vec<Value> = Vec::new();
    for note in sent {
        let id = body::text(note, "note_id").unwrap_or_else(|| env.uuid_v1());
        let at = body::text(note, "created_at").unwrap_or_else(|| seconds(stamp.at));
        let content = body::text(note, "content").unwrap_or_default();
        notes.push(json!({ "note_id": id, "created_at": at, "content": content }));
    }
    // All times are written alike, so the texts sort as the times do.
    let time = |note: &Value| note.get("created_at").and_then(Value::as_str).unwrap_or("").to_owned();
    notes.sort_by_key(|note| std::cmp::Reverse(time(note)));
    notes
}

/// Sets the SMS channel if one was sent.
pub(super) fn set_sms(contact: &mut Contact, sent: &Body, env: &mut Env, stamp: &Stamp<'_>) {
    let Some(sms) = body::object(sent, "sms_channel") else { return };
    let old = contact.sms_channel.as_ref();
    let id = old.and_then(|o| o.get("sms_channel_id")).and_then(Value::as_str).map(str::to_owned);
    let source = old.and_then(|o| o.get("create_source")).and_then(Value::as_str).unwrap_or(stamp.source).to_owned();
    let (address, dial_code) = sms_number(sms);
    let consents: Vec<Value> =
        body::objects(sms, "sms_channel_consents").iter().map(|consent| sms_consent(consent, stamp)).collect();
    contact.sms_channel = Some(json!({
        "sms_channel_id": id.unwrap_or_else(|| env.uuid_v1()),
        "sms_address": address,
        "dial_code": dial_code,
        "country_code": body::text(sms, "country_code").unwrap_or_else(|| "US".to_owned()),
        "update_source": stamp.source,
        "create_source": source,
        "sms_channel_consents": consents,
    }));
}

/// Number and dial code. A whole number has the code in front; only that of the United States is known here.
pub(super) fn sms_number(sms: &Body) -> (String, String) {
    let digits = |text: String| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let dial_code = body::text(sms, "dial_code").map_or_else(|| "1".to_owned(), digits);
    if let Some(whole) = body::text(sms, "full_sms_address").map(digits) {
        let rest = whole.strip_prefix(dial_code.as_str()).filter(|rest| rest.len() >= 10);
        return (rest.unwrap_or(&whole).to_owned(), dial_code);
    }
    (body::text(sms, "sms_address").map(digits).unwrap_or_default(), dial_code)
}

fn sms_consent(sent: &Body, stamp: &Stamp<'_>) -> Value {
    let permission = body::text(sent, "sms_consent_permission").unwrap_or_default();
    let dated = if permission == "unsubscribed" { "opt_out_date" } else { "opt_in_date" };
    let mut consent = Body::new();
    body::show(&mut consent, "sms_consent_permission", Some(permission));
    body::show(&mut consent, "consent_type", body::text(sent, "consent_type"));
    body::show(&mut consent, dated, Some(seconds(stamp.at)));
    body::show(&mut consent, "advertised_frequency", sent.get("advertised_frequency").cloned());
    body::show(&mut consent, "advertised_interval", sent.get("advertised_interval").cloned());
    body::show(&mut consent, "created_at", Some(seconds(stamp.at)));
    body::show(&mut consent, "updated_at", Some(seconds(stamp.at)));
    Value::Object(consent)
}

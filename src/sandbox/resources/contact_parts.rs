//! The sub-resources of a contact, as they are written: custom fields, phone numbers, addresses, lists, tags, notes.
//!
//! What was sent of one takes the place of all that was there; what stays the same keeps its id and its times.

use std::cmp::Reverse;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::body::{self, Body};
use super::campaign_footer::state_name;
use super::contact_sms::set_sms;
use super::contact_write::MAX_PLACES;
use super::validate::instant;
use crate::sandbox::account::Contact;
use crate::sandbox::env::{Env, seconds};

/// What is sent of a phone number, and of a street address.
const PHONE: &[&str] = &["phone_number", "kind"];
const STREET: &[&str] = &["kind", "street", "city", "state", "postal_code", "country"];

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
        let mut phones = Vec::new();
        for phone in body::objects(sent, "phone_numbers") {
            set_place(&mut phones, place_phone(contact, phone, env, stamp));
        }
        contact.phone_numbers = phones;
    }
    if body::array(sent, "street_addresses").is_some() {
        let mut streets = Vec::new();
        for street in body::objects(sent, "street_addresses") {
            set_place(&mut streets, place_street(contact, street, env, stamp));
        }
        contact.street_addresses = streets;
    }
    if body::array(sent, "list_memberships").is_some() {
        contact.list_memberships = body::ids(sent, "list_memberships");
    }
    if body::array(sent, "taggings").is_some() {
        contact.taggings = body::ids(sent, "taggings");
    }
    if body::array(sent, "notes").is_some() {
        contact.notes = notes(&contact.notes, &body::objects(sent, "notes"), env, stamp);
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

/// A phone number as it is kept, in place of the one of its kind: an unchanged one keeps its times, and every one its
/// id.
fn place_phone(contact: &Contact, sent: &Body, env: &mut Env, stamp: &Stamp<'_>) -> Value {
    let number = body::text(sent, "phone_number").unwrap_or_default();
    let kind = body::text(sent, "kind").unwrap_or_else(|| "other".to_owned());
    let mut phone = Body::new();
    body::show(&mut phone, "phone_number", Some(number));
    body::show(&mut phone, "kind", Some(kind));
    let old = same_kind(&contact.phone_numbers, &phone);
    if let Some(old) = old.filter(|old| agree(old, &phone, PHONE)) {
        return old.clone();
    }
    let create_source = old.and_then(|old| old.get("create_source")).cloned();
    let mut kept = stamped("phone_number_id", phone, old, env, stamp);
    body::show(&mut kept, "update_source", old.map(|_| stamp.source));
    body::show(&mut kept, "create_source", Some(create_source.unwrap_or_else(|| stamp.source.into())));
    Value::Object(kept)
}

/// A street address as it is kept, in place of the one of its kind.
fn place_street(contact: &Contact, sent: &Body, env: &mut Env, stamp: &Stamp<'_>) -> Value {
    let mut street = Body::new();
    for name in STREET {
        body::show(&mut street, name, body::text(sent, name));
    }
    spell_out(&mut street);
    let old = same_kind(&contact.street_addresses, &street);
    match old.filter(|old| agree(old, &street, STREET)) {
        Some(old) => old.clone(),
        None => Value::Object(stamped("street_address_id", street, old, env, stamp)),
    }
}

/// The service spells codes out: `IL` comes back as `Illinois`. Only the United States are known by name here.
fn spell_out(street: &mut Body) {
    let country = body::text(street, "country").unwrap_or_default();
    if country.eq_ignore_ascii_case("US") {
        street.insert("country".to_owned(), "United States".into());
    }
    let american = ["", "US", "United States"].iter().any(|known| country.eq_ignore_ascii_case(known));
    let state = body::text(street, "state").filter(|_| american);
    if let Some(name) = state.and_then(|code| state_name(&code)) {
        street.insert("state".to_owned(), name.into());
    }
}

/// The kept entry of the same kind: there is one of each.
fn same_kind<'a>(kept: &'a [Value], sent: &Body) -> Option<&'a Value> {
    kept.iter().find(|old| old.get("kind") == sent.get("kind"))
}

/// Whether a kept entry has just what was sent.
fn agree(old: &Value, sent: &Body, names: &[&str]) -> bool {
    names.iter().all(|name| old.get(*name) == sent.get(*name))
}

/// With an id before and times after; id and creation are those of the entry that it takes the place of.
fn stamped(id: &str, sent: Body, old: Option<&Value>, env: &mut Env, stamp: &Stamp<'_>) -> Body {
    let of_old = |name: &str| old.and_then(|old| old.get(name)).cloned();
    let mut kept = Body::new();
    kept.insert(id.to_owned(), of_old(id).unwrap_or_else(|| env.uuid_v1().into()));
    kept.extend(sent);
    kept.insert("created_at".to_owned(), of_old("created_at").unwrap_or_else(|| seconds(stamp.at).into()));
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

/// Puts an entry in the place of the one of its kind, or after the others.
fn set_place(places: &mut Vec<Value>, place: Value) {
    let is_same = |old: &Value| old.get("kind") == place.get("kind");
    let index = places.iter().position(is_same).unwrap_or(places.len());
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

/// Notes, newest first. One that comes with an id was read before and keeps its time; of the same moment, those that
/// come without one are newer.
fn notes(before: &[Value], sent: &[&Body], env: &mut Env, stamp: &Stamp<'_>) -> Vec<Value> {
    let mut notes: Vec<((Reverse<Timestamp>, bool), Value)> = Vec::new();
    for note in sent {
        let known = body::text(note, "note_id");
        let was_read = known.is_some();
        let id = known.unwrap_or_else(|| env.uuid_v1());
        let at = body::text(note, "created_at").or_else(|| note_time(before, &id));
        let at = at.and_then(|at| instant(&at)).unwrap_or(stamp.at);
        let content = body::text(note, "content").unwrap_or_default();
        let note = json!({ "note_id": id, "created_at": seconds(at), "content": content });
        notes.push(((Reverse(at), was_read), note));
    }
    notes.sort_by_key(|(order, _)| *order);
    notes.into_iter().map(|(_, note)| note).collect()
}

/// When a note that is already there was made.
fn note_time(before: &[Value], id: &str) -> Option<String> {
    let note = before.iter().find(|note| note.get("note_id").and_then(Value::as_str) == Some(id))?;
    note.get("created_at").and_then(Value::as_str).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::env::Options;

    fn sent(value: &Value) -> Body {
        value.as_object().cloned().unwrap_or_default()
    }

    fn at(second: i64) -> Stamp<'static> {
        Stamp { source: "Account", at: Timestamp::from_second(second).unwrap_or_default() }
    }

    fn write(contact: &mut Contact, body: &Value, second: i64) {
        let options = Options { random: u64::try_from(second).unwrap_or(0), ..Options::default() };
        set_parts(contact, &sent(body), &mut Env::new(options), &at(second));
    }

    fn text<'a>(places: &'a [Value], index: usize, name: &str) -> &'a str {
        places.get(index).and_then(|place| place.get(name)).and_then(Value::as_str).unwrap_or("")
    }

    #[test]
    fn of_each_kind_there_is_one_phone_number_and_it_keeps_its_id() {
        let mut contact = Contact::default();
        let two = json!([{ "phone_number": "1", "kind": "home" }, { "phone_number": "2", "kind": "home" }]);
        write(&mut contact, &json!({ "phone_numbers": two }), 0);
        assert_eq!((contact.phone_numbers.len(), text(&contact.phone_numbers, 0, "phone_number")), (1, "2"));
        let before = contact.phone_numbers.clone();
        write(&mut contact, &json!({ "phone_numbers": [{ "phone_number": "2", "kind": "home" }] }), 60);
        assert_eq!(contact.phone_numbers, before);
        write(&mut contact, &json!({ "phone_numbers": [{ "phone_number": "3", "kind": "home" }] }), 60);
        let after = &contact.phone_numbers;
        assert_eq!(text(after, 0, "phone_number_id"), text(&before, 0, "phone_number_id"));
        assert_eq!(text(after, 0, "created_at"), "1970-01-01T00:00:00Z");
        assert_eq!(text(after, 0, "updated_at"), "1970-01-01T00:01:00Z");
        assert_eq!(text(after, 0, "update_source"), "Account");
    }

    #[test]
    fn codes_of_states_are_spelled_out_and_what_is_left_out_goes() {
        let mut contact = Contact::default();
        let whole = json!({ "kind": "home", "city": "Chicago", "state": "IL", "country": "US" });
        write(&mut contact, &json!({ "street_addresses": [whole] }), 0);
        let shown = |contact: &Contact, name: &str| text(&contact.street_addresses, 0, name).to_owned();
        assert_eq!(shown(&contact, "state"), "Illinois");
        assert_eq!(shown(&contact, "country"), "United States");
        write(&mut contact, &json!({ "street_addresses": [{ "kind": "home", "state": "IL", "country": "FR" }] }), 60);
        assert_eq!(shown(&contact, "state"), "IL");
        assert_eq!(shown(&contact, "city"), "");
    }

    #[test]
    fn notes_are_newest_first_however_their_times_were_written() {
        let mut contact = Contact::default();
        let id = "3fa85f64-5717-4562-b3fc-2c963f66afa6";
        let old = json!({ "note_id": id, "created_at": "1970-01-01T02:00:00.108+02:00", "content": "old" });
        write(&mut contact, &json!({ "notes": [old, { "content": "new" }] }), 60);
        let read = |contact: &Contact| -> Vec<String> {
            contact.notes.iter().filter_map(|note| note.get("content")?.as_str()).map(str::to_owned).collect()
        };
        assert_eq!(read(&contact), ["new", "old"]);
        assert_eq!(text(&contact.notes, 1, "created_at"), "1970-01-01T00:00:00Z");
        write(&mut contact, &json!({ "notes": [{ "note_id": id, "content": "same" }, { "content": "newest" }] }), 90);
        assert_eq!(read(&contact), ["newest", "same"]);
        // A note added behind one of the same moment, as whoever reads, appends and writes does.
        let same = json!({ "note_id": id, "created_at": "1970-01-01T00:02:00Z", "content": "read" });
        write(&mut contact, &json!({ "notes": [same, { "content": "appended" }] }), 120);
        assert_eq!(read(&contact), ["appended", "read"]);
    }
}

//! The people of the small business: who they are, how they came, what is known of them.

use std::cmp::Reverse;
use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::dice::Dice;
use super::groups::LISTS;
use super::words::{self, plain};
use super::{HOUR, Sower, THREE_YEARS};
use crate::sandbox::account::{Account, Contact, CustomField, EmailAddress};
use crate::sandbox::env::seconds;

/// People with an address, and those who only gave a number for text messages.
pub(super) const WITH_MAIL: usize = 2_000;
pub(super) const WITHOUT_MAIL: usize = 4;

/// A name, and an address that nobody else has.
pub(super) struct Person {
    pub first: &'static str,
    pub last: &'static str,
    pub address: String,
}

/// Hands out names, and knows how often each was had.
#[derive(Default)]
pub(super) struct Names(HashMap<String, u32>);

impl Names {
    /// Somebody new. Names come again; their addresses are then numbered.
    pub(super) fn draw(&mut self, dice: &mut Dice) -> Person {
        let (first, last) = (dice.pick(words::FIRST), dice.pick(words::LAST));
        let host = dice.pick(words::HOSTS);
        let local = format!("{}.{}", plain(first), plain(last));
        let before = self.0.entry(local.clone()).or_insert(0);
        *before += 1;
        let address = if *before == 1 { format!("{local}@{host}") } else { format!("{local}{before}@{host}") };
        Person { first, last, address }
    }
}

/// When so many people came, the first of them first: more and more over three years.
pub(super) fn arrivals(sower: &mut Sower<'_>, count: usize) -> Vec<Timestamp> {
    let (least, most) = (HOUR, THREE_YEARS - HOUR);
    let mut ages: Vec<i64> = Vec::with_capacity(count);
    for _ in 0..count {
        let (one, other) = (sower.dice.up_to(most), sower.dice.up_to(most));
        ages.push(least + one.min(other));
    }
    ages.sort_unstable_by_key(|age| Reverse(*age));
    ages.into_iter().map(|age| sower.ago(age)).collect()
}

/// All people, in the order in which they came.
pub(super) fn contacts(sower: &mut Sower<'_>, account: &Account) -> Vec<Contact> {
    let mut names = Names::default();
    let mut contacts = Vec::new();
    let mut channels = 0;
    let count = WITH_MAIL + WITHOUT_MAIL;
    let every = count / WITHOUT_MAIL;
    for (place, at) in arrivals(sower, count).into_iter().enumerate() {
        let mut contact = somebody(sower, &mut names, at);
        add_person(sower, &mut contact);
        add_places(sower, &mut contact);
        add_groups(sower, account, &mut contact);
        if place % every == every - 1 {
            contact.email = None;
        }
        if contact.email.is_none() || sower.dice.percent(11) {
            contact.sms_channel = Some(channel(sower, channels, &contact));
            channels += 1;
        }
        change(sower, &mut contact);
        contact.sequence = u64::try_from(place).unwrap_or(0) + 1;
        contacts.push(contact);
    }
    contacts
}

/// Somebody with a name and an address, who came at this moment.
pub(super) fn somebody(sower: &mut Sower<'_>, names: &mut Names, at: Timestamp) -> Contact {
    let person = names.draw(&mut sower.dice);
    let source = if sower.dice.percent(45) { "Contact" } else { "Account" };
    Contact {
        contact_id: sower.env.uuid_v1(),
        email: Some(email(&mut sower.dice, person.address, source, at)),
        first_name: Some(person.first.to_owned()),
        last_name: Some(person.last.to_owned()),
        create_source: source.to_owned(),
        created_at: at,
        updated_at: at,
        ..Contact::default()
    }
}

/// An address with its permission: by the person's own entry explicit, by the account's implicit; a few wait or are
/// held back.
fn email(dice: &mut Dice, address: String, source: &str, at: Timestamp) -> EmailAddress {
    let permission = match dice.below(100) {
        0 | 1 => "pending_confirmation",
        2 => "temp_hold",
        _ if source == "Contact" => "explicit",
        _ => "implicit",
    };
    let opted_in = permission != "pending_confirmation";
    EmailAddress {
        address,
        permission_to_send: permission.to_owned(),
        opt_in_source: opted_in.then(|| source.to_owned()),
        opt_in_date: opted_in.then_some(at),
        confirm_status: if opted_in { "off" } else { "pending" }.to_owned(),
        created_at: at,
        updated_at: at,
        ..EmailAddress::default()
    }
}

/// Work, birthday, anniversary.
fn add_person(sower: &mut Sower<'_>, contact: &mut Contact) {
    let dice = &mut sower.dice;
    if dice.percent(22) {
        contact.company_name = Some(dice.pick(words::COMPANIES).to_owned());
        contact.job_title = Some(dice.pick(words::JOBS).to_owned());
    }
    if dice.percent(40) {
        contact.birthday_month = Some(1 + dice.up_to(11));
        contact.birthday_day = Some(1 + dice.up_to(27));
    }
    if dice.percent(10) {
        let (year, month, day) = (1985 + dice.up_to(35), 1 + dice.up_to(11), 1 + dice.up_to(27));
        contact.anniversary = Some(format!("{year}-{month:02}-{day:02}"));
    }
}

/// Telephone, street, notes.
fn add_places(sower: &mut Sower<'_>, contact: &mut Contact) {
    if sower.dice.percent(35) {
        contact.phone_numbers.push(phone(sower, contact));
    }
    if sower.dice.percent(30) {
        contact.street_addresses.push(street(sower, contact));
    }
    if sower.dice.percent(6) {
        let note = json!({
            "note_id": sower.env.uuid_v1(), "created_at": seconds(contact.created_at),
            "content": sower.dice.pick(words::NOTES),
        });
        contact.notes.push(note);
    }
}

fn phone(sower: &mut Sower<'_>, contact: &Contact) -> Value {
    let (area, line) = (sower.dice.pick(words::AREAS), sower.dice.below(100));
    let at = seconds(contact.created_at);
    json!({
        "phone_number_id": sower.env.uuid_v1(), "phone_number": format!("{area}-555-01{line:02}"),
        "kind": sower.dice.pick(&["home", "work", "mobile", "mobile"]), "created_at": at, "updated_at": at,
        "create_source": contact.create_source,
    })
}

fn street(sower: &mut Sower<'_>, contact: &Contact) -> Value {
    let place = sower.dice.below(words::CITIES.len());
    let (city, code) = words::CITIES.get(place).copied().unwrap_or(("Boston", "02110"));
    let house = 1 + sower.dice.below(180);
    let at = seconds(contact.created_at);
    json!({
        "street_address_id": sower.env.uuid_v1(), "kind": sower.dice.pick(&["home", "home", "home", "work"]),
        "street": format!("{house} {}", sower.dice.pick(words::STREETS)), "city": city, "state": "Massachusetts",
        "postal_code": code, "country": "United States", "created_at": at, "updated_at": at,
    })
}

/// Lists, tags, custom fields. Who is on no list is on the first.
fn add_groups(sower: &mut Sower<'_>, account: &Account, contact: &mut Contact) {
    for (list, (.., share)) in account.lists.iter().zip(LISTS) {
        if sower.dice.below(1_000) < *share {
            contact.list_memberships.push(list.list_id.clone());
        }
    }
    if contact.list_memberships.is_empty() {
        contact.list_memberships.extend(account.lists.first().map(|list| list.list_id.clone()));
    }
    for tag in &account.tags {
        if sower.dice.percent(6) {
            contact.taggings.push(tag.tag_id.clone());
        }
    }
    for field in &account.custom_fields {
        if sower.dice.percent(24) {
            let value = custom_value(&mut sower.dice, field, contact.created_at);
            contact.custom_fields.push(value);
        }
    }
}

/// A value of a custom field, as its kind wants it.
pub(super) fn custom_value(dice: &mut Dice, field: &CustomField, since: Timestamp) -> Value {
    let id = &field.custom_field_id;
    let choices = field.choices.as_ref().and_then(Value::as_array).map_or(0, Vec::len);
    if choices > 0 {
        let first = 1 + dice.below(choices);
        let mut chosen = vec![first.to_string()];
        if field.kind == "multi_select" && first < choices && dice.percent(40) {
            chosen.push((first + 1).to_string());
        }
        return json!({ "custom_field_id": id, "choice_ids": chosen });
    }
    let value = match field.kind.as_str() {
        "date" => since.strftime("%Y-%m-%d").to_string(),
        "number" => (1 + dice.below(14)).to_string(),
        "boolean" => dice.percent(60).to_string(),
        _ => dice.pick(words::REFERRERS).to_owned(),
    };
    json!({ "custom_field_id": id, "value": value })
}

/// The `nth` number for text messages; there are 800 different ones.
fn channel(sower: &mut Sower<'_>, nth: usize, contact: &Contact) -> Value {
    let area = words::AREAS.get(nth / 100 % words::AREAS.len()).copied().unwrap_or("617");
    let at = seconds(contact.created_at);
    let permission = if sower.dice.percent(80) { "explicit" } else { "implicit" };
    json!({
        "sms_channel_id": sower.env.uuid_v1(), "sms_address": format!("{area}55501{:02}", nth % 100),
        "dial_code": "1", "country_code": "US", "update_source": contact.create_source,
        "create_source": contact.create_source,
        "sms_channel_consents": [{
            "sms_consent_permission": permission, "consent_type": "promotional_sms", "opt_in_date": at,
            "advertised_frequency": "4", "advertised_interval": "monthly", "created_at": at, "updated_at": at,
        }],
    })
}

/// One in three was changed later.
fn change(sower: &mut Sower<'_>, contact: &mut Contact) {
    if sower.dice.percent(33) {
        contact.updated_at = sower.since(contact.created_at);
        contact.update_source = Some("Account".to_owned());
    }
}

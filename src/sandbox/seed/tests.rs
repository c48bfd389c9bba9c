//! What the seeds promise: how much there is, whose addresses they are, and that all of it agrees.

use std::collections::HashSet;

use jiff::Timestamp;
use serde_json::Value;

use super::{account, large, people};
use crate::sandbox::account::{Account, Campaign, Contact, Did, EventStatus, Tally, Work};
use crate::sandbox::env::{Clock, Env, Options, Seed};

fn now() -> Timestamp {
    "2026-06-10T08:30:00Z".parse().unwrap()
}

fn env(seed: Seed) -> Env {
    Env::new(Options { seed, clock: Clock::Fixed(now()), ..Options::default() })
}

fn demo() -> Account {
    account(&mut env(Seed::Demo), 0)
}

fn is_reserved(host: &str) -> bool {
    let host = host.to_lowercase();
    let known = ["example.com", "example.org", "example.net"];
    host.ends_with(".example") || known.iter().any(|known| host == *known || host.ends_with(&format!(".{known}")))
}

/// The hosts that follow a sign in a text.
fn hosts<'a>(text: &'a str, sign: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(sign).map(move |(at, _)| {
        let rest = &text[at + sign.len()..];
        rest.split(|c: char| !c.is_ascii_alphanumeric() && !['.', '-'].contains(&c)).next().unwrap_or("")
    })
}

fn with_status(account: &Account, status: &str) -> usize {
    account.campaigns.iter().filter(|campaign| campaign.status == status).count()
}

#[test]
fn the_small_business_has_what_it_promises() {
    let account = demo();
    assert_eq!(account.contacts.len(), people::WITH_MAIL + people::WITHOUT_MAIL);
    assert_eq!((account.lists.len(), account.tags.len(), account.custom_fields.len()), (8, 12, 6));
    assert_eq!((account.segments.all.len(), account.campaigns.len()), (4, 15));
    let states = ["Done", "Scheduled", "Draft", "Removed"].map(|status| with_status(&account, status));
    assert_eq!(states, [12, 1, 1, 1]);
    let done: Vec<&Campaign> = account.campaigns.iter().filter(|campaign| campaign.status == "Done").collect();
    assert_eq!(done.iter().filter(|campaign| campaign.resend.is_some()).count(), 1);
    assert_eq!(done.iter().filter(|campaign| campaign.ab_test.is_some()).count(), 1);
    assert_eq!((account.events.hosted.len(), account.automations.flows.len()), (2, 2));
    assert_eq!((account.sms.campaigns.len(), account.landing_pages.pages.len()), (2, 1));
    assert!(account.jobs.len() == 3 && account.outbox.len() >= 3);
    let favorites = account.lists.iter().filter(|list| list.favorite).count();
    let on = |id: &String| account.contacts.iter().filter(|c| c.list_memberships.contains(id)).count();
    let sizes: Vec<usize> = account.lists.iter().map(|list| on(&list.list_id)).collect();
    assert!(favorites == 1 && sizes[7] < 20 && sizes[..7].iter().all(|size| *size > 40), "{sizes:?}");
}

#[test]
fn every_sort_of_person_is_there() {
    let account = demo();
    let emails: Vec<_> = account.contacts.iter().filter_map(|contact| contact.email.as_ref()).collect();
    for permission in ["explicit", "implicit", "unsubscribed", "pending_confirmation", "temp_hold"] {
        assert!(emails.iter().any(|email| email.permission_to_send == permission), "{permission}");
    }
    let left: Vec<_> = emails.iter().filter(|email| email.permission_to_send == "unsubscribed").collect();
    assert!(left.iter().all(|email| email.opt_out_date.is_some_and(|at| at <= now())));
    for source in ["Account", "Contact"] {
        assert!(left.iter().any(|email| email.opt_out_source.as_deref() == Some(source)), "{source}");
    }
    assert!(left.iter().any(|email| email.opt_out_reason.is_some()));
    let some = |has: fn(&Contact) -> bool| account.contacts.iter().any(has);
    assert!(some(|c| c.deleted_at.is_some() && c.list_memberships.is_empty()));
    assert!(some(|c| c.sms_channel.is_some()) && some(|c| c.anniversary.is_some()));
    assert!(some(|c| !c.notes.is_empty()) && some(|c| !c.custom_fields.is_empty()));
    assert!(some(|c| !c.phone_numbers.is_empty()) && some(|c| !c.street_addresses.is_empty()));
    assert!(account.contacts.iter().all(|c| c.created_at <= c.updated_at && c.updated_at <= now()));
    assert!(account.contacts.is_sorted_by_key(|contact| (contact.sequence, contact.created_at)));
}

#[test]
fn nobody_shares_an_address_and_all_hosts_are_reserved() {
    let account = demo();
    assert_eq!(account.by_email.len(), people::WITH_MAIL);
    assert_eq!(account.by_id.len(), account.contacts.len());
    let numbers: Vec<_> = account.contacts.iter().filter_map(|c| c.sms_channel.as_ref()?.get("sms_address")).collect();
    let different: HashSet<&str> = numbers.iter().filter_map(|number| number.as_str()).collect();
    assert_eq!(numbers.len(), different.len());
    let text = serde_json::to_string(&account).unwrap();
    for host in hosts(&text, "@").chain(hosts(&text, "://")) {
        assert!(is_reserved(host), "{host}");
    }
}

#[test]
fn reports_add_up() {
    let account = demo();
    assert_eq!(account.sendings.len(), 15);
    assert!(account.sendings.is_sorted_by_key(|sending| sending.at));
    for campaign in account.campaigns.iter().filter(|campaign| campaign.status == "Done") {
        let sendings = || account.sendings_of(&campaign.primary.campaign_activity_id);
        let tally = Tally::of(sendings());
        let people: HashSet<u32> = sendings().flat_map(|sending| sending.recipients.iter().copied()).collect();
        assert_eq!((tally.sends, tally.sends > 20), (people.len(), true), "{}", campaign.name);
        assert_eq!(tally.unique_opens + tally.bounces + tally.not_opened, tally.sends);
        assert!(tally.unique_clicks <= tally.unique_opens && tally.unique_opens > 0);
        assert!(sendings().all(|sending| sending.links.len() >= 2));
    }
    let reached: HashSet<u32> =
        account.sendings.iter().flat_map(|sending| sending.recipients.iter().copied()).collect();
    assert_eq!(Tally::of(&account.sendings).sends, reached.len());
    for sending in &account.sendings {
        let there = |place: &u32| account.contacts[*place as usize].created_at <= sending.at;
        assert!(sending.recipients.iter().all(there) && sending.events.is_sorted_by_key(|event| event.at));
        let people: HashSet<u32> = sending.recipients.iter().copied().collect();
        for event in sending.happened() {
            assert!(people.contains(&event.contact) && event.at <= now());
            let email = account.contacts[event.contact as usize].email.as_ref().unwrap();
            assert!(event.kind != Did::OptOut || email.permission_to_send == "unsubscribed");
        }
    }
}

#[test]
fn nobody_who_left_had_another_mail() {
    let account = demo();
    for sending in &account.sendings {
        for place in &sending.recipients {
            let contact = &account.contacts[*place as usize];
            let out = contact.email.as_ref().and_then(|email| email.opt_out_date);
            assert!(out.is_none_or(|out| out >= sending.at), "{}", contact.contact_id);
            assert!(contact.deleted_at.is_none_or(|deleted| deleted >= sending.at));
        }
    }
}

#[test]
fn evenings_jobs_and_messages_are_as_far_as_time_is() {
    let account = demo();
    let states: Vec<EventStatus> = account.events.hosted.iter().map(|event| event.status_at(now())).collect();
    assert_eq!(states, [EventStatus::Complete, EventStatus::Active]);
    assert!(account.events.hosted.iter().all(|event| event.tickets_sold() > 10));
    assert!(account.events.hosted.iter().flat_map(|event| &event.registrations).all(|order| order.at <= now()));
    assert!(account.jobs.iter().all(|job| job.percent_done == 100 && matches!(job.work, Work::Done)));
    assert!(account.jobs[2].export.as_ref().is_some_and(|file| !file.is_empty()));
    for campaign in &account.sms.campaigns {
        assert!(campaign.recipients.len() > 20 && campaign.applied > 20 && campaign.at < now());
    }
    assert!(account.landing_pages.pages[0].happened(now()).len() > 20);
}

#[test]
fn segments_have_the_outermost_group_that_the_service_wants() {
    for segment in demo().segments.all {
        let criteria: Value = serde_json::from_str(&segment.criteria).unwrap();
        assert_eq!(criteria.pointer("/criteria/type").and_then(Value::as_str), Some("and"), "{}", segment.name);
        assert!(criteria.pointer("/criteria/group/0").is_some_and(Value::is_object));
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_account_the_same_people() {
    let json = |account: &Account| serde_json::to_string(account).unwrap();
    assert_eq!(json(&demo()), json(&demo()));
    let mut env = env(Seed::Demo);
    let (first, second) = (account(&mut env, 0), account(&mut env, 1));
    assert_eq!(second.login, "owner2@example.com");
    assert_ne!(first.contacts[0].contact_id, second.contacts[0].contact_id);
    let addresses = |account: &Account| -> Vec<Option<String>> {
        account.contacts.iter().map(|c| c.email.as_ref().map(|email| email.address.clone())).collect()
    };
    assert_eq!(addresses(&first), addresses(&second));
    let other = Options { seed: Seed::Demo, clock: Clock::Fixed(now()), random: 8, ..Options::default() };
    assert_ne!(json(&first), json(&account(&mut Env::new(other), 0)));
}

#[test]
fn the_large_account_is_large_and_lean() {
    let account = account(&mut env(Seed::Large), 0);
    assert_eq!((account.contacts.len(), account.by_email.len()), (large::PEOPLE, large::PEOPLE));
    assert_eq!((account.campaigns.len(), account.sendings.len()), (large::CAMPAIGNS, large::CAMPAIGNS));
    for sending in &account.sendings {
        assert!((3_000..=5_000).contains(&sending.recipients.len()), "{}", sending.recipients.len());
        assert!(sending.happened > 500);
    }
    let valued = account.contacts.iter().filter(|contact| !contact.custom_fields.is_empty()).count();
    assert!((5_000..=20_000).contains(&valued), "{valued}");
    let tight = |text: &String| text.capacity() == text.len();
    assert!(account.contacts.iter().all(|contact| tight(&contact.contact_id) && contact.list_memberships.len() == 1));
    for email in account.contacts.iter().filter_map(|contact| contact.email.as_ref()) {
        assert!(tight(&email.address) && hosts(&email.address, "@").all(is_reserved), "{}", email.address);
    }
}

#[test]
fn an_empty_account_stays_empty() {
    let account = account(&mut env(Seed::Empty), 0);
    assert!(account.contacts.is_empty() && account.lists.is_empty() && account.campaigns.is_empty());
    assert_eq!(account.login, "owner@example.com");
}

//! The sums of e-mail reports, from the same sendings as the rows, so that the two agree.
//!
//! Who opened is held against who has the mail, who clicked against who opened. Devices are shares of all opens and
//! clicks, repeated ones too, and a tablet counts as mobile.

use serde_json::{Value, json};

use super::body::Body;
use crate::sandbox::account::{Device, Did, Event, Sending, Tally};

/// Codes of bounces, and the counters that hold them.
const BOUNCES: &[(char, &str)] = &[
    ('Z', "em_bounces_blocked"),
    ('F', "em_bounces_mailbox_full"),
    ('B', "em_bounces_nonexistent_address"),
    ('X', "em_bounces_other"),
    ('S', "em_bounces_suspended"),
    ('D', "em_bounces_undeliverable"),
    ('V', "em_bounces_vacation"),
];

/// The sums of some sendings.
pub(super) struct Sums {
    tally: Tally,
    opens: Devices,
    clicks: Devices,
}

/// How often something was done on what.
#[derive(Default)]
struct Devices {
    computer: usize,
    mobile: usize,
    tablet: usize,
}

impl Devices {
    fn of(sendings: &[&Sending], did: Did) -> Self {
        let mut devices = Self::default();
        for event in happened(sendings, did) {
            match event.device {
                Device::Computer => devices.computer += 1,
                Device::Mobile => devices.mobile += 1,
                Device::Tablet => devices.tablet += 1,
            }
        }
        devices
    }

    fn all(&self) -> usize {
        self.computer + self.mobile + self.tablet
    }

    /// The share of computers, and that of all that can be carried about.
    fn shares(&self) -> (Value, Value) {
        (percent(self.computer, self.all()), percent(self.mobile + self.tablet, self.all()))
    }
}

/// All events of one kind so far.
fn happened<'a>(sendings: &'a [&Sending], did: Did) -> impl Iterator<Item = &'a Event> {
    sendings.iter().flat_map(|sending| sending.happened()).filter(move |event| event.kind == did)
}

impl Sums {
    /// Adds up some sendings.
    pub(super) fn of(sendings: &[&Sending]) -> Self {
        Self {
            tally: Tally::of(sendings.iter().copied()),
            opens: Devices::of(sendings, Did::Open),
            clicks: Devices::of(sendings, Did::Click),
        }
    }

    /// The counters of campaigns and activities. Every device here is known.
    pub(super) fn stats(&self) -> Body {
        let Self { tally, opens, clicks } = self;
        counters(&[
            ("em_bounces", tally.bounces),
            ("em_clicks", tally.unique_clicks),
            ("em_clicks_all", clicks.all()),
            ("em_clicks_all_computer", clicks.computer),
            ("em_clicks_all_mobile", clicks.mobile),
            ("em_clicks_all_tablet", clicks.tablet),
            ("em_clicks_all_other", 0),
            ("em_clicks_all_none", 0),
            ("em_forwards", tally.forwards),
            ("em_not_opened", tally.not_opened),
            ("em_opens", tally.unique_opens),
            ("em_opens_all", opens.all()),
            ("em_opens_all_computer", opens.computer),
            ("em_opens_all_mobile", opens.mobile),
            ("em_opens_all_tablet", opens.tablet),
            ("em_opens_all_other", 0),
            ("em_opens_all_none", 0),
            ("em_optouts", tally.opt_outs),
            ("em_sends", tally.sends),
        ])
    }

    /// The percentages of a campaign.
    pub(super) fn percents(&self) -> Body {
        let mut shown = percents(&self.tally);
        let (desktop_open, mobile_open) = self.opens.shares();
        let (desktop_click, mobile_click) = self.clicks.shares();
        shown.insert("desktop_click".to_owned(), desktop_click);
        shown.insert("desktop_open".to_owned(), desktop_open);
        shown.insert("mobile_click".to_owned(), mobile_click);
        shown.insert("mobile_open".to_owned(), mobile_open);
        shown
    }
}

/// Counters that only activities have: why mails came back. Nobody here complains of spam.
pub(super) fn bounces(sendings: &[&Sending]) -> Body {
    let count = |code: char| happened(sendings, Did::Bounce).filter(|event| event.bounce == code).count();
    let mut shown = counters(&[("em_abuse", 0)]);
    shown.extend(BOUNCES.iter().map(|(code, name)| ((*name).to_owned(), count(*code).into())));
    shown
}

fn counters(counts: &[(&str, usize)]) -> Body {
    counts.iter().map(|(name, count)| ((*name).to_owned(), (*count).into())).collect()
}

/// The percentages that every summary has. All are 0 when nothing was sent.
pub(super) fn percents(tally: &Tally) -> Body {
    let delivered = tally.sends.saturating_sub(tally.bounces);
    let shares = [
        ("click", percent(tally.unique_clicks, tally.unique_opens)),
        ("open", percent(tally.unique_opens, delivered)),
        ("did_not_open", percent(tally.not_opened, delivered)),
        ("bounce", percent(tally.bounces, tally.sends)),
        ("unsubscribe", percent(tally.opt_outs, delivered)),
    ];
    shares.into_iter().map(|(name, share)| (name.to_owned(), share)).collect()
}

/// The counts of several campaigns together, as far as percentages need them.
pub(super) fn total(tallies: &[Tally]) -> Tally {
    let sum = |count: fn(&Tally) -> usize| tallies.iter().map(count).sum::<usize>();
    Tally {
        sends: sum(|tally| tally.sends),
        unique_opens: sum(|tally| tally.unique_opens),
        unique_clicks: sum(|tally| tally.unique_clicks),
        bounces: sum(|tally| tally.bounces),
        opt_outs: sum(|tally| tally.opt_outs),
        not_opened: sum(|tally| tally.not_opened),
        ..Tally::default()
    }
}

/// So many percent, to one decimal place; 0 of nothing. A round share is written as a whole number.
fn percent(part: usize, whole: usize) -> Value {
    let tenths = part.saturating_mul(1_000).saturating_add(whole / 2).checked_div(whole).unwrap_or(0);
    match (tenths / 10, tenths % 10) {
        (round, 0) => json!(round),
        _ => json!(f64::from(u32::try_from(tenths).unwrap_or(u32::MAX)) / 10.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: Did, contact: u32, device: Device, bounce: char) -> Event {
        Event { contact, kind, at: jiff::Timestamp::default(), link: 0, device, bounce }
    }

    /// Five people: one opens twice and clicks twice, one opens, one bounces.
    fn sending() -> Sending {
        let events = vec![
            event(Did::Bounce, 4, Device::Computer, 'F'),
            event(Did::Open, 0, Device::Computer, ' '),
            event(Did::Open, 1, Device::Tablet, ' '),
            event(Did::Open, 0, Device::Mobile, ' '),
            event(Did::Click, 0, Device::Mobile, ' '),
            event(Did::Click, 0, Device::Mobile, ' '),
        ];
        Sending { recipients: vec![0, 1, 2, 3, 4], happened: events.len(), events, ..Sending::default() }
    }

    #[test]
    fn shares_are_of_what_their_names_say() {
        let sending = sending();
        let percents = Value::Object(Sums::of(&[&sending]).percents());
        assert_eq!(
            percents,
            json!({
                "click": 50, "open": 50, "did_not_open": 50, "bounce": 20, "unsubscribe": 0,
                "desktop_click": 0, "desktop_open": 33.3, "mobile_click": 100, "mobile_open": 66.7,
            })
        );
    }

    #[test]
    fn people_count_once_and_devices_every_time() {
        let sending = sending();
        let stats = Sums::of(&[&sending]).stats();
        let count = |name: &str| stats.get(name).and_then(Value::as_u64);
        assert_eq!([count("em_opens"), count("em_opens_all")], [Some(2), Some(3)]);
        assert_eq!([count("em_clicks"), count("em_clicks_all_mobile")], [Some(1), Some(2)]);
        assert_eq!([count("em_sends"), count("em_not_opened"), count("em_bounces")], [Some(5), Some(2), Some(1)]);
        let full = bounces(&[&sending]);
        let by_code = full.values().filter_map(Value::as_u64).sum::<u64>();
        assert_eq!((full.get("em_bounces_mailbox_full").and_then(Value::as_u64), by_code), (Some(1), 1));
    }

    #[test]
    fn shares_have_one_decimal_and_nothing_of_nothing_is_zero() {
        assert_eq!([percent(1, 3), percent(2, 3), percent(1, 4)], [json!(33.3), json!(66.7), json!(25)]);
        assert_eq!([percent(0, 0), percent(5, 0)], [json!(0), json!(0)]);
        let tally = Tally { sends: 4, unique_opens: 1, not_opened: 3, ..Tally::default() };
        let open = percents(&total(&[tally, Tally::default(), tally])).get("open").cloned();
        assert_eq!(open, Some(json!(25)));
    }
}

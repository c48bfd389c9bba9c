//! What a handler may know of its surroundings: the clock, the source of ids, the options.
//!
//! Time and chance come only from here, so that a seed and a sequence of calls give the same answers again.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How the stand-in behaves; each field has the default that the service is known or believed to have.
#[derive(Debug, Clone)]
pub struct Options {
    /// What stands in the account at the start.
    pub seed: Seed,
    /// Accounts at the start; each has the seed's data under a login of its own.
    pub accounts: usize,
    /// Where all chance begins: every id, token and reaction follows from it.
    pub random: u64,
    /// Which time it is.
    pub clock: Clock,
    /// Enforce the calls a second and a day per API key, and 1 a second at the token endpoint.
    pub limits: bool,
    /// Calls per sliding second and API key.
    pub per_second: u32,
    /// Calls per UTC day and API key.
    pub per_day: u32,
    /// Seconds an access token lives that came of a code. Those of the implicit flow and of partners have lives of
    /// their own.
    pub token_ttl: i64,
    /// Whether a refresh token is replaced at each use (`true`) or stays the same, where the application does not say.
    pub rotating: bool,
    /// What reuse of a replaced refresh token does besides the error.
    pub reuse: Reuse,
    /// Seconds for which a replaced refresh token is still accepted. Not known of the service; 0 here.
    pub grace: i64,
    /// Milliseconds until a bulk job starts, and until it is done.
    pub job_ms: (i64, i64),
    /// Whether recipients react to mails: opens, clicks, bounces, opt-outs.
    pub engagement: bool,
    /// Whether new addresses are asked to confirm before they can be mailed.
    pub confirmed_opt_in: bool,
    /// Milliseconds until a change of contacts is seen by calls that list them. 0 to 120,000 fits what is reported.
    pub read_lag_ms: i64,
    /// Milliseconds that a scheduled campaign takes to go out.
    pub sending_ms: i64,
    /// Whether a segment in unknown grammar is refused with 400, or matches nobody.
    pub refuse_unknown_segments: bool,
    /// Privileges of the signed-in user's role.
    pub role: Role,
    /// Redirect addresses registered with both applications besides the usual ones.
    pub redirect_uris: Vec<String>,
    /// A JSON file of faults that stand from the start.
    pub faults: Option<PathBuf>,
    /// A file that accounts and tokens are read from where it exists, and kept in from then on.
    pub state: Option<PathBuf>,
}

/// What stands in an account at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seed {
    /// An owner, a confirmed sender and a postal address; no people, lists or campaigns.
    Empty,
    /// A small business: about 2,000 contacts, 8 lists, 12 tags, 6 custom fields, 15 campaigns with their reports.
    Demo,
    /// 100,000 contacts.
    Large,
}

/// Which time it is. The clock lever moves all three forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// The machine's.
    Real,
    /// Stands still: nothing comes due until the lever moves it.
    Fixed(Timestamp),
    /// From the machine's time on, so many times as fast.
    Accelerated(u32),
}

/// What happens to the other tokens of a grant when a replaced refresh token comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reuse {
    /// The reuse is refused; the newest token stays good.
    ErrorOnly,
    /// The reuse is refused and the whole grant dies.
    RevokeFamily,
}

/// The signed-in user's role in the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May do everything.
    Owner,
    /// May do all but change the account's own details.
    Manager,
    /// May write campaigns, and see lists.
    CampaignCreator,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: Seed::Empty,
            accounts: 1,
            random: 7,
            clock: Clock::Real,
            limits: true,
            per_second: 4,
            per_day: 10_000,
            token_ttl: 86_400,
            rotating: true,
            reuse: Reuse::ErrorOnly,
            grace: 0,
            job_ms: (200, 1_000),
            engagement: true,
            confirmed_opt_in: false,
            read_lag_ms: 0,
            sending_ms: 1_000,
            refuse_unknown_segments: false,
            role: Role::Owner,
            redirect_uris: Vec::new(),
            faults: None,
            state: None,
        }
    }
}

/// Clock, chance and options.
#[derive(Debug)]
pub(super) struct Env {
    pub options: Options,
    /// Milliseconds of read lag that a fault ordered for the present call.
    pub lag_ms: i64,
    /// When the stand-in was started, by the machine's clock.
    started: Timestamp,
    /// What the clock lever added.
    advanced: SignedDuration,
    rng: u64,
}

impl Env {
    pub(super) fn new(options: Options) -> Self {
        let rng = options.random ^ 0x9E37_79B9_7F4A_7C15;
        Self { options, lag_ms: 0, started: Timestamp::now(), advanced: SignedDuration::ZERO, rng }
    }

    /// Now, by the chosen clock, plus what the clock lever added.
    pub(super) fn now(&self) -> Timestamp {
        let clock = match self.options.clock {
            Clock::Real => Timestamp::now(),
            Clock::Fixed(at) => at,
            Clock::Accelerated(times) => later(self.started, times_over(self.gone(), times)),
        };
        later(clock, self.advanced)
    }

    /// Time since the start by the machine's clock.
    fn gone(&self) -> SignedDuration {
        Timestamp::now().duration_since(self.started)
    }

    /// How long after its making a change is seen by calls that list.
    pub(super) fn read_lag_ms(&self) -> i64 {
        self.options.read_lag_ms.max(self.lag_ms)
    }

    /// How far an accelerated clock and the lever are ahead, and where chance stands: to go on from there another day.
    pub(super) fn position(&self) -> (SignedDuration, u64) {
        let ahead = match self.options.clock {
            Clock::Accelerated(times) => times_over(self.gone(), times.saturating_sub(1)),
            Clock::Real | Clock::Fixed(_) => SignedDuration::ZERO,
        };
        (self.advanced.saturating_add(ahead), self.rng)
    }

    /// Goes on from a position.
    pub(super) fn resume(&mut self, (advanced, rng): (SignedDuration, u64)) {
        (self.started, self.advanced, self.rng) = (Timestamp::now(), advanced, rng);
    }

    /// Moves the clock forward.
    pub(super) fn advance(&mut self, seconds: i64) {
        self.advanced = self.advanced.saturating_add(SignedDuration::from_secs(seconds));
    }

    /// A number that only needs to differ from the one before.
    pub(super) fn random(&mut self) -> u64 {
        split_mix(&mut self.rng)
    }

    /// An id of the contacts service: laid out like a time-based UUID of its machines.
    pub(super) fn uuid_v1(&mut self) -> String {
        let r = self.random();
        let s = self.random();
        format!(
            "{:08x}-{:04x}-11ef-{:04x}-fa163e{:06x}",
            r >> 32,
            (r >> 16) & 0xffff,
            0x8000 | (s & 0x3fff),
            (s >> 16) & 0xff_ffff
        )
    }

    /// A random UUID, as campaigns have.
    pub(super) fn uuid_v4(&mut self) -> String {
        let (r, s) = (self.random(), self.random());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            r >> 32,
            (r >> 16) & 0xffff,
            r & 0xfff,
            0x8000 | (s >> 50),
            s & 0xffff_ffff_ffff
        )
    }

    /// A token of `n` letters, digits, `-` and `_`.
    pub(super) fn token(&mut self, n: usize) -> String {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        (0..n).map(|_| char::from(ALPHABET[usize::try_from(self.random() >> 58).unwrap_or(0)])).collect()
    }
}

/// `SplitMix64`: small, seedable and good enough for ids.
pub(super) fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn times_over(span: SignedDuration, times: u32) -> SignedDuration {
    span.saturating_mul(i32::try_from(times).unwrap_or(i32::MAX))
}

/// So much later, or the end of time.
pub(super) fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// Seconds precision, as contacts, lists, tags, custom fields and jobs write it: `2024-10-30T18:56:35Z`.
pub(super) fn seconds(t: Timestamp) -> String {
    t.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Milliseconds, as campaigns and reports write it: `2024-11-01T19:19:34.456Z`.
pub(super) fn millis(t: Timestamp) -> String {
    t.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// The form of HTTP's own headers: `Thu, 15 Jan 2026 09:00:00 GMT`.
pub(super) fn http_date(t: Timestamp) -> String {
    t.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Milliseconds with a bare offset, as account e-mails write it: `2026-02-05T07:32:49.766+0000`.
pub(super) fn offset_millis(t: Timestamp) -> String {
    t.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{Clock, Env, Options, http_date};

    #[test]
    fn a_position_brings_clock_and_chance_back() {
        let at: Timestamp = "2026-01-15T09:00:00Z".parse().unwrap();
        let options = Options { clock: Clock::Fixed(at), ..Options::default() };
        let mut first = Env::new(options.clone());
        first.advance(60);
        let position = first.position();
        let next = first.random();
        let mut second = Env::new(Options { random: 99, ..options });
        second.resume(position);
        assert_eq!((second.now(), second.random()), (first.now(), next));
        assert_eq!(http_date(second.now()), "Thu, 15 Jan 2026 09:01:00 GMT");
    }

    #[test]
    fn a_lag_on_order_lasts_as_long_as_it_is_set() {
        let mut env = Env::new(Options { read_lag_ms: 100, ..Options::default() });
        assert_eq!(env.read_lag_ms(), 100);
        env.lag_ms = 5_000;
        assert_eq!(env.read_lag_ms(), 5_000);
    }
}

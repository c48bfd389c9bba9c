//! `GET` and `PATCH /_sandbox/options`: what may be changed while the stand-in runs.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{body, refuse, show};
use crate::sandbox::{
    call::{Answer, Call},
    env::{Options, Reuse, Role},
};

/// New options; what is left out stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    role: Option<Role>,
    limits: Option<bool>,
    per_second: Option<u32>,
    per_day: Option<u32>,
    token_ttl: Option<i64>,
    grace: Option<i64>,
    reuse: Option<Reuse>,
    read_lag_ms: Option<i64>,
    engagement: Option<bool>,
    confirmed_opt_in: Option<bool>,
    refuse_unknown_segments: Option<bool>,
    /// Until a job starts, and until it is done.
    job_ms: Option<(i64, i64)>,
    sending_ms: Option<i64>,
}

impl Change {
    /// What is wrong with it, if anything.
    fn complaint(&self) -> Option<&'static str> {
        let whole = |number: Option<i64>| number.is_none_or(|number| number >= 0);
        let checks = [
            (self.per_second != Some(0), "per_second must be at least 1; limits false lifts the limits"),
            (self.per_day != Some(0), "per_day must be at least 1; limits false lifts the limits"),
            (self.token_ttl.is_none_or(|seconds| seconds >= 1), "token_ttl must be at least 1"),
            (whole(self.grace), "grace must not be negative"),
            (whole(self.read_lag_ms), "read_lag_ms must not be negative"),
            (whole(self.sending_ms), "sending_ms must not be negative"),
            (self.job_ms.is_none_or(|(start, end)| (0..=end).contains(&start)), "job_ms must be [start, end]"),
        ];
        checks.iter().find(|(holds, _)| !holds).map(|(_, text)| *text)
    }

    fn apply(self, options: &mut Options) {
        set(&mut options.role, self.role);
        set(&mut options.limits, self.limits);
        set(&mut options.per_second, self.per_second);
        set(&mut options.per_day, self.per_day);
        set(&mut options.token_ttl, self.token_ttl);
        set(&mut options.grace, self.grace);
        set(&mut options.reuse, self.reuse);
        set(&mut options.read_lag_ms, self.read_lag_ms);
        set(&mut options.engagement, self.engagement);
        set(&mut options.confirmed_opt_in, self.confirmed_opt_in);
        set(&mut options.refuse_unknown_segments, self.refuse_unknown_segments);
        set(&mut options.job_ms, self.job_ms);
        set(&mut options.sending_ms, self.sending_ms);
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

/// Changes options, all or none, and shows the result.
pub(super) fn change(options: &mut Options, call: &Call) -> Answer {
    let change: Change = body(call)?;
    if let Some(text) = change.complaint() {
        return Err(refuse(400, text));
    }
    change.apply(options);
    Ok(show(&shown(options)))
}

/// The options that can be changed.
pub(super) fn shown(options: &Options) -> Value {
    json!({
        "role": options.role, "limits": options.limits, "per_second": options.per_second, "per_day": options.per_day,
        "token_ttl": options.token_ttl, "grace": options.grace, "reuse": options.reuse,
        "read_lag_ms": options.read_lag_ms, "engagement": options.engagement,
        "confirmed_opt_in": options.confirmed_opt_in, "refuse_unknown_segments": options.refuse_unknown_segments,
        "job_ms": options.job_ms, "sending_ms": options.sending_ms,
    })
}

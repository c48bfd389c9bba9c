//! `ctct sandbox`: the stand-in as a process of its own.

use std::{io, path::Path};

use jiff::Timestamp;

use super::{
    args::{OnOff, RefreshArg, ReuseArg, RoleArg, SandboxArgs, SeedArg, UnknownSegmentsArg},
    screen::{Screen, print_line},
    signals,
};
use crate::{
    protocol::{ActionError, Code},
    sandbox::{Clock, Options, Reuse, Role, Sandbox, Seed},
};

/// The time at which `--clock fixed` stands.
const FIXED: &str = "2026-01-15T09:00:00Z";

pub(super) async fn serve(args: &SandboxArgs, screen: Screen) -> Result<(), ActionError> {
    let mut sandbox = Sandbox::listen(args.listen, options(args)).await.map_err(|error| not_started(args, &error))?;
    // Listened for before anybody is told that we are ready, so that no end comes too early to be noticed.
    let end = signals::end()?;
    print_line(&serde_json::to_string(sandbox.ready()).unwrap_or_default());
    tokio::select! {
        () = sandbox.wait() => {}
        () = end => {
            sandbox.stop().await;
            screen.tell("stopped");
        }
    }
    sandbox.save().map_err(|error| {
        let file = args.state.as_deref().unwrap_or(Path::new("the state"));
        ActionError::new(Code::Config, format!("{}: cannot write the state: {error}", file.display()))
    })
}

fn options(args: &SandboxArgs) -> Options {
    Options {
        seed: match args.seed {
            SeedArg::Empty => Seed::Empty,
            SeedArg::Demo => Seed::Demo,
            SeedArg::Large => Seed::Large,
        },
        accounts: usize::from(args.accounts),
        random: args.random_seed,
        clock: args.clock,
        limits: args.limits == OnOff::On,
        per_second: args.per_second,
        per_day: args.per_day,
        token_ttl: i64::from(args.token_ttl),
        rotating: args.refresh == RefreshArg::Rotating,
        reuse: if args.reuse == ReuseArg::ErrorOnly { Reuse::ErrorOnly } else { Reuse::RevokeFamily },
        grace: i64::from(args.grace),
        engagement: args.engagement == OnOff::On,
        confirmed_opt_in: args.confirmed_opt_in == OnOff::On,
        read_lag_ms: i64::from(args.read_lag_ms),
        refuse_unknown_segments: args.unknown_segments == UnknownSegmentsArg::Refuse,
        role: match args.role {
            RoleArg::Owner => Role::Owner,
            RoleArg::Manager => Role::Manager,
            RoleArg::CampaignCreator => Role::CampaignCreator,
        },
        redirect_uris: args.redirect_uri.clone(),
        faults: args.faults.clone(),
        state: args.state.clone(),
        ..Options::default()
    }
}

/// Reads `--clock`.
pub(super) fn clock(text: &str) -> Result<Clock, String> {
    let (kind, value) = text.split_once(':').map_or((text, None), |(kind, value)| (kind, Some(value)));
    match (kind, value) {
        ("real", None) => Ok(Clock::Real),
        ("fixed", value) => {
            let at = value.unwrap_or(FIXED).parse::<Timestamp>();
            at.map(Clock::Fixed).map_err(|error| error.to_string())
        }
        ("accelerated", Some(times)) => match times.parse::<u32>() {
            Ok(times @ 1..) => Ok(Clock::Accelerated(times)),
            _ => Err("accelerated takes a whole number of times, such as accelerated:60".to_owned()),
        },
        _ => Err("the clock is real, fixed, fixed:TIME or accelerated:TIMES".to_owned()),
    }
}

fn not_started(args: &SandboxArgs, error: &io::Error) -> ActionError {
    let detail = match error.kind() {
        io::ErrorKind::InvalidData => error.to_string(),
        io::ErrorKind::AddrInUse => format!(
            "cannot listen on {}: {error}; name another port with --listen, or 127.0.0.1:0 for a free one",
            args.listen
        ),
        _ => format!("cannot listen on {}: {error}", args.listen),
    };
    ActionError::new(Code::Config, detail)
}

#[cfg(test)]
mod tests {
    use super::{FIXED, clock};
    use crate::sandbox::Clock;

    #[test]
    fn a_clock_is_read_or_refused() {
        let fixed = Clock::Fixed(FIXED.parse().unwrap());
        let read = [("real", Clock::Real), ("fixed", fixed), ("accelerated:60", Clock::Accelerated(60))];
        for (text, expected) in read {
            assert_eq!(clock(text), Ok(expected), "{text}");
        }
        assert_eq!(clock("fixed:2026-01-15T09:00:00Z"), Ok(fixed));
        for text in ["", "fast", "real:1", "fixed:soon", "accelerated", "accelerated:0", "accelerated:-1"] {
            assert!(clock(text).is_err(), "{text}");
        }
    }
}

//! Logs to stderr, for people: one line an event, off unless asked for. stdout belongs to results and protocols.
//!
//! Behind the feature `otel`, spans go to an OpenTelemetry collector too, where the environment names one.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{Layer as _, filter::Targets, fmt, fmt::format::FmtSpan, layer::SubscriberExt as _};

#[cfg(feature = "otel")]
use super::telemetry;

/// What is said is ours: other crates' words may hold anything.
fn ours(level: LevelFilter) -> Targets {
    Targets::new().with_target("constantcontact", level)
}

/// What has to be written before the program ends.
#[derive(Default)]
pub(super) struct Logs {
    #[cfg(feature = "otel")]
    telemetry: Option<telemetry::Export>,
}

impl Logs {
    /// Starts logging: `-v` for what happens to runs, `-vv` for each attempt, `-vvv` for the spans around them.
    pub(super) fn start(verbose: u8) -> Self {
        let level = match verbose {
            0 => LevelFilter::OFF,
            1 => LevelFilter::INFO,
            2 => LevelFilter::DEBUG,
            _ => LevelFilter::TRACE,
        };
        let spans = if verbose > 2 { FmtSpan::NEW | FmtSpan::CLOSE } else { FmtSpan::NONE };
        let lines =
            fmt::layer().with_writer(std::io::stderr).with_ansi(false).with_target(false).with_span_events(spans);
        let lines = (verbose > 0).then(|| lines.with_filter(ours(level)));
        let subscriber = tracing_subscriber::registry().with(lines);
        #[cfg(feature = "otel")]
        let (telemetry, subscriber) = {
            let (export, layer) = telemetry::start().unzip();
            (export, subscriber.with(layer.map(|layer| layer.with_filter(ours(LevelFilter::DEBUG)))))
        };
        // Already set only where a host has its own.
        let _ = tracing::subscriber::set_global_default(subscriber);
        Self {
            #[cfg(feature = "otel")]
            telemetry,
        }
    }

    /// Sends what is still to be sent.
    pub(super) fn end(self) {
        #[cfg(feature = "otel")]
        if let Some(telemetry) = self.telemetry {
            telemetry.end();
        }
        #[cfg(not(feature = "otel"))]
        let Self {} = self;
    }
}

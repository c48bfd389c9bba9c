//! Spans to an OpenTelemetry collector, by OTLP over HTTP, set up by the standard variables `OTEL_EXPORTER_OTLP_…`.
//! Without an endpoint among them nothing is exported.
//!
//! The exporter has a thread and a client of its own, so that a collector that is slow or gone holds no run up.

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    trace::{SdkTracerProvider, Tracer},
};
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::registry::LookupSpan;

use crate::transport::tls_config;

/// An export under way.
pub(super) struct Export(SdkTracerProvider);

impl Export {
    /// Sends what is left; some seconds at the most.
    pub(super) fn end(self) {
        if let Err(error) = self.0.shutdown() {
            eprintln!("warning: the last spans were not exported: {error}");
        }
    }
}

/// Starts the export, if the environment names a collector.
pub(super) fn start<S>() -> Option<(Export, OpenTelemetryLayer<S, Tracer>)>
where
    S: tracing::Subscriber + for<'span> LookupSpan<'span>,
{
    let named = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
    if !named.iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty())) {
        return None;
    }
    match provider() {
        Ok(provider) => {
            let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("constantcontact"));
            // Where in our sources a span begins is of no use to whoever reads traces.
            let layer = layer.with_location(false).with_threads(false).with_tracked_inactivity(false);
            Some((Export(provider), layer))
        }
        Err(error) => {
            eprintln!("warning: spans are not exported: {error}");
            None
        }
    }
}

fn provider() -> Result<SdkTracerProvider, String> {
    // Made outside of any runtime: a client that blocks may not be made inside one.
    let client = reqwest::blocking::Client::builder().tls_backend_preconfigured(tls_config()?);
    let client = client.build().map_err(|e| e.to_string())?;
    let exporter = SpanExporter::builder().with_http().with_http_client(client).build().map_err(|e| e.to_string())?;
    let resource = Resource::builder().with_service_name(service_name()).build();
    Ok(SdkTracerProvider::builder().with_resource(resource).with_batch_exporter(exporter).build())
}

/// The service's name: as the environment has it, else the program's.
fn service_name() -> String {
    std::env::var("OTEL_SERVICE_NAME").ok().filter(|name| !name.is_empty()).unwrap_or_else(|| "ctct".to_owned())
}

//! The wish to end, from a person or from whatever runs services: heard, so that what is under way can be finished.

use std::io;

use crate::protocol::{ActionError, Code};

/// Ends when the process is told to end.
pub(super) fn end() -> Result<impl Future<Output = ()>, ActionError> {
    told().map_err(|error| ActionError::new(Code::Internal, format!("cannot listen for signals: {error}")))
}

/// By Ctrl-C or by SIGTERM.
#[cfg(unix)]
fn told() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// By Ctrl-C.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps, reason = "on other systems listening can fail")]
fn told() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}

//! Connections that break on order: before an answer, or in the middle of one.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// A failure that closes the connection instead of answering.
#[derive(Debug)]
pub(super) struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is broken on order")
    }
}

impl std::error::Error for Broken {}

/// A body that promises more than it gives. It pauses before it breaks, so that its head and first half are on their
/// way by then.
pub(super) struct CutOff {
    half: Option<Bytes>,
    promised: u64,
    pause: Pin<Box<tokio::time::Sleep>>,
}

impl CutOff {
    /// The first half of this body, under the length of the whole.
    pub(super) fn of(body: &Bytes) -> Self {
        let pause = Box::pin(tokio::time::sleep(Duration::from_millis(30)));
        Self { half: Some(body.slice(..body.len() / 2)), promised: body.len() as u64, pause }
    }
}

impl Body for CutOff {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if let Some(half) = self.half.take() {
            return Poll::Ready(Some(Ok(Frame::data(half))));
        }
        self.pause.as_mut().poll(context).map(|()| Some(Err(Broken)))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.promised)
    }
}

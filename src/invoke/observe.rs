//! The one hook: a host is told of each step.

/// A step of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The action is looked up.
    Find,
    /// The input is checked.
    Validate,
    /// Connection, switch and scope are checked.
    Preflight,
    /// A token was had.
    Token,
    /// A permit was given.
    Permit,
    /// A call goes out.
    Send,
    /// An answer is read.
    Decode,
    /// The run is over.
    Record,
}

/// Told of each step of each run. Must not block.
pub trait Observer: Send + Sync {
    /// A step begins.
    fn step(&self, step: Step);
}

//! The criteria of a segment as a tree of groups and conditions: what its grammar is read into and its members are
//! worked out from.

/// A group or a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// All parts must hold.
    All(Vec<Node>),
    /// One part is enough.
    Any(Vec<Node>),
    /// What the contact did with campaigns.
    Tracking(Act, Range),
    /// What is known of the contact.
    Contact(Field, Test),
    /// Something in a grammar that is not known here.
    Unknown,
}

/// What was done, or left undone, with the campaigns of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Sent,
    Opened,
    NotOpened,
    Clicked,
    NotClicked,
}

/// Which campaigns count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Range {
    /// So many of the campaigns that went out last.
    Campaigns(u32),
    /// Everything in so many days up to now.
    Days(u32),
    /// These, by the ids of campaigns or of their activities.
    These(Vec<String>),
}

/// Where a condition looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Field {
    Lists,
    Tags,
    Plain(&'static str),
    /// A custom field, by its id or as `cf:` and its name.
    Custom(String),
}

/// What must be there. All values are in lower case, because the comparison is blind to case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Test {
    OneOf(Vec<String>),
    NoneOf(Vec<String>),
    Contains(Vec<String>),
    StartsWith(Vec<String>),
    EndsWith(Vec<String>),
    Above(String),
    Below(String),
    Set,
    NotSet,
    /// Within so many days up to now.
    LastDays(u32),
}

impl Node {
    /// Whether there is anything in it that is not known here.
    pub(super) fn is_strange(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::is_strange),
            Self::Tracking(..) | Self::Contact(..) => false,
            Self::Unknown => true,
        }
    }

    /// Whether it is a condition that can only be grouped by `or`.
    pub(super) fn is_or_only(&self) -> bool {
        matches!(self, Self::Contact(Field::Lists | Field::Tags, _))
    }
}

//! Looking into raw JSON without building all of it: a page of 500 contacts stays text, only its envelope is read.

use std::{borrow::Cow, collections::HashMap};

use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Envelope<'a>(#[serde(borrow)] HashMap<Cow<'a, str>, &'a RawValue>);

/// What a JSON Pointer through objects points at.
pub(super) fn at<'a>(value: &'a RawValue, pointer: &str) -> Option<&'a RawValue> {
    let mut here = value;
    for name in pointer.split('/').skip(1) {
        let name = name.replace("~1", "/").replace("~0", "~");
        here = serde_json::from_str::<Envelope>(here.get()).ok()?.0.remove(name.as_str())?;
    }
    Some(here)
}

/// The entries of a list.
pub(super) fn items(value: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(value.get()).ok()
}

/// A text.
pub(super) fn text(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

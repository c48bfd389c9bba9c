//! `ctct keys`: another master key, so that the old one may be thrown away.

use std::path::Path;

use serde_json::json;

use crate::{
    budget::store_error,
    clock::SystemClock,
    hosts::cli::{
        args::KeysCommand,
        place::{Place, key_of},
        screen::Screen,
    },
    protocol::{ActionError, Code},
    store::{
        Store, moving,
        vault::{Key, KeyTurn},
    },
};

pub(in crate::hosts::cli) async fn command(
    command: KeysCommand,
    place: &Place,
    screen: Screen,
) -> Result<(), ActionError> {
    let KeysCommand::Rotate { new_key } = command;
    let (resealed, key) = match new_key {
        Some(reference) => (rotate_to(&reference, place).await?, reference),
        None => rotate_file(place).await?,
    };
    screen.show(&json!({ "resealed": resealed, "key": key }), || {
        format!("The store has a new key, in {key}. Records sealed anew: {resealed}.")
    });
    screen.tell("Start programs that run on this store again: they know the old key only.");
    Ok(())
}

/// Puts a new key into the key's file. Before the store is sealed with it, it lies on the disk; see `KeyTurn`.
async fn rotate_file(place: &Place) -> Result<(usize, String), ActionError> {
    if let Some(reference) = place.key_reference() {
        // Whoever typed the key itself must not see it again.
        key_of(reference)?;
        let detail = format!("the key is kept in {reference}: put a new one elsewhere, and name it with --new-key");
        return Err(ActionError::new(Code::Config, detail));
    }
    let file = place.key_file()?;
    let store = place.store().await?;
    let turn = KeyTurn::begin(&file).map_err(store_error)?;
    let old = Key::from_file(&file, &SystemClock).map_err(store_error)?;
    let new = turn.next(&SystemClock).map_err(store_error)?;
    let resealed = rotate(store.as_ref(), &old, &new).await?;
    turn.finish().map_err(store_error)?;
    // Whoever had read the old key just before may have sealed something with it.
    let late = rotate(store.as_ref(), &old, &new).await?;
    Ok((resealed + late, file.display().to_string()))
}

/// Seals the store with a key that a person has put somewhere. Done again, it goes on where it broke off.
async fn rotate_to(reference: &str, place: &Place) -> Result<usize, ActionError> {
    let _turn = match place.key_reference() {
        None => Some(turn_without_next(&place.key_file()?)?),
        Some(_) => None,
    };
    let new = key_of(reference)?;
    let (store, old) = place.store_and_key().await?;
    if new.is_same(&old) {
        let detail =
            format!("{reference} holds the key that the store has already; make another (openssl rand -hex 32)");
        return Err(ActionError::new(Code::Config, detail));
    }
    rotate(store.as_ref(), &old, &new).await
}

/// Two unfinished rotations at once could not be told apart.
fn turn_without_next(file: &Path) -> Result<KeyTurn, ActionError> {
    let turn = KeyTurn::begin(file).map_err(store_error)?;
    if Key::next_to_file(file).map_err(store_error)?.is_none() {
        return Ok(turn);
    }
    let detail = "an earlier rotation broke off; finish it first with ctct keys rotate, without --new-key";
    Err(ActionError::new(Code::Config, detail))
}

async fn rotate(store: &dyn Store, old: &Key, new: &Key) -> Result<usize, ActionError> {
    moving::rotate(store, &SystemClock, old, new).await.map_err(store_error)
}

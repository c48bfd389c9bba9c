//! `ctct store` and `ctct keys`: a backup and its return, the move to another store, another key.

mod keys;

use std::{
    fs,
    io::{ErrorKind, Read},
    path::Path,
};

use serde_json::json;

use super::{
    args::StoreCommand,
    place::{Place, Whereabouts},
    screen::Screen,
};
use crate::{
    budget::store_error,
    clock::SystemClock,
    protocol::{ActionError, Code},
    store::{
        Dump, Store, moving,
        vault::{Key, draft_beside},
    },
};

pub(super) use keys::command as keys;

pub(super) async fn command(command: StoreCommand, place: &Place, screen: Screen) -> Result<(), ActionError> {
    match command {
        StoreCommand::Backup { file, with_key } => backup(&file, with_key, place, screen).await,
        StoreCommand::Restore { file } => restore(&file, place, screen).await,
        StoreCommand::Copy { to } => copy(&to, place, screen).await,
    }
}

async fn backup(file: &Path, with_key: bool, place: &Place, screen: Screen) -> Result<(), ActionError> {
    refuse_to_replace(file)?;
    let (store, key) = if with_key {
        place.store_and_key().await.map(|(store, key)| (store, Some(key)))?
    } else {
        (place.store().await?, None)
    };
    let content = moving::backup(store.as_ref(), key.as_ref()).await.map_err(store_error)?;
    write_whole(file, &content).map_err(|e| unwritten(file, &e))?;
    let (file, connections) = (file.display().to_string(), store.connections().await.map_err(store_error)?.len());
    screen.show(&json!({ "file": file, "connections": connections, "with_key": with_key }), || {
        format!("Backed up to {file} (connections: {connections}).")
    });
    screen.tell(if with_key {
        "The file holds the key: whoever can read it can use every connection in it."
    } else {
        "The file does not hold the key, and is of no use without it: keep the key too, in another place."
    });
    Ok(())
}

/// An earlier backup may be replaced; anything else of that name was surely not meant.
fn refuse_to_replace(file: &Path) -> Result<(), ActionError> {
    let mut start = Vec::new();
    match fs::File::open(file).and_then(|f| f.take(64).read_to_end(&mut start)) {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
        Err(e) => Err(unwritten(file, &e)),
        Ok(_) if start.is_empty() || moving::is_backup(&start) => Ok(()),
        Ok(_) => {
            let detail = format!("{} is there already and is no backup; name another file", file.display());
            Err(ActionError::new(Code::Config, detail))
        }
    }
}

fn write_whole(file: &Path, content: &[u8]) -> std::io::Result<()> {
    let draft = draft_beside(file, content)?;
    fs::rename(&draft, file).inspect_err(|_| {
        let _ = fs::remove_file(&draft);
    })
}

fn unwritten(file: &Path, error: &std::io::Error) -> ActionError {
    ActionError::new(Code::Config, format!("cannot write {}: {error}", file.display()))
}

async fn restore(file: &Path, place: &Place, screen: Screen) -> Result<(), ActionError> {
    let wrong =
        |e: std::io::Error| ActionError::new(Code::InvalidInput, format!("cannot read {}: {e}", file.display()));
    let bytes = fs::read(file).map_err(wrong)?;
    let (store, key) = place.store_and_key().await?;
    let done = moving::restore(store.as_ref(), &SystemClock, &bytes, &key).await.map_err(store_error)?;
    screen.show(&done, || format!("Restored (profiles: {}, connections: {}).", done.profiles, done.connections));
    if done.unreadable > 0 {
        screen.tell(&format!("{} of the secrets in the backup do not open with its key.", done.unreadable));
    }
    screen.tell("A connection that has been refreshed since the backup must be connected again: its tokens are newer.");
    Ok(())
}

async fn copy(to: &str, place: &Place, screen: Screen) -> Result<(), ActionError> {
    let to = Whereabouts::parse(to)?;
    let (from, key) = place.store_and_key().await?;
    let target = to.open().await?;
    let dump = match (&to, place.key_reference()) {
        // A folder has its key in it.
        (Whereabouts::Folder(folder), None) => into_folder(from.as_ref(), &key, target.as_ref(), folder).await?,
        _ => moving::copy(from.as_ref(), target.as_ref()).await.map_err(store_error)?,
    };
    let (to, profiles, connections) = (to.to_string(), dump.profiles.len(), dump.connections.len());
    screen.show(&json!({ "to": to, "profiles": profiles, "connections": connections }), || {
        format!("Copied to {to} (profiles: {profiles}, connections: {connections}).")
    });
    screen.tell("Use one of the two from now on: a refresh in one ends the tokens of the other.");
    Ok(())
}

async fn into_folder(from: &dyn Store, key: &Key, to: &dyn Store, folder: &Path) -> Result<Dump, ActionError> {
    let own = Key::from_file(&folder.join("key"), &SystemClock).map_err(store_error)?;
    moving::copy_with_key(from, to, &SystemClock, key, &own).await.map_err(store_error)
}

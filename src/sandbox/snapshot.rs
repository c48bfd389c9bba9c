//! The state as one JSON document, to take away and to bring back: accounts, applications and tokens, and where clock
//! and chance stand. Options, faults, quotas and the journal are the server's and stay out of it.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{account::Account, oauth::Authority, partner::Partner, world::World};

/// What this program writes, and all it reads.
const VERSION: u32 = 1;

/// A state that was read and found whole.
pub(super) struct State {
    /// Where clock and chance stand, as `Env` takes it.
    pub position: (SignedDuration, u64),
    pub accounts: Vec<Account>,
    pub partner: Partner,
    pub authority: Authority,
}

/// The document as it is written.
#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    position: Position,
    accounts: &'a [Account],
    partner: &'a Partner,
    authority: &'a Authority,
}

/// The document as it is read.
#[derive(Deserialize)]
struct Read {
    position: Position,
    accounts: Vec<Account>,
    partner: Partner,
    authority: Authority,
}

/// The part that tells whether the rest can be read.
#[derive(Deserialize)]
struct Head {
    version: u32,
}

#[derive(Serialize, Deserialize)]
struct Position {
    advanced_ms: i64,
    /// In digits, because not every reader of JSON keeps a number of 64 bits whole.
    rng: String,
}

impl<'a> Written<'a> {
    fn of(world: &'a World) -> Self {
        let (advanced, rng) = world.env.position();
        let advanced_ms = i64::try_from(advanced.as_millis()).unwrap_or(i64::MAX);
        Self {
            version: VERSION,
            position: Position { advanced_ms, rng: rng.to_string() },
            accounts: &world.accounts,
            partner: &world.partner,
            authority: &world.authority,
        }
    }
}

/// The document.
pub(super) fn json(world: &World) -> io::Result<Vec<u8>> {
    Ok(serde_json::to_vec(&Written::of(world))?)
}

/// Reads a document whole, or says what is wrong with it.
pub(super) fn read(json: &[u8]) -> Result<State, String> {
    let head: Head = serde_json::from_slice(json).map_err(|error| format!("this is no state of a sandbox: {error}"))?;
    if head.version != VERSION {
        return Err(format!("the state has version {}; this sandbox reads version {VERSION}", head.version));
    }
    let read: Read = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    let rng = read.position.rng.parse::<u64>();
    let rng = rng.map_err(|_| "position.rng must be a whole number in digits".to_owned())?;
    if read.accounts.is_empty() {
        return Err("accounts must hold at least one".to_owned());
    }
    let position = (SignedDuration::from_millis(read.position.advanced_ms), rng);
    let mut accounts = read.accounts;
    accounts.iter_mut().for_each(Account::index);
    Ok(State { position, accounts, partner: read.partner, authority: read.authority })
}

/// The state that a file holds; none where there is no such file yet.
pub(super) fn load(path: &Path) -> io::Result<Option<State>> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    read(&bytes).map(Some).map_err(|text| io::Error::new(io::ErrorKind::InvalidData, text))
}

/// The file that the state is kept in. It is written without the lock on the world, so that no answer waits for a disk.
#[derive(Debug)]
pub(super) struct StateFile {
    path: PathBuf,
    /// After how many changes the state was taken that it holds; none before the first.
    holds: Mutex<Option<u64>>,
}

impl StateFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, holds: Mutex::new(None) }
    }

    /// Whether the state after so many changes has still to be written.
    pub(super) fn lacks(&self, changes: u64) -> bool {
        self.holds().is_none_or(|held| held < changes)
    }

    fn holds(&self) -> MutexGuard<'_, Option<u64>> {
        self.holds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A state on its way to its file.
pub(super) struct Unsaved {
    pub file: Arc<StateFile>,
    pub changes: u64,
    pub document: Vec<u8>,
}

impl Unsaved {
    /// Writes it, unless another has written a newer one meanwhile.
    pub(super) fn write(self) -> io::Result<()> {
        let mut holds = self.file.holds();
        if holds.is_none_or(|held| held < self.changes) {
            replace(&self.file.path, &self.document)?;
            *holds = Some(self.changes);
        }
        Ok(())
    }
}

/// Writes a file first beside its place, so that a crash leaves the old one or the new one, never half of one.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let fresh = beside(path);
    // What a crash has left there may be open to others.
    if let Err(error) = fs::remove_file(&fresh)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut file = private(&fresh)?;
    file.write_all(content)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&fresh, path)
}

/// A new file that nobody else may read, because of the tokens in it.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn beside(path: &Path) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

#[cfg(test)]
mod tests {
    use std::{fs, sync::Arc};

    use serde_json::{Value, json};

    use super::{StateFile, Unsaved, read};
    use crate::sandbox::{
        env::{Clock, Options},
        oauth,
        world::World,
    };

    fn world() -> World {
        let clock = Clock::Fixed("2026-01-15T09:00:00Z".parse().unwrap());
        World::new(Options { clock, accounts: 2, ..Options::default() })
    }

    fn document(world: &World) -> Vec<u8> {
        super::json(world).unwrap()
    }

    #[test]
    fn a_state_comes_back_as_it_went() {
        let mut first = world();
        let (access, _) = oauth::ready_made(&mut first);
        first.env.advance(90);
        let kept = document(&first);
        let Ok(state) = read(&kept) else { panic!("it reads what it writes") };
        let mut second = World::restored(Options { random: 99, ..first.env.options.clone() }, state);
        assert_eq!(document(&second), kept);
        assert_eq!((second.env.now(), second.env.random()), (first.env.now(), first.env.random()));
        assert!(second.authority.caller(&access, second.env.now()).is_some());
    }

    #[test]
    fn redirect_addresses_of_the_options_are_registered_in_a_kept_state_too() {
        let first = world();
        let Ok(state) = read(&document(&first)) else { panic!("it reads what it writes") };
        let address = "http://localhost:9/back".to_owned();
        let options = Options { redirect_uris: vec![address.clone()], ..first.env.options.clone() };
        let second = World::restored(options, state);
        let registered = |world: &World| world.authority.apps.clone().map(|app| app.redirect_uris.contains(&address));
        assert_eq!((registered(&first), registered(&second)), ([false; 3], [true, true, false]));
    }

    #[test]
    fn an_older_state_never_replaces_a_newer_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let file = Arc::new(StateFile::new(path.clone()));
        let save = |changes: u64, text: &str| {
            Unsaved { file: Arc::clone(&file), changes, document: text.as_bytes().to_vec() }.write().unwrap();
            fs::read_to_string(&path).unwrap()
        };
        assert_eq!((save(2, "second"), save(1, "first")), ("second".to_owned(), "second".to_owned()));
        assert!(file.lacks(3) && !file.lacks(2));
        assert_eq!(save(3, "third"), "third");
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_the_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        for open in [path.clone(), folder.path().join("state.json.new")] {
            fs::write(&open, "left by somebody").unwrap();
            fs::set_permissions(&open, fs::Permissions::from_mode(0o666)).unwrap();
        }
        super::replace(&path, b"{}").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_state_that_cannot_be_read_says_why() {
        let why = |text: &str| read(text.as_bytes()).err().unwrap_or_default();
        assert!(why("{}").contains("no state of a sandbox"));
        assert_eq!(why(r#"{"version":7}"#), "the state has version 7; this sandbox reads version 1");
        let mut broken: Value = serde_json::from_slice(&document(&world())).unwrap();
        broken["position"]["rng"] = json!("x");
        assert!(why(&broken.to_string()).contains("position.rng"));
    }
}

//! The state as one JSON document, to take away and to bring back: accounts, applications and tokens, and where clock
//! and chance stand. Options, faults, quotas and the journal are the server's and stay out of it.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
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
pub(super) fn json(world: &World) -> Vec<u8> {
    serde_json::to_vec(&Written::of(world)).unwrap_or_default()
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

/// Writes the state to a file: first beside it, so that a crash leaves the old one or the new one, never half of one.
pub(super) fn write(world: &World, path: &Path) -> io::Result<()> {
    let fresh = beside(path);
    let mut file = BufWriter::new(File::create(&fresh)?);
    serde_json::to_writer(&mut file, &Written::of(world))?;
    file.flush()?;
    file.get_ref().sync_all()?;
    drop(file);
    fs::rename(&fresh, path)
}

fn beside(path: &Path) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{json as document, read};
    use crate::sandbox::{
        env::{Clock, Options},
        oauth,
        world::World,
    };

    fn world() -> World {
        let clock = Clock::Fixed("2026-01-15T09:00:00Z".parse().unwrap());
        World::new(Options { clock, accounts: 2, ..Options::default() })
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
    fn a_state_that_cannot_be_read_says_why() {
        let why = |text: &str| read(text.as_bytes()).err().unwrap_or_default();
        assert!(why("{}").contains("no state of a sandbox"));
        assert_eq!(why(r#"{"version":7}"#), "the state has version 7; this sandbox reads version 1");
        let mut broken: Value = serde_json::from_slice(&document(&world())).unwrap();
        broken["position"]["rng"] = json!("x");
        assert!(why(&broken.to_string()).contains("position.rng"));
    }
}

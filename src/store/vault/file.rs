//! The master key in a file: it appears whole under its name, only its owner can read it, and while it is being
//! replaced there is no moment at which no key on the disk opens the store.
//!
//! Replacing takes three steps: the new key is written beside the old one as `key.next`, the store is sealed with it,
//! and `key.next` becomes `key`. Whoever dies in between leaves both, and opening tries both.

use std::{
    fs::{self, File, TryLockError},
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use secrecy::zeroize::Zeroizing;

use super::{Key, StoreError};
use crate::clock::Clock;

impl Key {
    /// The key in the file at `path`, made there on first use, readable by its owner only.
    pub fn from_file(path: &Path, clock: &dyn Clock) -> Result<Self, StoreError> {
        match Self::in_file(path)? {
            Some(key) => Ok(key),
            None => Self::create_file(path, clock),
        }
    }

    /// The key in the file at `path`; none where there is no such file.
    pub fn in_file(path: &Path) -> Result<Option<Self>, StoreError> {
        let text = match fs::read_to_string(path).map(Zeroizing::new) {
            Ok(text) => text,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(StoreError(format!("cannot read the key file {}: {e}", path.display()))),
        };
        check_mode(path)?;
        let key = Self::from_hex(&text);
        key.map(Some)
            .ok_or_else(|| StoreError(format!("{} does not hold a key of 64 hexadecimal digits", path.display())))
    }

    /// The key that waits beside the file at `path` to take its place; none where no rotation was begun.
    pub fn next_to_file(path: &Path) -> Result<Option<Self>, StoreError> {
        Self::in_file(&beside(path, "next"))
    }

    /// Two processes may start at once: the file appears whole under its name, and the first one wins.
    fn create_file(path: &Path, clock: &dyn Clock) -> Result<Self, StoreError> {
        let key = Self::generate(clock);
        let draft = draft_beside(path, key.to_hex().as_bytes()).map_err(|e| unwritten(path, &e))?;
        let placed = fs::hard_link(&draft, path).and_then(|()| settle_names(path));
        let _ = fs::remove_file(&draft);
        match placed {
            Ok(()) => Ok(key),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => Self::from_file(path, clock),
            Err(e) => Err(unwritten(path, &e)),
        }
    }
}

/// The right to replace the key in a file. One process at a time has it; it ends with that process, however that ends.
#[derive(Debug)]
pub struct KeyTurn {
    path: PathBuf,
    _lock: File,
}

impl KeyTurn {
    /// Takes the right to replace the key in the file at `path`.
    pub fn begin(path: &Path) -> Result<Self, StoreError> {
        let name = beside(path, "lock");
        let failed = |e: io::Error| StoreError(format!("cannot lock {}: {e}", name.display()));
        let lock = private().create(true).truncate(false).open(&name).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                Err(StoreError(format!("another process is replacing the key {}; wait for its end", path.display())))
            }
            Err(TryLockError::Error(e)) => Err(failed(e)),
        }
    }

    /// The first step: the new key, on the disk beside the old one. One that an earlier rotation left is taken up, for
    /// the store may be sealed with it already.
    pub fn next(&self, clock: &dyn Clock) -> Result<Key, StoreError> {
        Key::from_file(&beside(&self.path, "next"), clock)
    }

    /// The last step: the new key takes the place of the old one, in one move.
    pub fn finish(&self) -> Result<(), StoreError> {
        let moved = fs::rename(beside(&self.path, "next"), &self.path).and_then(|()| settle_names(&self.path));
        moved.map_err(|e| unwritten(&self.path, &e))
    }
}

/// Writes a file of its own beside `path`, readable by its owner only and safely on the disk, to be moved into place.
pub(crate) fn draft_beside(path: &Path, content: &[u8]) -> io::Result<PathBuf> {
    let draft = beside(path, &uuid::Uuid::new_v4().simple().to_string());
    let mut file = private().create_new(true).open(&draft)?;
    let written = file.write_all(content).and_then(|()| file.sync_all());
    if let Err(e) = written {
        let _ = fs::remove_file(&draft);
        return Err(e);
    }
    Ok(draft)
}

/// How files that hold secrets are made.
fn private() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// The file's name with something added.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// A new name must survive a power cut before anything is sealed with what stands under it.
fn settle_names(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

fn unwritten(path: &Path, error: &io::Error) -> StoreError {
    StoreError(format!("cannot write the key file {}: {error}", path.display()))
}

/// A key that others can read is no key.
#[cfg(unix)]
fn check_mode(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path).map_err(|e| StoreError(format!("{}: {e}", path.display())))?.permissions().mode();
    let others = mode & 0o077;
    if others == 0 {
        return Ok(());
    }
    Err(StoreError(format!("the key file {} can be read by others; run: chmod 600 {}", path.display(), path.display())))
}

#[cfg(not(unix))]
fn check_mode(_: &Path) -> Result<(), StoreError> {
    Ok(())
}

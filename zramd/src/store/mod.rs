//! What outlives the daemon, on disk.
//!
//! The file is replaced, never changed: written beside itself, brought to the disk, renamed, and the folder brought to the disk too. So after a
//! crash, of the program or the machine, there is the old one or the new one. What it holds is followed by its hash: a file that a disk has lost half
//! of is known to be wrong, and a wrong one is not the same as none. Without any file the daemon is here for the first time; with a wrong one it has written
//! nobody knows how much.

mod file;

use std::io;

use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};

pub use file::FileStore;

/// Where something is kept.
pub trait Store {
    /// What was kept last; `None`: nothing ever was.
    ///
    /// # Errors
    /// When that cannot be found out.
    fn load(&mut self) -> io::Result<Option<Vec<u8>>>;

    /// Keeps this in the place of what was kept before. It is on the disk when this returns.
    ///
    /// # Errors
    /// When it may not be.
    fn save(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Where, for people.
    fn place(&self) -> String;
}

/// What was kept cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// It could not be read.
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// It has no hash, or another.
    #[error("it is damaged: its hash is not the one that it was saved with")]
    Damaged,
    /// It is whole, and not understood: of another version.
    #[error("it is whole, and this version does not understand it: {0}")]
    Strange(serde_json::Error),
}

/// Reads what was kept; `None`: nothing ever was.
///
/// # Errors
/// When it cannot be used, and why.
pub fn load<T: DeserializeOwned>(store: &mut dyn Store) -> Result<Option<T>, Unusable> {
    let Some(bytes) = store.load()? else { return Ok(None) };
    let text = std::str::from_utf8(&bytes).map_err(|_| Unusable::Damaged)?;
    let (body, hash) = text.trim_end().rsplit_once('\n').ok_or(Unusable::Damaged)?;
    if hash != hash_of(body) {
        return Err(Unusable::Damaged);
    }
    serde_json::from_str(body).map(Some).map_err(Unusable::Strange)
}

/// Keeps something.
///
/// # Errors
/// When it may not be on the disk.
pub fn save<T: Serialize>(store: &mut dyn Store, what: &T) -> io::Result<()> {
    let body = serde_json::to_string(what)?;
    let hash = hash_of(&body);
    store.save(format!("{body}\n{hash}\n").as_bytes())
}

fn hash_of(body: &str) -> String {
    Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// In memory: for a machine that is simulated.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(pub Option<Vec<u8>>);

impl Store for MemoryStore {
    fn load(&mut self) -> io::Result<Option<Vec<u8>>> {
        Ok(self.0.clone())
    }

    fn save(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0 = Some(bytes.to_vec());
        Ok(())
    }

    fn place(&self) -> String {
        "memory".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_damaged_is_not_the_same_as_nothing() {
        let mut store = MemoryStore::default();
        assert!(load::<Vec<u32>>(&mut store).unwrap().is_none());
        save(&mut store, &vec![1, 2, 3]).unwrap();
        assert_eq!(load(&mut store).unwrap(), Some(vec![1, 2, 3]));
        let whole = store.0.clone().unwrap();
        // Every byte changed, and every shorter file.
        for at in 0..whole.len() - 1 {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            let mut store = MemoryStore(Some(bytes));
            assert!(matches!(load::<Vec<u32>>(&mut store), Err(Unusable::Damaged)), "byte {at}");
            let mut store = MemoryStore(Some(whole[..at].to_vec()));
            assert!(matches!(load::<Vec<u32>>(&mut store), Err(Unusable::Damaged)), "cut at {at}");
        }
        let mut store = MemoryStore(Some(whole));
        assert!(matches!(load::<String>(&mut store), Err(Unusable::Strange(_))));
    }
}

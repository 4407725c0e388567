//! The cache folder: everything this program downloads or builds for itself.
//!
//! One folder per user (`$XDG_CACHE_HOME/zram-rs`, or where `ZRAM_RS_CACHE` points), shared by all checkouts: an
//! entry's key says everything its content depends on, so two checkouts that want the same thing find the same entry and
//! two that want different things do not disturb each other.
//!
//! An entry is a folder that appears by `rename(2)` after it is complete, with a manifest of sizes and SHA-256 sums. A reader
//! takes no lock: an entry exists whole or not at all. A builder takes the entry's lock, works in a staging folder of that
//! entry, and publishes. A staging folder whose lock nobody holds may be swept, and each builder does; so what a
//! killed run leaves behind lasts until the next one. An entry that does not match its manifest is rebuilt, with
//! a sentence saying why.

mod entry;
mod lock;
mod space;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

pub(crate) use entry::{Entry, Facts, sha256};
pub(crate) use lock::Lock;
pub(crate) use space::{BUILD_SPACE, explain_full_disk, require_space};

use crate::context::Cx;
use entry::Found;

/// Overrides where the cache lives.
pub(crate) const CACHE_VARIABLE: &str = "ZRAM_RS_CACHE";

/// The cache folder.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    root: PathBuf,
}

impl Cache {
    /// The folder named by `ZRAM_RS_CACHE`, or the user's cache folder. Nothing is created yet.
    pub(crate) fn locate() -> anyhow::Result<Self> {
        let root = match std::env::var_os(CACHE_VARIABLE) {
            Some(path) if !path.is_empty() => std::path::absolute(PathBuf::from(path))?,
            _ => dirs::cache_dir()
                .with_context(|| {
                    format!("there is no home folder to cache in: set {CACHE_VARIABLE} to a folder")
                })?
                .join("zram-rs"),
        };
        Ok(Self { root })
    }

    /// A cache in the given folder.
    #[cfg(test)]
    pub(crate) fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// The folder itself.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where the entry of this key is or would be.
    pub(crate) fn place(&self, key: &str) -> PathBuf {
        self.root.join(key)
    }

    /// The sound entry of this key, if there is one. Never touches the network, never repairs.
    pub(crate) fn get(&self, key: &str) -> anyhow::Result<Option<Entry>> {
        Ok(match Entry::find(&self.place(key))? {
            Found::Sound(entry) => Some(entry),
            Found::Absent | Found::Damaged(_) => None,
        })
    }

    /// What is wrong with the entry of this key, if there is one and something is.
    pub(crate) fn damage(&self, key: &str) -> anyhow::Result<Option<String>> {
        Ok(match Entry::find(&self.place(key))? {
            Found::Damaged(why) => Some(why),
            Found::Absent | Found::Sound(_) => None,
        })
    }

    /// The entry of this key: as it stands if sound, else built by `fill` in a staging folder and then published.
    ///
    /// `fill` gets the staging folder and returns the facts to record. If it fails, nothing is left of the attempt.
    pub(crate) fn ensure(
        &self,
        cx: &Cx,
        key: &str,
        fill: impl FnOnce(&Path) -> anyhow::Result<Facts>,
    ) -> anyhow::Result<Entry> {
        let place = self.place(key);
        match Entry::find(&place)? {
            Found::Sound(entry) => return Ok(entry),
            Found::Absent => {}
            Found::Damaged(why) => {
                cx.progress
                    .say(&format!("cache entry {} is damaged ({why}): it is made again", place.display()));
            }
        }
        let lock = self.lock(cx, key)?;
        // Somebody else may have finished it while this program waited for the lock.
        if let Found::Sound(entry) = Entry::find(&place)? {
            return Ok(entry);
        }
        let stage = lock.stage()?;
        let facts = fill(stage.path()).map_err(|error| explain_full_disk(error, &self.root))?;
        Entry::seal(stage.path(), facts).map_err(|error| explain_full_disk(error, &self.root))?;
        self.publish(&lock, stage, &place)?;
        match Entry::find(&place)? {
            Found::Sound(entry) => Ok(entry),
            Found::Absent | Found::Damaged(_) => bail!(
                "the entry just written to {} does not read back as written: the disk or another program changes files there",
                place.display()
            ),
        }
    }

    fn publish(&self, lock: &lock::EntryLock, stage: tempfile::TempDir, place: &Path) -> anyhow::Result<()> {
        let parent = place.parent().unwrap_or(&self.root);
        std::fs::create_dir_all(parent)?;
        // rename(2) does not replace a folder with something in it: the damaged one steps aside first.
        let _old = if place.exists() {
            let aside = lock.stage()?;
            std::fs::rename(place, aside.path().join("old"))?;
            Some(aside)
        } else {
            None
        };
        let staged = stage.keep();
        std::fs::rename(&staged, place)
            .with_context(|| format!("cannot move the finished entry to {}", place.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::fs;

    fn fixture() -> (tempfile::TempDir, Cx) {
        let folder = tempfile::tempdir().unwrap();
        let cx = Cx::for_test(Cache::at(&folder.path().join("cache")));
        (folder, cx)
    }

    fn fill(stage: &Path) -> anyhow::Result<Facts> {
        fs::write(stage.join("image"), b"kernel")?;
        fs::create_dir(stage.join("sub"))?;
        std::os::unix::fs::symlink("../image", stage.join("sub/link"))?;
        Ok(Facts::from([("version".to_owned(), "1.2".to_owned())]))
    }

    /// How much lies in the staging area of the key.
    fn staged(cx: &Cx) -> usize {
        fs::read_dir(cx.cache.root().join("staging/kind+key")).unwrap().count()
    }

    fn built_again(damage: impl FnOnce(&Path)) -> bool {
        let (_folder, cx) = fixture();
        let entry = cx.cache.ensure(&cx, "kind/key", fill).unwrap();
        damage(entry.path());
        let again = Cell::new(false);
        let entry = cx
            .cache
            .ensure(&cx, "kind/key", |stage| {
                again.set(true);
                fill(stage)
            })
            .unwrap();
        assert_eq!(fs::read(entry.path().join("image")).unwrap(), b"kernel");
        again.get()
    }

    #[test]
    fn a_sound_entry_is_used_as_it_is() {
        assert!(!built_again(|_| {}));
    }

    #[test]
    fn every_kind_of_damage_leads_to_a_rebuild() {
        assert!(
            built_again(|entry| fs::write(entry.join("image"), b"kernes").unwrap()),
            "same size, other bytes"
        );
        assert!(built_again(|entry| fs::write(entry.join("image"), b"kern").unwrap()), "truncated");
        assert!(built_again(|entry| fs::remove_file(entry.join("image")).unwrap()), "missing");
        assert!(built_again(|entry| fs::remove_file(entry.join("sub/link")).unwrap()), "missing link");
        assert!(built_again(|entry| fs::write(entry.join("MANIFEST.json"), b"{").unwrap()), "manifest cut");
        assert!(built_again(|entry| fs::remove_file(entry.join("MANIFEST.json")).unwrap()), "no manifest");
    }

    #[test]
    fn get_does_not_hand_out_damage() {
        let (_folder, cx) = fixture();
        assert!(cx.cache.get("kind/key").unwrap().is_none());
        let entry = cx.cache.ensure(&cx, "kind/key", fill).unwrap();
        assert_eq!(cx.cache.get("kind/key").unwrap().unwrap().fact("version"), Some("1.2"));
        fs::write(entry.path().join("image"), b"kernes").unwrap();
        assert!(cx.cache.get("kind/key").unwrap().is_none());
        assert!(cx.cache.damage("kind/key").unwrap().is_some_and(|why| why.contains("image")));
        assert_eq!(cx.cache.damage("kind/other").unwrap(), None);
    }

    #[test]
    fn a_failed_fill_leaves_nothing() {
        let (_folder, cx) = fixture();
        let error = cx.cache.ensure(&cx, "kind/key", |stage| {
            fs::write(stage.join("half"), b"half")?;
            bail!("the mirror went away")
        });
        assert!(format!("{:#}", error.unwrap_err()).contains("the mirror went away"));
        assert!(!cx.cache.place("kind").exists());
        assert_eq!(staged(&cx), 0);
    }

    #[test]
    fn a_failed_repair_keeps_no_half_entry_either() {
        let (_folder, cx) = fixture();
        let entry = cx.cache.ensure(&cx, "kind/key", fill).unwrap();
        fs::write(entry.path().join("image"), b"x").unwrap();
        assert!(cx.cache.ensure(&cx, "kind/key", |_| bail!("no")).is_err());
        assert!(cx.cache.get("kind/key").unwrap().is_none());
        assert_eq!(staged(&cx), 0);
    }

    #[test]
    fn what_a_killed_run_left_is_swept_up() {
        let (_folder, cx) = fixture();
        for key in ["kind+key", "kind+other"] {
            let left = cx.cache.root().join("staging").join(key).join("stage-killed");
            fs::create_dir_all(&left).unwrap();
            fs::write(left.join("half"), b"half").unwrap();
        }
        cx.cache.ensure(&cx, "kind/key", fill).unwrap();
        assert_eq!(staged(&cx), 0);
        assert!(!cx.cache.root().join("staging/kind+other").exists());
    }

    #[test]
    fn another_entry_is_made_while_one_is_being_made() {
        let (_folder, cx) = fixture();
        let entry = cx.cache.ensure(&cx, "kind/key", |stage| {
            fs::write(stage.join("half"), b"half")?;
            cx.cache.ensure(&cx, "kind/other", fill)?;
            assert!(stage.join("half").exists(), "the other one swept what is being made");
            fill(stage)
        });
        assert!(entry.unwrap().path().join("half").exists());
        assert!(cx.cache.get("kind/other").unwrap().is_some());
    }

    #[test]
    fn a_lock_is_free_again_when_its_holder_is_gone() {
        let (_folder, cx) = fixture();
        let held = cx.cache.exclusive(&cx, "a/b", "testing").unwrap();
        let free = || fs::File::open(cx.cache.root().join("locks/a+b")).unwrap().try_lock().is_ok();
        assert!(!free());
        drop(held);
        assert!(free());
    }

    #[test]
    fn a_full_disk_is_told_in_a_sentence() {
        let (_folder, cx) = fixture();
        let error = cx
            .cache
            .ensure(&cx, "kind/key", |_| Err(std::io::Error::from(std::io::ErrorKind::StorageFull).into()))
            .unwrap_err();
        let text = format!("{error:#}");
        assert!(
            text.contains(CACHE_VARIABLE) && text.contains(&*cx.cache.root().to_string_lossy()),
            "{text}"
        );
    }

    #[test]
    fn two_builders_build_once() {
        let (_folder, cx) = fixture();
        let count = std::sync::atomic::AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    cx.cache
                        .ensure(&cx, "kind/key", |stage| {
                            count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                            std::thread::sleep(std::time::Duration::from_millis(50));
                            fill(stage)
                        })
                        .unwrap()
                });
            }
        });
        assert_eq!(count.into_inner(), 1);
    }
}

//! What workloads hold, as far as the operations say it: pages of the occupant and of files, and what
//! is in use.
//!
//! It is no model of swap or of a file system. It knows what somebody who wrote these pages must read,
//! and which operations make no sense in which order; that is the same on every kernel, and both
//! worlds keep it: the machine's, to say which page came back wrong, and the model's, to say what
//! should come back.

use std::collections::{BTreeMap, BTreeSet};

use nix::errno::Errno;
use sha2::{Digest as _, Sha256};

use crate::protocol::{Content, Work};

/// What is held, since `begin`.
#[derive(Clone, Debug, Default)]
pub struct Holdings {
    occupant: Option<Vec<Content>>,
    swaps: BTreeSet<u32>,
    mounted: BTreeSet<u32>,
    /// By device and name. They stay while the device is not mounted.
    files: BTreeMap<(u32, String), Vec<Content>>,
}

/// What a workload comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// What the operation succeeds with.
    pub value: u64,
    /// The pages that are read, as they were last written; `None` where nothing is to be read.
    pub read: Option<Vec<Content>>,
}

impl Expected {
    fn value(value: usize) -> Self {
        Self { value: value as u64, read: None }
    }

    fn read(pages: &[Content]) -> Self {
        Self { value: pages.len() as u64, read: Some(pages.to_vec()) }
    }
}

impl Holdings {
    /// Takes note of a workload; what somebody who does it must see.
    ///
    /// # Errors
    /// What the kernel answers; or that there is no occupant (`ESRCH`), that there is one already (`EEXIST`), or that
    /// it has no such pages (`EFAULT`).
    pub fn note(&mut self, dev: u32, work: Work<'_>) -> Result<Expected, Errno> {
        match work {
            Work::SwapOn { .. } | Work::Mount { .. } if self.in_use(dev) => Err(Errno::EBUSY),
            Work::SwapOn { .. } => {
                self.swaps.insert(dev);
                Ok(Expected::default())
            }
            Work::Mount { .. } => {
                self.mounted.insert(dev);
                Ok(Expected::default())
            }
            Work::SwapOff => self.swaps.remove(&dev).then(Expected::default).ok_or(Errno::EINVAL),
            Work::Unmount => self.mounted.remove(&dev).then(Expected::default).ok_or(Errno::EINVAL),
            Work::Pressure { .. } if self.occupant.is_some() => Err(Errno::EEXIST),
            Work::Pressure { pages, .. } => {
                self.occupant = Some(pages.to_vec());
                Ok(Expected::value(pages.len()))
            }
            Work::Revisit { first, count, pages } => {
                let held = self.occupant.as_mut().ok_or(Errno::ESRCH)?;
                let (first, count) = (first as usize, count as usize);
                let read = Expected::read(held.get(first..first + count).ok_or(Errno::EFAULT)?);
                let written = held.get_mut(first..first + pages.len()).ok_or(Errno::EFAULT)?;
                written.copy_from_slice(pages);
                Ok(read)
            }
            Work::Relieve => self.occupant.take().map(|_| Expected::default()).ok_or(Errno::ESRCH),
            _ if !self.mounted.contains(&dev) => Err(Errno::ENOENT),
            Work::WriteFile { name, at, pages } => {
                let file = self.files.entry((dev, name.to_owned())).or_default();
                let (at, end) = (at as usize, at as usize + pages.len());
                if file.len() < end {
                    file.resize(end, Content::Zero);
                }
                file[at..end].copy_from_slice(pages);
                Ok(Expected::value(pages.len()))
            }
            Work::ReadFile { name } => {
                let file = self.files.get(&(dev, name.to_owned())).ok_or(Errno::ENOENT)?;
                Ok(Expected::read(file))
            }
            Work::RemoveFile { name } => {
                let removed = self.files.remove(&(dev, name.to_owned()));
                removed.map(|_| Expected::default()).ok_or(Errno::ENOENT)
            }
            Work::Trim => Ok(Expected::default()),
        }
    }

    /// Every page that is held, and of files those of this device.
    pub fn pages(&self, dev: u32) -> impl Iterator<Item = Content> {
        let of_files = self.files.iter().filter(move |((of, _), _)| *of == dev).flat_map(|(_, pages)| pages);
        self.occupant.iter().flatten().chain(of_files).copied()
    }

    /// The files of a device, by name.
    pub(crate) fn files(&self, dev: u32) -> impl Iterator<Item = (&str, &[Content])> {
        let of_dev = self.files.iter().filter(move |((of, _), _)| *of == dev);
        of_dev.map(|((_, name), pages)| (name.as_str(), pages.as_slice()))
    }

    /// Whether a device is swapped to or mounted.
    #[must_use]
    pub fn in_use(&self, dev: u32) -> bool {
        self.swaps.contains(&dev) || self.mounted.contains(&dev)
    }
}

/// What stands for pages that were read: SHA-256 over the SHA-256 of each, in hexadecimal.
#[derive(Clone, Debug, Default)]
pub struct PagesRead(Sha256);

impl PagesRead {
    /// One more page.
    pub fn page(&mut self, bytes: &[u8]) {
        self.0.update(Sha256::digest(bytes));
    }

    /// Of all pages so far.
    #[must_use]
    pub fn digest(self) -> String {
        self.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The digest of the pages with these contents.
#[must_use]
pub fn digest_of(pages: &[Content]) -> String {
    let mut read = PagesRead::default();
    for page in pages {
        read.page(&page.bytes()[..]);
    }
    read.digest()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(seed: u32) -> Content {
        Content::Text { seed }
    }

    #[test]
    fn what_is_read_was_written_last_and_before() {
        let mut held = Holdings::default();
        let pages = [text(0), text(1), text(2)];
        held.note(0, Work::Pressure { limit: 1, pages: &pages }).unwrap();
        let again = Work::Revisit { first: 1, count: 2, pages: &[text(9)] };
        assert_eq!(held.note(0, again).unwrap().read, Some(vec![text(1), text(2)]));
        assert_eq!(held.note(0, again).unwrap().read, Some(vec![text(9), text(2)]));
        let beyond = Work::Revisit { first: 2, count: 2, pages: &[] };
        assert_eq!(held.note(0, beyond), Err(Errno::EFAULT));
        held.note(0, Work::Relieve).unwrap();
        assert_eq!(held.note(0, Work::Relieve), Err(Errno::ESRCH));
    }

    #[test]
    fn files_need_a_mount_and_outlive_it() {
        let mut held = Holdings::default();
        let write = Work::WriteFile { name: "a", at: 1, pages: &[text(1)] };
        assert_eq!(held.note(0, write), Err(Errno::ENOENT));
        held.note(0, Work::Mount { discard: true }).unwrap();
        held.note(0, write).unwrap();
        assert_eq!(
            held.note(0, Work::SwapOn { priority: None, discard: Default::default() }),
            Err(Errno::EBUSY)
        );
        held.note(0, Work::Unmount).unwrap();
        held.note(0, Work::Mount { discard: true }).unwrap();
        let read = held.note(0, Work::ReadFile { name: "a" }).unwrap();
        assert_eq!(read, Expected { value: 2, read: Some(vec![Content::Zero, text(1)]) });
        held.note(0, Work::RemoveFile { name: "a" }).unwrap();
        assert_eq!(held.pages(0).count(), 0);
    }
}

//! Workloads on a machine: what they leave running, and what they say of themselves.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use nix::errno::Errno;
use zram_host::{
    live::{swap_off, swap_on},
    swap::SwapOptions,
};

use super::{cgroup::Cgroup, filesystem::Filesystem, occupant::Occupant, swap};
use crate::{
    occupant::{Reply, Request},
    protocol::{Content, Placement, Report, Work, WorkKind},
    workload::{Expected, Holdings, PagesRead},
    world::{Trouble, Worked},
};

/// Bytes of a page.
const PAGE: usize = 4096;

/// What this machine can carry.
pub(super) fn kinds() -> Vec<WorkKind> {
    let swap = Path::new("/proc/swaps").exists() && Cgroup::new().and_then(Cgroup::remove).is_ok();
    let known = fs::read_to_string("/proc/filesystems").unwrap_or_default();
    let ext4 = known.lines().any(|line| line.split_whitespace().last() == Some("ext4"));
    let there = |kind: &WorkKind| match kind {
        WorkKind::Swap => swap,
        WorkKind::Filesystem => ext4,
    };
    WorkKind::ALL.iter().copied().filter(there).collect()
}

/// What is running.
#[derive(Debug, Default)]
pub(super) struct Workloads {
    holdings: Holdings,
    occupant: Option<Occupant>,
    swaps: BTreeMap<u32, PathBuf>,
    mounted: BTreeMap<u32, Filesystem>,
}

type Answer = Result<Result<Worked, Errno>, Trouble>;

impl Workloads {
    /// Does it, on the device at `node`. What is refused is an errno; what the agent itself cannot do is trouble.
    pub(super) fn work(&mut self, dev: u32, node: &Path, work: Work<'_>) -> Answer {
        match work {
            Work::Pressure { .. } | Work::Revisit { .. } | Work::Relieve => self.occupy(dev, work),
            _ => Ok(self.attempt(dev, node, work)),
        }
    }

    /// The occupant is ours, and so are the refusals.
    fn occupy(&mut self, dev: u32, work: Work<'_>) -> Answer {
        let expected = match self.holdings.note(dev, work) {
            Ok(expected) => expected,
            Err(errno) => return Ok(Err(errno)),
        };
        let reply = match work {
            Work::Pressure { limit, pages } => {
                let occupant = self.occupant.insert(Occupant::start(pages.len())?);
                let request = Request { first: 0, count: 0, pages: pages.to_vec() };
                Some(occupant.ask(&request, Some(limit))?)
            }
            Work::Revisit { first, count, pages } => {
                let request = Request { first, count, pages: pages.to_vec() };
                self.occupant.as_mut().map(|occupant| occupant.ask(&request, None)).transpose()?
            }
            _ => {
                self.end_occupant()?;
                None
            }
        };
        let report = reply.map(|reply| self.report(reply, &expected)).unwrap_or_default();
        Ok(Ok(Worked { value: expected.value, report }))
    }

    /// Offsets in a swap area are slots only where there is one area, and it is ours.
    fn report(&self, reply: Reply, expected: &Expected) -> Report {
        let ours = self.swaps.values().any(|path| swap::is_only(path));
        let out = reply.out.into_iter().filter(|_| ours);
        Report {
            digest: expected.read.is_some().then_some(reply.digest),
            wrong: reply.wrong,
            placed: out.map(|(slot, content)| Placement { slot, content }).collect(),
        }
    }

    /// The rest is the kernel's.
    fn attempt(&mut self, dev: u32, node: &Path, work: Work<'_>) -> Result<Worked, Errno> {
        let read = self.call(dev, node, work)?;
        let expected = self.holdings.note(dev, work).unwrap_or_default();
        let mut report = Report { placed: self.places(dev), ..Report::default() };
        if let Some(bytes) = read {
            let pages = expected.read.as_deref().unwrap_or_default();
            (report.digest, report.wrong) = held_against(&bytes, pages);
        }
        Ok(Worked { value: expected.value, report })
    }

    fn call(&mut self, dev: u32, node: &Path, work: Work<'_>) -> Result<Option<Vec<u8>>, Errno> {
        match work {
            Work::SwapOn { priority, discard } => {
                swap_on(node, SwapOptions { priority, discard: discard.into() })?;
                self.swaps.insert(dev, node.to_owned());
            }
            Work::SwapOff => {
                swap_off(node)?;
                self.swaps.remove(&dev);
            }
            Work::Mount { discard } => {
                self.mounted.insert(dev, Filesystem::mount(dev, node, discard)?);
            }
            Work::Unmount => {
                self.mounted.get(&dev).ok_or(Errno::EINVAL)?.unmount()?;
                self.mounted.remove(&dev);
            }
            _ => return self.in_filesystem(dev, work),
        }
        Ok(None)
    }

    fn in_filesystem(&self, dev: u32, work: Work<'_>) -> Result<Option<Vec<u8>>, Errno> {
        let filesystem = self.mounted.get(&dev).ok_or(Errno::ENOENT)?;
        match work {
            Work::WriteFile { name, at, pages } => filesystem.write(name, at, pages)?,
            Work::ReadFile { name } => return filesystem.read(name).map(Some),
            Work::RemoveFile { name } => filesystem.remove(name)?,
            _ => filesystem.trim()?,
        }
        Ok(None)
    }

    /// Where the files of a mounted device lie. What the file system does not say is not known.
    fn places(&self, dev: u32) -> Vec<Placement> {
        let Some(filesystem) = self.mounted.get(&dev) else { return Vec::new() };
        let places =
            |(name, contents): (&str, &[Content])| filesystem.places(name, contents).unwrap_or_default();
        self.holdings.files(dev).flat_map(places).collect()
    }

    fn end_occupant(&mut self) -> Result<(), Trouble> {
        self.occupant.take().map_or(Ok(()), Occupant::end)
    }

    /// Ends everything.
    pub(super) fn end(&mut self) -> Result<(), Trouble> {
        self.end_occupant()?;
        for (dev, filesystem) in &self.mounted {
            let doing = || format!("unmounting zram{dev}");
            filesystem.unmount().map_err(|errno| Trouble::setup(doing(), errno))?;
        }
        for (dev, path) in &self.swaps {
            let doing = || format!("no longer swapping to zram{dev}");
            swap_off(path).map_err(|errno| Trouble::setup(doing(), errno))?;
        }
        *self = Self::default();
        Ok(())
    }
}

/// The digest of what was read, and which pages of it are not as expected; one that is missing is not.
fn held_against(bytes: &[u8], expected: &[Content]) -> (Option<String>, Vec<u32>) {
    let mut read = PagesRead::default();
    bytes.chunks(PAGE).for_each(|page| read.page(page));
    let mut pages = bytes.chunks(PAGE);
    let wrong = (0..).zip(expected).filter(|(_, content)| pages.next() != Some(&content.bytes()[..]));
    let wrong = wrong.map(|(page, _)| page).collect();
    (Some(read.digest()), wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::digest_of;

    #[test]
    fn what_was_read_is_held_against_what_was_written() {
        let pages = [Content::Text { seed: 1 }, Content::Zero];
        let mut bytes: Vec<u8> = pages.iter().flat_map(|page| *page.bytes()).collect();
        assert_eq!(held_against(&bytes, &pages), (Some(digest_of(&pages)), vec![]));
        bytes[PAGE] = 1;
        assert_eq!(held_against(&bytes, &pages).1, [1]);
        assert_eq!(held_against(&bytes[..PAGE], &pages).1, [1]);
    }
}

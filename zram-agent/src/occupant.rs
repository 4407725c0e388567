//! The occupant: a process that holds pages while its memory cgroup has no room for all of them.
//!
//! Only these pages are to go out to swap, since only of these it is known what they hold. So
//! everything else that the process has is locked into memory, and stays so: its program, its stack, and
//! whatever it allocates later. It runs from the same binary as the agent, from the beginning and not
//! as a fork, since a fork would share the agent's pages, which are in no small cgroup.
//!
//! It does as it is told, line by line, and ends with its input. Between the first request and the work it
//! waits for a word, so that the cgroup can be given its limit when everything but the pages is there.

use std::{
    fs::File,
    io::{self, BufRead as _, Write as _},
    num::NonZeroUsize,
    os::unix::fs::FileExt as _,
    ptr::NonNull,
};

use anyhow::{Context as _, Result, bail};
use nix::{
    libc,
    sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munlock},
};
use serde::{Deserialize, Serialize};

use crate::{protocol::Content, workload::PagesRead};

/// Bytes of a page.
const PAGE: usize = 4096;

/// What the occupant is asked to do: to read, then to write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Request {
    /// First page.
    pub(crate) first: u32,
    /// How many are read.
    pub(crate) count: u32,
    /// What is written from the first page on.
    pub(crate) pages: Vec<Content>,
}

/// What it answers when that is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reply {
    /// Of the pages read, one after the other.
    pub(crate) digest: String,
    /// Those that did not hold what was written to them.
    pub(crate) wrong: Vec<u32>,
    /// Pages that are out: offset in the swap area, and content.
    pub(crate) out: Vec<(u32, Content)>,
}

/// The line that the occupant writes when it has understood a request.
pub(crate) const UNDERSTOOD: &str = "understood";
/// The line upon which it begins.
pub(crate) const BEGIN: &str = "begin";

/// The process, for so many pages.
///
/// # Errors
/// When the kernel refuses something, or a line makes no sense.
pub fn run(pages: &str) -> Result<()> {
    let count: usize = pages.parse().with_context(|| format!("{pages} is no number of pages"))?;
    lock_everything()?;
    let mut held = Held::new(count)?;
    let mut lines = io::stdin().lock().lines();
    while let Some(line) = lines.next() {
        let request: Request = serde_json::from_str(&line?).context("reading a request")?;
        answer(UNDERSTOOD)?;
        match lines.next().transpose()? {
            Some(word) if word == BEGIN => {}
            Some(word) => bail!("{word:?} came instead of {BEGIN:?}"),
            None => return Ok(()),
        }
        answer(&serde_json::to_string(&held.serve(&request)?)?)?;
    }
    Ok(())
}

fn answer(line: &str) -> Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{line}").and_then(|()| output.flush()).context("answering")
}

/// What there is stays in memory, and what comes does so from the moment that it is touched.
fn lock_everything() -> Result<()> {
    let flags = libc::MCL_CURRENT | libc::MCL_FUTURE | libc::MCL_ONFAULT;
    // SAFETY: no memory is passed; all that changes is that pages stay.
    let done = unsafe { libc::mlockall(flags) };
    nix::errno::Errno::result(done).map(drop).context("locking the occupant's own memory")
}

/// The pages.
struct Held {
    start: NonNull<libc::c_void>,
    contents: Vec<Content>,
}

impl Held {
    fn new(count: usize) -> Result<Self> {
        let bytes = count.checked_mul(PAGE).and_then(NonZeroUsize::new).context("no pages to hold")?;
        let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: a new mapping where the kernel likes; it is never unmapped, so that it outlives every use.
        let start = unsafe { mmap_anonymous(None, bytes, access, MapFlags::MAP_PRIVATE) }
            .context("mapping the occupant's pages")?;
        // SAFETY: the range is the mapping just made; nothing of it was touched, so none of it is locked yet.
        unsafe { munlock(start, bytes.get()) }.context("leaving the occupant's pages to the kernel")?;
        Ok(Self { start, contents: vec![Content::Zero; count] })
    }

    fn bytes(&mut self) -> &mut [u8] {
        let len = self.contents.len() * PAGE;
        // SAFETY: the mapping is as long, readable, writable, zeroed by the kernel, and borrowed only through `self`.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr().cast(), len) }
    }

    fn page(&mut self, page: usize) -> &mut [u8] {
        &mut self.bytes()[page * PAGE..(page + 1) * PAGE]
    }

    fn serve(&mut self, request: &Request) -> Result<Reply> {
        let (first, count) = (request.first as usize, request.count as usize);
        if first + count.max(request.pages.len()) > self.contents.len() {
            bail!("{request:?} asks for pages that are not there");
        }
        let (mut read, mut wrong) = (PagesRead::default(), Vec::new());
        for page in first..first + count {
            let expected = self.contents[page].bytes();
            let found = self.page(page);
            if *found != expected[..] {
                wrong.push(page as u32);
            }
            read.page(found);
        }
        for (page, content) in (first..).zip(&request.pages) {
            self.page(page).copy_from_slice(&content.bytes()[..]);
            self.contents[page] = *content;
        }
        Ok(Reply { digest: read.digest(), wrong, out: self.out()? })
    }

    /// Pages that the page table says are in a swap area. One that is still in the swap cache, too, has perhaps been taken
    /// out of the page table and not been written yet, so that its slot holds something else, or nothing.
    fn out(&self) -> Result<Vec<(u32, Content)>> {
        let mut cached = vec![0_u8; self.contents.len()];
        // SAFETY: the kernel writes a byte for each page of the mapping, and there are as many.
        let done =
            unsafe { libc::mincore(self.start.as_ptr(), self.contents.len() * PAGE, cached.as_mut_ptr()) };
        nix::errno::Errno::result(done).context("asking which pages are in memory")?;
        let mut table = vec![0; self.contents.len() * size_of::<u64>()];
        let at = self.start.as_ptr().addr() / PAGE * size_of::<u64>();
        let path = "/proc/self/pagemap";
        File::open(path)
            .and_then(|file| file.read_exact_at(&mut table, at as u64))
            .with_context(|| format!("reading {path}"))?;
        let entries = table.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes));
        let out = entries.zip(&self.contents).zip(cached).filter(|(_, cached)| cached & 1 == 0);
        Ok(out.filter_map(|((entry, content), _)| Some((offset(entry)?, *content))).collect())
    }
}

/// The offset in the swap area that an entry of `pagemap` names, if it names one: bit 62, bits 5 to 54.
fn offset(entry: u64) -> Option<u32> {
    let out = entry & 1 << 62 != 0;
    u32::try_from(entry >> 5 & ((1 << 50) - 1)).ok().filter(|_| out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_the_page_map() {
        assert_eq!(offset(1 << 62 | 77 << 5 | 3), Some(77));
        assert_eq!(offset(1 << 63 | 77 << 5), None);
        assert_eq!(offset(0), None);
    }

    #[test]
    fn what_was_overwritten_behind_its_back_is_told() {
        let mut held = Held::new(3).unwrap();
        let pages = vec![Content::Text { seed: 1 }, Content::Same { word: 7 }];
        let put = Request { first: 1, count: 0, pages };
        held.serve(&put).unwrap();
        let look = Request { first: 0, count: 3, pages: Vec::new() };
        let reply = held.serve(&look).unwrap();
        assert_eq!((reply.wrong, reply.digest), (vec![], crate::workload::digest_of(&held.contents)));
        held.page(2)[4095] ^= 1;
        let reply = held.serve(&look).unwrap();
        assert_eq!(reply.wrong, [2]);
        assert_ne!(reply.digest, crate::workload::digest_of(&held.contents));
    }
}

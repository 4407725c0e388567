//! Writing a page: same-filled, compressed or as it is (`zram_write_page`).
//!
//! The order is the rule here. The new object is allocated and filled before the old one is freed:
//! so a failed write keeps the old content, and the new object cannot take the old one's place.
//! `mem_limit` and `mem_used_max` look at the pool in between, when both are there.

use zram_events::{BioOp, Event, SlotIndex};

use super::{
    codec::Priority,
    device::Live,
    slot::flag::{HUGE, IDLE, SAME},
    stats::add,
};
use crate::{
    context::Call,
    environment::Environment,
    errno::Errno,
    mutation::Mutation,
    page::PageBytes,
    site::Site,
    zsmalloc::{Handle, object::Written},
};

/// What a page to be written comes to, where only that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stored {
    /// One word, repeated.
    Same(u64),
    /// The bytes that `zcomp_compress` makes of it. From `huge_class_size` on it is stored uncompressed.
    Compressed(u32),
    /// Not worth compressing: as [`Stored::Compressed`] with the bytes of a page.
    Huge,
}

/// A page of a write that somebody else made and a checker follows: its bytes where they are known, and else what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Incoming {
    /// The page.
    Page(Box<PageBytes>),
    /// What it came to. What is stored is [unknown](crate::Environment::undetermined) when read.
    Stored(Stored),
}

/// The sites of one kind of stored page.
pub(super) struct Sites {
    pub(super) write: Site,
    pub(super) free: Site,
}

pub(super) const HUGE_SITES: Sites = Sites { write: Site::ObjWriteHuge, free: Site::SlotFreeHuge };
pub(super) const COMPRESSED_SITES: Sites =
    Sites { write: Site::ObjWriteCompressed, free: Site::SlotFreeCompressed };

impl Live<'_> {
    /// `zram_write_page`
    pub(super) fn write_page(
        &mut self,
        index: SlotIndex,
        page: &PageBytes,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        if let Some(fill) = same_filled(page, call) {
            self.write_same_filled(index, fill, call);
            return Ok(());
        }
        let codec = self.state.codec(Priority::PRIMARY);
        let mut bytes = core::mem::take(&mut self.disk.buffer);
        bytes.clear();
        let compressed = if self.disk.pool.keeps_bytes() {
            call.env.compress_into(codec, page, &mut bytes)
        } else {
            call.env.compress(codec, page)
        };
        let result =
            self.write_compressed(index, compressed, Written { page: Some(page), bytes: &bytes }, call);
        self.disk.buffer = bytes;
        result
    }

    /// A write of which only the outcome of compression is known: as an aligned bio of one page, to its end.
    pub(crate) fn write_sized(
        &mut self,
        index: SlotIndex,
        what: Stored,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        self.write_told(index, &[Incoming::Stored(what)], call)
    }

    /// A bio of whole pages from this slot on (`zram_bio_write`), of which some pages may be known only by what came of
    /// them. The device has all of these slots.
    pub(crate) fn write_told(
        &mut self,
        first: SlotIndex,
        pages: &[Incoming],
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        let page_size = call.profile.page_size;
        let sector = u64::from(first.0) * page_size.sectors();
        let bytes = page_size.bytes().saturating_mul(pages.len() as u32);
        call.emit(Site::Bio, Event::Bio { dev: self.dev, op: BioOp::Write, sector, bytes });
        for (index, page) in (first.0..).map(SlotIndex).zip(pages) {
            let done = match page {
                Incoming::Page(page) => self.write_page(index, page, call),
                Incoming::Stored(what) => self.write_outcome(index, *what, call),
            };
            if done.is_err() {
                add(&mut self.state.stats.failed_writes, 1);
                return done;
            }
            self.mark_accessed(index, Mutation::IdleKeptAfterWrite, call);
        }
        Ok(())
    }

    /// `zram_write_page` of a page that nobody has.
    fn write_outcome(
        &mut self,
        index: SlotIndex,
        what: Stored,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        let len = match what {
            Stored::Same(fill) => {
                self.write_same_filled(index, fill, call);
                return Ok(());
            }
            Stored::Compressed(len) => len,
            Stored::Huge => call.profile.page_size.bytes(),
        };
        self.write_compressed(index, Ok(len), Written::default(), call)
    }

    /// The rest of `zram_write_page`: after `zcomp_compress`.
    fn write_compressed(
        &mut self,
        index: SlotIndex,
        compressed: Result<u32, Errno>,
        content: Written<'_>,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        let (result, len) = match compressed {
            Ok(len) => (0, len),
            Err(errno) => (errno.negative(), 0),
        };
        call.emit(Site::Compress, Event::Compress { result, len });
        let len = compressed?;
        if self.is_huge(len, call) {
            let page = Written { bytes: content.page.unwrap_or_default(), ..content };
            self.store(index, page, call.profile.page_size.bytes(), &HUGE_SITES, call)?;
            self.install_huge(index);
            return Ok(());
        }
        self.store(index, content, len, &COMPRESSED_SITES, call)
    }

    /// `write_same_filled_page`
    fn write_same_filled(
        &mut self,
        index: SlotIndex,
        fill: u64,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        self.replace(index, Site::SlotFreeSame, call);
        self.install_fill(index, fill);
    }

    /// Whether a page that compresses to so many bytes is stored as it is.
    pub(super) fn is_huge(&self, len: u32, call: &Call<'_, impl Environment + ?Sized>) -> bool {
        let threshold = self.disk.huge_class_size;
        len > threshold || len == threshold && !call.broken(Mutation::HugeThreshold)
    }

    /// The common part of `zram_write_page` and `write_incompressible_page`: from `zs_malloc` on.
    fn store(
        &mut self,
        index: SlotIndex,
        content: Written<'_>,
        size: u32,
        sites: &Sites,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        let early = call.broken(Mutation::OldFreedFirst);
        if early {
            self.replace(index, sites.free, call);
        }
        let before = self.disk.pool.total_pages();
        let allocated = self.allocate(content, size, call);
        if allocated.is_err() && call.broken(Mutation::FailedObjectLosesOld) {
            self.replace(index, sites.free, call);
        }
        let handle = allocated?;
        let now = self.disk.pool.total_pages();
        let counted = if call.broken(Mutation::MaxUsedBeforeMalloc) { before } else { now };
        self.state.stats.update_used_max(counted);
        if self.state.limit_pages != 0 && now > self.state.limit_pages {
            self.disk.pool.free(handle, Site::FreeOverLimit, call);
            if call.broken(Mutation::FailedWriteLosesOld) {
                self.replace(index, sites.free, call);
            }
            return Err(Errno::ENOMEM);
        }
        self.disk.pool.write(handle, size, content, sites.write, call);
        if !early {
            self.replace(index, sites.free, call);
        }
        self.install(index, handle, size);
        Ok(())
    }

    /// The new object takes its place in the slot.
    pub(super) fn install(&mut self, index: SlotIndex, handle: Handle, size: u32) {
        let slot = &mut self.disk.slots[index.0 as usize];
        slot.word = handle.word();
        slot.set_size(size);
        add(&mut self.state.stats.pages_stored, 1);
        add(&mut self.state.stats.compr_data_size, u64::from(size));
    }

    /// It is a whole page.
    pub(super) fn install_huge(&mut self, index: SlotIndex) {
        self.disk.slots[index.0 as usize].set(HUGE);
        let stats = &mut self.state.stats;
        add(&mut stats.huge_pages, 1);
        add(&mut stats.huge_pages_since, 1);
    }

    /// A word takes its place in the slot.
    pub(super) fn install_fill(&mut self, index: SlotIndex, fill: u64) {
        let slot = &mut self.disk.slots[index.0 as usize];
        slot.set(SAME);
        slot.word = fill;
        add(&mut self.state.stats.same_pages, 1);
        add(&mut self.state.stats.pages_stored, 1);
    }

    /// `zs_malloc`, in two attempts on kernels that first tried without waiting for memory.
    fn allocate(
        &mut self,
        content: Written<'_>,
        size: u32,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<Handle, Errno> {
        let first = self.disk.pool.malloc(size, call);
        if first.is_ok() || !call.behaviours().write_stalls {
            return first;
        }
        add(&mut self.state.stats.write_stalls, 1);
        let handle = self.disk.pool.malloc(size, call)?;
        if size == call.profile.page_size.bytes() {
            return Ok(handle);
        }
        // The stream, and with it what was compressed, was given back meanwhile.
        let again = content
            .page
            .map_or(Ok(size), |page| call.env.compress(self.state.codec(Priority::PRIMARY), page));
        let result = again.as_ref().err().map_or(0, |errno| errno.negative());
        call.emit(Site::Compress, Event::Compress { result, len: again.unwrap_or(0) });
        match again {
            Ok(_) => Ok(handle),
            Err(errno) => {
                self.disk.pool.free(handle, Site::FreeOverLimit, call);
                Err(errno)
            }
        }
    }

    /// Frees what the slot held, for something new.
    fn replace(&mut self, index: SlotIndex, site: Site, call: &mut Call<'_, impl Environment + ?Sized>) {
        let idle = self.disk.slots[index.0 as usize].has(IDLE);
        self.slot_free(index, site, call);
        if idle && call.broken(Mutation::IdleKeptAfterWrite) {
            self.disk.slots[index.0 as usize].set(IDLE);
        }
    }
}

/// The word that fills the page, if one does (`page_same_filled`).
pub(super) fn same_filled(page: &PageBytes, call: &Call<'_, impl Environment + ?Sized>) -> Option<u64> {
    let words = page.as_chunks::<8>().0;
    let (first, last) = (words.first()?, words.last()?);
    if first != last {
        return None;
    }
    let same = if call.broken(Mutation::SameFilledByEnds) {
        true
    } else if call.broken(Mutation::SameFilledByBytes) {
        page.iter().all(|byte| *byte == page[0])
    } else {
        words.iter().all(|word| word == first)
    };
    same.then(|| u64::from_le_bytes(*first))
}

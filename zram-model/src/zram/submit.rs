//! Bios: from the block layer's gate through zram's handlers (`submit_bio_noacct`, `zram_submit_bio`).
//!
//! The loop over a bio's segments is where `whole_page_segments` (see [`crate::Profile`]) bites. Each
//! turn moves *a page*, the one the segment lies in, from its first byte, and advances by the
//! segment's length. Where segments and slots do not coincide, a slot is served once per turn.

use zram_events::{BioOp, Block, Event, SlotIndex};

use super::{
    device::{Device, Live},
    readback::{ReadBack, ReadBacks},
    slot::flag::WB,
    stats::add,
};
use crate::{
    behaviours::ReadBackRequest,
    bio::{Bio, BioStatus, Memory, Segment},
    complaint::Complaint,
    context::Call,
    environment::{Allocation, BackingOp, BackingRequest, Environment},
    errno::Errno,
    mutation::Mutation,
    page::{PageBytes, PageSize},
    profile::Profile,
    site::Site,
    view::Moment,
};

/// Sectors and bytes of a logical block (`ZRAM_LOGICAL_BLOCK_SIZE`).
const BLOCK_SECTORS: u64 = 8;
const BLOCK_BYTES: u32 = 4096;

/// One turn of the loop: what is left of a segment, cut where the slot ends.
struct Turn {
    slot: SlotIndex,
    /// First byte within the slot.
    offset: u32,
    page: usize,
    /// First byte within the page of memory.
    page_offset: u32,
    len: u32,
}

/// Walks a bio as `bio_iter_iovec` and `bio_advance_iter_single` do.
struct Turns<'a> {
    page_size: PageSize,
    segments: &'a [Segment],
    done: u32,
    sector: u64,
}

impl Turns<'_> {
    /// Leaves the segment of a turn that failed, and stays at the slot, as older kernels do: the next segment then goes there.
    fn stay_at(&mut self, turn: &Turn) {
        self.sector = u64::from(turn.slot.0) * self.page_size.sectors() + u64::from(turn.offset >> 9);
        if self.done > 0 {
            self.segments = &self.segments[1..];
            self.done = 0;
        }
    }
}

impl Iterator for Turns<'_> {
    type Item = Turn;

    fn next(&mut self) -> Option<Turn> {
        let segment = self.segments.first()?;
        let sectors = self.page_size.sectors();
        let offset = (self.sector % sectors * 512) as u32;
        let len = (segment.len - self.done).min(self.page_size.bytes() - offset);
        let turn = Turn {
            slot: SlotIndex((self.sector / sectors) as u32),
            offset,
            page: segment.page,
            page_offset: segment.offset + self.done,
            len,
        };
        self.done += len;
        if self.done == segment.len {
            self.segments = &self.segments[1..];
            self.done = 0;
        }
        self.sector += u64::from(len >> 9);
        Some(turn)
    }
}

impl Device {
    /// The bios of one system call, submitted one after the other, to the completion of all of them.
    pub(crate) fn submit(
        &mut self,
        bios: &[Bio],
        memory: &mut Memory,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Vec<BioStatus> {
        match self.live() {
            Some(mut live) => live.submit(bios, memory, call),
            None => bios
                .iter()
                .map(|bio| refused(bio, memory, 0, call.profile).unwrap_or(BioStatus::IO_ERROR))
                .collect(),
        }
    }
}

/// What the block layer answers by itself, if it does (`submit_bio_noacct`).
fn refused(bio: &Bio, memory: &Memory, capacity: u64, profile: &Profile) -> Option<BioStatus> {
    match bio.op {
        BioOp::Read | BioOp::Write | BioOp::Discard | BioOp::WriteZeroes | BioOp::Other(_) => {}
        // zram has no write cache: an empty flush is done.
        BioOp::Flush => return Some(BioStatus::OK),
    }
    if !well_formed(bio, memory, profile.page_size) {
        return Some(BioStatus::INVALID);
    }
    let bytes = bio.size();
    let unsupported = match bio.op {
        BioOp::Other(_) => true,
        // Offered only where a logical block is a page: elsewhere a discard may leave bytes.
        BioOp::WriteZeroes => profile.page_size != PageSize::KIB_4,
        _ => false,
    };
    if bytes == 0 {
        return Some(if unsupported { BioStatus::NOT_SUPPORTED } else { BioStatus::OK });
    }
    let sectors = u64::from(bytes >> 9);
    // bio_check_eod
    if sectors > capacity || bio.sector > capacity - sectors {
        return Some(BioStatus::IO_ERROR);
    }
    unsupported.then_some(BioStatus::NOT_SUPPORTED)
}

/// What the block layer guarantees: whole sectors, segments that are not empty and stay within their pages.
fn well_formed(bio: &Bio, memory: &Memory, page_size: PageSize) -> bool {
    let page = page_size.bytes();
    bio.size().is_multiple_of(512)
        && bio.segments.iter().all(|segment| {
            memory.page(segment.page, page_size).is_some()
                && segment.len != 0
                && segment.offset < page
                && segment.len <= page - segment.offset
        })
}

impl Live<'_> {
    /// Other tasks' bios that come at this point, where no slot is locked.
    pub(super) fn let_intrude(&mut self, call: &mut Call<'_, impl Environment + ?Sized>) {
        self.let_intrude_holding(None, call);
    }

    /// The same, in a pass that holds this block for its next slot.
    pub(super) fn let_intrude_holding(
        &mut self,
        reserved: Option<Block>,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        if call.intruding {
            return;
        }
        if call.env.watches() {
            call.env.moment(&Moment {
                dev: self.dev,
                reserved,
                in_flight: Vec::new(),
                disk: self.disk,
                backing: self.state.backing.as_ref(),
                page_size: call.profile.page_size,
            });
        }
        while let Some((bio, mut memory)) = call.env.intrude(self.dev) {
            call.intruding = true;
            let status = self.submit(std::slice::from_ref(&bio), &mut memory, call);
            call.intruding = false;
            let status = status.first().copied().unwrap_or(BioStatus::OK);
            call.env.intruded(bio, memory, status);
        }
    }

    /// Nobody waits for a bio before the next one is submitted, so read-backs of one can be under way, or wait for
    /// a worker, when the next comes.
    fn submit(
        &mut self,
        bios: &[Bio],
        memory: &mut Memory,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Vec<BioStatus> {
        let mut reads = ReadBacks::new(memory, call.profile.page_size, bios.len());
        for (at, bio) in bios.iter().enumerate() {
            self.read_backs_go_on(&mut reads, call);
            match refused(bio, reads.memory, self.disk.disksize >> 9, call.profile) {
                Some(status) => reads.statuses[at] = status,
                None => self.serve(bio, at, &mut reads, call),
            }
        }
        self.finish_read_backs(reads, call)
    }

    /// `zram_submit_bio`, and the submission of the read-backs that it queued.
    fn serve(
        &mut self,
        bio: &Bio,
        at: usize,
        reads: &mut ReadBacks<'_>,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        let bytes = bio.size();
        call.emit(Site::Bio, Event::Bio { dev: self.dev, op: bio.op, sector: bio.sector, bytes });
        let whole_blocks = bio.sector.is_multiple_of(BLOCK_SECTORS) && bytes.is_multiple_of(BLOCK_BYTES);
        if call.behaviours().counts_invalid_io && !whole_blocks {
            add(&mut self.state.stats.invalid_io, 1);
            reads.statuses[at] = BioStatus::IO_ERROR;
            return;
        }
        match bio.op {
            BioOp::Read => self.bio_read(bio, at, reads, call),
            BioOp::Write => reads.statuses[at] = self.bio_write(bio, reads.memory, call),
            _ => self.discard(bio.sector, bytes, call),
        }
    }

    /// `zram_bio_read`
    fn bio_read(
        &mut self,
        bio: &Bio,
        at: usize,
        reads: &mut ReadBacks<'_>,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        // Bios submitted from within submit_bio wait until it has returned (`current->bio_list`).
        let mut queue = Vec::new();
        let mut turns = turns(bio, call.profile.page_size);
        while let Some(turn) = turns.next() {
            self.read_backs_go_on(reads, call);
            let partial = call.profile.partial_io() && turn.len != call.profile.page_size.bytes();
            let done = if partial {
                self.read_part(&turn, reads, call)
            } else {
                self.read_page(&turn, reads, call).map(|read| {
                    queue.extend(read.map(|request| ReadBack { request, page: turn.page, bio: at }));
                })
            };
            if done.is_err() {
                add(&mut self.state.stats.failed_reads, 1);
                reads.statuses[at] = BioStatus::IO_ERROR;
                if call.broken(Mutation::ReadBackFailureTakesOthers) {
                    queue.clear();
                }
                if call.behaviours().failure_is_access {
                    self.mark_accessed(turn.slot, Mutation::IdleKeptAfterRead, call);
                }
                if !call.behaviours().bio_goes_on {
                    break;
                }
                turns.stay_at(&turn);
                continue;
            }
            let read_back = self.disk.slots[turn.slot.0 as usize].has(WB);
            if !read_back || !call.broken(Mutation::ReadBackNotAccess) {
                self.mark_accessed(turn.slot, Mutation::IdleKeptAfterRead, call);
            }
        }
        reads.submit(queue, call);
    }

    /// `zram_read_page` for a bio: the slot's page, into the page of memory, or the request of a read-back.
    fn read_page(
        &mut self,
        turn: &Turn,
        reads: &mut ReadBacks<'_>,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<Option<BackingRequest>, Errno> {
        let slot = self.disk.slots[turn.slot.0 as usize];
        if !slot.has(WB) {
            if let Some(page) = reads.memory.page_mut(turn.page, call.profile.page_size) {
                let done = self.read_into(turn.slot, page, call);
                complaining(done, call)?;
            }
            reads.filled_from_memory(turn.page, self.keeps(turn.slot));
            return Ok(None);
        }
        add(&mut self.state.stats.bd_reads, 1);
        let request = call.behaviours().read_back_request;
        if request != ReadBackRequest::Chained && !call.env.allocate(Allocation::ReadBack { slot: turn.slot })
        {
            // Before bf989ade270d nobody was told, and the page stays as it is.
            if request == ReadBackRequest::FailureLost || call.broken(Mutation::ReadBackFailureLost) {
                return Ok(None);
            }
            return complaining(Err(Errno::ENOMEM), call);
        }
        Ok(Some(self.backing_request(BackingOp::Read, turn.slot, Block(slot.word))))
    }

    /// `zram_bvec_read_partial`: the bytes asked for and no others, by way of a page of its own.
    fn read_part(
        &mut self,
        turn: &Turn,
        reads: &mut ReadBacks<'_>,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        partial_page(turn.slot, call)?;
        let page = self.read_whole(turn.slot, call)?;
        let (from, to, len) = (turn.offset as usize, turn.page_offset as usize, turn.len as usize);
        if let Some(bytes) = reads.memory.page_mut(turn.page, call.profile.page_size) {
            match page {
                Some(page) => bytes[to..to + len].copy_from_slice(&page[from..from + len]),
                None => {
                    bytes[to..to + len].fill(0);
                    reads.not_known(turn.page);
                }
            }
        }
        Ok(())
    }

    /// `zram_read_page` without a parent: waits for the backing device. None for a page that the model does not keep.
    fn read_whole(
        &mut self,
        index: SlotIndex,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<Option<Box<PageBytes>>, Errno> {
        let done = if self.disk.slots[index.0 as usize].has(WB) {
            self.read_back_sync(index, call)
        } else {
            let mut page = zeros(call.profile.page_size);
            self.read_into(index, &mut page, call).map(|()| self.keeps(index).then_some(page))
        };
        complaining(done, call)
    }

    /// `zram_bio_write`
    fn bio_write(
        &mut self,
        bio: &Bio,
        memory: &Memory,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> BioStatus {
        let mut status = BioStatus::OK;
        let mut turns = turns(bio, call.profile.page_size);
        while let Some(turn) = turns.next() {
            let partial = call.profile.partial_io() && turn.len != call.profile.page_size.bytes();
            // The block layer has looked at the segments: the page is there.
            let Some(page) = memory.page(turn.page, call.profile.page_size) else {
                return BioStatus::INVALID;
            };
            let done = if partial {
                self.write_part(&turn, page, call)
            } else {
                self.write_page(turn.slot, page, call)
            };
            if done.is_err() {
                add(&mut self.state.stats.failed_writes, 1);
                status = BioStatus::IO_ERROR;
                if call.behaviours().failure_is_access {
                    self.mark_accessed(turn.slot, Mutation::IdleKeptAfterWrite, call);
                }
                if !call.behaviours().bio_goes_on {
                    break;
                }
                turns.stay_at(&turn);
                continue;
            }
            self.mark_accessed(turn.slot, Mutation::IdleKeptAfterWrite, call);
        }
        status
    }

    /// `zram_bvec_write_partial`
    fn write_part(
        &mut self,
        turn: &Turn,
        bytes: &PageBytes,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        partial_page(turn.slot, call)?;
        // Around what is not kept stand zeros.
        let page = self.read_whole(turn.slot, call)?;
        let mut page = page.unwrap_or_else(|| zeros(call.profile.page_size));
        if call.broken(Mutation::PartialWriteLosesRest) {
            page.fill(0);
        }
        let (to, from, len) = (turn.offset as usize, turn.page_offset as usize, turn.len as usize);
        page[to..to + len].copy_from_slice(&bytes[from..from + len]);
        self.write_page(turn.slot, &page, call)
    }
}

fn zeros(size: PageSize) -> Box<PageBytes> {
    vec![0; size.as_usize()].into()
}

/// The end of `zram_read_page`: an error gets a `WARN`, wherever it is from.
pub(super) fn complaining<T>(
    done: Result<T, Errno>,
    call: &mut Call<'_, impl Environment + ?Sized>,
) -> Result<T, Errno> {
    if done.is_err() {
        call.env.complain(Complaint::ReadFailed);
    }
    done
}

/// The page that a partial read or write goes by way of.
fn partial_page(slot: SlotIndex, call: &mut Call<'_, impl Environment + ?Sized>) -> Result<(), Errno> {
    if call.env.allocate(Allocation::PartialPage { slot }) { Ok(()) } else { Err(Errno::ENOMEM) }
}

fn turns(bio: &Bio, page_size: PageSize) -> Turns<'_> {
    Turns { page_size, segments: &bio.segments, done: 0, sector: bio.sector }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_cut_where_slots_end() {
        let segments = vec![
            Segment { page: 0, offset: 512, len: 3584 },
            Segment { page: 1, offset: 0, len: 4096 },
            Segment { page: 2, offset: 0, len: 512 },
        ];
        let bio = Bio { op: BioOp::Read, sector: 8, segments, bytes: 0 };
        let seen = |page_size| {
            turns(&bio, page_size)
                .map(|t| (t.slot.0, t.offset, t.page, t.page_offset, t.len))
                .collect::<Vec<_>>()
        };
        let expected =
            [(1, 0, 0, 512, 3584), (1, 3584, 1, 0, 512), (2, 0, 1, 512, 3584), (2, 3584, 2, 0, 512)];
        assert_eq!(seen(PageSize::KIB_4), expected);
        let expected = [(0, 4096, 0, 512, 3584), (0, 7680, 1, 0, 4096), (0, 11_776, 2, 0, 512)];
        assert_eq!(seen(PageSize::KIB_16), expected);
    }
}

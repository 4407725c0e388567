//! A read or write with `O_DIRECT`, as the block layer hands it to zram.
//!
//! What happens on the way (7.2; [`blkdev_read_iter`], [`blkdev_write_iter`], [`blkdev_direct_IO`],
//! [`bio_iov_iter_get_pages`], `iov_iter_extract_bvecs`), in order:
//!
//! 1. More than 1024 pieces, or a position that goes beyond the largest file: `EINVAL`. No bytes: done.
//! 2. A position at or beyond the end of the device: a read moves nothing, a write is `ENOSPC`. What
//!    reaches over the end is cut off there.
//! 3. Position and length must be multiples of the logical block size (4096): else `EINVAL`.
//! 4. The pages of each piece become segments, at most 256 to a bio (`BIO_MAX_VECS`). Address and
//!    length of each piece must be multiples of 512 (`dma_alignment` is 511 where the driver
//!    does not say): else `EINVAL`. Nothing asks that a piece lie on a page boundary; what zram makes
//!    of one that does not is the model's business.
//! 5. If everything fits into one bio, the refusal comes before anything is submitted. Otherwise
//!    the bios go out as they are filled, each cut down to whole blocks, and a piece that
//!    is refused then ends the call with `EINVAL` although earlier bios were carried out.
//!
//! Until 6.17 (`bdev_iter_is_aligned`), whether the pieces are good comes before everything is cut, in step 3: each must have whole
//! logical blocks, and begin at a multiple of 512. What reaches over the end of the device is not looked at.
//!
//! Pages that lie together in a large folio become one segment in the kernel, and a bio may then
//! carry more than 256 pages. The live agent keeps its memory in single pages for that reason.
//!
//! Until 6.19 that does not help: pages go into the bio by `bio_add_page`, and `bvec_try_merge_page` makes one segment of all that
//! follow each other in physical memory, whatever folios they belong to. So two pieces that meet within a page are one there; and a bio of
//! a call that does not fit into one has at least 256 pages, and as many more as happen to be neighbours. Which are is a matter of the
//! machine's free memory and of nothing that is known here: where such a bio ends is asked of the surroundings
//! ([`super::Surroundings::bio_ends`]). From 7.0 on `iov_iter_extract_bvecs` looks at folios alone.
//!
//! [`blkdev_read_iter`]: https://github.com/torvalds/linux/blob/v7.2/block/fops.c
//! [`blkdev_write_iter`]: https://github.com/torvalds/linux/blob/v7.2/block/fops.c
//! [`blkdev_direct_IO`]: https://github.com/torvalds/linux/blob/v7.2/block/fops.c
//! [`bio_iov_iter_get_pages`]: https://github.com/torvalds/linux/blob/v7.2/block/bio.c

use std::ops::RangeInclusive;

use nix::errno::Errno;
use zram_events::BioOp;
use zram_model::{Bio, PageSize, Segment};

use crate::port::Iovec;

/// zram's logical block size, whatever the page size is.
const BLOCK: u64 = 4096;

/// A sector, the unit of `bi_sector`.
const SECTOR: u64 = 512;

/// What address and length of a piece must be multiples of.
const MEMORY: usize = 512;

/// Most segments of a bio.
const MOST_SEGMENTS: usize = 256;

/// Most pieces of a call (`UIO_MAXIOV`).
const MOST_PIECES: usize = 1024;

/// Which way the bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// `preadv(2)`
    Read,
    /// `pwritev(2)`
    Write,
}

/// What each piece must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pieces {
    /// Whole sectors. All together, whole blocks.
    WholeSectors,
    /// Whole blocks ([`zram_model::Behaviours::pieces_in_blocks`]).
    WholeBlocks,
}

/// How a kernel cuts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rules {
    /// How large its pages are.
    pub(super) page: PageSize,
    /// What it asks of the pieces.
    pub(super) pieces: Pieces,
    /// Whether neighbours in physical memory become one segment ([`zram_model::Behaviours::neighbours_merged`]).
    pub(super) neighbours_merged: bool,
}

/// Bytes of a bio that begins at this sector and need not end at the 256th page, out of those that are possible.
pub(super) type BioEnds<'a> = &'a mut dyn FnMut(BioOp, u64, RangeInclusive<u32>) -> u32;

/// What a call comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// The bios, in the order of their submission.
    pub(super) bios: Vec<Bio>,
    /// The errno that the call ends with all the same.
    pub(super) refused: Option<Errno>,
}

/// Cuts a call at byte `at` of a device of `size` bytes into bios.
pub(super) fn plan(
    direction: Direction,
    at: u64,
    size: u64,
    pieces: &[Iovec],
    rules: Rules,
    ends: BioEnds<'_>,
) -> Result<Plan, Errno> {
    let total = pieces.iter().map(|piece| piece.len as u64).sum::<u64>();
    let end = at.checked_add(total).filter(|end| i64::try_from(*end).is_ok());
    if pieces.len() > MOST_PIECES || end.is_none() {
        return Err(Errno::EINVAL);
    }
    if total == 0 {
        return Ok(Plan::default());
    }
    if at >= size {
        return match direction {
            Direction::Read => Ok(Plan::default()),
            Direction::Write => Err(Errno::ENOSPC),
        };
    }
    let total = total.min(size - at);
    if !at.is_multiple_of(BLOCK) || !total.is_multiple_of(BLOCK) {
        return Err(Errno::EINVAL);
    }
    let op = match direction {
        Direction::Read => BioOp::Read,
        Direction::Write => BioOp::Write,
    };
    let pieces = first(pieces, total);
    if rules.pieces == Pieces::WholeBlocks && !pieces.iter().all(|piece| aligned(piece) && in_blocks(piece)) {
        return Err(Errno::EINVAL);
    }
    let plan = cut(op, at, &pieces, rules, ends);
    match plan.refused {
        Some(errno) if plan.bios.is_empty() => Err(errno),
        _ => Ok(plan),
    }
}

/// The pieces that hold the first `total` bytes (`iov_iter_truncate`), without empty ones.
fn first(pieces: &[Iovec], total: u64) -> Vec<Iovec> {
    let mut left = total as usize;
    let mut kept = Vec::new();
    for piece in pieces.iter().filter(|piece| piece.len != 0) {
        if left == 0 {
            break;
        }
        let len = piece.len.min(left);
        kept.push(Iovec { start: piece.start, len });
        left -= len;
    }
    kept
}

/// Fills bios with segments.
fn cut(op: BioOp, at: u64, pieces: &[Iovec], rules: Rules, ends: BioEnds<'_>) -> Plan {
    let mut plan = Plan::default();
    let page = rules.page.as_usize();
    // One bio over everything is refused as a whole.
    let single = pieces.iter().map(|piece| pages(piece, page)).sum::<usize>() <= MOST_SEGMENTS;
    if single && !pieces.iter().all(aligned) {
        plan.refused = Some(Errno::EINVAL);
        return plan;
    }
    let mut cursor = Cursor { pieces, piece: 0, taken: 0 };
    let mut position = at;
    while cursor.rest().is_some() {
        let start = cursor;
        let sector = position / SECTOR;
        let filled = cursor.fill(rules, |segments, _| segments == MOST_SEGMENTS).and_then(|mut segments| {
            if !rules.neighbours_merged || cursor.rest().is_none() {
                return Ok(segments);
            }
            let least = bytes(&segments);
            let most = start.left();
            let asked = ends(op, sector, least..=most);
            if (least + 1..=most).contains(&asked) {
                cursor = start;
                segments = cursor.fill(rules, |_, bytes| bytes >= asked)?;
            }
            Ok(segments)
        });
        let segments = match filled {
            // 256 segments of at least 512 bytes are more than a block.
            Ok(segments) if segments.is_empty() => return plan,
            Ok(segments) => segments,
            Err(errno) => {
                plan.refused = Some(errno);
                return plan;
            }
        };
        let bio = Bio { op, sector, segments, bytes: 0 };
        position += u64::from(bio.size());
        plan.bios.push(bio);
    }
    plan
}

/// How far a call's pieces have been taken (`struct iov_iter`).
#[derive(Clone, Copy)]
struct Cursor<'a> {
    pieces: &'a [Iovec],
    piece: usize,
    taken: usize,
}

impl Cursor<'_> {
    /// What is left of the current piece; `None` at the end.
    fn rest(&self) -> Option<Iovec> {
        let piece = self.pieces.get(self.piece)?;
        Some(Iovec { start: piece.start + self.taken, len: piece.len - self.taken })
    }

    /// Bytes left.
    fn left(&self) -> u32 {
        let behind = self.pieces.get(self.piece..).unwrap_or_default();
        let whole = behind.iter().map(|piece| piece.len).sum::<usize>();
        u32::try_from(whole.saturating_sub(self.taken)).unwrap_or(u32::MAX)
    }

    /// Takes segments until there is nothing more or what has been taken, so many segments and bytes, is enough; and gives back what is more
    /// than whole blocks.
    fn fill(&mut self, rules: Rules, enough: impl Fn(usize, u32) -> bool) -> Result<Vec<Segment>, Errno> {
        let mut segments: Vec<Segment> = Vec::new();
        while let Some(rest) = self.rest().filter(|_| !enough(segments.len(), bytes(&segments))) {
            if !aligned(&rest) {
                return Err(Errno::EINVAL);
            }
            let segment = self.take_page(rest, rules.page.as_usize());
            match segments.last_mut() {
                Some(last)
                    if rules.neighbours_merged
                        && (last.page, last.offset + last.len) == (segment.page, segment.offset) =>
                {
                    last.len += segment.len;
                }
                _ => segments.push(segment),
            }
        }
        self.give_back(down_to_blocks(&mut segments));
        Ok(segments)
    }

    /// Takes the part of the rest in its first page.
    fn take_page(&mut self, rest: Iovec, page: usize) -> Segment {
        let offset = rest.start % page;
        let len = rest.len.min(page - offset);
        if len == rest.len {
            (self.piece, self.taken) = (self.piece + 1, 0);
        } else {
            self.taken += len;
        }
        Segment { page: rest.start / page, offset: offset as u32, len: len as u32 }
    }

    /// Goes back by so many bytes (`iov_iter_revert`).
    fn give_back(&mut self, mut bytes: usize) {
        while bytes > self.taken && self.piece > 0 {
            bytes -= self.taken;
            self.piece -= 1;
            self.taken = self.pieces[self.piece].len;
        }
        self.taken = self.taken.saturating_sub(bytes);
    }
}

/// Pages that a piece touches.
fn pages(piece: &Iovec, page: usize) -> usize {
    (piece.start % page + piece.len).div_ceil(page)
}

fn aligned(piece: &Iovec) -> bool {
    piece.start.is_multiple_of(MEMORY) && piece.len.is_multiple_of(MEMORY)
}

fn in_blocks(piece: &Iovec) -> bool {
    (piece.len as u64).is_multiple_of(BLOCK)
}

fn bytes(segments: &[Segment]) -> u32 {
    segments.iter().map(|segment| segment.len).sum()
}

/// Cuts a bio's segments down to whole blocks (`bio_iov_iter_align_down`); how many bytes that were.
fn down_to_blocks(segments: &mut Vec<Segment>) -> usize {
    let over = bytes(segments) % BLOCK as u32;
    let mut left = over;
    while left > 0 {
        let Some(last) = segments.last_mut() else { break };
        let cut = left.min(last.len);
        last.len -= cut;
        left -= cut;
        if last.len == 0 {
            segments.pop();
        }
    }
    over as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: Rules =
        Rules { page: PageSize::KIB_4, pieces: Pieces::WholeSectors, neighbours_merged: false };
    const MERGING: Rules = Rules { neighbours_merged: true, ..NEW };
    const OLD: Rules = Rules { pieces: Pieces::WholeBlocks, ..MERGING };

    fn plan(direction: Direction, at: u64, size: u64, pieces: &[Iovec]) -> Result<Plan, Errno> {
        super::plan(direction, at, size, pieces, NEW, &mut |_, _, _| unreachable!("is not asked"))
    }

    /// The bios' sizes where a bio ends as it is told, and what was asked: at which sector, and what is possible.
    fn ending(pieces: &[Iovec], rules: Rules, told: &[u32]) -> (Plan, Vec<(u64, RangeInclusive<u32>)>) {
        let mut asked = Vec::new();
        let mut told = told.iter();
        let plan = super::plan(Direction::Write, 0, SIZE, pieces, rules, &mut |_, sector, possible| {
            asked.push((sector, possible));
            *told.next().expect("a bio that may end anywhere")
        });
        (plan.unwrap(), asked)
    }

    fn sizes(plan: &Plan) -> Vec<u32> {
        plan.bios.iter().map(|bio| bio.size() / 4096).collect()
    }

    const SIZE: u64 = 1 << 24;

    fn piece(start: usize, len: usize) -> Iovec {
        Iovec { start, len }
    }

    fn segments(bio: &Bio) -> Vec<(usize, u32, u32)> {
        bio.segments.iter().map(|s| (s.page, s.offset, s.len)).collect()
    }

    #[test]
    fn aligned_pages_are_segments() {
        let plan = plan(Direction::Write, 8192, SIZE, &[piece(0, 8192)]).unwrap();
        assert_eq!((plan.bios.len(), plan.bios[0].sector), (1, 16));
        assert_eq!(segments(&plan.bios[0]), [(0, 0, 4096), (1, 0, 4096)]);
    }

    #[test]
    fn a_piece_off_the_page_boundary_touches_one_page_more() {
        let plan = plan(Direction::Read, 0, SIZE, &[piece(512, 4096), piece(8192, 4096)]).unwrap();
        assert_eq!(segments(&plan.bios[0]), [(0, 512, 3584), (1, 0, 512), (2, 0, 4096)]);
    }

    #[test]
    fn larger_pages_take_several_blocks() {
        let pieces = [piece(12_288, 12_288)];
        let plan = super::plan(
            Direction::Write,
            4096,
            SIZE,
            &pieces,
            Rules { page: PageSize::KIB_16, ..NEW },
            &mut |_, _, possible| *possible.start(),
        )
        .unwrap();
        assert_eq!(segments(&plan.bios[0]), [(0, 12_288, 4096), (1, 0, 8192)]);
    }

    #[test]
    fn at_the_end_of_the_device() {
        let buffer = [piece(0, 8192)];
        assert_eq!(plan(Direction::Read, SIZE, SIZE, &buffer), Ok(Plan::default()));
        assert_eq!(plan(Direction::Write, SIZE, SIZE, &buffer), Err(Errno::ENOSPC));
        assert_eq!(plan(Direction::Write, 0, 0, &buffer), Err(Errno::ENOSPC));
        let cut = plan(Direction::Write, SIZE - 4096, SIZE, &buffer).unwrap();
        assert_eq!(segments(&cut.bios[0]), [(0, 0, 4096)]);
        // Nothing to move is nothing to refuse.
        assert_eq!(plan(Direction::Write, SIZE, SIZE, &[]), Ok(Plan::default()));
    }

    #[test]
    fn what_is_refused() {
        for (at, pieces) in [
            (512, vec![piece(0, 4096)]),
            (0, vec![piece(0, 512)]),
            (0, vec![piece(100, 4096)]),
            (0, vec![piece(0, 4000), piece(4096, 96)]),
            (0, vec![piece(0, 4096); 1025]),
            (i64::MAX as u64 - 4095, vec![piece(0, 8192)]),
        ] {
            assert_eq!(plan(Direction::Read, at, SIZE, &pieces), Err(Errno::EINVAL), "{at} {pieces:?}");
        }
    }

    #[test]
    fn more_than_256_pages_are_several_bios() {
        let plan = plan(Direction::Write, 0, SIZE, &[piece(0, 300 * 4096)]).unwrap();
        assert_eq!(plan.bios.iter().map(|bio| bio.segments.len()).collect::<Vec<_>>(), [256, 44]);
        assert_eq!(plan.bios[1].sector, 256 * 8);
    }

    #[test]
    fn a_full_bio_ends_at_a_block() {
        // 3584 bytes in the first page, then 255 whole pages: half a kibibyte short of 256 blocks.
        let plan = plan(Direction::Write, 0, SIZE, &[piece(512, 300 * 4096)]).unwrap();
        let sizes = plan.bios.iter().map(Bio::size).collect::<Vec<_>>();
        assert_eq!(sizes, [255 * 4096, 45 * 4096]);
        assert_eq!(segments(&plan.bios[0]).last(), Some(&(255, 0, 512)));
        assert_eq!(segments(&plan.bios[1])[..2], [(255, 512, 3584), (256, 0, 4096)]);
    }

    #[test]
    fn a_bad_piece_after_a_full_bio_is_refused_late() {
        let pieces = [piece(0, 256 * 4096), piece(300 * 4096 + 1, 4096)];
        let plan = plan(Direction::Write, 0, SIZE, &pieces).unwrap();
        assert_eq!((plan.bios.len(), plan.refused), (1, Some(Errno::EINVAL)));
    }

    #[test]
    fn where_neighbours_merge_a_bio_ends_where_it_is_told() {
        let pages = |n: u32| n * 4096;
        let call = [piece(0, 700 * 4096)];
        let (plan, asked) = ending(&call, MERGING, &[pages(300), pages(256)]);
        assert_eq!(sizes(&plan), [300, 256, 144]);
        assert_eq!(asked, [(0, pages(256)..=pages(700)), (300 * 8, pages(256)..=pages(400))]);
        assert_eq!(sizes(&ending(&call, MERGING, &[pages(700)]).0), [700]);
        // Too few, too many: no kernel ends there, and what is predicted will differ.
        assert_eq!(sizes(&ending(&call, MERGING, &[pages(255), pages(701)]).0), [256, 256, 188]);
        // What fits into one bio ends with it.
        assert_eq!(ending(&[piece(0, 256 * 4096)], MERGING, &[]).1, []);
    }

    #[test]
    fn a_bio_that_goes_on_is_cut_to_blocks_once() {
        let (plan, _) = ending(&[piece(512, 300 * 4096)], MERGING, &[280 * 4096]);
        assert_eq!(sizes(&plan), [280, 20]);
        assert_eq!(segments(&plan.bios[0])[254..257], [(254, 0, 4096), (255, 0, 4096), (256, 0, 4096)]);
        assert_eq!(segments(&plan.bios[0]).last(), Some(&(280, 0, 512)));
        assert_eq!(segments(&plan.bios[1])[0], (280, 512, 3584));
    }

    #[test]
    fn a_bio_that_reaches_a_bad_piece_is_not_sent() {
        let pieces = [piece(0, 270 * 4096), piece(300 * 4096 + 1, 4096)];
        let (plan, _) = ending(&pieces, MERGING, &[260 * 4096]);
        assert_eq!((sizes(&plan), plan.refused), (vec![260], Some(Errno::EINVAL)));
        let to_the_end =
            super::plan(Direction::Write, 0, SIZE, &pieces, MERGING, &mut |_, _, possible| *possible.end());
        assert_eq!(to_the_end, Err(Errno::EINVAL));
    }

    #[test]
    fn pieces_that_meet_within_a_page_were_one_segment_once() {
        let pieces = [piece(0, 512), piece(512, 3584), piece(8192, 4096)];
        let merged = ending(&pieces, MERGING, &[]).0;
        assert_eq!(segments(&merged.bios[0]), [(0, 0, 4096), (2, 0, 4096)]);
        let apart = plan(Direction::Write, 0, SIZE, &pieces).unwrap();
        assert_eq!(segments(&apart.bios[0]), [(0, 0, 512), (0, 512, 3584), (2, 0, 4096)]);
    }

    #[test]
    fn each_piece_was_whole_blocks_once() {
        let old = |pieces: &[Iovec], size| {
            super::plan(Direction::Read, 0, size, pieces, OLD, &mut |_, _, possible| *possible.start())
        };
        let halves = [piece(0, 2048), piece(4096, 2048)];
        assert_eq!(old(&halves, SIZE), Err(Errno::EINVAL));
        assert!(plan(Direction::Read, 0, SIZE, &halves).is_ok());
        assert_eq!(old(&[piece(100, 4096)], SIZE), Err(Errno::EINVAL));
        assert!(old(&[piece(512, 4096), piece(8192, 8192)], SIZE).is_ok());
        // Late, and so refused before the first bio.
        let late = [piece(0, 256 * 4096), piece(300 * 4096, 512), piece(301 * 4096, 3584)];
        assert_eq!(old(&late, SIZE), Err(Errno::EINVAL));
        // Nobody looks at what is beyond the end.
        assert!(old(&[piece(0, 4096), piece(4096, 512), piece(8192, 3584)], 4096).is_ok());
    }
}

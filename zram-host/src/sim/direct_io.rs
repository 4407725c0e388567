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
//! Pages that lie together in a large folio become one segment in the kernel, and a bio may then
//! carry more than 256 pages. The live agent keeps its memory in single pages for that reason; here
//! every page is its own.
//!
//! [`blkdev_read_iter`]: https://github.com/torvalds/linux/blob/v7.2/block/fops.c
//! [`blkdev_write_iter`]: https://github.com/torvalds/linux/blob/v7.2/block/fops.c
//! [`blkdev_direct_IO`]: https://github.com/torvalds/linux/blob/v7.2/block/fops.c
//! [`bio_iov_iter_get_pages`]: https://github.com/torvalds/linux/blob/v7.2/block/bio.c

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

/// What a call comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// The bios, in the order of their submission.
    pub(super) bios: Vec<Bio>,
    /// The errno that the call ends with all the same.
    pub(super) refused: Option<Errno>,
}

/// Cuts a call at byte `at` of a device of `size` bytes into bios, for memory in pages of `page` bytes.
pub(super) fn plan(
    direction: Direction,
    at: u64,
    size: u64,
    pieces: &[Iovec],
    page: PageSize,
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
    let plan = cut(op, at, &first(pieces, total), page.as_usize());
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
fn cut(op: BioOp, at: u64, pieces: &[Iovec], page: usize) -> Plan {
    let mut plan = Plan::default();
    // One bio over everything is refused as a whole.
    let single = pieces.iter().map(|piece| pages(piece, page)).sum::<usize>() <= MOST_SEGMENTS;
    if single && !pieces.iter().all(aligned) {
        plan.refused = Some(Errno::EINVAL);
        return plan;
    }
    let mut cursor = Cursor { pieces, piece: 0, taken: 0 };
    let mut position = at;
    while cursor.rest().is_some() {
        let mut bio = Bio { op, sector: position / SECTOR, segments: Vec::new(), bytes: 0 };
        while let Some(rest) = cursor.rest() {
            if bio.segments.len() == MOST_SEGMENTS {
                break;
            }
            if !aligned(&rest) {
                plan.refused = Some(Errno::EINVAL);
                return plan;
            }
            bio.segments.push(cursor.take_page(rest, page));
        }
        cursor.give_back(down_to_blocks(&mut bio));
        if bio.segments.is_empty() {
            // 256 segments of at least 512 bytes are more than a block.
            return plan;
        }
        position += u64::from(bio.size());
        plan.bios.push(bio);
    }
    plan
}

/// How far a call's pieces have been taken (`struct iov_iter`).
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

/// Cuts the bio down to whole blocks (`bio_iov_iter_align_down`); how many bytes that were.
fn down_to_blocks(bio: &mut Bio) -> usize {
    let over = bio.size() % BLOCK as u32;
    let mut left = over;
    while left > 0 {
        let Some(last) = bio.segments.last_mut() else { break };
        let cut = left.min(last.len);
        last.len -= cut;
        left -= cut;
        if last.len == 0 {
            bio.segments.pop();
        }
    }
    over as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(direction: Direction, at: u64, size: u64, pieces: &[Iovec]) -> Result<Plan, Errno> {
        super::plan(direction, at, size, pieces, PageSize::KIB_4)
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
        let plan = super::plan(Direction::Write, 4096, SIZE, &pieces, PageSize::KIB_16).unwrap();
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
}

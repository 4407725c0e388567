//! The two `ioctl`s over a range: what the block layer refuses, and the bios it makes.
//!
//! `BLKDISCARD`: [`blk_ioctl_discard`], [`blk_alloc_discard_bio`]. `BLKZEROOUT`: [`blk_ioctl_zeroout`],
//! [`blkdev_issue_zeroout`]. Where pages are 4 KiB zram announces write-zeroes; where they are larger it does not, and
//! pages of zeros are written.
//!
//! [`blk_ioctl_discard`]: https://github.com/torvalds/linux/blob/v7.2/block/ioctl.c
//! [`blk_ioctl_zeroout`]: https://github.com/torvalds/linux/blob/v7.2/block/ioctl.c
//! [`blk_alloc_discard_bio`]: https://github.com/torvalds/linux/blob/v7.2/block/blk-lib.c
//! [`blkdev_issue_zeroout`]: https://github.com/torvalds/linux/blob/v7.2/block/blk-lib.c

use nix::errno::Errno;
use zram_events::BioOp;
use zram_model::{Bio, BioStatus, PageSize, Segment};

/// zram's logical block size, whatever the page size is.
const BLOCK: u64 = 4096;

/// A sector, the unit in which the block layer counts.
const SECTOR: u64 = 512;

/// Most bytes of one bio (`BIO_MAX_SIZE`, that is `UINT_MAX`) in whole blocks.
const MOST: u64 = u32::MAX as u64 / BLOCK * BLOCK;

/// Most segments of a bio (`BIO_MAX_VECS`).
const MOST_SEGMENTS: usize = 256;

/// The bios for a range of bytes of a device of this size.
pub(super) fn bios(op: BioOp, at: u64, bytes: u64, size: u64) -> Result<Vec<Bio>, Errno> {
    // Discard checks for blocks at once; zeroing checks for sectors and the range first, and for
    // blocks last. Either way the answer to all of it is EINVAL, as it is to an empty range.
    let end = at.checked_add(bytes).filter(|end| *end <= size).ok_or(Errno::EINVAL)?;
    if bytes == 0 || !at.is_multiple_of(BLOCK) || !bytes.is_multiple_of(BLOCK) {
        return Err(Errno::EINVAL);
    }
    let mut bios = Vec::new();
    let mut from = at;
    while from < end {
        let bytes = (end - from).min(MOST);
        bios.push(Bio { op, sector: from / SECTOR, segments: Vec::new(), bytes: bytes as u32 });
        from += bytes;
    }
    Ok(bios)
}

/// Writes that take the place of a zeroing that the device does not offer (`blkdev_issue_zero_pages`): all their segments
/// are the same page of zeros, the first of the memory given with them. A zero folio larger than a page is not modelled:
/// zram is asked for the same pages either way.
pub(super) fn zero_writes(zeroing: &Bio, page: PageSize) -> Vec<Bio> {
    let mut bios = Vec::new();
    let (mut sector, mut left) = (zeroing.sector, zeroing.bytes);
    while left > 0 {
        let mut segments = Vec::new();
        while left > 0 && segments.len() < MOST_SEGMENTS {
            let len = left.min(page.bytes());
            segments.push(Segment { page: 0, offset: 0, len });
            left -= len;
        }
        let bio = Bio { op: BioOp::Write, sector, segments, bytes: 0 };
        sector += u64::from(bio.size()) / SECTOR;
        bios.push(bio);
    }
    bios
}

/// What the `ioctl` says when the bios ended so: a discard that is not supported is none that failed.
pub(super) fn outcome(op: BioOp, status: BioStatus) -> Result<(), Errno> {
    if op == BioOp::Discard && status == BioStatus::NOT_SUPPORTED {
        return Ok(());
    }
    status.into_result().map_err(super::errno)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_becomes_one_bio() {
        let bios = bios(BioOp::Discard, 8192, 12288, 1 << 20).unwrap();
        assert_eq!(bios, [Bio { op: BioOp::Discard, sector: 16, segments: vec![], bytes: 12288 }]);
    }

    #[test]
    fn what_is_refused() {
        for (at, bytes) in
            [(0, 0), (512, 4096), (0, 512), (1 << 20, 4096), (4096, 1 << 20), (u64::MAX - 4095, 4096)]
        {
            assert_eq!(bios(BioOp::WriteZeroes, at, bytes, 1 << 20), Err(Errno::EINVAL), "{at} {bytes}");
        }
        assert!(bios(BioOp::Discard, 0, 1 << 20, 1 << 20).is_ok());
    }

    #[test]
    fn where_zeroing_is_not_offered_pages_of_zeros_are_written() {
        let zeroing = Bio { op: BioOp::WriteZeroes, sector: 8, segments: vec![], bytes: 257 * 16_384 + 4096 };
        let bios = zero_writes(&zeroing, PageSize::KIB_16);
        let sizes: Vec<_> = bios.iter().map(|bio| (bio.sector, bio.segments.len(), bio.size())).collect();
        assert_eq!(sizes, [(8, 256, 256 * 16_384), (8 + 256 * 32, 2, 16_384 + 4096)]);
    }

    #[test]
    fn four_gibibytes_are_two_bios() {
        let bios = bios(BioOp::Discard, 0, 1 << 32, 1 << 33).unwrap();
        assert_eq!(bios.iter().map(|bio| u64::from(bio.bytes)).collect::<Vec<_>>(), [MOST, 4096]);
        assert_eq!(bios[1].sector, MOST / SECTOR);
    }
}

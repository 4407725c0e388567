//! The two `ioctl`s over a range: what the block layer refuses, and the bios it makes.
//!
//! `BLKDISCARD`: [`blk_ioctl_discard`], [`blk_alloc_discard_bio`]. `BLKZEROOUT`: [`blk_ioctl_zeroout`],
//! [`blkdev_issue_zeroout`]; zram announces write-zeroes, so no pages of zeros are written.
//!
//! [`blk_ioctl_discard`]: https://github.com/torvalds/linux/blob/v7.2/block/ioctl.c
//! [`blk_ioctl_zeroout`]: https://github.com/torvalds/linux/blob/v7.2/block/ioctl.c
//! [`blk_alloc_discard_bio`]: https://github.com/torvalds/linux/blob/v7.2/block/blk-lib.c
//! [`blkdev_issue_zeroout`]: https://github.com/torvalds/linux/blob/v7.2/block/blk-lib.c

use nix::errno::Errno;
use zram_events::BioOp;
use zram_model::{Bio, BioStatus};

/// zram's logical block size where pages are 4 KiB.
const BLOCK: u64 = 4096;

/// A sector, the unit in which the block layer counts.
const SECTOR: u64 = 512;

/// Most bytes of one bio (`BIO_MAX_SIZE`, that is `UINT_MAX`) in whole blocks.
const MOST: u64 = u32::MAX as u64 / BLOCK * BLOCK;

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
    fn four_gibibytes_are_two_bios() {
        let bios = bios(BioOp::Discard, 0, 1 << 32, 1 << 33).unwrap();
        assert_eq!(bios.iter().map(|bio| u64::from(bio.bytes)).collect::<Vec<_>>(), [MOST, 4096]);
        assert_eq!(bios[1].sector, MOST / SECTOR);
    }
}

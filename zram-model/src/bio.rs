//! What the block layer hands to zram: an operation, where it starts, and pieces of memory.

use zram_events::BioOp;

use crate::{
    errno::Errno,
    page::{PageBytes, PageSize},
};

/// A request to a zram device (`struct bio`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bio {
    /// What to do.
    pub op: BioOp,
    /// First sector, in units of 512 bytes (`bi_sector`).
    pub sector: u64,
    /// For reads and writes: the pieces of memory, in order, each within one page, as `bio_iter_iovec` yields them.
    pub segments: Vec<Segment>,
    /// For discard and write-zeroes: how many bytes (`bi_size`). Reads and writes go by their segments.
    pub bytes: u32,
}

impl Bio {
    /// `bi_size`: how many bytes the bio is about.
    #[must_use]
    pub fn size(&self) -> u32 {
        match self.op {
            BioOp::Read | BioOp::Write => {
                self.segments.iter().fold(0_u32, |sum, segment| sum.saturating_add(segment.len))
            }
            _ => self.bytes,
        }
    }
}

/// A piece of memory within one page (`struct bio_vec`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Which page of the [`Memory`] given with the bio.
    pub page: usize,
    /// First byte within the page (`bv_offset`).
    pub offset: u32,
    /// Bytes (`bv_len`).
    pub len: u32,
}

/// The caller's pages, one behind the other. zram may touch more of a page than the segment names.
///
/// Bytes behind the last whole page are in no page, and a segment there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory(pub Vec<u8>);

impl Memory {
    /// Made of these pages.
    pub fn of_pages(pages: impl IntoIterator<Item = impl AsRef<PageBytes>>) -> Self {
        let mut bytes = Vec::new();
        for page in pages {
            bytes.extend_from_slice(page.as_ref());
        }
        Self(bytes)
    }

    /// Page number `at`, where pages have this size.
    #[must_use]
    pub fn page(&self, at: usize, size: PageSize) -> Option<&PageBytes> {
        let start = at.checked_mul(size.as_usize())?;
        self.0.get(start..start.checked_add(size.as_usize())?)
    }

    /// Page number `at`, where pages have this size, to write to.
    pub fn page_mut(&mut self, at: usize, size: PageSize) -> Option<&mut PageBytes> {
        let start = at.checked_mul(size.as_usize())?;
        self.0.get_mut(start..start.checked_add(size.as_usize())?)
    }
}

/// How a bio ended (`blk_status_t`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BioStatus(pub u8);

impl BioStatus {
    /// `BLK_STS_OK`
    pub const OK: Self = Self(0);
    /// `BLK_STS_NOTSUPP`
    pub const NOT_SUPPORTED: Self = Self(1);
    /// `BLK_STS_IOERR`
    pub const IO_ERROR: Self = Self(10);
    /// `BLK_STS_INVAL`
    pub const INVALID: Self = Self(19);

    /// What the status becomes for a system call (`blk_status_to_errno`): a status unknown to the kernel is `EIO`.
    ///
    /// # Errors
    /// The errno, for each status but [`BioStatus::OK`].
    pub fn into_result(self) -> Result<(), Errno> {
        Err(match self.0 {
            0 => return Ok(()),
            1 => Errno::EOPNOTSUPP,
            2 => Errno::ETIMEDOUT,
            3 => Errno::ENOSPC,
            4 => Errno::ENOLINK,
            5 => Errno::EREMOTEIO,
            6 => Errno::EBADE,
            7 => Errno::ENODATA,
            8 => Errno::EILSEQ,
            9 => Errno::ENOMEM,
            11 => Errno::EREMCHG,
            12 => Errno::EAGAIN,
            13 => Errno::EBUSY,
            14 => Errno::ETOOMANYREFS,
            15 => Errno::EOVERFLOW,
            16 => Errno::ENODEV,
            17 => Errno::ETIME,
            19 => Errno::EINVAL,
            _ => Errno::EIO,
        })
    }
}

//! Swap areas: their first page, and what can be asked for when they are taken into use.

/// Bytes of a page, and of the header: zram has no other page size here.
pub const HEADER_BYTES: usize = 4096;

/// What of a swap area the kernel discards (`SWAP_FLAG_DISCARD` and its kin).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Discard {
    /// Nothing. A zram device does without: swap tells it of each slot that is free.
    #[default]
    None,
    /// All of it, when it is taken into use.
    Once,
    /// Each cluster of slots that has become free.
    Pages,
    /// Both.
    Both,
}

/// How an area is taken into use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SwapOptions {
    /// 0 to 32767. Areas of the highest one are used first; without one the kernel gives each a lower one than the last.
    pub priority: Option<u16>,
    /// What is discarded.
    pub discard: Discard,
}

/// Makes a page the first of a swap area of so many pages, itself included (`union swap_header`): version 1, the last page, no bad pages; the
/// magic word ends the page.
pub fn write_header(page: &mut [u8; HEADER_BYTES], pages: u32) {
    page[1024..1028].copy_from_slice(&1_u32.to_le_bytes());
    page[1028..1032].copy_from_slice(&pages.saturating_sub(1).to_le_bytes());
    page[HEADER_BYTES - MAGIC.len()..].copy_from_slice(MAGIC);
}

/// Whether a page is the first of a swap area.
#[must_use]
pub fn is_header(page: &[u8]) -> bool {
    page.len() == HEADER_BYTES && page.ends_with(MAGIC)
}

const MAGIC: &[u8] = b"SWAPSPACE2";

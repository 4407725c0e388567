//! Swap areas.

use std::{ffi::CString, fs, path::Path};

use nix::{errno::Errno, libc};

use crate::protocol::SwapDiscard;

/// `SWAP_FLAG_PREFER`: the low bits are a priority.
const PREFER: libc::c_int = 0x8000;
/// `SWAP_FLAG_DISCARD`, and which kinds of it are meant.
const DISCARD: libc::c_int = 0x1_0000;
const DISCARD_ONCE: libc::c_int = 0x2_0000;
const DISCARD_PAGES: libc::c_int = 0x4_0000;

const TABLE: &str = "/proc/swaps";

/// `swapon(2)`
pub(super) fn on(path: &Path, priority: Option<u16>, discard: SwapDiscard) -> Result<(), Errno> {
    let priority = priority.map_or(0, |priority| PREFER | libc::c_int::from(priority & 0x7fff));
    let discard = match discard {
        SwapDiscard::None => 0,
        SwapDiscard::Once => DISCARD | DISCARD_ONCE,
        SwapDiscard::Pages => DISCARD | DISCARD_PAGES,
        SwapDiscard::Both => DISCARD,
    };
    let path = c_path(path)?;
    // SAFETY: the path is a C string that lives until the call returns.
    Errno::result(unsafe { libc::swapon(path.as_ptr(), priority | discard) }).map(drop)
}

/// `swapoff(2)`
pub(super) fn off(path: &Path) -> Result<(), Errno> {
    let path = c_path(path)?;
    // SAFETY: the path is a C string that lives until the call returns.
    Errno::result(unsafe { libc::swapoff(path.as_ptr()) }).map(drop)
}

/// Whether this is the machine's only swap area: then an offset in a page table is one in it.
pub(super) fn is_only(path: &Path) -> bool {
    let table = fs::read_to_string(TABLE).unwrap_or_default();
    let mut areas = table.lines().skip(1).filter_map(|line| line.split_whitespace().next());
    areas.next().is_some_and(|first| Path::new(first) == path) && areas.next().is_none()
}

fn c_path(path: &Path) -> Result<CString, Errno> {
    CString::new(path.as_os_str().as_encoded_bytes()).map_err(|_| Errno::EINVAL)
}

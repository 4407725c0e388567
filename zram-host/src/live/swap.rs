//! `swapon(2)` and `swapoff(2)`.

use std::{ffi::CString, path::Path};

use nix::{errno::Errno, libc};

use crate::swap::{Discard, SwapOptions};

/// `SWAP_FLAG_PREFER`: the low bits are a priority.
const PREFER: libc::c_int = 0x8000;
/// `SWAP_FLAG_DISCARD`, and which kinds of it are meant.
const DISCARD: libc::c_int = 0x1_0000;
const DISCARD_ONCE: libc::c_int = 0x2_0000;
const DISCARD_PAGES: libc::c_int = 0x4_0000;

/// `swapon(2)`
///
/// # Errors
/// Its errno.
pub fn swap_on(path: &Path, options: SwapOptions) -> Result<(), Errno> {
    let priority = options.priority.map_or(0, |priority| PREFER | libc::c_int::from(priority & 0x7fff));
    let discard = match options.discard {
        Discard::None => 0,
        Discard::Once => DISCARD | DISCARD_ONCE,
        Discard::Pages => DISCARD | DISCARD_PAGES,
        Discard::Both => DISCARD,
    };
    let path = c_path(path)?;
    // SAFETY: the path is a C string that lives until the call returns.
    Errno::result(unsafe { libc::swapon(path.as_ptr(), priority | discard) }).map(drop)
}

/// `swapoff(2)`
///
/// # Errors
/// Its errno.
pub fn swap_off(path: &Path) -> Result<(), Errno> {
    let path = c_path(path)?;
    // SAFETY: the path is a C string that lives until the call returns.
    Errno::result(unsafe { libc::swapoff(path.as_ptr()) }).map(drop)
}

fn c_path(path: &Path) -> Result<CString, Errno> {
    CString::new(path.as_os_str().as_encoded_bytes()).map_err(|_| Errno::EINVAL)
}

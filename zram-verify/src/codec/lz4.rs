//! LZ4 1.7.5 to compress; a decoder in Rust to read back.

use core::ffi::{c_char, c_int};

use super::PAGE;

/// `LZ4HC_DEFAULT_CLEVEL` of the kernel's copy.
const HC_LEVEL: c_int = 9;

// The crate is linked for its C code; its Rust side does not declare these two.
use lz4_sys as _;

unsafe extern "C" {
    fn LZ4_compress_fast(
        src: *const c_char,
        dst: *mut c_char,
        src_len: c_int,
        capacity: c_int,
        acceleration: c_int,
    ) -> c_int;
    fn LZ4_compress_HC(
        src: *const c_char,
        dst: *mut c_char,
        src_len: c_int,
        capacity: c_int,
        level: c_int,
    ) -> c_int;
}

fn written(len: c_int) -> Result<usize, String> {
    usize::try_from(len).ok().filter(|len| *len > 0).ok_or_else(|| "the page did not fit".to_owned())
}

pub(super) fn compress(page: &[u8; PAGE], level: Option<i32>, out: &mut [u8]) -> Result<usize, String> {
    let capacity = c_int::try_from(out.len()).map_err(|e| e.to_string())?;
    // SAFETY: both pointers are valid for the lengths given, and the function writes at most `capacity` bytes.
    let len = unsafe {
        LZ4_compress_fast(
            page.as_ptr().cast(),
            out.as_mut_ptr().cast(),
            PAGE as c_int,
            capacity,
            level.unwrap_or(1),
        )
    };
    written(len)
}

pub(super) fn compress_hc(page: &[u8; PAGE], level: Option<i32>, out: &mut [u8]) -> Result<usize, String> {
    let capacity = c_int::try_from(out.len()).map_err(|e| e.to_string())?;
    // SAFETY: as for `LZ4_compress_fast`.
    let len = unsafe {
        LZ4_compress_HC(
            page.as_ptr().cast(),
            out.as_mut_ptr().cast(),
            PAGE as c_int,
            capacity,
            level.unwrap_or(HC_LEVEL),
        )
    };
    written(len)
}

pub(super) fn decompress(bytes: &[u8], page: &mut [u8; PAGE]) -> Result<usize, String> {
    lz4_flex::block::decompress_into(bytes, page).map_err(|e| e.to_string())
}

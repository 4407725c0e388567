//! zstd at level 3, told that the source is one page, as `zstd_get_params(3, PAGE_SIZE)` is.

use zstd::zstd_safe::{CCtx, DCtx, get_error_name};

use super::PAGE;

/// `zstd_default_clevel()`
const LEVEL: i32 = 3;

pub(super) fn compress(page: &[u8; PAGE], level: Option<i32>, out: &mut [u8]) -> Result<usize, String> {
    CCtx::create().compress(out, page, level.unwrap_or(LEVEL)).map_err(|code| get_error_name(code).to_owned())
}

pub(super) fn decompress(bytes: &[u8], page: &mut [u8; PAGE]) -> Result<usize, String> {
    DCtx::create().decompress(&mut page[..], bytes).map_err(|code| get_error_name(code).to_owned())
}

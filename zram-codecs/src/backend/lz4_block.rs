//! What lz4 and lz4hc share: memory for their state, and the decoder.

use core::ffi::c_int;
use std::sync::Arc;

// Linked for its C code, LZ4 1.7.5; the crate's Rust side does not declare what is needed here.
use lz4_sys as _;

use crate::parameters::Parameters;

/// A dictionary at an address of its own, with a byte behind it.
///
/// LZ4 takes a page that begins where the dictionary ends for its continuation and compresses it by another path. In the
/// kernel no page of the caller's lies there; the byte makes sure that none does here.
pub(super) struct Dictionary {
    bytes: Box<[u8]>,
}

impl Dictionary {
    pub(super) fn of(parameters: &Parameters) -> Option<Self> {
        let given: &Arc<[u8]> = parameters.dictionary()?;
        let mut bytes = Vec::with_capacity(given.len() + 1);
        bytes.extend_from_slice(given);
        bytes.push(0);
        Some(Self { bytes: bytes.into_boxed_slice() })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.split_last().map_or(&[], |(_, bytes)| bytes)
    }

    /// Its length as LZ4 takes it; too long for that is too long for anything.
    pub(super) fn len(&self) -> c_int {
        c_int::try_from(self.bytes().len()).unwrap_or(c_int::MAX)
    }
}

/// Zeroed memory for a state of so many bytes, aligned as LZ4 asks (`LZ4_stream_t` is a union with 64-bit words).
pub(super) fn state(bytes: c_int) -> Box<[u64]> {
    vec![0; usize::try_from(bytes).unwrap_or(0).div_ceil(8)].into_boxed_slice()
}

/// What a compressing function returned: 0 is a failure.
pub(super) fn written(len: c_int) -> Result<usize, String> {
    usize::try_from(len).ok().filter(|len| *len > 0).ok_or_else(|| "the page did not fit".to_owned())
}

/// A length as LZ4 takes it. Buffers here are two pages at most.
pub(super) fn length(bytes: &[u8]) -> Result<c_int, String> {
    c_int::try_from(bytes.len()).map_err(|_| format!("{} bytes are too many", bytes.len()))
}

/// `LZ4_decompress_safe`, or `LZ4_decompress_safe_continue` after `LZ4_setStreamDecode`: in Rust.
pub(super) fn decompress(
    dictionary: Option<&Dictionary>,
    object: &[u8],
    page: &mut [u8],
) -> Result<usize, String> {
    match dictionary {
        None => lz4_flex::block::decompress_into(object, page),
        Some(dictionary) => lz4_flex::block::decompress_into_with_dict(object, page, dictionary.bytes()),
    }
    .map_err(|error| error.to_string())
}

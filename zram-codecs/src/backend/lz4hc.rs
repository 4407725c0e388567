//! `backend_lz4hc`: LZ4's thorough compressor.
//!
//! A level is a number of places to look for a match, 2^(level − 1). The kernel has levels up to 16; LZ4 1.7.5 has
//! those to 9, and 2^15 places as its level 10. From its level 11 on it has another parser, which the kernel does not
//! have and which is never called here.

use core::ffi::{c_char, c_int, c_void};

use super::{
    Backend,
    lz4_block::{self, Dictionary},
};
use crate::parameters::Parameters;

/// `LZ4HC_DEFAULT_CLEVEL`
const LEVEL: c_int = 9;

/// The level of LZ4 1.7.5 that looks in 2^15 places.
const MOST_PLACES: c_int = 10;

/// As much of a dictionary as LZ4 looks at.
const MOST_DICTIONARY: usize = 64 << 10;

unsafe extern "C" {
    safe fn LZ4_sizeofStateHC() -> c_int;
    fn LZ4_compress_HC_extStateHC(
        state: *mut c_void,
        src: *const c_char,
        dst: *mut c_char,
        src_len: c_int,
        capacity: c_int,
        level: c_int,
    ) -> c_int;
    fn LZ4_resetStreamHC(stream: *mut c_void, level: c_int);
    fn LZ4_loadDictHC(stream: *mut c_void, dictionary: *const c_char, len: c_int) -> c_int;
    fn LZ4_compress_HC_continue(
        stream: *mut c_void,
        src: *const c_char,
        dst: *mut c_char,
        src_len: c_int,
        capacity: c_int,
    ) -> c_int;
}

pub(crate) struct Lz4Hc {
    level: c_int,
    state: Box<[u64]>,
    dictionary: Option<Dictionary>,
}

impl Lz4Hc {
    pub(crate) fn new(parameters: &Parameters) -> Self {
        let level = match parameters.level.unwrap_or(LEVEL) {
            ..1 => LEVEL,
            level @ 1..MOST_PLACES => level,
            MOST_PLACES.. => MOST_PLACES,
        };
        let state = lz4_block::state(LZ4_sizeofStateHC());
        Self { level, state, dictionary: Dictionary::of(parameters) }
    }
}

impl Backend for Lz4Hc {
    fn compress(&mut self, page: &[u8], out: &mut [u8]) -> Result<usize, String> {
        let (from, to) = (lz4_block::length(page)?, lz4_block::length(out)?);
        let state: *mut c_void = self.state.as_mut_ptr().cast();
        let Some(dictionary) = &self.dictionary else {
            // SAFETY: the state is as large and aligned as asked for, both buffers are as long as said, and no more
            // than that is read or written.
            let len = unsafe {
                LZ4_compress_HC_extStateHC(
                    state,
                    page.as_ptr().cast(),
                    out.as_mut_ptr().cast(),
                    from,
                    to,
                    self.level,
                )
            };
            return lz4_block::written(len);
        };
        let given = dictionary.bytes().len();
        if given > MOST_DICTIONARY {
            // zram asks whether all of it was taken, page by page.
            return Err(format!("a dictionary of {given} bytes, of which LZ4 takes the last 65536"));
        }
        // SAFETY: the state is as large and aligned as a stream.
        unsafe { LZ4_resetStreamHC(state, self.level) };
        // SAFETY: the stream has been reset, and the dictionary is as long as said. The stream keeps its address until
        // the next reset, and both live in `self`.
        unsafe { LZ4_loadDictHC(state, dictionary.bytes().as_ptr().cast(), dictionary.len()) };
        // SAFETY: the stream has its dictionary, both buffers are as long as said, and no more than that is read or
        // written.
        let len = unsafe {
            LZ4_compress_HC_continue(state, page.as_ptr().cast(), out.as_mut_ptr().cast(), from, to)
        };
        lz4_block::written(len)
    }

    fn decompress(&mut self, object: &[u8], page: &mut [u8]) -> Result<usize, String> {
        lz4_block::decompress(self.dictionary.as_ref(), object, page)
    }
}

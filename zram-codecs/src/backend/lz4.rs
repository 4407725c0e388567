//! `backend_lz4`: LZ4's fast compressor; the level is its acceleration.

use core::ffi::{c_char, c_int, c_void};

use super::{
    Backend,
    lz4_block::{self, Dictionary},
};
use crate::{error::SetupError, parameters::Parameters};

/// `LZ4_ACCELERATION_DEFAULT`
const ACCELERATION: c_int = 1;

unsafe extern "C" {
    safe fn LZ4_sizeofState() -> c_int;
    fn LZ4_compress_fast_extState(
        state: *mut c_void,
        src: *const c_char,
        dst: *mut c_char,
        src_len: c_int,
        capacity: c_int,
        acceleration: c_int,
    ) -> c_int;
    fn LZ4_loadDict(stream: *mut c_void, dictionary: *const c_char, len: c_int) -> c_int;
    fn LZ4_compress_fast_continue(
        stream: *mut c_void,
        src: *const c_char,
        dst: *mut c_char,
        src_len: c_int,
        capacity: c_int,
        acceleration: c_int,
    ) -> c_int;
}

pub(crate) struct Lz4 {
    acceleration: c_int,
    state: Box<[u64]>,
    /// The dictionary, and a stream that has read it: each page starts with a copy of that stream.
    dictionary: Option<(Dictionary, Box<[u64]>)>,
}

impl Lz4 {
    pub(crate) fn new(parameters: &Parameters) -> Result<Self, SetupError> {
        let dictionary = Dictionary::of(parameters).map(load).transpose()?;
        Ok(Self {
            acceleration: parameters.level.unwrap_or(ACCELERATION),
            state: lz4_block::state(LZ4_sizeofState()),
            dictionary,
        })
    }
}

/// Has a stream read the dictionary. LZ4 takes less than all of a longer one, nothing of a shorter, and
/// zram refuses both.
fn load(dictionary: Dictionary) -> Result<(Dictionary, Box<[u64]>), SetupError> {
    let mut stream = lz4_block::state(LZ4_sizeofState());
    // SAFETY: zeroed memory of this size and alignment is a fresh stream, and the dictionary is as long as said. The
    // stream keeps its address, which lies on the heap and goes where the stream goes.
    let taken = unsafe {
        LZ4_loadDict(stream.as_mut_ptr().cast(), dictionary.bytes().as_ptr().cast(), dictionary.len())
    };
    if taken == dictionary.len() {
        Ok((dictionary, stream))
    } else {
        Err(SetupError::DictionarySize(dictionary.bytes().len()))
    }
}

impl Backend for Lz4 {
    fn compress(&mut self, page: &[u8], out: &mut [u8]) -> Result<usize, String> {
        let (from, to) = (lz4_block::length(page)?, lz4_block::length(out)?);
        let state = self.state.as_mut_ptr();
        let len = match &self.dictionary {
            // SAFETY: the state is as large and aligned as asked for, both buffers are as long as said, and no
            // more than that is read or written.
            None => unsafe {
                LZ4_compress_fast_extState(
                    state.cast(),
                    page.as_ptr().cast(),
                    out.as_mut_ptr().cast(),
                    from,
                    to,
                    self.acceleration,
                )
            },
            Some((_, loaded)) => {
                self.state.copy_from_slice(loaded);
                // SAFETY: as above; and the copied stream points to the dictionary, which lives in `self`.
                unsafe {
                    LZ4_compress_fast_continue(
                        self.state.as_mut_ptr().cast(),
                        page.as_ptr().cast(),
                        out.as_mut_ptr().cast(),
                        from,
                        to,
                        self.acceleration,
                    )
                }
            }
        };
        lz4_block::written(len)
    }

    fn decompress(&mut self, object: &[u8], page: &mut [u8]) -> Result<usize, String> {
        lz4_block::decompress(self.dictionary.as_ref().map(|(dictionary, _)| dictionary), object, page)
    }
}

//! `backend_zstd`: told in advance that the source is one page.

use core::{
    ffi::{CStr, c_int, c_void},
    ptr::NonNull,
};
use std::sync::Arc;

use zram_model::PageSize;
use zstd_sys as z;

use super::Backend;
use crate::{error::SetupError, parameters::Parameters};

/// `zstd_default_clevel()`
const LEVEL: c_int = 3;

/// Something that the library made and takes back.
struct Owned<T> {
    made: NonNull<T>,
    free: unsafe extern "C" fn(*mut T) -> usize,
}

// SAFETY: zstd's contexts and dictionaries are plain memory, bound to no thread, and what owns one has it alone.
unsafe impl<T> Send for Owned<T> {}

impl<T> Owned<T> {
    /// # Safety
    /// `made` is null, or was just made by the library, and `free` is what takes it back.
    unsafe fn new(made: *mut T, free: unsafe extern "C" fn(*mut T) -> usize) -> Option<Self> {
        NonNull::new(made).map(|made| Self { made, free })
    }

    fn as_ptr(&self) -> *mut T {
        self.made.as_ptr()
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        // SAFETY: `new` was promised that it is the library's, and it is given back once.
        unsafe { (self.free)(self.made.as_ptr()) };
    }
}

/// A dictionary digested for both directions. They refer to its bytes.
struct Dictionary {
    compress: Owned<z::ZSTD_CDict>,
    decompress: Owned<z::ZSTD_DDict>,
    /// Kept where it is for the two above, which are dropped first.
    _bytes: Arc<[u8]>,
}

pub(crate) struct Zstd {
    level: c_int,
    compress: Owned<z::ZSTD_CCtx>,
    decompress: Owned<z::ZSTD_DCtx>,
    dictionary: Option<Dictionary>,
}

impl Zstd {
    pub(crate) fn new(parameters: &Parameters, page_size: PageSize) -> Result<Self, SetupError> {
        let level = parameters.level.unwrap_or(LEVEL);
        let memory = SetupError::Memory { name: "zstd" };
        // SAFETY: it takes no argument.
        let context = unsafe { z::ZSTD_createCCtx() };
        // SAFETY: the context was just made, and is freed by this function.
        let compress = unsafe { Owned::new(context, z::ZSTD_freeCCtx) }.ok_or(memory.clone())?;
        // SAFETY: it takes no argument.
        let context = unsafe { z::ZSTD_createDCtx() };
        // SAFETY: the context was just made, and is freed by this function.
        let decompress = unsafe { Owned::new(context, z::ZSTD_freeDCtx) }.ok_or(memory)?;
        let dictionary =
            parameters.dictionary().map(|bytes| Dictionary::new(bytes, level, page_size)).transpose()?;
        Ok(Self { level, compress, decompress, dictionary })
    }
}

impl Dictionary {
    /// With parameters for the level, the page and the dictionary, whose kind the first bytes say.
    fn new(bytes: &Arc<[u8]>, level: c_int, page_size: PageSize) -> Result<Self, SetupError> {
        // SAFETY: it computes with numbers, and any will do.
        let parameters = unsafe { z::ZSTD_getCParams(level, u64::from(page_size.bytes()), bytes.len()) };
        let memory = z::ZSTD_customMem { customAlloc: None, customFree: None, opaque: core::ptr::null_mut() };
        // SAFETY: the bytes are as many as said and stay where they are as long as what refers to them.
        let made = unsafe {
            z::ZSTD_createCDict_advanced(
                bytes.as_ptr().cast(),
                bytes.len(),
                z::ZSTD_dictLoadMethod_e::ZSTD_dlm_byRef,
                z::ZSTD_dictContentType_e::ZSTD_dct_auto,
                parameters,
                memory,
            )
        };
        // SAFETY: the dictionary was just made, and is freed by this function.
        let compress = unsafe { Owned::new(made, z::ZSTD_freeCDict) }.ok_or(SetupError::Dictionary)?;
        // SAFETY: as above.
        let made = unsafe {
            z::ZSTD_createDDict_advanced(
                bytes.as_ptr().cast(),
                bytes.len(),
                z::ZSTD_dictLoadMethod_e::ZSTD_dlm_byRef,
                z::ZSTD_dictContentType_e::ZSTD_dct_auto,
                memory,
            )
        };
        // SAFETY: the dictionary was just made, and is freed by this function.
        let decompress = unsafe { Owned::new(made, z::ZSTD_freeDDict) }.ok_or(SetupError::Dictionary)?;
        Ok(Self { compress, decompress, _bytes: Arc::clone(bytes) })
    }
}

impl Backend for Zstd {
    fn compress(&mut self, page: &[u8], out: &mut [u8]) -> Result<usize, String> {
        let (from, to): (*const c_void, *mut c_void) = (page.as_ptr().cast(), out.as_mut_ptr().cast());
        let context = self.compress.as_ptr();
        answer(match &self.dictionary {
            // With the source's length known, the level stands for the parameters of `zstd_get_params`.
            // SAFETY: the context is the library's, and both buffers are as long as said.
            None => unsafe { z::ZSTD_compressCCtx(context, to, out.len(), from, page.len(), self.level) },
            // SAFETY: as above, and the dictionary is the library's.
            Some(dictionary) => unsafe {
                z::ZSTD_compress_usingCDict(
                    context,
                    to,
                    out.len(),
                    from,
                    page.len(),
                    dictionary.compress.as_ptr(),
                )
            },
        })
    }

    fn decompress(&mut self, object: &[u8], page: &mut [u8]) -> Result<usize, String> {
        let (from, to): (*const c_void, *mut c_void) = (object.as_ptr().cast(), page.as_mut_ptr().cast());
        let context = self.decompress.as_ptr();
        answer(match &self.dictionary {
            // SAFETY: the context is the library's, and both buffers are as long as said.
            None => unsafe { z::ZSTD_decompressDCtx(context, to, page.len(), from, object.len()) },
            // SAFETY: as above, and the dictionary is the library's.
            Some(dictionary) => unsafe {
                z::ZSTD_decompress_usingDDict(
                    context,
                    to,
                    page.len(),
                    from,
                    object.len(),
                    dictionary.decompress.as_ptr(),
                )
            },
        })
    }
}

/// A length, or an error that the library put in its place.
fn answer(code: usize) -> Result<usize, String> {
    // SAFETY: it looks at a number.
    if unsafe { z::ZSTD_isError(code) } == 0 {
        return Ok(code);
    }
    // SAFETY: it looks at a number, and returns a constant string whatever that is.
    let name = unsafe { z::ZSTD_getErrorName(code) };
    // SAFETY: the string ends with a zero and is never freed.
    Err(unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned())
}

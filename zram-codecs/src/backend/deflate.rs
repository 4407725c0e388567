//! `backend_deflate`: stock zlib, with the window and memory level of the kernel's.

use core::{
    ffi::{c_char, c_int},
    ptr::null_mut,
};

use libz_sys as z;

use super::Backend;
use crate::{error::SetupError, parameters::Parameters};

/// `DEFLATE_DEF_WINBITS`: 2 KiB, and no header.
const WINDOW_BITS: c_int = -11;
/// `MAX_MEM_LEVEL` of the kernel's zlib
const MEM_LEVEL: c_int = 8;

/// The streams lie on the heap: zlib's state refers back to them.
pub(crate) struct Deflate {
    compress: Box<z::z_stream>,
    decompress: Box<z::z_stream>,
}

// SAFETY: a stream is plain memory, bound to no thread, and what owns it has it alone.
unsafe impl Send for Deflate {}

impl Deflate {
    pub(crate) fn new(parameters: &Parameters) -> Result<Self, SetupError> {
        let level = parameters.level.unwrap_or(z::Z_DEFAULT_COMPRESSION);
        if !(-1..=9).contains(&level) {
            return Err(SetupError::Level(level));
        }
        let window = parameters.winbits.unwrap_or(WINDOW_BITS);
        if !(-15..=-9).contains(&window) && !(9..=15).contains(&window) {
            return Err(SetupError::WindowBits(window));
        }
        let (version, size) = build();
        let (mut compress, mut decompress) = (blank(), blank());
        // SAFETY: the stream is blank, and version and size are those of the library linked.
        let code = unsafe {
            z::deflateInit2_(
                &raw mut *compress,
                level,
                z::Z_DEFLATED,
                window,
                MEM_LEVEL,
                z::Z_DEFAULT_STRATEGY,
                version,
                size,
            )
        };
        if code != z::Z_OK {
            return Err(SetupError::Memory { name: "deflate" });
        }
        // SAFETY: as for deflateInit2.
        let code = unsafe { z::inflateInit2_(&raw mut *decompress, window, version, size) };
        // From here on `drop` takes both back; zlib refuses to end what has not begun.
        let ready = Self { compress, decompress };
        if code == z::Z_OK { Ok(ready) } else { Err(SetupError::Memory { name: "deflate" }) }
    }
}

impl Drop for Deflate {
    fn drop(&mut self) {
        // SAFETY: deflateInit2 succeeded before there was a value to drop.
        unsafe { z::deflateEnd(&raw mut *self.compress) };
        // SAFETY: the stream is one that inflateInit2 initialised, or left without a state, which is looked at first.
        unsafe { z::inflateEnd(&raw mut *self.decompress) };
    }
}

impl Backend for Deflate {
    fn compress(&mut self, page: &[u8], out: &mut [u8]) -> Result<usize, String> {
        let stream = &mut *self.compress;
        // SAFETY: the stream was initialised, and has not moved.
        let code = unsafe { z::deflateReset(&raw mut *stream) };
        if code != z::Z_OK {
            return Err(failed("deflateReset", code));
        }
        aim(stream, page, out)?;
        // SAFETY: both buffers are as long as said; deflate does not write to its input.
        let code = unsafe { z::deflate(&raw mut *stream, z::Z_FINISH) };
        finished(stream, "deflate", code)
    }

    fn decompress(&mut self, object: &[u8], page: &mut [u8]) -> Result<usize, String> {
        let stream = &mut *self.decompress;
        // SAFETY: the stream was initialised, and has not moved.
        let code = unsafe { z::inflateReset(&raw mut *stream) };
        if code != z::Z_OK {
            return Err(failed("inflateReset", code));
        }
        aim(stream, object, page)?;
        // SAFETY: both buffers are as long as said; inflate does not write to its input.
        let code = unsafe { z::inflate(&raw mut *stream, z::Z_SYNC_FLUSH) };
        finished(stream, "inflate", code)
    }
}

/// Points a stream at what it reads and writes.
fn aim(stream: &mut z::z_stream, from: &[u8], to: &mut [u8]) -> Result<(), String> {
    let length = |bytes: &[u8]| z::uInt::try_from(bytes.len()).map_err(|error| error.to_string());
    stream.avail_in = length(from)?;
    stream.avail_out = length(to)?;
    stream.next_in = from.as_ptr().cast_mut();
    stream.next_out = to.as_mut_ptr();
    Ok(())
}

/// How many bytes came out, if the stream ended.
fn finished(stream: &mut z::z_stream, doing: &str, code: c_int) -> Result<usize, String> {
    // The buffers are the caller's again.
    (stream.next_in, stream.next_out) = (null_mut(), null_mut());
    if code == z::Z_STREAM_END { Ok(stream.total_out as usize) } else { Err(failed(doing, code)) }
}

fn failed(doing: &str, code: c_int) -> String {
    format!("{doing} answered {code}")
}

/// A stream before its initialisation.
fn blank() -> Box<z::z_stream> {
    Box::new(z::z_stream {
        next_in: null_mut(),
        avail_in: 0,
        total_in: 0,
        next_out: null_mut(),
        avail_out: 0,
        total_out: 0,
        msg: null_mut(),
        state: null_mut(),
        zalloc: alloc,
        zfree: free,
        opaque: null_mut(),
        data_type: 0,
        adler: 0,
        reserved: 0,
    })
}

extern "C" fn alloc(_: z::voidpf, items: z::uInt, size: z::uInt) -> z::voidpf {
    // SAFETY: calloc takes any two numbers.
    unsafe { libc::calloc(items as usize, size as usize) }
}

extern "C" fn free(_: z::voidpf, address: z::voidpf) {
    // SAFETY: zlib frees only what `alloc` gave it.
    unsafe { libc::free(address) }
}

/// Version and size that the initialising functions compare with their own.
fn build() -> (*const c_char, c_int) {
    // SAFETY: it returns a pointer to a constant.
    (unsafe { z::zlibVersion() }, size_of::<z::z_stream>() as c_int)
}

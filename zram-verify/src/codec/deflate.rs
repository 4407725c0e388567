//! Stock zlib, raw streams, with the window and memory level of the kernel's backend.

use core::{
    ffi::{c_char, c_int},
    ptr::null_mut,
};

use libz_sys as z;

use super::PAGE;

/// `DEFLATE_DEF_WINBITS`
const WINDOW_BITS: c_int = -11;
/// `MAX_MEM_LEVEL` of the kernel's zlib
const MEM_LEVEL: c_int = 8;

fn fail(doing: &str, code: c_int) -> String {
    format!("{doing} answered {code}")
}

extern "C" fn alloc(_: z::voidpf, items: z::uInt, size: z::uInt) -> z::voidpf {
    // SAFETY: calloc takes any two numbers.
    unsafe { nix::libc::calloc(items as usize, size as usize) }
}

extern "C" fn free(_: z::voidpf, address: z::voidpf) {
    // SAFETY: zlib frees only what `alloc` gave it.
    unsafe { nix::libc::free(address) }
}

/// A stream before its initialisation.
fn blank() -> z::z_stream {
    z::z_stream {
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
    }
}

/// Version and size that the initialising functions compare with their own.
fn build() -> (*const c_char, c_int) {
    // SAFETY: it returns a pointer to a constant.
    (unsafe { z::zlibVersion() }, size_of::<z::z_stream>() as c_int)
}

pub(super) fn compress(
    page: &[u8; PAGE],
    level: Option<i32>,
    winbits: Option<i32>,
    out: &mut [u8],
) -> Result<usize, String> {
    let mut stream = blank();
    let (version, size) = build();
    // SAFETY: the stream is initialised, and version and size are those of the library linked.
    let code = unsafe {
        z::deflateInit2_(
            &raw mut stream,
            level.unwrap_or(z::Z_DEFAULT_COMPRESSION),
            z::Z_DEFLATED,
            winbits.unwrap_or(WINDOW_BITS),
            MEM_LEVEL,
            z::Z_DEFAULT_STRATEGY,
            version,
            size,
        )
    };
    if code != z::Z_OK {
        return Err(fail("deflateInit2", code));
    }
    stream.next_in = page.as_ptr().cast_mut();
    stream.avail_in = PAGE as z::uInt;
    stream.next_out = out.as_mut_ptr();
    stream.avail_out = z::uInt::try_from(out.len()).map_err(|e| e.to_string())?;
    // SAFETY: both buffers outlive the call and are as long as said; deflate does not write to its input.
    let code = unsafe { z::deflate(&raw mut stream, z::Z_FINISH) };
    let len = stream.total_out as usize;
    // SAFETY: the stream was initialised by deflateInit2.
    unsafe { z::deflateEnd(&raw mut stream) };
    if code == z::Z_STREAM_END { Ok(len) } else { Err(fail("deflate", code)) }
}

/// Whether the bytes begin with zlib's header: method 8, a window of at most 32 KiB, and its check.
fn wrapped(bytes: &[u8]) -> bool {
    let Some([first, second]) = bytes.first_chunk() else { return false };
    let header = u16::from_be_bytes([*first, *second]);
    first & 0x0f == 8 && first >> 4 <= 7 && header.is_multiple_of(31)
}

pub(super) fn decompress(bytes: &[u8], page: &mut [u8; PAGE]) -> Result<usize, String> {
    let mut stream = blank();
    let (version, size) = build();
    // A raw stream that begins so would be a stored block that is not the last, which a page never makes.
    let window = if wrapped(bytes) { 15 } else { -15 };
    // SAFETY: as for deflateInit2.
    let code = unsafe { z::inflateInit2_(&raw mut stream, window, version, size) };
    if code != z::Z_OK {
        return Err(fail("inflateInit2", code));
    }
    stream.next_in = bytes.as_ptr().cast_mut();
    stream.avail_in = z::uInt::try_from(bytes.len()).map_err(|e| e.to_string())?;
    stream.next_out = page.as_mut_ptr();
    stream.avail_out = PAGE as z::uInt;
    // SAFETY: both buffers outlive the call and are as long as said.
    let code = unsafe { z::inflate(&raw mut stream, z::Z_FINISH) };
    let len = stream.total_out as usize;
    // SAFETY: the stream was initialised by inflateInit2.
    unsafe { z::inflateEnd(&raw mut stream) };
    if code == z::Z_STREAM_END { Ok(len) } else { Err(fail("inflate", code)) }
}

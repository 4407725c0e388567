//! The libraries, each behind what `struct zcomp_ops` asks of a backend.

#[cfg(feature = "deflate")]
mod deflate;
#[cfg(feature = "lz4")]
mod lz4;
#[cfg(any(feature = "lz4", feature = "lz4hc"))]
mod lz4_block;
#[cfg(feature = "lz4hc")]
mod lz4hc;
#[cfg(feature = "zstd")]
mod zstd;

use zram_model::PageSize;

use crate::{algorithm::Algorithm, error::SetupError, parameters::Parameters};

/// A compressor and a decompressor with their contexts. Errors are reasons, in the library's words.
pub(crate) trait Backend: Send {
    /// Compresses a page into a buffer of two pages: how many bytes of it.
    fn compress(&mut self, page: &[u8], out: &mut [u8]) -> Result<usize, String>;

    /// Decompresses an object: how many bytes of the page it filled. Whatever the object is, nothing else happens.
    fn decompress(&mut self, object: &[u8], page: &mut [u8]) -> Result<usize, String>;
}

/// Sets a backend up (`setup_params` and `create_ctx`).
pub(crate) fn create(
    algorithm: Algorithm,
    parameters: &Parameters,
    page_size: PageSize,
) -> Result<Box<dyn Backend>, SetupError> {
    // Only zstd is told the page size in advance.
    let _ = page_size;
    Ok(match algorithm {
        #[cfg(feature = "lz4")]
        Algorithm::Lz4 => Box::new(lz4::Lz4::new(parameters)?),
        #[cfg(feature = "lz4hc")]
        Algorithm::Lz4Hc => Box::new(lz4hc::Lz4Hc::new(parameters)),
        #[cfg(feature = "zstd")]
        Algorithm::Zstd => Box::new(zstd::Zstd::new(parameters, page_size)?),
        #[cfg(feature = "deflate")]
        Algorithm::Deflate => Box::new(deflate::Deflate::new(parameters)?),
    })
}

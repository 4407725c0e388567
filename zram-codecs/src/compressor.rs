//! One compressor, as a CPU of the kernel's has it.

use core::fmt;

use zram_model::PageSize;

use crate::{
    algorithm::Algorithm,
    backend::{self, Backend},
    error::{CodecError, SetupError},
    parameters::Parameters,
};

/// An algorithm with its parameters, its contexts and its output buffer (`struct zcomp` with one `struct zcomp_strm`).
///
/// Nothing of one page shows in the next: contexts are reset before each use, as in the kernel.
pub struct Compressor {
    algorithm: Algorithm,
    page_size: PageSize,
    backend: Box<dyn Backend>,
    buffer: Box<[u8]>,
}

impl Compressor {
    /// A compressor for pages of this size (`zcomp_create`).
    ///
    /// # Errors
    /// As [`SetupError`] lists them: the name, the parameters that the kernel's backend refuses too, no memory.
    pub fn new(name: &str, parameters: &Parameters, page_size: PageSize) -> Result<Self, SetupError> {
        let algorithm = Algorithm::from_name(name)?;
        let backend = backend::create(algorithm, parameters, page_size)?;
        // One page for the object and one for what is larger than its page (`zcomp_strm_init`).
        let buffer = vec![0; 2 * page_size.as_usize()].into_boxed_slice();
        Ok(Self { algorithm, page_size, backend, buffer })
    }

    /// Which algorithm it is.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// For pages of which size.
    #[must_use]
    pub fn page_size(&self) -> PageSize {
        self.page_size
    }

    /// Compresses a page (`zcomp_compress`). The object, which may be longer than the page, stays valid until the next call.
    ///
    /// # Errors
    /// For anything that is not one page; for every page if lz4hc has a dictionary of more than 64 KiB.
    pub fn compress(&mut self, page: &[u8]) -> Result<&[u8], CodecError> {
        if page.len() != self.page_size.as_usize() {
            let reason =
                format!("{} bytes to compress, but a page has {}", page.len(), self.page_size.bytes());
            return Err(self.error(reason));
        }
        match self.backend.compress(page, &mut self.buffer) {
            Ok(len) => Ok(&self.buffer[..len.min(self.buffer.len())]),
            Err(reason) => Err(self.error(reason)),
        }
    }

    /// Fills a page with what an object stands for (`zcomp_decompress`). After an error the page holds anything.
    ///
    /// # Errors
    /// If the object is damaged, or stands for more or less than the page. The kernel takes one that stands for less, and leaves the
    /// rest of the page as it was.
    pub fn decompress(&mut self, object: &[u8], page: &mut [u8]) -> Result<(), CodecError> {
        if page.len() != self.page_size.as_usize() {
            let reason = format!("{} bytes to fill, but a page has {}", page.len(), self.page_size.bytes());
            return Err(self.error(reason));
        }
        let len = self.backend.decompress(object, page).map_err(|reason| self.error(reason))?;
        if len != page.len() {
            let reason =
                format!("{} bytes decompress to {len}, not to a page of {}", object.len(), page.len());
            return Err(self.error(reason));
        }
        Ok(())
    }

    fn error(&self, reason: String) -> CodecError {
        CodecError { algorithm: self.algorithm.name(), reason }
    }
}

impl fmt::Debug for Compressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Compressor({}, pages of {})", self.algorithm, self.page_size.bytes())
    }
}

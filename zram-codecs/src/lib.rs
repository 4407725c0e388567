//! The compressors of zram.
//!
//! What a page costs in zram is decided by a compressor, and that is the one thing about zram which its own source
//! does not say. `zram-model` therefore asks for it. This crate answers, with libraries of which the kernel's copies
//! descend: LZ4 1.7.5, zlib's deflate, zstd 1.5.7. They make of a page, byte for byte, what the
//! kernel makes of it, so a compressed length can be predicted, and a simulated device has the ratio and
//! the size classes that a real one would have. How far that goes, [`exactness`] says for each algorithm and
//! its parameters; it claims what was held against a live kernel and no more.
//!
//! ```
//! use zram_codecs::{Compressor, Parameters, exactness};
//! use zram_model::PageSize;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let parameters = Parameters { level: Some(7), ..Parameters::default() };
//! let mut zstd = Compressor::new("zstd", &parameters, PageSize::KIB_4)?;
//! assert!(exactness("zstd", &parameters, PageSize::KIB_4)?.is_exact());
//!
//! let page: Vec<u8> = (0..4096_u32).map(|at| (at / 100) as u8).collect();
//! let object = zstd.compress(&page)?.to_vec();
//! assert!(object.len() < 200);
//!
//! let mut again = vec![0; 4096];
//! zstd.decompress(&object, &mut again)?;
//! assert_eq!(again, page);
//! # Ok(())
//! # }
//! ```
//!
//! * [`Compressor`] is one algorithm with its parameters and its contexts, which are made once and used for every
//!   page, as the kernel keeps them per CPU: making those of zstd and deflate takes as long as compressing a page.
//! * [`Codecs`] keeps one for each [`Codec`](zram_model::Codec) that the model asks for.
//! * Each algorithm is a feature and brings its own library: `lz4`, `lz4hc`, `zstd`, `deflate`. `lzo`, `lzo-rle` and
//!   `842` have no library that could stand for the kernel's; asking for them is an [error](SetupError::Absent).
//!
//! Compressing trusts the libraries with memory that this crate owns. Decompressing must not trust its input, which may
//! be a damaged disk: zstd and zlib are fuzzed for that; LZ4 1.7.5 is too old, so LZ4 is decoded by a decoder in
//! safe Rust.

#[cfg(not(any(feature = "lz4", feature = "lz4hc", feature = "zstd", feature = "deflate")))]
compile_error!("zram-codecs without a codec: enable one of the features lz4, lz4hc, zstd, deflate");

mod algorithm;
mod backend;
mod codecs;
mod compressor;
mod error;
mod exactness;
mod parameters;

pub use algorithm::Algorithm;
pub use codecs::Codecs;
pub use compressor::Compressor;
pub use error::{CodecError, SetupError};
pub use exactness::{Exactness, exactness};
pub use parameters::Parameters;

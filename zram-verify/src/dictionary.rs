//! The compression dictionary of the test bench.
//!
//! A dictionary is a file that the kernel reads by its path, so what the model's compressor must be told is a path's
//! content. There is one path for which it is known: the VM's root file system has these bytes there. Its words are
//! those of the generator's texts, so that it makes a difference to them. Where a machine has no such file, the kernel
//! refuses the parameters, and nothing is compressed with it.

use std::sync::Arc;

/// Where it is.
pub const PATH: &str = "/dictionary";

/// What it holds.
pub const BYTES: &[u8] = include_bytes!("dictionary.bin");

/// What is at a path, if that is known.
pub(crate) fn at(path: &str) -> Option<Arc<[u8]>> {
    (path == PATH).then(|| Arc::from(BYTES))
}

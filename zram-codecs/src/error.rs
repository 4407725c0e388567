//! What can go wrong, with the errno that the kernel answers.

use thiserror::Error;
use zram_model::Errno;

/// There is no compressor of this kind; in the kernel, writing `disksize` fails.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SetupError {
    /// A compressor of the kernel's that no library reproduces.
    #[error("{name}: no library reproduces the kernel's compressor; use lz4, lz4hc, zstd or deflate")]
    Absent {
        /// The name asked for.
        name: String,
    },
    /// Left out of this build.
    #[error("{name}: built without it; enable the feature `{name}` of zram-codecs")]
    NotBuilt {
        /// The name asked for.
        name: String,
    },
    /// No compressor of any kernel's.
    #[error("{name:?}: no compression algorithm of zram's; use lz4, lz4hc, zstd or deflate")]
    Unknown {
        /// The name asked for.
        name: String,
    },
    /// Not one of deflate's levels.
    #[error("deflate: level {0} is none from -1 to 9")]
    Level(i32),
    /// Not one of deflate's windows.
    #[error("deflate: winbits {0} is none from 9 to 15, nor from -15 to -9 for a stream without header")]
    WindowBits(i32),
    /// LZ4 would use only a part of the dictionary, or nothing.
    #[error("lz4: a dictionary of {0} bytes; it takes 8 to 65536")]
    DictionarySize(usize),
    /// A dictionary that begins as one of zstd's and is damaged behind.
    #[error("zstd: the dictionary begins with zstd's mark and cannot be read on")]
    Dictionary,
    /// What the dictionary holds is not known.
    #[error("{name}: the dictionary's bytes are not known; give them with Codecs::set_dictionary")]
    UnknownDictionary {
        /// The algorithm.
        name: &'static str,
    },
    /// No memory for a context.
    #[error("no memory for a context of {name}")]
    Memory {
        /// The algorithm.
        name: &'static str,
    },
}

impl SetupError {
    /// The errno with which the kernel refuses the same (`zcomp_create`).
    #[must_use]
    pub fn errno(&self) -> Errno {
        match self {
            Self::Memory { .. } => Errno::ENOMEM,
            _ => Errno::EINVAL,
        }
    }
}

/// A page that was not compressed, or an object that is none.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{algorithm}: {reason}")]
pub struct CodecError {
    pub(crate) algorithm: &'static str,
    pub(crate) reason: String,
}

impl CodecError {
    /// The errno of `zcomp_compress` and `zcomp_decompress`: the backends know only this one.
    #[must_use]
    pub fn errno(&self) -> Errno {
        Errno::EINVAL
    }
}

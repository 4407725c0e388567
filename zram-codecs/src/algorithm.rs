//! Which compressors there are.

use core::fmt;

use crate::error::SetupError;

/// Names that `comp_algorithm` of some kernel lists and for which there is no library.
const WITHOUT_LIBRARY: [&str; 3] = ["lzo-rle", "lzo", "842"];

/// A compression algorithm that this crate was built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// `lz4` (`backend_lz4`).
    #[cfg(feature = "lz4")]
    Lz4,
    /// `lz4hc` (`backend_lz4hc`).
    #[cfg(feature = "lz4hc")]
    Lz4Hc,
    /// `zstd` (`backend_zstd`).
    #[cfg(feature = "zstd")]
    Zstd,
    /// `deflate` (`backend_deflate`).
    #[cfg(feature = "deflate")]
    Deflate,
}

impl Algorithm {
    /// Every algorithm built in.
    pub const ALL: &[Self] = &[
        #[cfg(feature = "lz4")]
        Self::Lz4,
        #[cfg(feature = "lz4hc")]
        Self::Lz4Hc,
        #[cfg(feature = "zstd")]
        Self::Zstd,
        #[cfg(feature = "deflate")]
        Self::Deflate,
    ];

    /// The algorithm of this name, as `comp_algorithm` spells it (`zcomp_lookup_backend_name`).
    ///
    /// # Errors
    /// [`SetupError::Absent`] where the kernel has an algorithm of which no library is known to stand for it,
    /// [`SetupError::NotBuilt`] where this crate has one and was built without, [`SetupError::Unknown`] else.
    pub fn from_name(name: &str) -> Result<Self, SetupError> {
        if let Some(found) = Self::ALL.iter().find(|algorithm| algorithm.name() == name) {
            return Ok(*found);
        }
        let name = name.to_owned();
        Err(match name.as_str() {
            "lz4" | "lz4hc" | "zstd" | "deflate" => SetupError::NotBuilt { name },
            known if WITHOUT_LIBRARY.contains(&known) => SetupError::Absent { name },
            _ => SetupError::Unknown { name },
        })
    }

    /// The kernel's name of it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            #[cfg(feature = "lz4")]
            Self::Lz4 => "lz4",
            #[cfg(feature = "lz4hc")]
            Self::Lz4Hc => "lz4hc",
            #[cfg(feature = "zstd")]
            Self::Zstd => "zstd",
            #[cfg(feature = "deflate")]
            Self::Deflate => "deflate",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_built_in_missing_or_unknown() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::from_name(algorithm.name()), Ok(*algorithm));
        }
        for name in WITHOUT_LIBRARY {
            assert!(matches!(Algorithm::from_name(name), Err(SetupError::Absent { .. })), "{name}");
        }
        assert!(matches!(Algorithm::from_name("LZ4"), Err(SetupError::Unknown { .. })));
    }
}

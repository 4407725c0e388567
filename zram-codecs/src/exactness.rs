//! How much a compressor's output says about the kernel's.

use zram_model::PageSize;

use crate::{algorithm::Algorithm, error::SetupError, parameters::Parameters};

/// Whether an object is the kernel's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exactness {
    /// The same bytes as Linux 7.2's, and so the same length.
    ///
    /// Held against 7.2.13: thousands of pages in the recorded runs, which the verifier checks again each time,
    /// and pages of every kind at levels from one end to the other, with windows and dictionaries.
    Exact,
    /// Another object for the same page: it decompresses in the kernel, and the kernel's here, but its length may be
    /// another. The reason is given.
    Decodable(&'static str),
}

impl Exactness {
    /// Whether lengths may be compared with the kernel's.
    #[must_use]
    pub fn is_exact(self) -> bool {
        self == Self::Exact
    }
}

/// What a [`Compressor`](crate::Compressor) of these parameters is worth as a prediction.
///
/// # Errors
/// If there is no algorithm of this name here.
pub fn exactness(name: &str, parameters: &Parameters, page_size: PageSize) -> Result<Exactness, SetupError> {
    let algorithm = Algorithm::from_name(name)?;
    if page_size != PageSize::KIB_4 {
        return Ok(Exactness::Decodable("no kernel with larger pages was asked"));
    }
    let dictionary = parameters.dictionary().is_some();
    Ok(match (algorithm.name(), parameters.level) {
        ("deflate", Some(0)) => Exactness::Decodable("zlib has changed how it stores without compressing"),
        // The kernel looks in 2^(level − 1) places for a match, LZ4 1.7.5 in 2^15 from here on. At level 13 that
        // is every place there is in a page, but not in a page with a dictionary.
        ("lz4hc", Some(level)) if (10..16).contains(&level) && (level < 13 || dictionary) => {
            Exactness::Decodable(
                "LZ4 1.7.5 looks for matches in more places than the kernel does at this level",
            )
        }
        _ => Exactness::Exact,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, level: Option<i32>) -> bool {
        exactness(name, &Parameters { level, ..Parameters::default() }, PageSize::KIB_4)
            .is_ok_and(Exactness::is_exact)
    }

    #[test]
    fn what_was_held_against_a_kernel_is_exact() {
        for algorithm in Algorithm::ALL {
            assert!(of(algorithm.name(), None), "{algorithm}");
        }
        assert!(
            of("lz4hc", Some(9)) && !of("lz4hc", Some(10)) && !of("lz4hc", Some(12)) && of("lz4hc", Some(13))
        );
        assert!(of("deflate", Some(1)) && !of("deflate", Some(0)));
        assert!(of("zstd", Some(-5)) && of("zstd", Some(19)));
    }

    #[test]
    fn what_was_not_says_why() {
        let deep = |level| {
            let dictionary = Some([1; 64].into());
            exactness("lz4hc", &Parameters { level: Some(level), dictionary, winbits: None }, PageSize::KIB_4)
        };
        assert_eq!((deep(9), deep(16)), (Ok(Exactness::Exact), Ok(Exactness::Exact)));
        assert!(matches!(deep(15), Ok(Exactness::Decodable(_))));
        assert!(matches!(
            exactness("zstd", &Parameters::default(), PageSize::KIB_16),
            Ok(Exactness::Decodable(_))
        ));
        assert!(matches!(
            exactness("842", &Parameters::default(), PageSize::KIB_4),
            Err(SetupError::Absent { .. })
        ));
    }
}

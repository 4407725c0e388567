//! How much a compressor's output says about the kernel's.

use zram_model::PageSize;

use crate::{algorithm::Algorithm, error::SetupError, parameters::Parameters};

/// Whether an object is the kernel's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exactness {
    /// The same bytes as Linux 7.2's, and so the same length.
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
    Ok(match (algorithm.name(), parameters.level) {
        ("deflate", Some(0)) => Exactness::Decodable("zlib has changed how it stores without compressing"),
        // Deflate does not look at a dictionary.
        ("deflate", _) => Exactness::Exact,
        _ if parameters.dictionary().is_some() => {
            Exactness::Decodable("no kernel was asked with a dictionary")
        }
        ("lz4hc", Some(10..)) => {
            Exactness::Decodable("the kernel's search has levels from 10 on that LZ4 1.7.5 does not have")
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
        assert!(of("lz4hc", Some(9)) && !of("lz4hc", Some(10)));
        assert!(of("deflate", Some(1)) && !of("deflate", Some(0)));
        assert!(of("zstd", Some(-5)) && of("zstd", Some(19)));
    }

    #[test]
    fn what_was_not_says_why() {
        let dictionary = Parameters { dictionary: Some([1; 64].into()), ..Parameters::default() };
        for name in ["lz4", "lz4hc", "zstd"] {
            assert!(
                matches!(exactness(name, &dictionary, PageSize::KIB_4), Ok(Exactness::Decodable(_))),
                "{name}"
            );
        }
        assert_eq!(exactness("deflate", &dictionary, PageSize::KIB_4), Ok(Exactness::Exact));
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

//! Pages as an answer brought them, or as a trace remembers them.
//!
//! A recorded trace would be mostly noise if it kept every page that was read: the contents are made
//! to be incompressible. It keeps a digest of each instead, which is as good for saying whether a
//! page is the expected one, and only less helpful for saying where it is not.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::compare::bytes::{around, parting};

/// Bytes of a page.
pub const PAGE: usize = 4096;

/// The first 128 bits of a page's SHA-256, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// Of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let sum = Sha256::digest(bytes);
        Self(sum.iter().take(16).map(|byte| format!("{byte:02x}")).collect())
    }
}

/// Pages of memory or of a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pages {
    /// Their bytes.
    Bytes(Vec<u8>),
    /// A digest of each.
    Digests(Vec<Digest>),
}

/// How an expected page differs from the one that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageDifference {
    /// What was expected, in short.
    pub expected: String,
    /// What is there, in short.
    pub observed: String,
    /// Where and how much.
    pub place: String,
}

impl Pages {
    /// How many.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len().div_ceil(PAGE),
            Self::Digests(digests) => digests.len(),
        }
    }

    /// The bytes of page `n`, where they were kept.
    #[must_use]
    pub fn bytes(&self, n: usize) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => bytes.chunks(PAGE).nth(n),
            Self::Digests(_) => None,
        }
    }

    /// Compares page `n` with the expected one.
    #[must_use]
    pub fn differs(&self, n: usize, expected: &[u8]) -> Option<PageDifference> {
        match self {
            Self::Bytes(_) => {
                let theirs = self.bytes(n).unwrap_or_default();
                parting(expected, theirs).map(|parting| PageDifference {
                    expected: around(expected, parting.at),
                    observed: around(theirs, parting.at),
                    place: format!("byte {}; {} of {PAGE} bytes differ", parting.at, parting.bytes),
                })
            }
            Self::Digests(digests) => {
                let ours = Digest::of(expected);
                let theirs = digests.get(n).map_or("(no such page)", |digest| &digest.0);
                (ours.0 != theirs).then(|| PageDifference {
                    expected: format!("SHA-256 {}…", ours.0),
                    observed: format!("SHA-256 {theirs}…"),
                    place: "the trace keeps digests of pages, not bytes".to_owned(),
                })
            }
        }
    }

    /// The same with digests only.
    #[must_use]
    pub fn digested(&self) -> Self {
        match self {
            Self::Bytes(bytes) => Self::Digests(bytes.chunks(PAGE).map(Digest::of).collect()),
            Self::Digests(digests) => Self::Digests(digests.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_say_the_same_as_bytes() {
        let mut bytes = vec![7; 2 * PAGE];
        bytes[PAGE] = 8;
        let pages = Pages::Bytes(bytes);
        for pages in [pages.digested(), pages] {
            assert_eq!(pages.count(), 2);
            assert_eq!(pages.differs(0, &[7; PAGE]), None);
            assert!(pages.differs(1, &[7; PAGE]).is_some());
            assert!(pages.differs(2, &[7; PAGE]).is_some());
        }
    }
}

//! The compressors and their parameters, as far as they decide whether a device starts.
//!
//! What a compressor makes of a page is an input of the model. What is not: which names there are,
//! and which parameters make `disksize` fail because a backend refuses them (`zcomp_create`).

use crate::{errno::Errno, profile::Profile};

/// "No value given" (`ZCOMP_PARAM_NOT_SET`): a user who writes this number means the default, too.
pub(crate) const NOT_SET: i32 = i32::MIN;

/// Slots for algorithms in a device: the first is the primary one.
pub(crate) const PRIORITIES: usize = 4;

/// Parameters of one algorithm (`struct zcomp_params`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Params {
    pub(crate) level: i32,
    pub(crate) winbits: i32,
    /// Bytes of the dictionary; 0 for none.
    pub(crate) dictionary: u64,
}

impl Default for Params {
    fn default() -> Self {
        Self { level: NOT_SET, winbits: NOT_SET, dictionary: 0 }
    }
}

impl Params {
    /// Whether the backend accepts them (`setup_params` and `create_ctx` of each backend).
    pub(crate) fn check(&self, algorithm: &str) -> Result<(), Errno> {
        let good = match algorithm {
            // LZ4_loadDict takes 8 bytes to 64 KiB; anything else comes back shorter than it was.
            "lz4" => self.dictionary == 0 || (8..=64 << 10).contains(&self.dictionary),
            "deflate" => {
                let level = self.level == NOT_SET || (-1..=9).contains(&self.level);
                let winbits = self.winbits == NOT_SET
                    || (-15..=-9).contains(&self.winbits)
                    || (9..=15).contains(&self.winbits);
                level && winbits
            }
            // lz4hc and zstd bring a level into range by themselves; the others take no parameter.
            _ => true,
        };
        if good { Ok(()) } else { Err(Errno::EINVAL) }
    }
}

impl Profile {
    /// How many algorithms a device can have (`ZRAM_MAX_COMPS`).
    pub(crate) fn max_comps(&self) -> usize {
        if self.multi_comp { PRIORITIES } else { 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deflate_is_the_one_that_refuses_numbers() {
        let with = |level, winbits| Params { level, winbits, dictionary: 0 };
        assert_eq!(with(NOT_SET, NOT_SET).check("deflate"), Ok(()));
        assert_eq!(with(9, -9).check("deflate"), Ok(()));
        assert_eq!(with(10, 15).check("deflate"), Err(Errno::EINVAL));
        assert_eq!(with(6, 8).check("deflate"), Err(Errno::EINVAL));
        assert_eq!(with(6, -16).check("deflate"), Err(Errno::EINVAL));
        assert_eq!(with(10_000, 3).check("zstd"), Ok(()));
    }
}

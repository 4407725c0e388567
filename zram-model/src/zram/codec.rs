//! The compressors and their parameters, as far as they decide whether a device starts.
//!
//! What a compressor makes of a page is an input of the model. What is not: which names there are,
//! and which parameters make `disksize` fail because a backend refuses them (`zcomp_create`).

use crate::{
    behaviours::AlgorithmNames,
    context::Call,
    environment::{Allocation, Environment, Hazard},
    errno::Errno,
    profile::Profile,
};

/// "No value given" (`ZCOMP_PARAM_NOT_SET`): a user who writes this number means the default, too.
pub(crate) const NOT_SET: i32 = i32::MIN;

/// Algorithms that a device can have (`ZRAM_MAX_COMPS` with `CONFIG_ZRAM_MULTI_COMP`).
pub(crate) const PRIORITIES: usize = 4;

/// Which of a device's algorithms: the first compresses what is written, the others recompress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Priority(u8);

impl Priority {
    /// `ZRAM_PRIMARY_COMP`
    pub(crate) const PRIMARY: Self = Self(0);
    /// `ZRAM_SECONDARY_COMP`, of a kernel with `CONFIG_ZRAM_MULTI_COMP`.
    pub(crate) const SECONDARY: Self = Self(1);

    /// From a number that somebody gave: not below `least`, and not more than the kernel has.
    pub(crate) fn new(number: i32, least: Self, profile: &Profile) -> Option<Self> {
        let priority = u8::try_from(number).ok().map(Self)?;
        (priority >= least && priority.at() < profile.max_comps()).then_some(priority)
    }

    /// From the two bits of a slot's flags word.
    pub(crate) fn of_slot(bits: u8) -> Self {
        Self(bits & 3)
    }

    pub(crate) fn number(self) -> u8 {
        self.0
    }

    /// As a position among a device's algorithms.
    pub(crate) fn at(self) -> usize {
        usize::from(self.0)
    }

    /// This one and all after it.
    pub(crate) fn and_above(self) -> impl Iterator<Item = Self> {
        (self.0..PRIORITIES as u8).map(Self)
    }

    /// All after this one.
    pub(crate) fn above(self) -> impl Iterator<Item = Self> {
        self.and_above().skip(1)
    }
}

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
    /// `zcomp_create`: the backend accepts the parameters (`setup_params`), and each processor gets a context and buffers.
    pub(crate) fn create(
        &self,
        algorithm: &str,
        priority: Priority,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        let priority = priority.number();
        if !call.env.allocate(Allocation::Compressor { priority }) {
            return Err(Errno::ENOMEM);
        }
        if algorithm == "deflate" && !self.window_known() && !call.behaviours().deflate_window_checked {
            call.env.hazard(Hazard::DeflateWindow);
        }
        self.check(algorithm, call.profile)?;
        // Half of the backends say something else than what is the matter.
        let own = call.behaviours().algorithm_names == AlgorithmNames::Backends;
        let context = match algorithm {
            "lz4hc" | "zstd" | "deflate" if own => Errno::EINVAL,
            _ => Errno::ENOMEM,
        };
        let mut or = |what, errno| if call.env.allocate(what) { Ok(()) } else { Err(errno) };
        or(Allocation::CompressorContext { priority }, context)?;
        or(Allocation::CompressorBuffers { priority }, Errno::ENOMEM)
    }

    /// Whether zlib can work with the window.
    fn window_known(&self) -> bool {
        self.winbits == NOT_SET || (9..=15).contains(&self.winbits.unsigned_abs())
    }

    /// Whether the backend accepts them (`setup_params`).
    fn check(&self, algorithm: &str, profile: &Profile) -> Result<(), Errno> {
        if profile.behaviours.parameters_checked {
            self.known(algorithm)?;
        }
        let good = match algorithm {
            // LZ4_loadDict takes 8 bytes to 64 KiB; anything else comes back shorter than it was.
            "lz4" => self.dictionary == 0 || (8..=64 << 10).contains(&self.dictionary),
            "deflate" => self.level_within(-1, 9) && self.window_known(),
            // lz4hc and zstd bring a level into range by themselves; the others take no parameter.
            _ => true,
        };
        if good { Ok(()) } else { Err(Errno::EINVAL) }
    }

    /// Whether the algorithm has such a level, and takes what it is given at all.
    fn known(&self, algorithm: &str) -> Result<(), Errno> {
        let takes_level = matches!(algorithm, "lz4" | "lz4hc" | "zstd" | "deflate");
        let takes_dictionary = matches!(algorithm, "lz4" | "lz4hc" | "zstd");
        if (self.dictionary > 0 && !takes_dictionary) || (self.level != NOT_SET && !takes_level) {
            return Err(Errno::EOPNOTSUPP);
        }
        let good = match algorithm {
            "lz4" => self.level_within(1, i32::MAX),
            "lz4hc" => self.level_within(1, 16),
            // `ZSTD_minCLevel` and `ZSTD_maxCLevel`
            "zstd" => self.level_within(-(1 << 17), 22),
            _ => true,
        };
        if good { Ok(()) } else { Err(Errno::EINVAL) }
    }

    fn level_within(&self, least: i32, most: i32) -> bool {
        self.level == NOT_SET || (least..=most).contains(&self.level)
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
        let profile = Profile::debian_7_2();
        let with = |level, winbits| Params { level, winbits, dictionary: 0 };
        assert_eq!(with(NOT_SET, NOT_SET).check("deflate", &profile), Ok(()));
        assert_eq!(with(9, -9).check("deflate", &profile), Ok(()));
        assert_eq!(with(10, 15).check("deflate", &profile), Err(Errno::EINVAL));
        assert_eq!(with(6, 8).check("deflate", &profile), Err(Errno::EINVAL));
        assert_eq!(with(6, -16).check("deflate", &profile), Err(Errno::EINVAL));
        assert_eq!(with(10_000, 3).check("zstd", &profile), Ok(()));
    }

    #[test]
    fn later_all_backends_refuse_what_they_do_not_take() {
        let profile = Profile::debian_7_3();
        let level = |algorithm, level| {
            Params { level, ..Params::default() }.check(algorithm, &profile).err().map(Errno::name)
        };
        assert_eq!([1, 100, 0, -1].map(|n| level("lz4", n)), [None, None, Some("EINVAL"), Some("EINVAL")]);
        assert_eq!([1, 16, 0, 17].map(|n| level("lz4hc", n)), [None, None, Some("EINVAL"), Some("EINVAL")]);
        let zstd = [-131_072, 22, -131_073, 23].map(|n| level("zstd", n));
        assert_eq!(zstd, [None, None, Some("EINVAL"), Some("EINVAL")]);
        assert_eq!(level("lzo", 1), Some("EOPNOTSUPP"));
        let with_dictionary = Params { dictionary: 100, ..Params::default() };
        assert_eq!(with_dictionary.check("zstd", &profile), Ok(()));
        assert_eq!(with_dictionary.check("deflate", &profile), Err(Errno::EOPNOTSUPP));
        assert_eq!(with_dictionary.check("deflate", &Profile::debian_7_2()), Ok(()));
    }

    #[test]
    fn priorities_end_where_the_kernel_ends() {
        let one = Profile::debian_7_2();
        let four = Profile { multi_comp: true, ..one.clone() };
        let new = |number, least, profile| Priority::new(number, least, profile).map(Priority::number);
        assert_eq!(new(0, Priority::PRIMARY, &one), Some(0));
        assert_eq!(new(1, Priority::PRIMARY, &one), None);
        assert_eq!(new(3, Priority::SECONDARY, &four), Some(3));
        for bad in [-1, 0, 4, 256, i32::MAX, i32::MIN] {
            assert_eq!(new(bad, Priority::SECONDARY, &four), None, "{bad}");
        }
        assert_eq!(Priority::SECONDARY.above().map(Priority::number).collect::<Vec<_>>(), [2, 3]);
    }
}

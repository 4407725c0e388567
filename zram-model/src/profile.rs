//! A kernel, as the model needs to know it: version and configuration.
//!
//! What distinguishes versions is in [`crate::behaviours`], with the commits; which profile stands for which
//! kernel in [`crate::releases`]. Here is what a profile consists of, and the configurations.

use crate::{
    behaviours::Behaviours,
    mutation::Mutation,
    page::PageSize,
    site::{Site, SiteSet},
};

/// Which kernel the model is.
///
/// Every field is public: a kernel of one's own is a profile with some of them changed.
///
/// ```
/// use zram_model::{Kernel, PageSize, Profile};
///
/// assert_eq!(Profile::for_release("7.2.13+deb14-cloud-amd64").profile, Profile::debian_7_2());
///
/// // An arm64 board with pages of 16 KiB, configured with longer chains.
/// let board = Profile { page_size: PageSize::KIB_16, chain_size: 16, ..Profile::debian_7_2() };
/// assert_eq!(Kernel::new(board).huge_class_size(), 15385);
/// assert_eq!(Kernel::new(Profile::debian_7_2()).huge_class_size(), 3625);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The name used on command lines and in reports.
    pub name: &'static str,
    /// The series of the kernel, such as "7.2".
    pub series: &'static str,
    /// The machine's pages.
    pub page_size: PageSize,
    /// `CONFIG_ZSMALLOC_CHAIN_SIZE`: the most pages in a zspage, 4 to 16 (4ff93b292c0b, 6.3).
    pub chain_size: u32,
    /// Compression backends that are built in, in the order of zcomp's table.
    pub backends: &'static [&'static str],
    /// Names that the kernel's crypto interface has besides, where these count ([`AlgorithmNames::Crypto`]).
    ///
    /// [`AlgorithmNames::Crypto`]: crate::behaviours::AlgorithmNames::Crypto
    pub unlisted: &'static [&'static str],
    /// `CONFIG_ZRAM_DEF_COMP`.
    pub default_algorithm: &'static str,
    /// `CONFIG_ZRAM_WRITEBACK`.
    pub writeback: bool,
    /// `CONFIG_ZRAM_MULTI_COMP`: up to four algorithms, else one.
    pub multi_comp: bool,
    /// `CONFIG_ZRAM_TRACK_ENTRY_ACTIME`: slots carry the time of their last access.
    pub entry_access_time: bool,
    /// `CONFIG_ZRAM_MEMORY_TRACKING`: the debugfs file `block_state`.
    pub memory_tracking: bool,
    /// What this version does differently from others.
    pub behaviours: Behaviours,
    /// Processors of the machine, which `max_comp_streams` shows where there is one.
    pub processors: u32,
    /// `CONFIG_ZSMALLOC_STAT`: the debugfs file `classes` of each pool.
    pub zsmalloc_stat: bool,
    /// Bytes of memory of the machine. `vmalloc` refuses outright to build a larger slot table.
    pub memory: u64,
    /// Every segment of a read or write moves a whole page, from the page's first byte, whatever the
    /// segment's offset and length are.
    ///
    /// With 4 KiB pages `is_partial_io` is the constant `false`, so `zram_bio_read` and
    /// `zram_bio_write` look at a segment's page only. A buffer that is not page-aligned, which
    /// O_DIRECT allows down to 512 bytes, makes a bio whose segments do not coincide with slots:
    /// a slot is then read or written once per segment, from the wrong bytes, and memory outside
    /// the buffer is touched. When off, the model moves exactly the bytes asked for, as the
    /// partial path does. Kernels with larger pages take that path whatever is said here.
    pub whole_page_segments: bool,
    /// `disksize_store` refuses 0 before it rounds up to whole pages, and the rounding of the largest sizes
    /// wraps to 0: a slot table of no bytes is asked of `vmalloc`, which complains in the kernel's log
    /// ([`Complaint::VmallocOfNothing`]) and returns nothing, hence `ENOMEM`. When off, what
    /// rounds to 0 is refused as 0 is, with `EINVAL`.
    ///
    /// [`Complaint::VmallocOfNothing`]: crate::Complaint::VmallocOfNothing
    pub disksize_wraps: bool,
    /// A pass over slots allocates its whole batch of requests, a page each, before it looks at the first slot
    /// (`init_wb_ctl`), and goes on with what it got. When off, a request is allocated when a slot first needs it.
    ///
    /// `writeback_batch_size` has no upper bound, so that a machine can be made to run out of memory. The model
    /// does not run out: requests beyond [`Profile::memory`] are not to be had in it, where the kernel
    /// first ends programs and then panics.
    pub batch_in_advance: bool,
    /// `CONFIG_FAILSLAB` and `CONFIG_FAIL_PAGE_ALLOC`: allocations can be made to fail. The model fails what its environment says,
    /// whatever stands here; it is what can be asked of the kernel.
    pub fault_injection: bool,
    /// Points in the kernel's code that no probe can see on this build (inlined calls, clones).
    pub silent: SiteSet,
    /// The one rule that this model gets wrong on purpose, to test the tests.
    pub broken: Option<Mutation>,
}

impl Profile {
    /// Debian's cloud kernel of the 7.2 series.
    #[must_use]
    pub fn debian_7_2() -> Self {
        Self {
            name: "debian-7.2",
            series: "7.2",
            page_size: PageSize::KIB_4,
            chain_size: 8,
            backends: &["lz4", "lz4hc", "zstd", "deflate"],
            unlisted: &[],
            default_algorithm: "lz4",
            writeback: true,
            multi_comp: false,
            entry_access_time: true,
            memory_tracking: true,
            behaviours: Behaviours::V7_2,
            processors: 1,
            zsmalloc_stat: false,
            memory: 512 << 20,
            whole_page_segments: true,
            disksize_wraps: true,
            batch_in_advance: true,
            fault_injection: false,
            silent: SiteSet::NONE,
            broken: None,
        }
    }

    /// Linux 7.2 with what Debian leaves out: several algorithms and all of them, the allocator's statistics, and fault injection
    /// (`xtask/custom.config`).
    ///
    /// As built by gcc 12, `__zs_compact` calls `putback_zspage` for a destination and has a copy of its own for a
    /// source, so that a probe on the function never sees the latter.
    #[must_use]
    pub fn custom_7_2() -> Self {
        Self {
            name: "custom-7.2",
            backends: &["lzo-rle", "lzo", "lz4", "lz4hc", "zstd", "deflate", "842"],
            default_algorithm: "lzo-rle",
            multi_comp: true,
            zsmalloc_stat: true,
            fault_injection: true,
            silent: SiteSet::NONE.with(Site::PutbackSource),
            ..Self::debian_7_2()
        }
    }

    /// Debian's cloud kernel of the 6.1 series, with the modules of its compressors loaded. What the crypto interface has besides is built in.
    #[must_use]
    pub fn debian_6_1() -> Self {
        Self {
            name: "debian-6.1",
            series: "6.1",
            chain_size: 4,
            backends: &["lzo", "lzo-rle", "lz4", "lz4hc", "zstd"],
            unlisted: &[
                "deflate",
                "compress_null",
                "lzo-generic",
                "lzo-rle-generic",
                "lz4-generic",
                "lz4hc-generic",
                "zstd-generic",
                "deflate-generic",
                "compress_null-generic",
            ],
            default_algorithm: "lzo-rle",
            behaviours: Behaviours::V6_1,
            ..Self::debian_7_2()
        }
    }

    /// Debian's cloud kernel of the 6.12 series.
    #[must_use]
    pub fn debian_6_12() -> Self {
        Self { name: "debian-6.12", series: "6.12", behaviours: Behaviours::V6_12, ..Self::debian_7_2() }
    }

    /// Debian's cloud kernel of the 6.17 series.
    #[must_use]
    pub fn debian_6_17() -> Self {
        Self { name: "debian-6.17", series: "6.17", behaviours: Behaviours::V6_17, ..Self::debian_7_2() }
    }

    /// Debian's cloud kernel of the 6.18 series.
    #[must_use]
    pub fn debian_6_18() -> Self {
        Self { name: "debian-6.18", series: "6.18", behaviours: Behaviours::V6_18, ..Self::debian_7_2() }
    }

    /// Linux 6.19, configured as Debian's cloud kernel.
    #[must_use]
    pub fn linux_6_19() -> Self {
        Self { name: "linux-6.19", series: "6.19", behaviours: Behaviours::V6_19, ..Self::debian_7_2() }
    }

    /// Linux 7.0, configured as Debian's cloud kernel.
    #[must_use]
    pub fn linux_7_0() -> Self {
        Self { name: "linux-7.0", series: "7.0", behaviours: Behaviours::V7_0, ..Self::debian_7_2() }
    }

    /// Linux 7.1, configured as Debian's cloud kernel.
    #[must_use]
    pub fn linux_7_1() -> Self {
        Self { name: "linux-7.1", series: "7.1", behaviours: Behaviours::V7_1, ..Self::debian_7_2() }
    }

    /// Linux 6.19 with what Debian leaves out, as [`Profile::custom_7_2`].
    #[must_use]
    pub fn custom_6_19() -> Self {
        Self { name: "custom-6.19", series: "6.19", behaviours: Behaviours::V6_19, ..Self::custom_7_2() }
    }

    /// Linux 7.1 with what Debian leaves out, as [`Profile::custom_7_2`].
    #[must_use]
    pub fn custom_7_1() -> Self {
        Self { name: "custom-7.1", series: "7.1", behaviours: Behaviours::V7_1, ..Self::custom_7_2() }
    }

    /// Debian's cloud kernel of the 7.3 series.
    #[must_use]
    pub fn debian_7_3() -> Self {
        Self {
            name: "debian-7.3",
            series: "7.3",
            behaviours: Behaviours::V7_3,
            disksize_wraps: false,
            ..Self::debian_7_2()
        }
    }

    /// The compressed writeback patch as it was posted in November 2025, on the kernel of its day.
    #[must_use]
    pub fn seed_patch() -> Self {
        Self { name: "seed-patch", behaviours: Behaviours::SEED_PATCH, ..Self::linux_6_19() }
    }

    /// Whether bytes of a page are read and written by way of a page of zram's own (`is_partial_io`).
    pub(crate) fn partial_io(&self) -> bool {
        self.page_size != PageSize::KIB_4 || !self.whole_page_segments
    }

    /// The newest kernel, with what `docs/findings` proposes.
    #[must_use]
    pub fn proposed() -> Self {
        Self {
            name: "proposed",
            whole_page_segments: false,
            disksize_wraps: false,
            batch_in_advance: false,
            behaviours: Behaviours { recomp_algorithm_padded: false, ..Behaviours::V7_3 },
            ..Self::debian_7_3()
        }
    }

    /// This profile with one rule broken.
    #[must_use]
    pub fn with_broken(mut self, mutation: Mutation) -> Self {
        self.broken = Some(mutation);
        self
    }
}

//! What there can be too little memory for.
//!
//! zram and zsmalloc ask for memory at a few dozen places and go on without it at some of them. Those whose failing the
//! kernel lets one arrange exactly, the N-th and no other, have a name here. The rest has none for a reason: what `vmalloc`
//! does not get (slot tables, the compressors' buffers) it complains about in the log, at most once in ten seconds
//! (`warn_alloc`), so that the same operations would not leave the same log; the bio of a read-back comes from a reserve
//! (`bio_alloc_bioset`) and cannot fail.

/// Something that memory is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Shortage {
    /// A new device (`zram_add`).
    Device,
    /// An algorithm of a device that gets its size (`zcomp_create`).
    Compressor,
    /// The buffer for the path of a backing device (`backing_dev_store`).
    BackingPath,
    /// The handle of an object (`cache_alloc_handle` in `zs_malloc`).
    Handle,
    /// The descriptor of a zspage (`cache_alloc_zspage` in `zs_malloc`).
    Zspage,
    /// A page of a zspage (`alloc_zpdesc` in `zs_malloc`).
    ZspagePage,
    /// The request of a read-back (`read_from_bdev_async` in `zram_submit_bio`).
    ReadBack,
    /// The list of the slots that a writeback pass takes (`init_pp_ctl` in `writeback_store`).
    Candidates,
    /// An entry of that list (`place_pp_slot` in `writeback_store`).
    Candidate,
    /// The control block of a writeback pass (`init_wb_ctl` in `writeback_store`).
    WritebackControl,
    /// One of its requests (`init_wb_ctl` in `writeback_store`).
    WritebackRequest,
    /// The list of the slots that a recompression takes (`init_pp_ctl` in `recompress_store`).
    RecompressionCandidates,
    /// An entry of that list (`place_pp_slot` in `recompress_store`).
    RecompressionCandidate,
}

impl Shortage {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Device,
        Self::Compressor,
        Self::BackingPath,
        Self::Handle,
        Self::Zspage,
        Self::ZspagePage,
        Self::ReadBack,
        Self::Candidates,
        Self::Candidate,
        Self::WritebackControl,
        Self::WritebackRequest,
        Self::RecompressionCandidates,
        Self::RecompressionCandidate,
    ];

    /// Its name, as it stands in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Compressor => "compressor",
            Self::BackingPath => "backing_path",
            Self::Handle => "handle",
            Self::Zspage => "zspage",
            Self::ZspagePage => "zspage_page",
            Self::ReadBack => "read_back",
            Self::Candidates => "candidates",
            Self::Candidate => "candidate",
            Self::WritebackControl => "writeback_control",
            Self::WritebackRequest => "writeback_request",
            Self::RecompressionCandidates => "recompression_candidates",
            Self::RecompressionCandidate => "recompression_candidate",
        }
    }
}

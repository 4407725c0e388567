//! What kernels do differently, behaviour by behaviour, oldest first.
//!
//! Read from top to bottom this is a changelog of zram: each field says what the driver does, and
//! which commit in which release changed it. Read in the code it is one branch each, at the place where
//! the rule stands, next to the [`crate::Mutation`] that breaks the rule of today. A mistake that some kernel
//! made is a behaviour here even where a mutation describes the same: there it is a fault to be found, here it
//! is what that kernel does.
//!
//! The sources are the drivers of Linux 6.1, 6.12, 6.18, 7.2 and 7.3 as Debian ships them, that of 7.0's first candidate,
//! the compressed writeback patch as it was posted, and the commits themselves. What is not known from these
//! is not claimed: [`crate::releases`] has no profile for such a kernel.

/// The text that `writeback` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WritebackCommand {
    /// As [`WritebackCommand::Word`], but `incompressible` is no word yet: it came with recompression. Seen in 6.1.
    FirstWords,
    /// One word, or `page_index=` and a number, which may be negative and then is too large: whatever is wrong
    /// is `EINVAL`. Until 6.15, and so in 6.12.
    Word,
    /// A list of `key=value` with ranges, the words still understood at its end. A range that is out of bounds is
    /// `ERANGE` (cf42d4cccf0d, 6.16). Seen in 6.17.
    Arguments,
}

/// Which slots a pass takes, and in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WritebackSelection {
    /// All of the table in order, each looked at when its turn comes. The limit is looked at and a block
    /// reserved *before* the slot is: so a pass that has nothing to write fails nonetheless with `EIO` at the
    /// limit, or `ENOSPC` on a full device. The mark of a slot in flight is IDLE. Until 6.12.
    SlotOrder,
    /// The table is scanned first, and what matches is queued by size; the largest come first. The mark is
    /// PP_SLOT (330edc2bc059, 6.13). Seen in 6.17.
    Buckets,
}

/// What completing a writeback leaves of the slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WrittenBack {
    /// The slot is freed and then marked as written back. Size, priority, HUGE, INCOMPRESSIBLE and the access
    /// time are gone. Until 6.19. Seen in 6.18.
    Freed,
    /// The slot is freed, and size, priority and HUGE are put back. Freeing has counted a huge page down, and when
    /// the slot is freed again, HUGE counts it down once more: `huge_pages` goes below zero. The patch as
    /// posted, and the candidates of 7.0.
    FreedAndRestored,
    /// The object is freed, the slot is not: everything but IDLE is kept. Freeing the slot later leaves
    /// `huge_pages` alone (b0377ee80429, 7.0).
    Kept,
}

/// Whether blocks can hold compressed objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompressedWriteback {
    /// No: slots are decompressed on their way out. Until 6.19.
    Never,
    /// Always, and nothing to choose. The patch as posted.
    Always,
    /// As the attribute of this name says: `writeback_compressed` (4c1d61389e8e) in the candidates of 7.0,
    /// `compressed_writeback` (ba4c3698e696) from 7.0 on.
    Attribute(&'static str),
}

/// How the bios of a read-back hang together with the bio that asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReadBackRequest {
    /// `bio_chain`: nothing is allocated that could fail, zram has no completion of its own, and of several errors
    /// the first to come is the parent's. Until 6.19.
    Chained,
    /// A request of zram's own (d38fab605c66, 7.0), because a work item may have to follow. Of several errors the
    /// last to come is the parent's. If there is no memory for the request, nobody is told: the parent completes
    /// with status OK, and the page is as it was.
    FailureLost,
    /// The same, and without memory the read fails (bf989ade270d, in 7.2).
    FailureReported,
}

/// Which slots `idle` is about (`mark_idle`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdleMarking {
    /// All that hold something, same-filled and written-back ones too. Nothing is ever unmarked: a slot that is younger than the age asked for
    /// keeps the mark that it has. Seen in 6.1.
    MarksOnly,
    /// Those in memory that are not same-filled, since nothing could be done with the others. The younger ones are unmarked. Seen in 6.12.
    Unmarks,
}

/// Which compressors there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AlgorithmNames {
    /// Whatever the kernel's crypto interface has under that name (`crypto_has_comp`), of its own backends those that are modules only if they
    /// are loaded. A name is taken literally, less one newline, and cut where the buffer ends. One that is not in zram's table is shown behind
    /// the others while it is chosen. Until 6.11. Seen in 6.1.
    Crypto,
    /// zram's own backends; a longer name than any is `E2BIG`. Seen in 6.12.
    Backends,
}

/// Into which groups a class sorts its zspages (`enum fullness_group`), and where in a group's list one goes (`insert_zspage`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fullness {
    /// Four: empty, almost empty (up to three quarters), almost full, full. One that has fewer objects than the first of the list goes
    /// behind that, and else before it. Until 6.3. Seen in 6.1.
    Quarters,
    /// Twelve, by tenths. Always at the head. 6.4. Seen in 6.12.
    Tenths,
}

/// How compaction goes through a class (`__zs_compact`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompactionLoop {
    /// A source is taken out first, even where nothing can be gained, and goes back if so: that can change its place in the list. It is emptied
    /// into as many destinations as that takes, each of which goes back after its turn. Until 6.3. Seen in 6.1.
    SourceFirst,
    /// A destination is taken out first and filled from as many sources as that takes. 6.4. Seen in 6.12.
    DestinationFirst,
}

/// Which algorithms a write to `recompress` tries on a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Recompression {
    /// Without `priority=` and `algo=` every later one in turn, until one saves memory (`recompress_slot`). What comes after the last of them
    /// is told by how many algorithms the device has (`num_active_comps`), not by where they are: with one at priority 3 alone, none is
    /// tried and every slot becomes incompressible. A `type=` that is no word is passed over. Until 7.0 or before; seen in 6.19.
    InTurn,
    /// One. Seen in 7.1.
    One,
}

/// What `idle` makes of an age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdleAge {
    /// Access times are nanoseconds in 64 bits, an age is seconds in 64 bits. An age beyond the uptime gives a
    /// cutoff before the boot, which nothing is older than: every slot is *unmarked*. Until 6.19. Seen in 6.18.
    Nanoseconds,
    /// Both are seconds in 32 bits. An age beyond the uptime wraps to a cutoff in the far future: every slot is
    /// marked, and so it is for an age that equals the uptime, since 0 stands for "all". 7.0 to 7.2.
    Wrapping,
    /// The uptime and what is beyond it marks nothing, and is not even asked whether the device has a size. 7.3.
    Bounded,
}

/// What becomes of a size that does not fit into 64 bits (`memparse`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SizeOverflow {
    /// It wraps. A suffix without a number counts as one, and means 0. Seen in 6.12 and 7.1.
    Wraps,
    /// It becomes the largest, and a suffix without a number is none. Seen in 7.2.
    Saturates,
}

/// How `algorithm_params` finds the algorithm that it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParamsTarget {
    /// `algo=` overrides `priority=`, and both may be given at any time. `deflate.winbits` is not known, and like
    /// all unknown names passed over. Seen in 6.12.
    Loose,
    /// The same, with `deflate.winbits`. Seen in 6.17 and in the candidates of 7.0.
    LooseWithWinbits,
    /// The two must agree, and only before the device has a size. Seen in 7.2.
    Strict,
}

/// What distinguishes one kernel's zram from another's, apart from its configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Behaviours {
    /// The length of a class's chain is the shortest that uses the most *per cent* of its pages, in whole per cent (`get_pages_per_zspage`).
    /// Until 6.2. Seen in 6.1. Since then it is the shortest that wastes the fewest bytes.
    pub chain_by_percent: bool,
    /// Into which groups a class sorts its zspages.
    pub fullness: Fullness,
    /// How compaction goes through a class.
    pub compaction_loop: CompactionLoop,
    /// A new zspage learns its class after the first object was taken from it (`set_zspage_mapping`): until then it says class 0. Seen in
    /// 6.1, not in 6.12.
    pub class_set_late: bool,
    /// `zs_malloc` refuses more than a page with `EINVAL`; later with `ENOSPC`. In the source of 6.1, not of 6.12.
    pub too_large_is_invalid: bool,
    /// Which compressors there are.
    pub algorithm_names: AlgorithmNames,
    /// A reset leaves the device its algorithm (`zram_reset_device`). Seen in 6.1, not in 6.12.
    pub reset_keeps_algorithm: bool,
    /// A reset of a device without a size does nothing but take away its memory limit (`zram_reset_device`): backing device and algorithms stay, also when the
    /// device is removed, and then nobody can take them back (until 74363ec674cb, in 6.13; none of the kernels here does so).
    pub reset_needs_size: bool,
    /// There is an attribute `algorithm_params`. 6.12.
    pub algorithm_params: bool,
    /// zram itself refuses and counts what is no whole logical block (`valid_io_request`), and `io_stat` has that count. Seen in 6.1. Later the
    /// block layer's word is enough, and the count is printed as 0, without its padding.
    pub counts_invalid_io: bool,
    /// Which slots `idle` is about.
    pub idle_marking: IdleMarking,
    /// A page of a bio that could not be read or written was accessed as well (`zram_bvec_rw`). Seen in 6.1, not in 6.12.
    pub failure_is_access: bool,
    /// After a page that could not be read or written, a bio goes on with the next page of memory, and that with the *same* slot
    /// (`__zram_make_request`): the rest of the bio goes one slot too low for each failure. Seen in 6.1, not in 6.12.
    pub bio_goes_on: bool,
    /// `block_state` has a letter for a later algorithm and one for incompressible: six instead of four. Seen in 6.12, not in 6.1.
    pub six_letters: bool,
    /// The exclusive open of a backing device is the device's own: the same one is taken a second time. Seen in 6.1. In 6.12 it is
    /// the file's, and the second is `EBUSY`.
    pub backing_taken_twice: bool,
    /// The memory management hands single pages to zram without a bio (`zram_rw_page`): swap, and reads of the block device's page cache. Until
    /// 6.2. In the source of 6.1.
    pub pages_without_bios: bool,
    /// There is an attribute `max_comp_streams`: it shows the number of processors and takes anything. Until 6.14.
    pub max_comp_streams: bool,
    /// An object is first allocated without waiting for memory; if that fails, `writestall` in `debug_stat` goes up
    /// by one, it is allocated again, and the page is compressed again. Until 6.14; since then the
    /// number is printed as 0, without its padding.
    pub write_stalls: bool,
    /// The text that `writeback` takes.
    pub writeback_command: WritebackCommand,
    /// Which slots a pass takes, and in which order.
    pub writeback_selection: WritebackSelection,
    /// A pass that takes slots in the order of the table reads each as a bio does, and complains as loudly of what does not decompress
    /// (`zram_bvec_read`, later `zram_read_page`). In the sources of 6.1 and of 6.12 as first released, no longer in that of 6.12.117, which
    /// takes a slot's object without letting go of its lock (`zram_read_from_zspool`).
    pub pass_complains: bool,
    /// Several requests are under way at a time, as many as `writeback_batch_size` says, and the limit is charged when
    /// one is submitted (f405066a1f0d, e828cccb72ed, 6.19). Before, each is waited for, the limit is charged
    /// when it has succeeded, and the block of one that has not serves the next.
    pub writeback_batches: bool,
    /// Block 0 of the backing device is used (e87ddea34567, 6.19). Before, 0 stood for "no block".
    pub block_zero: bool,
    /// The control block of a pass outlives the completions that still touch it (bf62f69574b1, 7.1 and 7.0's
    /// updates). Without, the last completion may wake a waiter in freed memory: [`crate::Hazard::ControlBlockFreed`].
    pub control_block_guarded: bool,
    /// A block that was reserved for a slot which then was not written is given back at the end of a pass
    /// (3e8d8eb8d7f5, in 7.2). Without, it stays taken until the reset. Passes without batches always gave it back.
    pub reserved_block_released: bool,
    /// Whether blocks can hold compressed objects.
    pub compressed_writeback: CompressedWriteback,
    /// The bytes after a compressed object are cleared before the block is written (3bf1c285dc40, in 7.2). Without,
    /// they are whatever the request's page held before: old memory reaches the disk.
    pub trailing_bytes_cleared: bool,
    /// What completing a writeback leaves of the slot.
    pub written_back: WrittenBack,
    /// How the bios of a read-back hang together with the bio that asked.
    pub read_back_request: ReadBackRequest,
    /// What `idle` makes of an age.
    pub idle_age: IdleAge,
    /// How `algorithm_params` finds the algorithm that it is about.
    pub params_target: ParamsTarget,
    /// What becomes of a size that does not fit into 64 bits.
    pub size_overflow: SizeOverflow,
    /// The name of an algorithm is kept as it was written, less one newline; a second is ignored where names are looked up, so
    /// that the device works, and not where they are shown, so that none is. Seen in 6.12 and 6.18, not in 7.1.
    pub algorithm_keeps_newline: bool,
    /// `recomp_algorithm` counts what it has printed twice when it goes on: after each line come as many NULs as there were bytes
    /// before its list of names (`zcomp_available_show` counts from where it began to print). In the source of 6.18 and 7.2.
    pub recomp_algorithm_padded: bool,
    /// Choosing an algorithm sets its parameters back. 7.3.
    pub algorithm_resets_params: bool,
    /// Whoever reads an object may sleep meanwhile (60756575a21a in the mm tree, 44f764134964; 6.15). Before, a mapping was
    /// atomic, and decompression with it. No answer shows it: it is which locks a task may hold where ([`crate::lock`]).
    pub preemptible_mapping: bool,
    /// Whether a read finds its object on two pages is a matter of the bytes asked for (7.0). Before, in the older interface as in
    /// the newer, offset and class size decided; with pages of 4 and 8 KiB that comes to the same, with larger ones not always
    /// ([`crate::mapping::SpanRule`]).
    pub span_by_length: bool,
    /// The class stands in the object word (9909b088b1f0), so that `zs_free` finds its class's lock without the pool's
    /// (59e88952a827) and gives pages back without either (7ef28e8b8142). 7.3. As little to be seen.
    pub class_in_object_word: bool,
    /// Every backend looks at its parameters when the device gets its size (`setup_params`): a level that the algorithm does not have is
    /// refused, and so is, with `EOPNOTSUPP`, a level or a dictionary for one that takes none. 7.3. Before, lz4, lz4hc and zstd brought a
    /// level into range by themselves, and what an algorithm does not take was passed over; only deflate refused levels, by zlib.
    pub parameters_checked: bool,
    /// What reading a dictionary failed with is what the write to `algorithm_params` fails with. 7.3; before, always `EINVAL`.
    pub dictionary_errno: bool,
    /// A window of deflate (`deflate.winbits`) outside of 9 to 15 bits is refused when the device gets its size. Seen in 7.2, not
    /// in the source of 7.1. Before, `zlib_deflate_workspacesize` stops the kernel: [`crate::Hazard::DeflateWindow`].
    pub deflate_window_checked: bool,
    /// A device whose compressor could not be set up has no algorithm afterwards (`zram_destroy_comps`, which only a reset follows up with
    /// the default): [`crate::Hazard::AlgorithmForgotten`]. Seen in 6.12 and 6.17, in the sources of 6.18 and 7.1, not in 7.2.
    pub algorithm_forgotten: bool,
    /// The kernel's zstd is of another version than today's, and gives other lengths (1.5.2 until 1.5.7 was imported). Decompressed it
    /// is the same; what a model is asked for are lengths. Seen in 6.12, not in 6.17.
    pub zstd_is_older: bool,
    /// Each piece of a buffer for direct I/O must have whole logical blocks (`bdev_iter_is_aligned`), else `EINVAL` before anything is
    /// submitted. Later whole sectors suffice, if all of them together are whole blocks. No behaviour of zram's. Seen in 6.12 and 6.17, not in
    /// 6.18.
    pub pieces_in_blocks: bool,
    /// Pages of a buffer for direct I/O that follow each other in physical memory become one segment of a bio (`bvec_try_merge_page`), so
    /// that a bio of 256 segments may have more pages. No behaviour of zram's. In the sources of 6.12, 6.18 and 6.19, not of 7.1, where
    /// `iov_iter_extract_bvecs` looks at folios alone.
    pub neighbours_merged: bool,
    /// Which algorithms a write to `recompress` tries on a slot.
    pub recompression: Recompression,
    /// `zs_lookup_class_index` adds the object's header to the size that it is asked about, as allocating does. Seen in 6.12 and 7.2, not
    /// in the sources of 6.18 and 7.1. Without, recompression compares two lengths by classes that neither of them gets.
    pub class_lookup_adds_header: bool,
}

impl Behaviours {
    /// Linux 6.1: compressors of the crypto interface, four fullness groups, pages without bios.
    pub const V6_1: Self = Self {
        chain_by_percent: true,
        fullness: Fullness::Quarters,
        compaction_loop: CompactionLoop::SourceFirst,
        class_set_late: true,
        too_large_is_invalid: true,
        algorithm_names: AlgorithmNames::Crypto,
        reset_keeps_algorithm: true,
        algorithm_params: false,
        counts_invalid_io: true,
        idle_marking: IdleMarking::MarksOnly,
        failure_is_access: true,
        bio_goes_on: true,
        six_letters: false,
        backing_taken_twice: true,
        pages_without_bios: true,
        writeback_command: WritebackCommand::FirstWords,
        pass_complains: true,
        algorithm_keeps_newline: false,
        algorithm_forgotten: false,
        ..Self::V6_12
    };

    /// Linux 6.12.
    pub const V6_12: Self = Self {
        chain_by_percent: false,
        fullness: Fullness::Tenths,
        compaction_loop: CompactionLoop::DestinationFirst,
        class_set_late: false,
        too_large_is_invalid: false,
        algorithm_names: AlgorithmNames::Backends,
        reset_keeps_algorithm: false,
        reset_needs_size: false,
        algorithm_params: true,
        counts_invalid_io: false,
        idle_marking: IdleMarking::Unmarks,
        failure_is_access: false,
        bio_goes_on: false,
        six_letters: true,
        backing_taken_twice: false,
        pages_without_bios: false,
        max_comp_streams: true,
        write_stalls: true,
        writeback_command: WritebackCommand::Word,
        writeback_selection: WritebackSelection::SlotOrder,
        pass_complains: false,
        writeback_batches: false,
        block_zero: false,
        control_block_guarded: true,
        reserved_block_released: true,
        compressed_writeback: CompressedWriteback::Never,
        trailing_bytes_cleared: true,
        written_back: WrittenBack::Freed,
        read_back_request: ReadBackRequest::Chained,
        idle_age: IdleAge::Nanoseconds,
        recompression: Recompression::InTurn,
        params_target: ParamsTarget::Loose,
        size_overflow: SizeOverflow::Wraps,
        algorithm_keeps_newline: true,
        recomp_algorithm_padded: false,
        algorithm_resets_params: false,
        preemptible_mapping: false,
        span_by_length: false,
        class_in_object_word: false,
        parameters_checked: false,
        dictionary_errno: false,
        deflate_window_checked: false,
        algorithm_forgotten: true,
        class_lookup_adds_header: true,
        zstd_is_older: true,
        pieces_in_blocks: true,
        neighbours_merged: true,
    };

    /// Linux 6.17: selection by size, arguments, one slot at a time.
    pub const V6_17: Self = Self {
        max_comp_streams: false,
        write_stalls: false,
        writeback_command: WritebackCommand::Arguments,
        writeback_selection: WritebackSelection::Buckets,
        params_target: ParamsTarget::LooseWithWinbits,
        recomp_algorithm_padded: true,
        preemptible_mapping: true,
        class_lookup_adds_header: false,
        zstd_is_older: false,
        ..Self::V6_12
    };

    /// Linux 6.18: nothing of zram's that shows is different.
    pub const V6_18: Self = Self { pieces_in_blocks: false, ..Self::V6_17 };

    /// Linux 6.19: batches.
    pub const V6_19: Self = Self {
        writeback_batches: true,
        block_zero: true,
        control_block_guarded: false,
        reserved_block_released: false,
        ..Self::V6_18
    };

    /// The compressed writeback patch as posted in November 2025, on what became 6.19.
    pub const SEED_PATCH: Self = Self {
        compressed_writeback: CompressedWriteback::Always,
        trailing_bytes_cleared: false,
        written_back: WrittenBack::FreedAndRestored,
        read_back_request: ReadBackRequest::FailureLost,
        ..Self::V6_19
    };

    /// Linux 7.0: the patch behind an attribute, without its double count.
    pub const V7_0: Self = Self {
        compressed_writeback: CompressedWriteback::Attribute("compressed_writeback"),
        written_back: WrittenBack::Kept,
        idle_age: IdleAge::Wrapping,
        span_by_length: true,
        neighbours_merged: false,
        ..Self::SEED_PATCH
    };

    /// Linux 7.1: a pass's control block is guarded, a read-back without memory fails.
    pub const V7_1: Self = Self {
        control_block_guarded: true,
        recompression: Recompression::One,
        read_back_request: ReadBackRequest::FailureReported,
        params_target: ParamsTarget::Strict,
        algorithm_keeps_newline: false,
        ..Self::V7_0
    };

    /// Linux 7.2: nothing leaks, nothing is lost.
    pub const V7_2: Self = Self {
        reserved_block_released: true,
        trailing_bytes_cleared: true,
        size_overflow: SizeOverflow::Saturates,
        deflate_window_checked: true,
        algorithm_forgotten: false,
        class_lookup_adds_header: true,
        ..Self::V7_1
    };

    /// Linux 7.3.
    pub const V7_3: Self = Self {
        idle_age: IdleAge::Bounded,
        algorithm_resets_params: true,
        class_in_object_word: true,
        parameters_checked: true,
        dictionary_errno: true,
        ..Self::V7_2
    };

    /// The name of the attribute that turns compressed writeback on, if there is one.
    #[must_use]
    pub fn compressed_writeback_attribute(&self) -> Option<&'static str> {
        match self.compressed_writeback {
            CompressedWriteback::Attribute(name) => Some(name),
            CompressedWriteback::Never | CompressedWriteback::Always => None,
        }
    }
}

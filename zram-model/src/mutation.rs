//! Rules that can be got wrong, each as a switch.
//!
//! A comparison that agrees proves something only if it would disagree with a wrong model. Each
//! mutation is one plausible mistake, made in one place, which some observation must reveal.

use crate::{page::PageSize, profile::Profile};

/// What a kernel must have for a rule to matter: without it, no run can tell the broken model from the sound one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Needs {
    /// Nothing in particular.
    Nothing,
    /// `CONFIG_ZRAM_MULTI_COMP`.
    MultiComp,
    /// Pages larger than 4 KiB.
    LargePages,
    /// The class in the object word (7.3).
    ClassInWord,
    /// An order of steps that a kernel cannot be made to take: only a walk through all orders comes upon it.
    AnyOrder,
}

impl Needs {
    /// Whether a kernel has it.
    #[must_use]
    pub fn met_by(self, profile: &Profile) -> bool {
        match self {
            Self::Nothing => true,
            Self::MultiComp => profile.multi_comp,
            Self::LargePages => profile.page_size != PageSize::KIB_4,
            Self::ClassInWord => profile.behaviours.class_in_object_word,
            Self::AnyOrder => false,
        }
    }

    /// In a few words.
    #[must_use]
    pub fn describes(self) -> &'static str {
        match self {
            Self::Nothing => "any kernel",
            Self::MultiComp => "CONFIG_ZRAM_MULTI_COMP",
            Self::LargePages => "pages larger than 4 KiB",
            Self::ClassInWord => "the class in the object word (7.3)",
            Self::AnyOrder => "orders that a kernel cannot be made to take",
        }
    }
}

macro_rules! needs {
    () => {
        Needs::Nothing
    };
    ($needs:ident) => {
        Needs::$needs
    };
}

macro_rules! mutations {
    ($($variant:ident, $name:literal, $describes:literal $(, $needs:ident)?;)*) => {
        /// One rule of the model, broken.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Mutation {
            $(#[doc = $describes] $variant,)*
        }

        impl Mutation {
            /// Every mutation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its name on the command line.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// What a kernel must have for the rule to matter.
            #[must_use]
            pub fn needs(self) -> Needs {
                match self {
                    $(Self::$variant => needs!($($needs)?),)*
                }
            }

            /// What the broken model does, in one line.
            #[must_use]
            pub fn describes(self) -> &'static str {
                match self {
                    $(Self::$variant => $describes,)*
                }
            }
        }
    };
}

mutations! {
    ClassOffByOne, "class-off-by-one", "An object goes to the nominal class above its own.";
    EmptiestZspageFirst, "emptiest-zspage-first", "New objects go to the emptiest zspage that has room.";
    FullnessTail, "fullness-tail", "A zspage that changes its fullness group goes to the tail of the new list.";
    FullnessRounding, "fullness-rounding", "The fullness group is the usage in tenths, rounded down without adding one.";
    FreeListFifo, "free-list-fifo", "A freed object goes to the end of its zspage's free list.";
    SpanByClassSize, "span-by-class-size", "Whether an object spans two pages is judged by class size, not by the length asked for, behind the header.";
    ClassNotInWord, "class-not-in-word", "The object word has no class, so that zs_free must ask the zspage (before 9909b088b1f0).", ClassInWord;
    CompactionSwapped, "compaction-swapped", "Compaction empties the fullest zspage into the emptiest.";
    CompactionAscending, "compaction-ascending", "Compaction goes through the classes from small to large.";
    OldFreedFirst, "old-freed-first", "A write frees the slot's old object before it allocates the new one.";
    FailedWriteLosesOld, "failed-write-loses-old", "A write refused by mem_limit frees the old content.";
    MaxUsedBeforeMalloc, "max-used-before-malloc", "mem_used_max is updated before the object is allocated.";
    HugeThreshold, "huge-threshold", "An object of exactly the huge class size is stored compressed.";
    SameFilledByBytes, "same-filled-by-bytes", "A page counts as same-filled only if all its bytes are equal.";
    SameFilledByEnds, "same-filled-by-ends", "A page counts as same-filled if its first and last words are equal.";
    IdleKeptAfterWrite, "idle-kept-after-write", "A write leaves the slot idle.";
    IdleKeptAfterRead, "idle-kept-after-read", "A read leaves the slot idle.";
    ReadBackNotAccess, "read-back-not-access", "Submitting a read-back does not count as an access.";
    IdleInclusive, "idle-inclusive", "A slot accessed exactly at the cutoff counts as idle.";
    IdleMarksSame, "idle-marks-same", "Same-filled slots are marked idle.";
    AccessTimeNotSet, "access-time-not-set", "An access leaves the slot's access time as it was.";
    AccessTimeKeptOnFree, "access-time-kept-on-free", "Freeing a slot keeps its access time.";
    NotifyFreeOnlyOccupied, "notify-free-only-occupied", "A discard counts only the slots that held something.";
    PagesStoredKeptOnDiscard, "pages-stored-kept-on-discard", "A discard does not count the page down.";
    SmallestBucketFirst, "smallest-bucket-first", "Writeback takes the smallest objects first.";
    BucketTail, "bucket-tail", "Within a size bucket, writeback takes the slot that was queued first.";
    HighestFreeBlock, "highest-free-block", "Writeback takes the highest free block.";
    NextFitBlock, "next-fit-block", "Writeback looks for a free block from where it found the last one.";
    BlockZeroUnused, "block-zero-unused", "Block 0 is never used, as in 6.12.";
    TrailingBytesKept, "trailing-bytes-kept", "The bytes after a compressed object are not cleared before the block is written (before 3bf1c285dc40).";
    MetadataLost, "metadata-lost", "Completing a writeback frees the slot first, so that size, priority and HUGE are lost (before b0377ee80429).";
    HugeNotCountedDown, "huge-not-counted-down", "Completing a writeback leaves a huge page in huge_pages.";
    HugeCountedDownTwice, "huge-counted-down-twice", "Freeing a written-back huge slot counts it down from huge_pages again.";
    DoneListFifo, "done-list-fifo", "Finished writeback requests are completed first in, first out.";
    BatchSizeIgnored, "batch-size-ignored", "Each writeback request is completed before the next is submitted.";
    ControlBlockFreedEarly, "control-block-freed-early", "A pass frees its control block while the last completion may still be about to wake it (before bf62f69574b1).", AnyOrder;
    ReservedBlockLeaked, "reserved-block-leaked", "A block reserved but not used at the end of a pass stays taken (before 3e8d8eb8d7f5).";
    LimitNotCharged, "limit-not-charged", "Writeback does not use up writeback_limit.";
    LimitCheckedAfter, "limit-checked-after", "writeback_limit is looked at after a slot was submitted, not before.";
    LimitNotRefunded, "limit-not-refunded", "A writeback that failed on the device stays charged to writeback_limit.";
    FailedBlockKept, "failed-block-kept", "The block of a writeback that failed on the device stays taken.";
    PostProcessingKept, "post-processing-kept", "Letting go of a slot after a pass leaves it marked as selected.";
    SelectionSurvivesAccess, "selection-survives-access", "A read does not take back a slot's selection for writeback.";
    CompletionUnchecked, "completion-unchecked", "Completing a writeback does not ask whether the slot was touched meanwhile.";
    ReadBackInTask, "read-back-in-task", "A compressed block is decompressed where its read completes, without a work item.";
    DisksizeWrapRefused, "disksize-wrap-refused", "A disksize that rounds up to 2^64 is refused as 0 is.";
    ParamsMerged, "params-merged", "A write to algorithm_params for a later algorithm keeps the parameters that it does not give.", MultiComp;
    SameClassKept, "same-class-kept", "A recompressed object is kept although it goes to the same size class.", MultiComp;
    ThresholdExclusive, "threshold-exclusive", "Recompression passes over an object of exactly the threshold's size.", MultiComp;
    ThresholdNoCeiling, "threshold-no-ceiling", "A recompressed object is kept although it is not below the threshold.", MultiComp;
    IncompressibleTooEarly, "incompressible-too-early", "A slot counts as incompressible although another algorithm could be tried.", MultiComp;
    IncompressibleNever, "incompressible-never", "A slot that the last algorithm could not improve does not count as incompressible.", MultiComp;
    RecompressionKeepsIdle, "recompression-keeps-idle", "Recompression leaves the slots that it tries idle.", MultiComp;
    RecompressionKeepsTime, "recompression-keeps-time", "Recompression keeps the access time.", MultiComp;
    RecompressionFreesFirst, "recompression-frees-first", "Recompression frees the old object before it allocates the new one.", MultiComp;
    RecompressionMovesPeak, "recompression-moves-peak", "Recompression moves the peak of the memory used.", MultiComp;
    MaxPagesCountsSuccesses, "max-pages-counts-successes", "max_pages counts the slots that recompression improved, not those that it tried.", MultiComp;
    SamePriorityAgain, "same-priority-again", "Recompression takes slots that the algorithm asked for has compressed.", MultiComp;
    PriorityKept, "priority-kept", "Freeing or overwriting a slot keeps the priority of its algorithm.", MultiComp;
    LimitInPages, "limit-in-pages", "Writeback charges one unit of writeback_limit for a page of any size.", LargePages;
    PartialWriteLosesRest, "partial-write-loses-rest", "A write of part of a page clears the rest of the page.", LargePages;
    DiscardRoundsOut, "discard-rounds-out", "A discard that begins within a page frees that page, too.", LargePages;
    ResetForgetsLimit, "reset-forgets-limit", "A reset also resets writeback_limit.";
    NotificationNotCounted, "notification-not-counted", "A slot-free notification is not counted in notify_free.";
    NotificationFreesNothing, "notification-frees-nothing", "A slot-free notification is counted and frees nothing.";
    ReadBackFailureLost, "read-back-failure-lost", "A read-back without memory for its request ends as a success (before bf989ade270d).";
    ReadBackFailureTakesOthers, "read-back-failure-takes-others", "A read-back without memory for its request takes those before it in the bio along.";
    FailedObjectLosesOld, "failed-object-loses-old", "A write without memory for its object frees the old content.";
    FailedZspageCounted, "failed-zspage-counted", "A zspage that there was no memory for counts as memory in use.";
    ShortBatchRefused, "short-batch-refused", "A pass without memory for all of its requests does not begin.";
    ShortListSkips, "short-list-skips", "A pass without memory for an entry of its list goes on with the next slot.";
    LooksForRoomAgain, "looks-for-room-again", "A writer whose zspage is ready takes room that another task has made meanwhile.";
    RoomSeenLate, "room-seen-late", "A writer that saw no room makes a zspage only if there is still none.";
    FreedWithSlot, "freed-with-slot", "An object's place is free as soon as its slot is, before its class is locked.";
    FailedRecompressionSkipped, "failed-recompression-skipped", "A recompression without memory for an object goes on with the next slot.", MultiComp;
}

impl Mutation {
    /// The mutation with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|mutation| mutation.name() == name)
    }
}

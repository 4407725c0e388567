//! What the kernel's own code does not determine.
//!
//! The model computes everything that follows from the source. The rest comes through one trait:
//! compressed sizes, the clock, the backing device, the order of asynchronous steps, the outcome of
//! allocations. A checker answers from what it observed, a simulator from a codec and a
//! simulated device, an explorer with every answer in turn. What happens goes out the same way.

use core::fmt;

use zram_events::{Block, Context, DeviceId, Event, SlotIndex};

pub use crate::allocation::Allocation;
use crate::{
    bio::{Bio, BioStatus, Memory},
    complaint::Complaint,
    contention::Contention,
    errno::Errno,
    page::PageBytes,
    view::{BlockContent, Moment},
};

/// The world around the module.
///
/// Each method is a question that the model asks in the middle of a call, at the place where the kernel finds the answer outside
/// its own code. The five without a default make a simulator:
///
/// ```
/// use zram_events::Event;
/// use zram_model::{BackingRequest, ClockUse, Codec, Completion, Environment, Errno, Kernel, PageBytes, Profile};
///
/// /// A compressor that halves everything, a clock, a disk of 16 pages, and how often something was compressed.
/// struct World {
///     now: u32,
///     compressed: u32,
/// }
///
/// impl Environment for World {
///     fn emit(&mut self, event: Event) {
///         self.compressed += u32::from(matches!(event, Event::Compress { result: 0, .. }));
///     }
///     fn compress(&mut self, _: Codec, page: &PageBytes) -> Result<u32, Errno> {
///         Ok(page.len() as u32 / 2)
///     }
///     fn boot_seconds(&mut self, _: ClockUse) -> u32 {
///         self.now
///     }
///     fn open_backing(&mut self, path: &str) -> Result<u64, Errno> {
///         if path == "/dev/disk" { Ok(16) } else { Err(Errno::ENOENT) }
///     }
///     fn submit_backing(&mut self, _: BackingRequest) -> Completion {
///         Completion::Now(0)
///     }
/// }
///
/// # fn main() -> Result<(), Errno> {
/// let mut world = World { now: 1, compressed: 0 };
/// let mut kernel = Kernel::new(Profile::debian_7_2());
/// let zram0 = kernel.hot_add(&mut world)?;
/// assert_eq!(kernel.write_attr(zram0, "backing_dev", b"/dev/none", &mut world), Err(Errno::ENOENT));
/// kernel.write_attr(zram0, "backing_dev", b"/dev/disk", &mut world)?;
/// assert_eq!(kernel.read_attr(zram0, "backing_dev")?, b"/dev/disk\n");
/// # Ok(())
/// # }
/// ```
pub trait Environment {
    /// Something observable happened: a function of the kernel's was entered or has returned, as the event's text says. Events come in
    /// the order of these moments; those at the profile's silent sites ([`crate::Profile::silent`]) do not come.
    fn emit(&mut self, event: Event);

    /// The kernel has a reason to complain in its log.
    fn complain(&mut self, complaint: Complaint) {
        let _ = complaint;
    }

    /// What `zcomp_compress` returns for this page: the length in bytes (it may exceed the page), or an error.
    ///
    /// # Errors
    /// The compressor's error.
    fn compress(&mut self, codec: Codec, page: &PageBytes) -> Result<u32, Errno>;

    /// As [`Environment::compress`], asked instead by a model that keeps bytes ([`crate::Storage::Bytes`]): the
    /// compressed bytes go into `out`, which is empty. What is not put there, by default all, is stored as zeros.
    ///
    /// # Errors
    /// The compressor's error.
    fn compress_into(&mut self, codec: Codec, page: &PageBytes, out: &mut Vec<u8>) -> Result<u32, Errno> {
        let _ = out;
        self.compress(codec, page)
    }

    /// As [`Environment::compress`], asked by a recompression in a model that keeps [sizes](crate::Storage::Sizes) only and has
    /// no page to show: `was` bytes is what the page was so far. By default, what it is again.
    ///
    /// # Errors
    /// The compressor's error.
    fn compress_again(&mut self, codec: Codec, was: u32) -> Result<u32, Errno> {
        let _ = codec;
        Ok(was)
    }

    /// `zcomp_decompress` of real bytes into `page`, asked by a model that keeps them ([`crate::Storage::Bytes`]).
    ///
    /// # Errors
    /// The decompressor's error.
    fn decompress(&mut self, codec: Codec, bytes: &[u8], page: &mut PageBytes) -> Result<(), Errno> {
        let _ = (codec, bytes, page);
        Err(Errno::EINVAL)
    }

    /// Who submits the bio that is being served, and so decompresses what it reads from memory: a system call does, and
    /// where a file system writes back, a worker may.
    fn submitter(&self) -> Context {
        Context::Task
    }

    /// `ktime_get_boottime_seconds()`, as a `u32`.
    fn boot_seconds(&mut self, asked: ClockUse) -> u32;

    /// `ktime_get_boottime()` in nanoseconds, asked instead by kernels that keep access times in nanoseconds
    /// ([`crate::behaviours::IdleAge::Nanoseconds`]). By default the second has just begun.
    fn boot_nanoseconds(&mut self, asked: ClockUse) -> u64 {
        u64::from(self.boot_seconds(asked)) * 1_000_000_000
    }

    /// `filp_open` of a backing device and the size of what it names, in whole pages. A file that is
    /// no block device is `ENOTBLK`; 0 pages are a valid answer (and refused by zram).
    ///
    /// # Errors
    /// What opening said.
    fn open_backing(&mut self, path: &str) -> Result<u64, Errno>;

    /// The path of an opened backing device as `file_path` prints it later. By default the path is
    /// cleaned textually, which is right where no symbolic link is involved.
    fn backing_path(&mut self, path: &str) -> String {
        clean_path(path)
    }

    /// A bio goes to the backing device. Whether it completes within the submission is the device's nature.
    fn submit_backing(&mut self, request: BackingRequest) -> Completion;

    /// The status with which a request that was answered [`Completion::Later`] now completes.
    fn complete_backing(&mut self, request: BackingRequest) -> u8 {
        let _ = request;
        0
    }

    /// Two read-backs that were on their way together fill the same page of memory, as unaligned ones can. Which one's bytes come there
    /// last is the backing device's to say: what is reported, and of chained ones not even that, is that they have come. Whether it is
    /// the one that completes later. `contents`: what is there, and what that one puts there.
    fn later_read_back_is_last(&mut self, page: usize, contents: [&BlockContent; 2]) -> bool {
        let _ = (page, contents);
        true
    }

    /// A worker is about to decompress what its read-back put into this page of memory, and another read-back into the same
    /// page was on its way together with that one. Whether bytes of the other are there by now: they come at some moment
    /// between its submission and its reported completion. Asked also where that is so of another page for the same slot: a worker
    /// does not say which of the two it works on.
    fn overwritten(&mut self, page: usize) -> bool {
        let _ = page;
        false
    }

    /// The pass takes a finished request off its list. Of these writes, whose completions were reported
    /// ([`Step::WritebackEndio`]) since its last event, or just before that, how many were on the list by then? The
    /// first so many; an answer out of range means all.
    fn listed(&mut self, reported: &[BackingRequest]) -> usize {
        reported.len()
    }

    /// Which of these steps happens next. An answer out of range means the first.
    fn choose(&mut self, ready: &[Step]) -> usize {
        let _ = ready;
        0
    }

    /// Another task's bio, served at this moment: of a writeback or recompression pass on `dev`, which holds the device's lock
    /// but no slot's, while bios take only the latter; or of a read that waits for its read-backs.
    /// So a slot can be read, written or discarded while something else is under way for it. Asked until it answers no,
    /// before each candidate, each wait, and each request that the pass takes off its list.
    fn intrude(&mut self, dev: DeviceId) -> Option<(Bio, Memory)> {
        let _ = dev;
        None
    }

    /// Whether [`Environment::moment`] is of interest. Asked at every such moment.
    fn watches(&self) -> bool {
        false
    }

    /// The state at a moment in the middle of a writeback pass or a read, where no slot is locked: wherever
    /// [`Environment::intrude`] is asked, just before.
    fn moment(&mut self, moment: &Moment<'_>) {
        let _ = moment;
    }

    /// The bio of [`Environment::intrude`] has completed.
    fn intruded(&mut self, bio: Bio, memory: Memory, status: BioStatus) {
        let _ = (bio, memory, status);
    }

    /// The pass has let go of its last request and frees its control block. Has `zram_writeback_endio`, which put this
    /// request on the list, returned by then? Asked only of kernels where it matters
    /// ([`crate::Behaviours::control_block_guarded`]), for requests that did not complete within their submission.
    fn endio_returned(&mut self, request: BackingRequest) -> bool {
        let _ = request;
        true
    }

    /// The kernel does what no source says the outcome of: what the model tells from here on is what would happen
    /// had it gone well.
    fn hazard(&mut self, hazard: Hazard) {
        let _ = hazard;
    }

    /// What `mem_used_max` has become, in bytes, after bios of several tasks: something from `low` to `high`. Each writer looks at the
    /// pool's size at a moment that leaves no trace.
    fn peak(&mut self, dev: DeviceId, low: u64, high: u64) -> u64 {
        let _ = (dev, low);
        high
    }

    /// Whether an allocation succeeds.
    fn allocate(&mut self, what: Allocation) -> bool {
        let _ = what;
        true
    }

    /// Whether another task is in the way where the kernel does not wait for it.
    fn contended(&mut self, what: Contention) -> bool {
        let _ = what;
        false
    }

    /// The size in bytes of a dictionary that the kernel reads (`kernel_read_file_from_path`).
    ///
    /// # Errors
    /// Why it cannot be read: `ENOENT` where there is none, as by default, `EINVAL` for what is no file.
    fn read_dictionary(&mut self, path: &str) -> Result<u64, Errno> {
        let _ = path;
        Err(Errno::ENOENT)
    }

    /// The decompressor is given bytes that are not the object it was told of: possible where two
    /// read-backs share a page of memory. Only a model that keeps bytes ([`crate::Storage::Bytes`]) has them to show to
    /// [`Environment::decompress`]; elsewhere the outcome is an input. `found` is what the bytes were, where that is
    /// known; the decompressor takes them for `len` bytes made by `codec`.
    ///
    /// It may fail; it may succeed with a page that is known, or with one that is not (`None`): then the
    /// page of memory counts as [`Environment::undetermined`] until something else is written there.
    ///
    /// # Errors
    /// The decompressor's error.
    fn decompress_foreign(
        &mut self,
        found: Option<&BlockContent>,
        len: u32,
        codec: Codec,
    ) -> Result<Option<Box<PageBytes>>, Errno> {
        let _ = (found, len, codec);
        Err(Errno::EINVAL)
    }

    /// After this bio, page `page` of its memory holds bytes that the model cannot know: those of a compressed
    /// object, or what the decompressor made of them.
    fn undetermined(&mut self, page: usize) {
        let _ = page;
    }
}

/// A compressor and the parameters given to it (`struct zcomp_params`); `None` is the backend's default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Codec {
    /// The name in `comp_algorithm`.
    pub name: &'static str,
    /// `level`.
    pub level: Option<i32>,
    /// `deflate.winbits`.
    pub winbits: Option<i32>,
    /// Whether there is a dictionary.
    pub dictionary: bool,
}

impl Codec {
    /// An algorithm without parameters.
    #[must_use]
    pub fn plain(name: &'static str) -> Self {
        Self { name, level: None, winbits: None, dictionary: false }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        if let Some(level) = self.level {
            write!(f, " level={level}")?;
        }
        if let Some(winbits) = self.winbits {
            write!(f, " deflate.winbits={winbits}")?;
        }
        f.write_str(if self.dictionary { " with a dictionary" } else { "" })
    }
}

/// What the clock is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClockUse {
    /// A slot is marked as accessed (`mark_slot_accessed`).
    Access {
        /// The device.
        dev: DeviceId,
        /// The slot.
        slot: SlotIndex,
    },
    /// An age is turned into a cutoff (`idle_store`).
    Idle {
        /// The device.
        dev: DeviceId,
    },
}

/// Direction of a backing request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BackingOp {
    /// Read-back of a slot.
    Read,
    /// Writeback of a slot.
    Write,
}

/// One page to or from the backing device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BackingRequest {
    /// The zram device.
    pub dev: DeviceId,
    /// Read or write.
    pub op: BackingOp,
    /// The slot it is for.
    pub slot: SlotIndex,
    /// The block of the backing device.
    pub block: Block,
}

/// When a backing request completes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Completion {
    /// Within its submission, with this `blk_status_t`, as brd does.
    Now(u8),
    /// Later, as a [`Step`].
    Later,
}

/// One thing that can happen next. Each but [`Step::Continue`] emits exactly one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// The task that runs the pass, or that submits further bios of its call, goes on by itself. What it does next
    /// may emit an event of its own.
    Continue,
    /// A writeback request completes: [`Event::WritebackEndio`].
    WritebackEndio {
        /// The slot.
        slot: SlotIndex,
        /// The block.
        block: Block,
    },
    /// A read-back request completes: [`Event::ReadBackEndio`].
    ReadBackEndio {
        /// The slot.
        slot: SlotIndex,
        /// The block.
        block: Block,
    },
    /// A worker takes up a read-back: [`Event::ReadBackWork`].
    ReadBackWork {
        /// The slot.
        slot: SlotIndex,
        /// The block.
        block: Block,
    },
    /// The worker has decompressed: [`Event::Decompress`].
    ReadBackDecompress {
        /// The slot.
        slot: SlotIndex,
        /// The block.
        block: Block,
    },
}

/// Something that ends in undefined behaviour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hazard {
    /// `zram_writeback_endio` wakes a waiter in a control block that the pass has freed (before bf62f69574b1).
    ControlBlockFreed,
    /// `zlib_deflate_workspacesize` meets a window that zlib does not know (`BUG_ON`): the writer of `disksize` dies
    /// with the device's lock held.
    DeflateWindow,
    /// The device has no algorithm any more: whoever reads `comp_algorithm` follows a null pointer (`zcomp_available_show`).
    AlgorithmForgotten,
}

/// An absolute path without `//`, `.` and `..`; a relative one is taken from the root, where the first process stands.
fn clean_path(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    format!("/{}", parts.join("/"))
}

/// The most bytes that a table of one device may take in the model, whatever the environment grants.
pub(crate) const TABLE_LIMIT: u64 = 1 << 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_shown_clean() {
        assert_eq!(clean_path("/dev//ram0"), "/dev/ram0");
        assert_eq!(clean_path("dev/./x/../ram0"), "/dev/ram0");
        assert_eq!(clean_path("/../.."), "/");
    }
}

//! Operations: what the runner asks a machine, or the model, to do.

use serde::{Deserialize, Serialize};

use super::{
    backing::{Bad, Below},
    content::Content,
    fail::Fail,
    layout::Layout,
    touch::{Deed, Touch},
    work::{SwapDiscard, Work},
};

/// One operation. Each is one system call, or the fewest that can express it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Op {
    /// Starts a program in a clean world: every device that the agent added is removed, and the
    /// backing device is made anew with this many zeroed pages (0: none). Ordinals start again.
    Begin(Begin),
    /// Reads `/sys/class/zram-control/hot_add`.
    Add {},
    /// Writes this text to `/sys/class/zram-control/hot_remove`.
    Remove {
        /// The text, one `write(2)`.
        text: String,
    },
    /// Writes an attribute of a device with one `write(2)`. `$BACKING` in the value stands for the
    /// path of the backing device.
    Set {
        /// The device's number.
        dev: u32,
        /// The attribute's name.
        attr: String,
        /// The text.
        value: String,
    },
    /// Reads an attribute of a device.
    Get {
        /// The device's number.
        dev: u32,
        /// The attribute's name.
        attr: String,
    },
    /// Opens the block device and keeps it open.
    Hold {
        /// The device's number.
        dev: u32,
    },
    /// Closes what `hold` opened.
    Release {
        /// The device's number.
        dev: u32,
    },
    /// Writes pages to consecutive slots with one `pwritev(2)`, `O_DIRECT`.
    Write {
        /// The device's number.
        dev: u32,
        /// First slot.
        slot: u64,
        /// What each slot gets.
        pages: Vec<Content>,
        /// Where the bytes lie in memory.
        #[serde(default, skip_serializing_if = "Layout::is_plain")]
        layout: Layout,
    },
    /// Reads consecutive slots with one `preadv(2)`, `O_DIRECT`.
    Read {
        /// The device's number.
        dev: u32,
        /// First slot.
        slot: u64,
        /// How many.
        count: u32,
        /// Where the bytes go in memory.
        #[serde(default, skip_serializing_if = "Layout::is_plain")]
        layout: Layout,
    },
    /// `BLKDISCARD` over consecutive slots.
    Discard {
        /// The device's number.
        dev: u32,
        /// First slot.
        slot: u64,
        /// How many.
        count: u64,
    },
    /// `BLKZEROOUT` over consecutive slots.
    ZeroOut {
        /// The device's number.
        dev: u32,
        /// First slot.
        slot: u64,
        /// How many.
        count: u64,
    },
    /// One `pread(2)` of the debugfs file `block_state`.
    State {
        /// The device's number.
        dev: u32,
        /// File position: a slot.
        position: u64,
        /// Size of the buffer.
        bytes: u32,
    },
    /// Reads blocks of the backing device past the zram device.
    Blocks {
        /// First block.
        first: u64,
        /// How many.
        count: u32,
    },
    /// Snapshot of the pool's class structures.
    Classes {
        /// The device's number.
        dev: u32,
    },
    /// One `write(2)` to `writeback` by a second thread and, while it is under way, I/O on the same device.
    During {
        /// The device's number.
        dev: u32,
        /// The text for `writeback`.
        pass: String,
        /// Milliseconds from the beginning of the second thread to the first I/O.
        after_ms: u32,
        /// The I/O, in order, one call at a time.
        bios: Vec<Touch>,
    },
    /// In the next operation an allocation fails.
    Fail(Fail),
    /// Several threads at once on one device, each with system calls of its own, one after the other.
    Together {
        /// The device's number.
        dev: u32,
        /// What each of them does, in order.
        workers: Vec<Vec<Deed>>,
    },
    /// Lets time pass.
    Sleep {
        /// Milliseconds.
        millis: u32,
    },
    /// `swapon(2)`. The header is written before, as any page ([`Content::SwapHeader`]).
    SwapOn {
        /// The device's number.
        dev: u32,
        /// Its priority, below 32768. None: the kernel chooses.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        priority: Option<u16>,
        /// What of the device the kernel discards.
        #[serde(default, skip_serializing_if = "SwapDiscard::is_none")]
        discard: SwapDiscard,
    },
    /// `swapoff(2)`.
    SwapOff {
        /// The device's number.
        dev: u32,
    },
    /// Starts the occupant, a process in a memory cgroup of its own, and has it write these pages, in order.
    Pressure {
        /// The device whose bios and slots the pages are expected on.
        dev: u32,
        /// How many of its pages the cgroup has room for in memory.
        limit: u32,
        /// What each page gets.
        pages: Vec<Content>,
    },
    /// The occupant reads pages, in order, and then, from the first of them on, writes others.
    Revisit {
        /// The device whose bios and slots the pages are expected on.
        dev: u32,
        /// First page.
        first: u32,
        /// How many are read.
        count: u32,
        /// What is written.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pages: Vec<Content>,
    },
    /// The occupant ends.
    Relieve {
        /// The device on which its slots are expected.
        dev: u32,
    },
    /// `mount(2)` of the file system on the device: ext2, by the kernel's ext4.
    Mount {
        /// The device's number.
        dev: u32,
        /// Whether blocks that become free are discarded at once.
        discard: bool,
    },
    /// `umount2(2)`.
    Unmount {
        /// The device's number.
        dev: u32,
    },
    /// Writes pages to a file on the mounted device, creating it if need be, and syncs the file system.
    WriteFile {
        /// The device's number.
        dev: u32,
        /// The file's name.
        name: String,
        /// First page in the file.
        at: u32,
        /// What each page gets.
        pages: Vec<Content>,
    },
    /// Reads a whole file on the mounted device, of which nothing is left in the page cache.
    ReadFile {
        /// The device's number.
        dev: u32,
        /// The file's name.
        name: String,
    },
    /// Deletes a file on the mounted device and syncs the file system.
    RemoveFile {
        /// The device's number.
        dev: u32,
        /// The file's name.
        name: String,
    },
    /// `FITRIM` of all of the mounted file system.
    Trim {
        /// The device's number.
        dev: u32,
    },
}

/// How a program begins: with which backing device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Begin {
    /// Pages of the backing device.
    pub backing_pages: u64,
    /// Milliseconds that each write to it takes at least (0: it completes at once).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub backing_delay_ms: u32,
    /// The block from which on it fails every read and write with an I/O error. None: it never does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backing_bad_from: Option<u64>,
    /// Milliseconds that each read of it takes at least (0: it does not wait).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub backing_read_delay_ms: u32,
    /// Whether it completes in interrupts, a while after the submission.
    #[serde(default, skip_serializing_if = "is_false")]
    pub backing_interrupts: bool,
    /// Another disk than the RAM disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backing_below: Option<Below>,
    /// What its bad blocks fail.
    #[serde(default, skip_serializing_if = "Bad::is_both")]
    pub backing_bad: Bad,
}

impl Op {
    /// The device that the operation works on, where it names one by number.
    #[must_use]
    pub fn dev(&self) -> Option<u32> {
        match *self {
            Self::Set { dev, .. }
            | Self::Get { dev, .. }
            | Self::Hold { dev }
            | Self::Release { dev }
            | Self::Write { dev, .. }
            | Self::Read { dev, .. }
            | Self::Discard { dev, .. }
            | Self::ZeroOut { dev, .. }
            | Self::State { dev, .. }
            | Self::During { dev, .. }
            | Self::Together { dev, .. }
            | Self::Classes { dev }
            | Self::SwapOn { dev, .. }
            | Self::SwapOff { dev }
            | Self::Pressure { dev, .. }
            | Self::Revisit { dev, .. }
            | Self::Relieve { dev }
            | Self::Mount { dev, .. }
            | Self::Unmount { dev }
            | Self::WriteFile { dev, .. }
            | Self::ReadFile { dev, .. }
            | Self::RemoveFile { dev, .. }
            | Self::Trim { dev } => Some(dev),
            Self::Begin(_)
            | Self::Add {}
            | Self::Remove { .. }
            | Self::Blocks { .. }
            | Self::Fail(_)
            | Self::Sleep { .. } => None,
        }
    }

    /// The operation's name, as it stands in JSON and in the coverage table.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Begin(_) => "begin",
            Self::Add {} => "add",
            Self::Remove { .. } => "remove",
            Self::Set { .. } => "set",
            Self::Get { .. } => "get",
            Self::Hold { .. } => "hold",
            Self::Release { .. } => "release",
            Self::Write { .. } => "write",
            Self::Read { .. } => "read",
            Self::Discard { .. } => "discard",
            Self::ZeroOut { .. } => "zero_out",
            Self::State { .. } => "state",
            Self::Blocks { .. } => "blocks",
            Self::Classes { .. } => "classes",
            Self::During { .. } => "during",
            Self::Fail(_) => "fail",
            Self::Together { .. } => "together",
            Self::Sleep { .. } => "sleep",
            Self::SwapOn { .. }
            | Self::SwapOff { .. }
            | Self::Pressure { .. }
            | Self::Revisit { .. }
            | Self::Relieve { .. }
            | Self::Mount { .. }
            | Self::Unmount { .. }
            | Self::WriteFile { .. }
            | Self::ReadFile { .. }
            | Self::RemoveFile { .. }
            | Self::Trim { .. } => self.work().map_or("workload", Work::name),
        }
    }

    /// What a workload does, if this is one: the operations whose bios the kernel chooses.
    #[must_use]
    pub fn work(&self) -> Option<Work<'_>> {
        Some(match self {
            Self::SwapOn { priority, discard, .. } => Work::SwapOn { priority: *priority, discard: *discard },
            Self::SwapOff { .. } => Work::SwapOff,
            Self::Pressure { limit, pages, .. } => Work::Pressure { limit: *limit, pages },
            Self::Revisit { first, count, pages, .. } => {
                Work::Revisit { first: *first, count: *count, pages }
            }
            Self::Relieve { .. } => Work::Relieve,
            Self::Mount { discard, .. } => Work::Mount { discard: *discard },
            Self::Unmount { .. } => Work::Unmount,
            Self::WriteFile { name, at, pages, .. } => Work::WriteFile { name, at: *at, pages },
            Self::ReadFile { name, .. } => Work::ReadFile { name },
            Self::RemoveFile { name, .. } => Work::RemoveFile { name },
            Self::Trim { .. } => Work::Trim,
            _ => return None,
        })
    }
}

fn is_false(flag: &bool) -> bool {
    !*flag
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_one_flat_object() {
        let op = Op::Write { dev: 0, slot: 3, pages: vec![Content::Zero], layout: Layout::default() };
        let text = serde_json::to_string(&op).unwrap();
        assert_eq!(text, r#"{"op":"write","dev":0,"slot":3,"pages":[{"kind":"zero"}]}"#);
        assert_eq!(serde_json::from_str::<Op>(&text).unwrap(), op);
    }

    #[test]
    fn a_begin_says_only_what_is_unusual() {
        let plain = r#"{"op":"begin","backing_pages":3}"#;
        let op = serde_json::from_str::<Op>(plain).unwrap();
        assert_eq!(op, Op::Begin(Begin { backing_pages: 3, ..Begin::default() }));
        assert_eq!(serde_json::to_string(&op).unwrap(), plain);
        let slow = r#"{"op":"begin","backing_pages":3,"backing_delay_ms":80}"#;
        assert_eq!(serde_json::to_string(&serde_json::from_str::<Op>(slow).unwrap()).unwrap(), slow);
    }

    #[test]
    fn unknown_words_are_refused() {
        assert!(serde_json::from_str::<Op>(r#"{"op":"add","dev":0}"#).is_err());
        assert!(serde_json::from_str::<Op>(r#"{"op":"fly"}"#).is_err());
    }
}

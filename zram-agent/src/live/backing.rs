//! The backing device: a RAM disk that is made anew for every program of operations, or another disk where one is asked for.
//!
//! Unloading `brd` throws its pages away, so that loading it again makes a device that is zeroed and
//! of exactly the wanted size. Where the size is to stay, a discard of all of it does the same (brd frees
//! the pages, and what has no page reads as zeros) and saves two grace periods. A RAM disk
//! also completes I/O in the submitter's context, in order, which keeps the order of completions
//! out of what has to be observed.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use nix::errno::Errno;
use zram_host::live::{discard, read_direct};

use super::{
    loop_disk::LoopDisk,
    mapped::{self, Mapped},
    modules::{Source, is_built_in, is_loaded, unload},
    null_disk::{self, NullDisk},
    virtual_disk::VirtualDisk,
};
use crate::{
    memory::Arena,
    protocol::{BackingKind, Layout},
    world::{self, Disk, Trouble},
};

const MODULE: &str = "brd";
const PATH: &str = "/dev/ram0";
/// Where the devices lie that are made here.
pub(super) const PATHS: [&str; 2] = [PATH, mapped::PATH];
const ATTRIBUTES: &str = "/sys/block/ram0";

/// Bytes of a block.
const PAGE: u64 = 4096;

/// The RAM disk.
pub(super) struct Backing {
    source: Source,
    /// Pages it has; `None`: it is not loaded.
    pages: Option<u64>,
    /// The disk that completes in the interrupt of a timer, once it was wanted.
    null: Option<NullDisk>,
    /// The loop device of this program.
    over_file: Option<LoopDisk>,
    /// The machine's own disk, if it has one for this purpose.
    virtual_disk: Option<VirtualDisk>,
    /// Which of them the program works with.
    below: Disk,
    /// What stands between the disk and zram, if anything.
    mapped: Option<Mapped>,
    attributes: PathBuf,
}

impl Backing {
    /// None yet.
    pub(super) fn new(source: Source) -> Result<Self, Trouble> {
        if is_built_in(MODULE) {
            return Err(unfit(
                "brd is built into this kernel, so that its RAM disk can be neither emptied nor given a size; \
                 build it as a module (CONFIG_BLK_DEV_RAM=m)",
            ));
        }
        if is_loaded(MODULE) {
            return Err(unfit(
                "the module brd is loaded already, and its RAM disks may hold somebody's data; unload it first",
            ));
        }
        Ok(Self {
            source,
            pages: None,
            null: None,
            over_file: None,
            virtual_disk: VirtualDisk::find(),
            below: Disk::Ram,
            mapped: None,
            attributes: ATTRIBUTES.into(),
        })
    }

    /// What can be made here, as far as can be told without making it.
    pub(super) fn kinds(&self) -> Vec<BackingKind> {
        let mut kinds = vec![BackingKind::Ram];
        if mapped::MODULES.iter().all(|module| self.source.has(module)) {
            kinds.extend([BackingKind::Delay, BackingKind::Error]);
            if self.null.is_some() || NullDisk::can_be_had(&self.source) {
                kinds.push(BackingKind::Interrupts);
            }
            if LoopDisk::can_be_had(&self.source) {
                kinds.push(BackingKind::Loop);
            }
            if self.virtual_disk.is_some() {
                kinds.push(BackingKind::Virtio);
            }
            if mapped::fails_one_way(&self.source) {
                kinds.push(BackingKind::Flakey);
            }
        }
        kinds
    }

    /// The path that zram is given.
    pub(super) fn path(&self) -> &str {
        if self.mapped.is_some() { mapped::PATH } else { PATH }
    }

    /// The folder of its attributes.
    pub(super) fn attributes(&self) -> &Path {
        &self.attributes
    }

    /// Makes it anew.
    pub(super) fn renew(&mut self, wanted: world::Backing) -> Result<(), Trouble> {
        self.remove_mapped()?;
        self.remove_over_file()?;
        self.below = if wanted.pages == 0 { Disk::Ram } else { wanted.below };
        match self.below {
            Disk::Ram => self.renew_disk(wanted.pages)?,
            Disk::Null => {
                if self.null.is_none() {
                    self.null = Some(NullDisk::new(&self.source)?);
                }
                NullDisk::clear(wanted.pages)?;
            }
            Disk::Loop => self.over_file = Some(LoopDisk::new(&self.source, wanted.pages)?),
            Disk::Virtio => self
                .virtual_disk
                .as_ref()
                .ok_or_else(|| {
                    unfit("this machine has no disk for testing (virtio, serial zram-rs-backing)")
                })?
                .clear(wanted.pages)?,
        }
        if wanted.is_mapped() {
            self.mapped = Some(Mapped::new(&self.source, &self.disk().to_string_lossy(), wanted)?);
        }
        Ok(())
    }

    /// The disk that the blocks are on in the end.
    fn disk(&self) -> &Path {
        let other = match self.below {
            Disk::Ram => None,
            Disk::Null => Some(Path::new(null_disk::PATH)),
            Disk::Loop => self.over_file.as_ref().map(LoopDisk::path),
            Disk::Virtio => self.virtual_disk.as_ref().map(VirtualDisk::path),
        };
        other.unwrap_or(Path::new(PATH))
    }

    fn remove_over_file(&mut self) -> Result<(), Trouble> {
        self.over_file.take().map_or(Ok(()), LoopDisk::remove)
    }

    fn renew_disk(&mut self, pages: u64) -> Result<(), Trouble> {
        if pages != 0 && self.pages == Some(pages) && discard(Path::new(PATH), 0, pages * PAGE).is_ok() {
            return Ok(());
        }
        self.remove_disk()?;
        if pages == 0 {
            return Ok(());
        }
        let kib = pages.checked_mul(PAGE / 1024).ok_or(Trouble::TooMuch {
            what: "a backing device in pages",
            asked: pages,
            limit: u64::MAX / (PAGE / 1024),
        })?;
        self.source.load(MODULE, &format!("rd_nr=1 rd_size={kib} max_part=1"))?;
        self.pages = Some(pages);
        let path = self.attributes.join("size");
        let text = fs::read_to_string(&path)
            .map_err(|error| Trouble::setup(format!("reading {}", path.display()), error))?;
        // In sectors of 512 bytes, whatever the device's own are.
        if text.trim_end().parse() == Ok(pages * (PAGE / 512)) {
            return Ok(());
        }
        Err(Trouble::Unreadable {
            what: path.display().to_string(),
            text,
            expected: "the size that brd was loaded with",
        })
    }

    fn remove_mapped(&mut self) -> Result<(), Trouble> {
        self.mapped.take().map_or(Ok(()), Mapped::remove)
    }

    /// Removes it.
    pub(super) fn remove(&mut self) -> Result<(), Trouble> {
        self.remove_mapped()?;
        self.remove_over_file()?;
        self.null.take().map_or(Ok(()), NullDisk::remove)?;
        self.remove_disk()
    }

    fn remove_disk(&mut self) -> Result<(), Trouble> {
        if self.pages.is_some() {
            unload(MODULE)?;
            self.pages = None;
        }
        Ok(())
    }

    /// Reads blocks.
    pub(super) fn read(&self, first: u64, count: u32) -> Result<Vec<u8>, Errno> {
        let mut arena = Arena::new(&Layout::default(), count as usize).map_err(|_| Errno::EINVAL)?;
        let at = first.checked_mul(PAGE).ok_or(Errno::EINVAL)?;
        let read = read_direct(self.disk(), at, arena.buffer())?;
        Ok(arena.bytes()[..read].to_vec())
    }
}

fn unfit(why: &'static str) -> Trouble {
    Trouble::setup("making a backing device", io::Error::new(io::ErrorKind::ResourceBusy, why))
}

//! The live side of the port: system calls on the running kernel.
//!
//! What an operation *is* on this side, in the order of how easily it goes wrong:
//!
//! * An attribute is written with one `write(2)` on a file opened `O_WRONLY`: no `O_TRUNC`, no
//!   `O_CREAT`, and no second write for a tail. The driver parses each `write(2)` as a command of
//!   its own; a tail sent again would be another command, and a short count is what the caller
//!   asked to see.
//! * The block device is opened for each I/O and closed after it. The driver refuses `reset` and
//!   `hot_remove` while anybody has the device open, so a descriptor kept here would change the
//!   errno of those two. The kernel does nothing else on such an open or close: zram's disks
//!   have no partitions to scan (`GENHD_FL_NO_PART`), and no page of theirs is ever in the page
//!   cache, since all I/O here is `O_DIRECT`, so the last close has nothing to write back or to
//!   throw away. [`Port::hold`] is the way to have the device open on purpose.
//! * I/O is one `preadv(2)` or `pwritev(2)` whose pieces point into the caller's arena. How the
//!   kernel cuts them into a bio is the kernel's business.
//!
//! All paths start at a root, so that the file part can be tested on a made-up tree.

mod attribute;
mod block;
mod clock;
pub mod device_mapper;
mod loop_device;
mod meanwhile;
mod paths;
mod storage;
mod swap;
mod together;
mod tree;
mod unswapped;

use std::{
    collections::HashMap,
    fs::{File, OpenOptions, TryLockError},
    path::PathBuf,
    time::Duration,
};

use nix::{
    errno::Errno,
    unistd::{SysconfVar, sysconf},
};

pub use block::{discard, read_direct, zero_out};
pub use loop_device::LoopDevice;
pub use swap::{swap_off, swap_on};
pub use tree::Tree;

use crate::{
    machine::{Clocks, Machine},
    meanwhile::{Ended, Errand, Io},
    port::{Buffer, Port},
    probed::Probed,
    swap::{HEADER_BYTES, SwapOptions},
    together::{Act, TaskEnded},
};

/// A kernel with zram, reached by system calls.
#[derive(Debug)]
pub struct LiveHost {
    tree: Tree,
    held: HashMap<u32, Vec<File>>,
    /// Devices that are kept open so that they stay.
    kept: Vec<storage::Kept>,
    /// A file that is locked as long as it is open.
    turn: Option<File>,
    probes: Option<Box<dyn Probed>>,
}

impl LiveHost {
    /// The running kernel.
    #[must_use]
    pub fn new() -> Self {
        Self::rooted("/")
    }

    /// The kernel whose `sys` and `dev` stand under this folder.
    #[must_use]
    pub fn rooted(root: impl Into<PathBuf>) -> Self {
        Self { tree: Tree::new(root), held: HashMap::new(), kept: Vec::new(), turn: None, probes: None }
    }

    /// With this to look into the kernel.
    #[must_use]
    pub fn with_probes(self, probes: Box<dyn Probed>) -> Self {
        Self { probes: Some(probes), ..self }
    }

    /// Where things are.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Closes everything that [`Port::hold`] opened.
    pub fn release_all(&mut self) {
        self.held.clear();
    }
}

impl Default for LiveHost {
    fn default() -> Self {
        Self::new()
    }
}

impl Port for LiveHost {
    fn hot_add(&mut self) -> Result<u32, Errno> {
        let text = attribute::read(&self.tree.control("hot_add"))?;
        // The driver prints the number with "%d\n"; anything else is no number of a device.
        String::from_utf8_lossy(&text).trim_end().parse().map_err(|_| Errno::EPROTO)
    }

    fn hot_remove(&mut self, text: &[u8]) -> Result<usize, Errno> {
        attribute::write(&self.tree.control("hot_remove"), text)
    }

    fn devices(&mut self) -> Result<Vec<u32>, Errno> {
        self.tree.devices()
    }

    fn read_attr(&mut self, dev: u32, name: &str) -> Result<Vec<u8>, Errno> {
        attribute::read(&self.tree.attribute(dev, name)?)
    }

    fn write_attr(&mut self, dev: u32, name: &str, text: &[u8]) -> Result<usize, Errno> {
        attribute::write(&self.tree.attribute(dev, name)?, text)
    }

    fn hold(&mut self, dev: u32) -> Result<(), Errno> {
        let file = block::open_to_hold(&self.tree.node(dev))?;
        self.held.entry(dev).or_default().push(file);
        Ok(())
    }

    fn release(&mut self, dev: u32) -> Result<(), Errno> {
        let file = self.held.get_mut(&dev).and_then(Vec::pop).ok_or(Errno::EBADF)?;
        nix::unistd::close(file)
    }

    fn write(&mut self, dev: u32, at: u64, buffer: Buffer<'_>) -> Result<usize, Errno> {
        block::write_direct(&self.tree.node(dev), at, buffer)
    }

    fn read(&mut self, dev: u32, at: u64, buffer: Buffer<'_>) -> Result<usize, Errno> {
        read_direct(&self.tree.node(dev), at, buffer)
    }

    fn discard(&mut self, dev: u32, at: u64, bytes: u64) -> Result<(), Errno> {
        discard(&self.tree.node(dev), at, bytes)
    }

    fn zero_out(&mut self, dev: u32, at: u64, bytes: u64) -> Result<(), Errno> {
        zero_out(&self.tree.node(dev), at, bytes)
    }

    fn meanwhile(&mut self, dev: u32, errand: Errand<'_>, io: Vec<Io<'_>>) -> Ended {
        meanwhile::run(self.tree.attribute(dev, errand.name), &self.tree.node(dev), errand, io)
    }

    fn together(&mut self, dev: u32, tasks: Vec<Vec<Act<'_>>>) -> Vec<TaskEnded> {
        together::run(|name| self.tree.attribute(dev, name), &self.tree.node(dev), tasks)
    }

    fn block_state(&mut self, dev: u32, position: u64, bytes: usize) -> Result<Vec<u8>, Errno> {
        attribute::read_once(&self.tree.block_state(dev), position, bytes)
    }

    fn boot_time(&mut self) -> u64 {
        clock::boot_time()
    }

    fn boot_tick(&mut self) -> u64 {
        clock::boot_tick()
    }
}

impl Machine for LiveHost {
    fn kernel_file(&mut self, path: &str) -> Result<Vec<u8>, Errno> {
        attribute::read_to_end(&self.tree.kernel_file(path))
    }

    fn kernel_folder(&mut self, path: &str) -> Result<Vec<String>, Errno> {
        tree::names(&self.tree.kernel_file(path))
    }

    fn kernel_link(&mut self, path: &str) -> Result<String, Errno> {
        let target = std::fs::read_link(self.tree.kernel_file(path));
        target.map(|path| path.to_string_lossy().into_owned()).map_err(|error| tree::errno(&error))
    }

    fn page_size(&mut self) -> u64 {
        // The kernel passes it to every program, so that there is no other answer.
        sysconf(SysconfVar::PAGE_SIZE)
            .ok()
            .flatten()
            .and_then(|size| u64::try_from(size).ok())
            .unwrap_or(4096)
    }

    fn write_first_page(&mut self, dev: u32, page: &[u8; HEADER_BYTES]) -> Result<(), Errno> {
        block::write_first_page(&self.tree.node(dev), page)
    }

    fn swap_on(&mut self, dev: u32, options: SwapOptions) -> Result<(), Errno> {
        swap_on(&self.tree.node(dev), options)
    }

    fn swap_off(&mut self, dev: u32) -> Result<(), Errno> {
        swap_off(&self.tree.node(dev))
    }

    fn clocks(&mut self) -> Clocks {
        clock::clocks()
    }

    fn pause(&mut self, time: Duration) {
        std::thread::sleep(time);
    }

    fn take_turn(&mut self) -> Result<(), Errno> {
        // Root alone can open it, so that nobody else can keep root from setting up; and to have it open does nothing.
        let file = match OpenOptions::new().write(true).open(self.tree.control("hot_remove")) {
            Ok(file) => file,
            Err(error) if matches!(tree::errno(&error), Errno::ENOENT | Errno::EACCES | Errno::EROFS) => {
                // What comes next fails, and says why.
                return Ok(());
            }
            Err(error) => return Err(tree::errno(&error)),
        };
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => Errno::EWOULDBLOCK,
            TryLockError::Error(error) => tree::errno(&error),
        })?;
        self.turn = Some(file);
        Ok(())
    }

    fn probes(&mut self) -> Option<&mut dyn Probed> {
        match &mut self.probes {
            Some(probes) => Some(&mut **probes),
            None => None,
        }
    }
}

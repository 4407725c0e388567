//! A device over the RAM disk that takes its time to write: the device mapper's target `delay`.
//!
//! The RAM disk completes within the submission, so that nothing can ever happen to a slot whose page
//! is on its way. Here a write is passed on only after its delay; reads are passed on at once.
//!
//! The device mapper is driven by `ioctl`s over one structure ([`struct dm_ioctl`]), with a table behind
//! it where one is loaded. The kernel gives out the device's number; the node is our own, so that its path, which
//! zram shows in `backing_dev`, is the same on every machine.
//!
//! [`struct dm_ioctl`]: https://github.com/torvalds/linux/blob/v7.2/include/uapi/linux/dm-ioctl.h

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::fd::AsRawFd as _,
    thread::sleep,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    libc,
    sys::stat::{Mode, SFlag, makedev, mknod},
};

use super::modules::{Source, is_loaded, unload};
use crate::world::Trouble;

/// Where zram finds it.
pub(super) const PATH: &str = "/dev/zram-agent-slow";

const CONTROL: &str = "/dev/mapper/control";
const NAME: &[u8] = b"zram-agent-slow";
const TARGET: &[u8] = b"delay";

/// What it needs, dependencies first.
const MODULES: [&str; 2] = ["dm_mod", "dm_delay"];

/// How long somebody (a `blkid` started by udev) may have it open.
const REMOVAL: Duration = Duration::from_secs(5);

/// Commands of the interface's major version 4.
#[derive(Clone, Copy)]
enum Command {
    Create = 3,
    Remove = 4,
    /// Without the flag that suspends, it resumes: the loaded table becomes the live one.
    Resume = 6,
    Load = 9,
}

/// `sizeof(struct dm_ioctl)`, and where its members lie.
mod layout {
    pub(super) const SIZE: usize = 312;
    pub(super) const DATA_SIZE: usize = 12;
    pub(super) const DATA_START: usize = 16;
    pub(super) const TARGETS: usize = 20;
    pub(super) const DEVICE: usize = 40;
    pub(super) const NAME: usize = 48;
    /// `sizeof(struct dm_target_spec)`, whose parameters follow as a C string.
    pub(super) const SPEC_SIZE: usize = 40;
    pub(super) const SPEC_LENGTH: usize = 8;
    pub(super) const SPEC_TYPE: usize = 24;
}

/// The device, while it exists.
#[derive(Debug)]
pub(super) struct Slow {
    /// Modules that were loaded for it.
    loaded: Vec<&'static str>,
}

impl Slow {
    /// Makes one of this many sectors over the device at `below`.
    pub(super) fn new(source: &Source, below: &str, sectors: u64, delay_ms: u32) -> Result<Self, Trouble> {
        let mut slow = Self { loaded: Vec::new() };
        for module in MODULES {
            if !is_loaded(module) {
                source.load(module, "")?;
                slow.loaded.push(module);
            }
        }
        match make(below, sectors, delay_ms) {
            Ok(()) => Ok(slow),
            Err(errno) => {
                // The step that failed is what is told.
                let _ = slow.remove();
                let doing = format!("making a device that delays writes to {below} by {delay_ms} ms");
                Err(Trouble::setup(doing, errno))
            }
        }
    }

    /// Removes it, and the modules that were loaded for it.
    pub(super) fn remove(mut self) -> Result<(), Trouble> {
        let doing = || format!("removing the device {PATH}");
        match fs::remove_file(PATH) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Trouble::setup(doing(), error));
            }
            _ => {}
        }
        let start = Instant::now();
        loop {
            match control(Command::Remove, &mut request(None)) {
                Ok(()) | Err(Errno::ENXIO | Errno::ENOENT) => break,
                Err(Errno::EBUSY) if start.elapsed() < REMOVAL => sleep(Duration::from_millis(5)),
                Err(errno) => return Err(Trouble::setup(doing(), errno)),
            }
        }
        while let Some(module) = self.loaded.pop() {
            unload(module)?;
        }
        Ok(())
    }
}

fn make(below: &str, sectors: u64, delay_ms: u32) -> Result<(), Errno> {
    let mut created = request(None);
    control(Command::Create, &mut created)?;
    // Where reads go and after how many milliseconds, then the same for writes.
    let parameters = format!("{below} 0 0 {below} 0 {delay_ms}");
    control(Command::Load, &mut request(Some((sectors, &parameters))))?;
    control(Command::Resume, &mut request(None))?;
    let (major, minor) = numbers(&created);
    mknod(PATH, SFlag::S_IFBLK, Mode::S_IRUSR | Mode::S_IWUSR, makedev(major, minor))
}

/// A request about our device; with a table of one target where one is given.
fn request(table: Option<(u64, &str)>) -> Vec<u8> {
    let mut bytes = vec![0; layout::SIZE];
    put(&mut bytes, 0, &4_u32.to_ne_bytes());
    put(&mut bytes, layout::DATA_START, &(layout::SIZE as u32).to_ne_bytes());
    put(&mut bytes, layout::NAME, NAME);
    if let Some((sectors, parameters)) = table {
        put(&mut bytes, layout::TARGETS, &1_u32.to_ne_bytes());
        let mut spec = vec![0; layout::SPEC_SIZE];
        put(&mut spec, layout::SPEC_LENGTH, &sectors.to_ne_bytes());
        put(&mut spec, layout::SPEC_TYPE, TARGET);
        spec.extend_from_slice(parameters.as_bytes());
        spec.resize((spec.len() + 1).next_multiple_of(8), 0);
        bytes.extend_from_slice(&spec);
    }
    let size = bytes.len() as u32;
    put(&mut bytes, layout::DATA_SIZE, &size.to_ne_bytes());
    bytes
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

/// Major and minor number in an answer (`huge_encode_dev`).
fn numbers(answer: &[u8]) -> (u64, u64) {
    let mut word = [0; 8];
    word.copy_from_slice(&answer[layout::DEVICE..layout::DEVICE + 8]);
    let device = u64::from_ne_bytes(word);
    ((device >> 8) & 0xfff, (device & 0xff) | ((device >> 12) & 0xfff00))
}

fn control(command: Command, bytes: &mut [u8]) -> Result<(), Errno> {
    let file = open()?;
    let code = nix::request_code_readwrite!(0xfd, command as u8, layout::SIZE);
    // SAFETY: the kernel reads and writes as many bytes as the request's own size member says, which is
    // the length of the buffer; the buffer is borrowed exclusively and outlives the call.
    let result = unsafe { libc::ioctl(file.as_raw_fd(), code, bytes.as_mut_ptr()) };
    Errno::result(result).map(drop)
}

fn open() -> Result<File, Errno> {
    let opened = OpenOptions::new().read(true).write(true).open(CONTROL);
    opened.map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_says_how_long_it_is() {
        let word = |bytes: &[u8], at: usize| u32::from_ne_bytes(bytes[at..at + 4].try_into().unwrap());
        let plain = request(None);
        assert_eq!((plain.len(), word(&plain, 12), word(&plain, 20)), (312, 312, 0));
        let table = request(Some((1024, "/dev/ram0 0 0 /dev/ram0 0 80")));
        assert_eq!(word(&table, 12) as usize, table.len());
        assert_eq!((word(&table, 16), word(&table, 20)), (312, 1));
        assert_eq!(&table[312 + 24..312 + 30], b"delay\0");
        assert_eq!(&table[312 + 40..312 + 69], b"/dev/ram0 0 0 /dev/ram0 0 80\0");
        assert!(table.len().is_multiple_of(8));
    }

    #[test]
    fn device_numbers_beyond_a_byte() {
        let mut answer = vec![0; 312];
        put(&mut answer, 40, &0x0010_fd03_u64.to_ne_bytes());
        assert_eq!(numbers(&answer), (253, 0x103));
    }
}

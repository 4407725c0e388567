//! A device over a disk that takes its time, has bad blocks, or is smaller: the device mapper's targets
//! `delay`, `error`, `flakey` and `linear`.
//!
//! The RAM disk completes within the submission, so that nothing can ever happen to a slot whose page
//! is on its way; and it never fails. Here a write or a read is passed on only after its delay,
//! and blocks from a certain one on answer with an I/O error: to everything, or to writes or reads only. The last is what `flakey` is for,
//! which is up and down by turns; here it is never up.
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
    sys::{
        stat::{Mode, SFlag, makedev, mknod},
        utsname::uname,
    },
};

use super::modules::{Source, is_loaded, unload};
use crate::{
    protocol::Bad,
    world::{Backing, Trouble},
};

/// Where zram finds it.
pub(super) const PATH: &str = "/dev/zram-agent-mapped";

const CONTROL: &str = "/dev/mapper/control";
const NAME: &[u8] = b"zram-agent-mapped";
/// Sectors of a block.
const SECTORS: u64 = 8;

/// What it needs, dependencies first.
pub(super) const MODULES: [&str; 2] = ["dm_mod", "dm_delay"];

/// What blocks that fail one way only need beside.
const FLAKEY: &str = "dm_flakey";

/// The first kernel of which it is known that `flakey` can fail reads and let writes through. (6.1 cannot.)
const FAILS_READS: (u32, u32) = (6, 12);

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
    pub(super) const SPEC_FIRST: usize = 0;
    pub(super) const SPEC_LENGTH: usize = 8;
    /// Bytes from this specification to the next.
    pub(super) const SPEC_NEXT: usize = 20;
    pub(super) const SPEC_TYPE: usize = 24;
}

/// The device, while it exists.
#[derive(Debug)]
pub(super) struct Mapped {
    /// Modules that were loaded for it.
    loaded: Vec<&'static str>,
}

/// Whether blocks can be made that fail reads only, or writes only.
pub(super) fn fails_one_way(source: &Source) -> bool {
    source.has(FLAKEY) && uname().is_ok_and(|name| recent_enough(&name.release().to_string_lossy()))
}

/// Whether a release's first two numbers are those of a kernel whose `flakey` can do both.
fn recent_enough(release: &str) -> bool {
    let mut numbers = release.split(['.', '-']).map_while(|number| number.parse().ok());
    numbers.next().zip(numbers.next()).is_some_and(|version| version >= FAILS_READS)
}

impl Mapped {
    /// Makes one over the device at `below`.
    pub(super) fn new(source: &Source, below: &str, wanted: Backing) -> Result<Self, Trouble> {
        let mut mapped = Self { loaded: Vec::new() };
        let flakey = (wanted.bad != Bad::Both && wanted.first_bad().is_some()).then_some(FLAKEY);
        for module in MODULES.into_iter().chain(flakey) {
            if !is_loaded(module) {
                source.load(module, "")?;
                mapped.loaded.push(module);
            }
        }
        match make(&table(below, wanted)) {
            Ok(()) => Ok(mapped),
            Err(errno) => {
                // The step that failed is what is told.
                let _ = mapped.remove();
                let doing = format!("making a device over {below} that is slow or has bad blocks");
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
            match control(Command::Remove, &mut request(&[])) {
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

/// A stretch of the device: its first sector, their number, and what serves it.
struct Stretch {
    first: u64,
    sectors: u64,
    target: &'static str,
    parameters: String,
}

/// The good blocks, then the bad ones.
fn table(below: &str, wanted: Backing) -> Vec<Stretch> {
    let good = wanted.first_bad().unwrap_or(wanted.pages);
    let at_once = wanted.delay_ms == 0 && wanted.read_delay_ms == 0;
    let (target, parameters) = if at_once {
        ("linear", format!("{below} 0"))
    } else {
        // Where reads go and after how many milliseconds, then the same for writes.
        ("delay", format!("{below} 0 {} {below} 0 {}", wanted.read_delay_ms, wanted.delay_ms))
    };
    let delay = Stretch { first: 0, sectors: good * SECTORS, target, parameters };
    let bad = (wanted.pages - good) * SECTORS;
    // From where on, seconds up, seconds down, and one word about being down.
    let flakey = |what| format!("{below} {} 0 1 1 {what}", good * SECTORS);
    let (target, parameters) = match wanted.bad {
        Bad::Both => ("error", String::new()),
        Bad::Writes => ("flakey", flakey("error_writes")),
        Bad::Reads => ("flakey", flakey("error_reads")),
    };
    let error = Stretch { first: good * SECTORS, sectors: bad, target, parameters };
    [delay, error].into_iter().filter(|stretch| stretch.sectors != 0).collect()
}

fn make(table: &[Stretch]) -> Result<(), Errno> {
    let mut created = request(&[]);
    control(Command::Create, &mut created)?;
    control(Command::Load, &mut request(table))?;
    control(Command::Resume, &mut request(&[]))?;
    let (major, minor) = numbers(&created);
    mknod(PATH, SFlag::S_IFBLK, Mode::S_IRUSR | Mode::S_IWUSR, makedev(major, minor))
}

/// A request about our device, with a table where one is given.
fn request(table: &[Stretch]) -> Vec<u8> {
    let mut bytes = vec![0; layout::SIZE];
    put(&mut bytes, 0, &4_u32.to_ne_bytes());
    put(&mut bytes, layout::DATA_START, &(layout::SIZE as u32).to_ne_bytes());
    put(&mut bytes, layout::NAME, NAME);
    put(&mut bytes, layout::TARGETS, &(table.len() as u32).to_ne_bytes());
    for stretch in table {
        let mut spec = vec![0; layout::SPEC_SIZE];
        put(&mut spec, layout::SPEC_FIRST, &stretch.first.to_ne_bytes());
        put(&mut spec, layout::SPEC_LENGTH, &stretch.sectors.to_ne_bytes());
        put(&mut spec, layout::SPEC_TYPE, stretch.target.as_bytes());
        spec.extend_from_slice(stretch.parameters.as_bytes());
        spec.resize((spec.len() + 1).next_multiple_of(8), 0);
        let next = spec.len() as u32;
        put(&mut spec, layout::SPEC_NEXT, &next.to_ne_bytes());
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
        let plain = request(&[]);
        assert_eq!((plain.len(), word(&plain, 12), word(&plain, 20)), (312, 312, 0));
        let wanted = Backing { pages: 128, delay_ms: 80, bad_from: Some(100), ..Backing::default() };
        let table = request(&table("/dev/ram0", wanted));
        assert_eq!(word(&table, 12) as usize, table.len());
        assert_eq!((word(&table, 16), word(&table, 20)), (312, 2));
        assert_eq!(&table[312 + 24..312 + 30], b"delay\0");
        assert_eq!(&table[312 + 40..312 + 69], b"/dev/ram0 0 0 /dev/ram0 0 80\0");
        assert!(table.len().is_multiple_of(8));
        let second = 312 + word(&table, 312 + 20) as usize;
        assert_eq!((word(&table, 312 + 8), word(&table, second)), (800, 800));
        assert_eq!(word(&table, second + 8), 28 * 8);
        assert_eq!(&table[second + 24..second + 30], b"error\0");
        assert_eq!(second + word(&table, second + 20) as usize, table.len());
    }

    #[test]
    fn blocks_that_fail_one_way_lie_over_the_disk() {
        let stretches = |bad| {
            let wanted = Backing { pages: 8, bad_from: Some(3), bad, ..Backing::default() };
            let table = table("/dev/ram0", wanted);
            let last =
                table.last().map(|last| (last.first, last.sectors, last.target, last.parameters.clone()));
            last.unwrap()
        };
        assert_eq!(stretches(Bad::Both), (24, 40, "error", String::new()));
        assert_eq!(stretches(Bad::Writes), (24, 40, "flakey", "/dev/ram0 24 0 1 1 error_writes".to_owned()));
        assert_eq!(stretches(Bad::Reads), (24, 40, "flakey", "/dev/ram0 24 0 1 1 error_reads".to_owned()));
        assert!(recent_enough("6.12.117+deb13-cloud-amd64") && recent_enough("7.2.13-zram-rs"));
        assert!(!recent_enough("6.1.0-44-cloud-amd64") && !recent_enough("none"));
    }

    #[test]
    fn device_numbers_beyond_a_byte() {
        let mut answer = vec![0; 312];
        put(&mut answer, 40, &0x0010_fd03_u64.to_ne_bytes());
        assert_eq!(numbers(&answer), (253, 0x103));
    }
}

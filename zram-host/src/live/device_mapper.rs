//! Devices of the device mapper: a name, and a table that says which target serves which stretch.
//!
//! It is driven by `ioctl`s over one structure ([`struct dm_ioctl`]), with a table behind it where one is loaded. The kernel gives out
//! the number. Its node `/dev/dm-N` is the kernel's own (devtmpfs); names in `/dev/mapper` are udev's, which is not everywhere.
//!
//! A table may hold a key. So requests say that theirs is secret (`DM_SECURE_DATA_FLAG`: the kernel wipes its copy), and are wiped here.
//!
//! [`struct dm_ioctl`]: https://github.com/torvalds/linux/blob/v7.2/include/uapi/linux/dm-ioctl.h

use std::{
    fs::{File, OpenOptions},
    os::fd::AsRawFd as _,
};

use nix::{errno::Errno, libc};
use zeroize::Zeroizing;

use super::tree::errno;

const CONTROL: &str = "/dev/mapper/control";

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
    pub(super) const FLAGS: usize = 28;
    pub(super) const DEVICE: usize = 40;
    pub(super) const NAME: usize = 48;
    pub(super) const NAME_SIZE: usize = 128;
    pub(super) const UUID: usize = 176;
    pub(super) const UUID_SIZE: usize = 129;
    /// `sizeof(struct dm_target_spec)`, whose parameters follow as a C string.
    pub(super) const SPEC_SIZE: usize = 40;
    pub(super) const SPEC_FIRST: usize = 0;
    pub(super) const SPEC_LENGTH: usize = 8;
    /// Bytes from this specification to the next.
    pub(super) const SPEC_NEXT: usize = 20;
    pub(super) const SPEC_TYPE: usize = 24;
    pub(super) const SPEC_TYPE_SIZE: usize = 16;
}

/// `DM_SECURE_DATA_FLAG`
const SECRET: u32 = 1 << 15;
/// `DM_DEFERRED_REMOVE`
const DEFERRED: u32 = 1 << 17;

/// A stretch of a device, in sectors of 512 bytes, and what serves it.
pub struct Target {
    /// Its first sector.
    pub first: u64,
    /// Their number.
    pub sectors: u64,
    /// The target's name: `crypt`, `delay`, `linear`, …
    pub kind: &'static str,
    /// What the target takes: wiped when this is dropped.
    pub parameters: Zeroizing<String>,
}

/// When a device goes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// Now; nobody may have it open.
    Now,
    /// When the last who has it open closes it; now if nobody has.
    WhenClosed,
}

/// Makes a device; its major and minor number. `uuid` may be empty.
///
/// # Errors
/// `ENODEV` without the device mapper (module `dm_mod`), `EEXIST` if there is one of this name, `EINVAL`, `ENOENT` or another for a table that the kernel
/// does not take: why stands in its log.
pub fn create(name: &str, uuid: &str, table: &[Target]) -> Result<(u64, u64), Errno> {
    let mut created = request(name, 0, &[])?;
    put_text(&mut created, layout::UUID, layout::UUID_SIZE, uuid)?;
    control(Command::Create, &mut created).map_err(|errno| match errno {
        Errno::EBUSY => Errno::EEXIST,
        errno => errno,
    })?;
    let loaded = control(Command::Load, &mut request(name, SECRET, table)?)
        .and_then(|()| control(Command::Resume, &mut request(name, 0, &[])?));
    match loaded {
        Ok(()) => Ok(numbers(&created)),
        Err(errno) => {
            // The step that failed is what is told.
            let _ = remove(name, Removal::Now);
            Err(errno)
        }
    }
}

/// Removes one.
///
/// # Errors
/// `ENXIO` if there is none of this name, `EBUSY` if somebody has it open and it was to go now.
pub fn remove(name: &str, when: Removal) -> Result<(), Errno> {
    let flags = match when {
        Removal::Now => 0,
        Removal::WhenClosed => DEFERRED,
    };
    control(Command::Remove, &mut request(name, flags, &[])?)
}

/// A request about a device, with a table where one is given.
fn request(name: &str, flags: u32, table: &[Target]) -> Result<Zeroizing<Vec<u8>>, Errno> {
    let text = |target: &Target| layout::SPEC_SIZE + (target.parameters.len() + 1).next_multiple_of(8);
    let size = layout::SIZE + table.iter().map(text).sum::<usize>();
    // As long as it will be from the beginning: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(vec![0; size]);
    put(&mut bytes, 0, &4_u32.to_ne_bytes());
    put(&mut bytes, layout::DATA_SIZE, &word(size)?);
    put(&mut bytes, layout::DATA_START, &word(layout::SIZE)?);
    put(&mut bytes, layout::TARGETS, &word(table.len())?);
    put(&mut bytes, layout::FLAGS, &flags.to_ne_bytes());
    put_text(&mut bytes, layout::NAME, layout::NAME_SIZE, name)?;
    let mut at = layout::SIZE;
    for target in table {
        let next = text(target);
        put(&mut bytes, at + layout::SPEC_FIRST, &target.first.to_ne_bytes());
        put(&mut bytes, at + layout::SPEC_LENGTH, &target.sectors.to_ne_bytes());
        put(&mut bytes, at + layout::SPEC_NEXT, &word(next)?);
        put_text(&mut bytes, at + layout::SPEC_TYPE, layout::SPEC_TYPE_SIZE, target.kind)?;
        put(&mut bytes, at + layout::SPEC_SIZE, target.parameters.as_bytes());
        at += next;
    }
    Ok(bytes)
}

fn word(number: usize) -> Result<[u8; 4], Errno> {
    u32::try_from(number).map(u32::to_ne_bytes).map_err(|_| Errno::EINVAL)
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

/// A C string in a member of so many bytes.
fn put_text(bytes: &mut [u8], at: usize, size: usize, text: &str) -> Result<(), Errno> {
    if text.len() >= size || text.contains('\0') {
        return Err(Errno::EINVAL);
    }
    put(bytes, at, text.as_bytes());
    Ok(())
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
    OpenOptions::new().read(true).write(true).open(CONTROL).map_err(|error| match errno(&error) {
        Errno::ENOENT => Errno::ENODEV,
        errno => errno,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_says_how_long_it_is() {
        let word = |bytes: &[u8], at: usize| u32::from_ne_bytes(bytes[at..at + 4].try_into().unwrap());
        let plain = request("some", 0, &[]).unwrap();
        assert_eq!((plain.len(), word(&plain, 12), word(&plain, 20)), (312, 312, 0));
        assert_eq!(&plain[48..53], b"some\0");
        let delay = Target {
            first: 0,
            sectors: 800,
            kind: "delay",
            parameters: "/dev/ram0 0 0 /dev/ram0 0 80".to_owned().into(),
        };
        let error = Target { first: 800, sectors: 224, kind: "error", parameters: String::new().into() };
        let table = request("some", SECRET, &[delay, error]).unwrap();
        assert_eq!(word(&table, 12) as usize, table.len());
        assert_eq!((word(&table, 16), word(&table, 20), word(&table, 28)), (312, 2, 1 << 15));
        assert_eq!(&table[312 + 24..312 + 30], b"delay\0");
        assert_eq!(&table[312 + 40..312 + 69], b"/dev/ram0 0 0 /dev/ram0 0 80\0");
        assert!(table.len().is_multiple_of(8));
        let second = 312 + word(&table, 312 + 20) as usize;
        assert_eq!((word(&table, 312 + 8), word(&table, second)), (800, 800));
        assert_eq!(word(&table, second + 8), 224);
        assert_eq!(&table[second + 24..second + 30], b"error\0");
        assert_eq!(second + word(&table, second + 20) as usize, table.len());
    }

    #[test]
    fn a_name_that_is_too_long_is_no_name() {
        assert!(request(&"n".repeat(127), 0, &[]).is_ok());
        assert_eq!(request(&"n".repeat(128), 0, &[]).err(), Some(Errno::EINVAL));
        assert_eq!(request("a\0b", 0, &[]).err(), Some(Errno::EINVAL));
    }

    #[test]
    fn device_numbers_beyond_a_byte() {
        let mut answer = vec![0; 312];
        put(&mut answer, 40, &0x0010_fd03_u64.to_ne_bytes());
        assert_eq!(numbers(&answer), (253, 0x103));
    }
}

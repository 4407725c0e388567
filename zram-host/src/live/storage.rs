//! Files, loop devices, encryption and programs of the running system.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{Read as _, Seek as _, SeekFrom},
    os::{
        fd::{AsFd as _, AsRawFd as _},
        unix::{
            fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _},
            process::{CommandExt as _, ExitStatusExt as _},
        },
    },
    path::Path,
    process::{Command, Stdio},
};

use nix::{
    errno::Errno,
    fcntl::{FallocateFlags, OFlag, fallocate},
    libc,
    sys::{
        stat::{major, minor},
        statfs::{TMPFS_MAGIC, statfs},
    },
};
use zeroize::Zeroizing;

use super::{
    LiveHost, LoopDevice,
    device_mapper::{self, Removal, Target},
    paths::{self, end_of, nameless, opened},
    tree::{self, errno},
    unswapped::Unswapped,
};
use crate::storage::{Ended, Place, Room, Storage};

/// Bytes of a block of a loop device or an encrypted one: those of zram.
const BLOCK: u32 = 4096;

/// `RAMFS_MAGIC`
const RAMFS_MAGIC: libc::__fsword_t = 0x8584_58f6;

/// `FS_NOCOW_FL`
const NOCOW: libc::c_long = 0x0080_0000;

mod request {
    nix::ioctl_read!(
        /// `FS_IOC_GETFLAGS`, which is declared with a long and takes an int.
        flags,
        b'f',
        1,
        nix::libc::c_long
    );
    nix::ioctl_write_ptr!(
        /// `FS_IOC_SETFLAGS`.
        set_flags,
        b'f',
        2,
        nix::libc::c_long
    );
}

/// Sectors of the device mapper are always these.
const SECTOR: u64 = 512;

/// Bytes of the key of AES-256 in XTS, which takes two.
const KEY: usize = 64;

/// Where programs of the administrator's are, which not every environment has in its path.
const PROGRAMS: [&str; 4] = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// A device that was made here and is kept open, so that it stays.
#[derive(Debug)]
pub(super) enum Kept {
    /// Over a file.
    Loop(LoopDevice),
    /// Over another device.
    Mapped {
        /// Its node.
        node: String,
        /// Open.
        #[expect(dead_code, reason = "it is for being open, and is closed when this is dropped")]
        device: File,
    },
}

impl Kept {
    fn is(&self, node: &str) -> bool {
        match self {
            Self::Loop(device) => device.path() == Path::new(node),
            Self::Mapped { node: ours, .. } => ours == node,
        }
    }
}

impl LiveHost {
    /// Attaches an open file, which nobody else has attached by this program.
    fn keep(&mut self, file: &File) -> Result<String, Errno> {
        // The lock belongs to the open file, which the driver keeps as long as the device is there.
        let taken = file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => Errno::EBUSY,
            TryLockError::Error(error) => errno(&error),
        });
        taken?;
        let device = LoopDevice::attach_direct(file, BLOCK).map_err(|errno| match errno {
            Errno::ENOENT => Errno::ENODEV,
            errno => errno,
        })?;
        let node = device.path().to_string_lossy().into_owned();
        self.kept.push(Kept::Loop(device));
        Ok(node)
    }
}

impl Storage for LiveHost {
    fn plain(&mut self, path: &str) -> Result<String, Errno> {
        paths::plain(&self.tree.kernel_file("/"), &self.tree.kernel_file(path))
    }

    fn place(&mut self, path: &str) -> Result<Place, Errno> {
        let metadata = fs::metadata(self.tree.kernel_file(path)).map_err(|error| errno(&error))?;
        let kind = metadata.file_type();
        Ok(if kind.is_block_device() {
            Place::Disk(end_of(&self.tree.kernel_file(path))?)
        } else if kind.is_dir() {
            Place::Folder
        } else if kind.is_file() {
            let private = metadata.uid() == 0 && metadata.mode() & 0o077 == 0 && metadata.nlink() == 1;
            Place::File { bytes: metadata.len(), private }
        } else {
            Place::Other
        })
    }

    fn peek(&mut self, path: &str, at: u64, bytes: &mut [u8]) -> Result<usize, Errno> {
        let path = self.tree.kernel_file(path);
        let read = |bytes: &mut [u8]| {
            let mut file = File::from(opened(&path, OFlag::O_RDONLY)?);
            file.seek(SeekFrom::Start(at))?;
            let mut there = 0;
            while let Some(rest) = bytes.get_mut(there..).filter(|rest| !rest.is_empty()) {
                match file.read(rest)? {
                    0 => break,
                    read => there += read,
                }
            }
            Ok(there)
        };
        read(bytes).map_err(|error| errno(&error))
    }

    fn room(&mut self, folder: &str) -> Result<Room, Errno> {
        let said = statfs(&self.tree.kernel_file(folder))?;
        let unit = u64::try_from(said.block_size()).unwrap_or(0);
        let bytes = |blocks: u64| blocks.saturating_mul(unit);
        let in_memory = said.filesystem_type() == TMPFS_MAGIC || said.filesystem_type().0 == RAMFS_MAGIC;
        Ok(Room { total: bytes(said.blocks()), free: bytes(said.blocks_available()), in_memory })
    }

    fn attach(&mut self, file: &str) -> Result<String, Errno> {
        let opened = opened(&self.tree.kernel_file(file), OFlag::O_RDWR)?;
        self.keep(&File::from(opened))
    }

    fn attach_new(&mut self, path: &str, bytes: u64) -> Result<String, Errno> {
        let file = nameless(&self.tree.kernel_file(path))?;
        leave_in_place(&file);
        let bytes = i64::try_from(bytes).map_err(|_| Errno::EFBIG)?;
        fallocate(file.as_fd(), FallocateFlags::empty(), 0, bytes)?;
        self.keep(&file)
    }

    fn encrypt(&mut self, below: &str, name: &str) -> Result<String, Errno> {
        let (number, sectors) = unused(Path::new(below))?;
        // Who may not lock pages may not make devices either, and is told so by what follows.
        let _unswapped = Unswapped::new();
        let mut key = Zeroizing::new([0_u8; KEY]);
        getrandom::fill(&mut *key).map_err(|_| Errno::EIO)?;
        let table = [Target { first: 0, sectors, kind: "crypt", parameters: parameters(&key, &number) }];
        // The beginning of the name is what tools know encryption by.
        let (_, minor) = device_mapper::create(name, &format!("CRYPT-PLAIN-{name}"), &table)?;
        let node = format!("/dev/dm-{minor}");
        let opened = File::open(&node).map_err(|error| errno(&error));
        // From here on it goes when the last who has it open closes it, whatever becomes of this program.
        let passing = device_mapper::remove(name, Removal::WhenClosed);
        let device = opened?;
        passing?;
        // The device mapper claims disks for itself as a whole: where two of its devices are on one, it does not mind.
        let holders = tree::names(Path::new(&format!("/sys/dev/block/{number}/holders")))?;
        if holders != [format!("dm-{minor}")] {
            return Err(Errno::EBUSY);
        }
        self.kept.push(Kept::Mapped { node: node.clone(), device });
        Ok(node)
    }

    fn let_go(&mut self, node: &str) -> Result<(), Errno> {
        let at = self.kept.iter().position(|kept| kept.is(node));
        // Closing it is all: it goes when nobody else has it open.
        at.map(|at| drop(self.kept.swap_remove(at))).ok_or(Errno::EBADF)
    }

    fn run(&mut self, words: &[&str]) -> Result<Ended, Errno> {
        let (name, arguments) = words.split_first().ok_or(Errno::EINVAL)?;
        let place = PROGRAMS.iter().map(|folder| Path::new(folder).join(name)).find(|path| path.is_file());
        let mut command = place.map_or_else(|| Command::new(name), Command::new);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null());
        // In a group of its own, which a terminal's signals are not for.
        let ended = command.process_group(0).output().map_err(|error| errno(&error))?;
        let mut said = String::from_utf8_lossy(&ended.stderr).trim().to_owned();
        if said.is_empty() && !ended.status.success() {
            said = match ended.status.signal() {
                Some(signal) => format!("signal {signal} ended it"),
                None => ended.status.to_string(),
            };
        }
        Ok(Ended { well: ended.status.success(), said })
    }
}

/// Has a file system that writes what changes to another place, as btrfs does, leave this file's blocks where they are, so that there is room for
/// them as long as there is the file. The others do so anyway, and some know no such flag.
fn leave_in_place(file: &File) {
    let mut flags: libc::c_long = 0;
    // SAFETY: the kernel writes an int through the pointer, which points to at least as much and is valid during the call.
    let known = unsafe { request::flags(file.as_raw_fd(), &raw mut flags) };
    if known.is_ok() {
        flags |= NOCOW;
        // SAFETY: the kernel reads an int through the pointer, which points to at least as much and is valid during the call.
        let _ = unsafe { request::set_flags(file.as_raw_fd(), &raw const flags) };
    }
}

/// Number (`MAJOR:MINOR`) and sectors of a block device that nobody has for himself: file systems, swap, zram, arrays and volumes do.
fn unused(path: &Path) -> Result<(String, u64), Errno> {
    let file = OpenOptions::new().read(true).write(true).custom_flags(libc::O_EXCL).open(path);
    let mut file = file.map_err(|error| errno(&error))?;
    let metadata = file.metadata().map_err(|error| errno(&error))?;
    if !metadata.file_type().is_block_device() {
        return Err(Errno::ENOTBLK);
    }
    let number = format!("{}:{}", major(metadata.rdev()), minor(metadata.rdev()));
    let bytes = file.seek(SeekFrom::End(0)).map_err(|error| errno(&error))?;
    Ok((number, bytes / u64::from(BLOCK) * (u64::from(BLOCK) / SECTOR)))
}

/// What dm-crypt takes: cipher, key in hexadecimal digits, what is added to the number of a sector, the device and its first sector, options.
fn parameters(key: &[u8; KEY], below: &str) -> Zeroizing<String> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let rest = format!(" 0 {below} 0 1 sector_size:{BLOCK}");
    let cipher = "aes-xts-plain64 ";
    // As long as it will be from the beginning: a text that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(cipher.len() + 2 * KEY + rest.len()));
    text.push_str(cipher);
    for byte in key {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text.push_str(&rest);
    text
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_table_of_dm_crypt() {
        let mut key = [0xa0; KEY];
        key[63] = 0x0f;
        let text = parameters(&key, "7:3");
        assert!(text.starts_with("aes-xts-plain64 a0a0a0"), "{}", *text);
        assert!(text.ends_with("a00f 0 7:3 0 1 sector_size:4096"), "{}", *text);
        assert_eq!(text.capacity(), text.len());
    }

    #[test]
    fn places_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = fs::canonicalize(folder.path()).unwrap().join("backing").to_string_lossy().into_owned();
        let mut host = LiveHost::new();
        assert_eq!(host.place(&path), Err(Errno::ENOENT));
        fs::write(&path, [7; 8192]).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let private = fs::metadata(&path).unwrap().uid() == 0;
        assert_eq!(host.place(&path), Ok(Place::File { bytes: 8192, private }));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o604)).unwrap();
        assert_eq!(host.place(&path), Ok(Place::File { bytes: 8192, private: false }));
        let mut bytes = [1; 8];
        assert_eq!(host.peek(&path, 8188, &mut bytes), Ok(4));
        assert_eq!(bytes, [7, 7, 7, 7, 1, 1, 1, 1]);
        assert_eq!(host.place(&folder.path().to_string_lossy()), Ok(Place::Folder));
        assert_eq!(host.place("/dev/null"), Ok(Place::Other));
        let room = host.room(&folder.path().to_string_lossy()).unwrap();
        assert!(room.free <= room.total && room.total > 0);
        assert!(!host.room("/proc").unwrap().in_memory);
        // Whoever has the file attached has it locked.
        let held = File::open(&path).unwrap();
        held.lock().unwrap();
        assert_eq!(host.attach(&path), Err(Errno::EBUSY));
    }

    #[test]
    fn a_program_says_how_it_ended() {
        let mut host = LiveHost::new();
        assert_eq!(host.run(&["true"]), Ok(Ended { well: true, said: String::new() }));
        let ended = host.run(&["sh", "-c", "echo 'that is wrong' >&2; exit 3"]);
        assert_eq!(ended, Ok(Ended { well: false, said: "that is wrong".to_owned() }));
        assert_eq!(host.run(&["no-program-has-this-name"]), Err(Errno::ENOENT));
        let said = |words: &[&str]| LiveHost::new().run(words).unwrap().said;
        assert_eq!(said(&["sh", "-c", "kill -9 $$"]), "signal 9 ended it");
        assert_eq!(said(&["false"]), "exit status: 1");
    }

    /// Whoever presses Ctrl-C presses it for every process of the terminal's group.
    #[test]
    fn a_program_is_not_of_this_group() {
        let script = "read -r stat < /proc/$$/stat; echo $$ \"${stat##*) }\" >&2";
        let said = LiveHost::new().run(&["sh", "-c", script]).unwrap().said;
        let words: Vec<&str> = said.split(' ').collect();
        // Process, state, parent, group.
        assert_eq!(words[0], words[3], "{said}");
    }
}

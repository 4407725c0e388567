//! Files, loop devices, encryption and programs of the running system.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read as _, Seek as _, SeekFrom},
    os::{
        fd::AsFd as _,
        unix::fs::{FileTypeExt as _, OpenOptionsExt as _},
    },
    path::Path,
    process::{Command, Stdio},
};

use nix::{
    errno::Errno,
    fcntl::{FallocateFlags, fallocate},
    sys::statvfs::statvfs,
};
use zeroize::Zeroizing;

use super::{
    LiveHost, LoopDevice,
    device_mapper::{self, Removal, Target},
    tree::errno,
};
use crate::storage::{Ended, Place, Room, Storage};

/// Bytes of a block of a loop device or an encrypted one: those of zram.
const BLOCK: u32 = 4096;

/// Sectors of the device mapper are always these.
const SECTOR: u64 = 512;

/// Bytes of the key of AES-256 in XTS, which takes two.
const KEY: usize = 64;

/// Where programs of the administrator's are, which not every environment has in its path.
const PROGRAMS: [&str; 4] = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

impl Storage for LiveHost {
    fn place(&mut self, path: &str) -> Result<Place, Errno> {
        let metadata = fs::metadata(self.tree.kernel_file(path)).map_err(|error| errno(&error))?;
        let kind = metadata.file_type();
        Ok(if kind.is_block_device() {
            Place::Disk(size(&self.tree.kernel_file(path))?)
        } else if kind.is_dir() {
            Place::Folder
        } else if kind.is_file() {
            Place::File(metadata.len())
        } else {
            Place::Other
        })
    }

    fn peek(&mut self, path: &str, at: u64, bytes: &mut [u8]) -> Result<usize, Errno> {
        let path = self.tree.kernel_file(path);
        let read = |bytes: &mut [u8]| {
            let mut file = File::open(&path)?;
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
        let said = statvfs(&self.tree.kernel_file(folder))?;
        let bytes = |blocks: u64| blocks.saturating_mul(said.fragment_size());
        Ok(Room { total: bytes(said.blocks()), free: bytes(said.blocks_available()) })
    }

    fn make_file(&mut self, path: &str, bytes: u64) -> Result<(), Errno> {
        let path = self.tree.kernel_file(path);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let file = file.map_err(|error| errno(&error))?;
        let allocated = i64::try_from(bytes)
            .map_err(|_| Errno::EFBIG)
            .and_then(|bytes| fallocate(file.as_fd(), FallocateFlags::empty(), 0, bytes));
        allocated.inspect_err(|_| {
            // The step that failed is what is told.
            let _ = fs::remove_file(&path);
        })
    }

    fn remove_file(&mut self, path: &str) -> Result<(), Errno> {
        fs::remove_file(self.tree.kernel_file(path)).map_err(|error| errno(&error))
    }

    fn attach(&mut self, file: &str) -> Result<String, Errno> {
        let opened = OpenOptions::new().read(true).write(true).open(self.tree.kernel_file(file));
        let opened = opened.map_err(|error| errno(&error))?;
        let device = LoopDevice::attach_direct(&opened, BLOCK)?;
        let node = device.path().to_string_lossy().into_owned();
        self.attached.push(device);
        Ok(node)
    }

    fn let_go(&mut self, node: &str) -> Result<(), Errno> {
        let at = self.attached.iter().position(|device| device.path() == Path::new(node));
        // Closing it is all: it detaches itself when nobody else has it open.
        at.map(|at| drop(self.attached.swap_remove(at))).ok_or(Errno::EBADF)
    }

    fn encrypt(&mut self, below: &str, name: &str) -> Result<String, Errno> {
        let mut key = Zeroizing::new([0_u8; KEY]);
        getrandom::fill(&mut *key).map_err(|_| Errno::EIO)?;
        let sectors = size(Path::new(below))? / u64::from(BLOCK) * (u64::from(BLOCK) / SECTOR);
        let table = [Target { first: 0, sectors, kind: "crypt", parameters: parameters(&key, below) }];
        // The beginning of the name is what tools know encryption by.
        let (_, minor) = device_mapper::create(name, &format!("CRYPT-PLAIN-{name}"), &table)?;
        Ok(format!("/dev/dm-{minor}"))
    }

    fn unmap(&mut self, name: &str, when_closed: bool) -> Result<(), Errno> {
        device_mapper::remove(name, if when_closed { Removal::WhenClosed } else { Removal::Now })
    }

    fn run(&mut self, words: &[&str]) -> Result<Ended, Errno> {
        let (name, arguments) = words.split_first().ok_or(Errno::EINVAL)?;
        let place = PROGRAMS.iter().map(|folder| Path::new(folder).join(name)).find(|path| path.is_file());
        let mut command = place.map_or_else(|| Command::new(name), Command::new);
        let ended = command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).output();
        let ended = ended.map_err(|error| errno(&error))?;
        let said = String::from_utf8_lossy(&ended.stderr).trim().to_owned();
        Ok(Ended { well: ended.status.success(), said })
    }
}

/// Bytes of a file or a block device: where its end is.
fn size(path: &Path) -> Result<u64, Errno> {
    File::open(path).and_then(|mut file| file.seek(SeekFrom::End(0))).map_err(|error| errno(&error))
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
    use super::*;

    #[test]
    fn a_table_of_dm_crypt() {
        let mut key = [0xa0; KEY];
        key[63] = 0x0f;
        let text = parameters(&key, "/dev/loop3");
        assert!(text.starts_with("aes-xts-plain64 a0a0a0"), "{}", *text);
        assert!(text.ends_with("a00f 0 /dev/loop3 0 1 sector_size:4096"), "{}", *text);
        assert_eq!(text.capacity(), text.len());
    }

    #[test]
    fn a_file_is_made_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("backing").to_string_lossy().into_owned();
        let mut host = LiveHost::new();
        host.make_file(&path, 8192).unwrap();
        assert_eq!(host.place(&path), Ok(Place::File(8192)));
        assert_eq!(host.make_file(&path, 4096), Err(Errno::EEXIST));
        assert_eq!(host.place(&path), Ok(Place::File(8192)));
        let mut bytes = [1; 8];
        assert_eq!(host.peek(&path, 8188, &mut bytes), Ok(4));
        assert_eq!(bytes, [0, 0, 0, 0, 1, 1, 1, 1]);
        host.remove_file(&path).unwrap();
        assert_eq!(host.place(&path), Err(Errno::ENOENT));
        assert!(host.make_file(&path, 1 << 62).is_err());
        assert_eq!(host.place(&path), Err(Errno::ENOENT));
        assert_eq!(host.place(&folder.path().to_string_lossy()), Ok(Place::Folder));
        assert_eq!(host.place("/dev/null"), Ok(Place::Other));
        let room = host.room(&folder.path().to_string_lossy()).unwrap();
        assert!(room.free <= room.total && room.total > 0);
    }

    #[test]
    fn a_program_says_how_it_ended() {
        let mut host = LiveHost::new();
        assert_eq!(host.run(&["true"]), Ok(Ended { well: true, said: String::new() }));
        let ended = host.run(&["sh", "-c", "echo 'that is wrong' >&2; exit 3"]);
        assert_eq!(ended, Ok(Ended { well: false, said: "that is wrong".to_owned() }));
        assert_eq!(host.run(&["no-program-has-this-name"]), Err(Errno::ENOENT));
    }
}

//! What stands behind a backing device, and what can stand on a zram device: files, loop devices, encryption, file systems.
//!
//! A backing device that is a file goes away with its last user, and so do the devices between it and zram: a loop device detaches itself
//! when it is closed, and the one that encrypts is removed when it is closed. Both are so from the moment they are there. So nothing has to remember
//! them, and whoever dies in between, a program or the machine, leaves nothing behind: what is made here has no name from the
//! beginning.
//!
//! The kernel lets a file be attached twice, and lets the device mapper put two devices on one disk. Here both are refused.

use nix::errno::Errno;

/// What is at the end of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file.
    File {
        /// Its size.
        bytes: u64,
        /// Whether it is the administrator's, nobody else may read or write it, and it has no other name.
        private: bool,
    },
    /// A block device of so many bytes.
    Disk(u64),
    /// A folder.
    Folder,
    /// Something else: a character device, a socket, …
    Other,
}

/// Room on a file system, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// What there is at all.
    pub total: u64,
    /// What programs may still take.
    pub free: u64,
    /// Whether all of it is memory.
    pub in_memory: bool,
}

/// How a program ended, and what it said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Whether it ended with status 0.
    pub well: bool,
    /// What it wrote to standard error, without what surrounds it; how it ended if it said nothing and did not end well.
    pub said: String,
}

/// Files, the devices made of them, and programs that know file systems.
///
/// Between a look at a path and its use somebody may put something else there. So a path is made plain once ([`Storage::plain`]), and
/// whatever reads or takes a file follows no symbolic link any more.
pub trait Storage {
    /// The same path from the root, without symbolic links, `.`, `..` or doubled slashes in it.
    ///
    /// # Errors
    /// `ENOENT` if there is nothing, `EILSEQ` where it leads is no UTF-8, the errno of looking.
    fn plain(&mut self, path: &str) -> Result<String, Errno>;

    /// What is at this path.
    ///
    /// # Errors
    /// The errno of looking.
    fn place(&mut self, path: &str) -> Result<Place, Errno>;

    /// Reads a file or a block device from this byte on; how many bytes there were. The path is a plain one.
    ///
    /// # Errors
    /// The errno of the open or the read; `ELOOP` if there is a symbolic link in the path.
    fn peek(&mut self, path: &str, at: u64, bytes: &mut [u8]) -> Result<usize, Errno>;

    /// How much room there is on the file system that has this folder.
    ///
    /// # Errors
    /// The errno of asking.
    fn room(&mut self, folder: &str) -> Result<Room, Errno>;

    /// Makes a block device of a file, with blocks of 4096 bytes and past the page cache where the file system can; its node. It is there until
    /// [`Storage::let_go`], and longer while others use it. The path is a plain one.
    ///
    /// # Errors
    /// `ENODEV` without the driver (module `loop`), `EBUSY` for a file that is attached already, `ELOOP` if there is a symbolic link in the path,
    /// the errno of opening the file.
    fn attach(&mut self, file: &str) -> Result<String, Errno>;

    /// The same of a new file of so many bytes, for which there is room on the disk, and which has no name: it is where it would be with this
    /// path, and gone with the device.
    ///
    /// # Errors
    /// As [`Storage::attach`]; `EEXIST` if there is something of this name, `ENOSPC`, `EOPNOTSUPP` where a file system cannot promise room.
    fn attach_new(&mut self, path: &str, bytes: u64) -> Result<String, Errno>;

    /// Makes a device of this name that encrypts what it writes to the one below, with a random key that nobody keeps but the kernel; its
    /// node. It is there until [`Storage::let_go`], and longer while others use it.
    ///
    /// # Errors
    /// `ENODEV` without the device mapper (module `dm_mod`), `EINVAL` or `ENOENT` without its target (module `dm_crypt`) or the cipher,
    /// `EEXIST` if there is one of this name, `EBUSY` if somebody uses the device below.
    fn encrypt(&mut self, below: &str, name: &str) -> Result<String, Errno>;

    /// Closes a device that was made here.
    ///
    /// # Errors
    /// `EBADF` if it is none.
    fn let_go(&mut self, node: &str) -> Result<(), Errno>;

    /// Runs a program to its end, without input; it is looked for where programs of the administrator's are. Ctrl-C on a terminal does not reach
    /// it: what it has begun is undone by whoever started it.
    ///
    /// # Errors
    /// `ENOENT` if there is none of this name, the errno of starting it.
    fn run(&mut self, words: &[&str]) -> Result<Ended, Errno>;
}

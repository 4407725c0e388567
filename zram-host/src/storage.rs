//! What stands behind a backing device, and what can stand on a zram device: files, loop devices, encryption, file systems.
//!
//! A backing device that is a file goes away with its last user, and so do the devices between it and zram: a loop device detaches itself
//! when it is closed, and a mapped one is removed when zram closes it. So nothing has to remember them, and a machine that fails in between
//! has nothing to clean up but the file, which has no name any more.

use nix::errno::Errno;

/// What is at the end of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file of so many bytes.
    File(u64),
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
}

/// How a program ended, and what it said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Whether it ended with status 0.
    pub well: bool,
    /// What it wrote to standard error, without what surrounds it.
    pub said: String,
}

/// Files, the devices made of them, and programs that know file systems.
pub trait Storage {
    /// What is at this path.
    ///
    /// # Errors
    /// The errno of looking.
    fn place(&mut self, path: &str) -> Result<Place, Errno>;

    /// Reads a file or a block device from this byte on; how many bytes there were.
    ///
    /// # Errors
    /// The errno of the open or the read.
    fn peek(&mut self, path: &str, at: u64, bytes: &mut [u8]) -> Result<usize, Errno>;

    /// How much room there is on the file system that has this folder.
    ///
    /// # Errors
    /// The errno of asking.
    fn room(&mut self, folder: &str) -> Result<Room, Errno>;

    /// Makes a file of so many bytes, for which there is a place on the disk, and which is its owner's alone.
    ///
    /// # Errors
    /// `EEXIST` if there is one, `ENOSPC`, `EOPNOTSUPP` where a file system cannot promise room; then there is none.
    fn make_file(&mut self, path: &str, bytes: u64) -> Result<(), Errno>;

    /// Takes a file's name away, and the file with its last user.
    ///
    /// # Errors
    /// The errno of the call.
    fn remove_file(&mut self, path: &str) -> Result<(), Errno>;

    /// Makes a block device of a file, with blocks of 4096 bytes and past the page cache where the file system can; its node. It is there until
    /// [`Storage::let_go`], and longer while others use it.
    ///
    /// # Errors
    /// `ENOENT` without the driver (module `loop`), the errno of opening the file.
    fn attach(&mut self, file: &str) -> Result<String, Errno>;

    /// Closes a device that [`Storage::attach`] made.
    ///
    /// # Errors
    /// `EBADF` if it is none.
    fn let_go(&mut self, node: &str) -> Result<(), Errno>;

    /// Makes a device of this name that encrypts what it writes to the one below, with a key that nobody knows and that ends with it; its node.
    ///
    /// # Errors
    /// `ENOENT` without the device mapper (module `dm_mod`), `EINVAL` without its target (module `dm_crypt`) or the cipher, `EBUSY` if there is one of this
    /// name or the device below is in use.
    fn encrypt(&mut self, below: &str, name: &str) -> Result<String, Errno>;

    /// Removes what [`Storage::encrypt`] made: at once, or when the last who has it open closes it.
    ///
    /// # Errors
    /// `ENXIO` if there is none, `EBUSY` if it is in use and was to go at once.
    fn unmap(&mut self, name: &str, when_closed: bool) -> Result<(), Errno>;

    /// Runs a program to its end, without input; it is looked for where programs of the administrator's are.
    ///
    /// # Errors
    /// `ENOENT` if there is none of this name, the errno of starting it.
    fn run(&mut self, words: &[&str]) -> Result<Ended, Errno>;
}

//! A file as a block device: the loop driver.
//!
//! The kernel chooses the number (`LOOP_CTL_GET_FREE`), and between its answer and the attaching somebody else may take that device, so
//! that both are tried again (`EBUSY`). File, block size and flags are set in one step (`LOOP_CONFIGURE`, since 5.8): there is no
//! moment in which the device is attached but not as asked.

use std::{
    fs::{File, OpenOptions},
    os::fd::AsRawFd as _,
    path::{Path, PathBuf},
};

use nix::errno::Errno;

use super::tree::errno;

/// Gives out numbers.
const CONTROL: &str = "/dev/loop-control";

/// How often somebody else may be quicker.
const TRIES: usize = 16;

/// `LO_FLAGS_AUTOCLEAR`: the last to close it detaches it.
const AUTOCLEAR: u32 = 4;

/// `LO_FLAGS_DIRECT_IO`: past the page cache, which would keep in memory what is to leave it. Where the file system cannot, the kernel does without.
const DIRECT_IO: u32 = 16;

/// `struct loop_config`, of `include/uapi/linux/loop.h`.
#[repr(C)]
struct Config {
    fd: u32,
    block_size: u32,
    info: Info,
    reserved: [u64; 8],
}

/// `struct loop_info64`.
#[repr(C)]
struct Info {
    device: u64,
    inode: u64,
    rdevice: u64,
    offset: u64,
    size_limit: u64,
    number: u32,
    encrypt_type: u32,
    encrypt_key_size: u32,
    flags: u32,
    file_name: [u8; 64],
    crypt_name: [u8; 64],
    encrypt_key: [u8; 32],
    init: [u64; 2],
}

mod request {
    use nix::libc::c_int;

    nix::ioctl_none_bad!(
        /// `LOOP_CTL_GET_FREE`: adds a device if all are in use.
        get_free,
        0x4c82
    );
    nix::ioctl_write_ptr_bad!(
        /// `LOOP_CONFIGURE`.
        configure,
        0x4c0a,
        super::Config
    );
    nix::ioctl_none_bad!(
        /// `LOOP_CLR_FD`.
        clear,
        0x4c01
    );
    /// What `LOOP_CTL_GET_FREE` answers.
    pub(super) type Number = c_int;
}

/// A file attached to a loop device. Dropping it closes the device, and whoever has it open last detaches it.
#[derive(Debug)]
pub struct LoopDevice {
    path: PathBuf,
    device: File,
}

impl LoopDevice {
    /// Attaches a file, which must be open for reading and writing, as a disk with blocks of so many bytes.
    ///
    /// # Errors
    /// `ENOENT` without the driver (module `loop`), `EINVAL` where the block size is none, what opening said.
    pub fn attach(file: &File, block_size: u32) -> Result<Self, Errno> {
        Self::configured(file, block_size, AUTOCLEAR)
    }

    /// The same past the page cache, where the file system can.
    ///
    /// # Errors
    /// As [`LoopDevice::attach`].
    pub fn attach_direct(file: &File, block_size: u32) -> Result<Self, Errno> {
        Self::configured(file, block_size, AUTOCLEAR | DIRECT_IO)
    }

    fn configured(file: &File, block_size: u32, flags: u32) -> Result<Self, Errno> {
        let control = open(Path::new(CONTROL))?;
        let mut last = Errno::EBUSY;
        for _ in 0..TRIES {
            // SAFETY: the request takes no argument and touches none of our memory.
            let number: request::Number = unsafe { request::get_free(control.as_raw_fd()) }?;
            let path = PathBuf::from(format!("/dev/loop{number}"));
            let device = open(&path)?;
            let config = config(file, block_size, flags)?;
            // SAFETY: the kernel reads a `struct loop_config` through the pointer, whose layout `Config` has, and which is valid
            // during the call.
            match unsafe { request::configure(device.as_raw_fd(), &raw const config) } {
                Ok(_) => return Ok(Self { path, device }),
                Err(Errno::EBUSY) => last = Errno::EBUSY,
                Err(errno) => return Err(errno),
            }
        }
        Err(last)
    }

    /// Its node.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Detaches the file, or has whoever still has the device open do so by closing it.
    ///
    /// # Errors
    /// `ENXIO` if somebody has detached it already.
    pub fn detach(self) -> Result<(), Errno> {
        // SAFETY: the request takes no argument and touches none of our memory.
        unsafe { request::clear(self.device.as_raw_fd()) }.map(drop)
    }
}

fn config(file: &File, block_size: u32, flags: u32) -> Result<Config, Errno> {
    let fd = u32::try_from(file.as_raw_fd()).map_err(|_| Errno::EBADF)?;
    let info = Info {
        device: 0,
        inode: 0,
        rdevice: 0,
        offset: 0,
        size_limit: 0,
        number: 0,
        encrypt_type: 0,
        encrypt_key_size: 0,
        flags,
        file_name: [0; 64],
        crypt_name: [0; 64],
        encrypt_key: [0; 32],
        init: [0; 2],
    };
    Ok(Config { fd, block_size, info, reserved: [0; 8] })
}

fn open(path: &Path) -> Result<File, Errno> {
    let opened = OpenOptions::new().read(true).write(true).open(path);
    opened.map_err(|error| errno(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_structure_has_this_layout() {
        assert_eq!(size_of::<Info>(), 232);
        assert_eq!(size_of::<Config>(), 304);
        assert_eq!(std::mem::offset_of!(Config, info), 8);
        assert_eq!(std::mem::offset_of!(Info, flags), 52);
        assert_eq!(std::mem::offset_of!(Info, init), 216);
    }
}

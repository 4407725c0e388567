//! The steps of a plan, and each as a line of a shell.

use zram_host::swap::{Discard, SwapOptions};

use crate::{shell::word, writer::echo};

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A new device.
    Add,
    /// An attribute is written.
    Set {
        /// Which.
        attribute: &'static str,
        /// What is written.
        value: String,
        /// What it was, where a reset does not take it back.
        was: Option<String>,
    },
    /// A file becomes a block device.
    Attach {
        /// Which file.
        path: String,
    },
    /// A new file becomes a block device, with room on the disk for all of it. It has no name.
    AttachNew {
        /// Where it would be.
        path: String,
        /// How large.
        bytes: u64,
    },
    /// A block device is encrypted: this one, or the one that was made last.
    Encrypt {
        /// Which; without, the one that was made last.
        below: Option<String>,
    },
    /// The device that was made last becomes the backing device.
    Back(Chain),
    /// The devices before zram are left to themselves: they go when zram closes them.
    LetGo(Chain),
    /// The first page becomes the header of a swap area of so many pages.
    Header {
        /// With the header.
        pages: u32,
    },
    /// The device is swapped to.
    SwapOn(SwapOptions),
    /// A file system is made on the device.
    Format {
        /// Its name, as in `mkfs.NAME`.
        file_system: String,
    },
    /// The device is mounted.
    Mount {
        /// Where.
        at: String,
        /// The file system's name.
        file_system: String,
        /// Options, separated by commas.
        options: Option<String>,
    },
}

/// What there is between what was named as the place for pages and zram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// A loop device over a file.
    pub attached: bool,
    /// A device that encrypts.
    pub encrypted: bool,
}

/// What the device is called that encrypts the backing device of this one.
#[must_use]
pub fn mapped_name(device: &str) -> String {
    format!("{device}-backing")
}

impl Step {
    /// Room on a file system that it takes, in bytes.
    #[must_use]
    pub fn room(&self) -> u64 {
        match self {
            Self::AttachNew { bytes, .. } => *bytes,
            _ => 0,
        }
    }

    /// The step as lines of a shell, for a device of this name.
    #[must_use]
    pub fn lines(&self, device: &str) -> Vec<String> {
        let mapped = mapped_name(device);
        let line = match self {
            Self::Add => "N=$(cat /sys/class/zram-control/hot_add)".to_owned(),
            Self::Set { attribute, value, .. } => echo(value, device, attribute),
            Self::Attach { path } => losetup(path),
            Self::AttachNew { path, bytes } => {
                return vec![
                    format!("(umask 077 && fallocate -l {bytes} {})", word(path)),
                    losetup(path),
                    format!("rm {}", word(path)),
                ];
            }
            Self::Encrypt { below } => {
                let below = below.as_deref().map_or_else(|| "$LOOP".to_owned(), word);
                let how = "--type plain --cipher aes-xts-plain64 --key-size 512 --sector-size 4096";
                format!("cryptsetup open {how} --key-file /dev/urandom {below} {mapped}")
            }
            Self::Back(Chain { encrypted: true, .. }) => {
                format!("readlink -f /dev/mapper/{mapped} > /sys/block/{device}/backing_dev")
            }
            Self::Back(_) => format!("echo $LOOP > /sys/block/{device}/backing_dev"),
            Self::LetGo(chain) => {
                let encrypted = chain.encrypted.then(|| format!("dmsetup remove --deferred {mapped}"));
                // Of one that is in use it means: as soon as it is not.
                let attached = chain.attached.then(|| "losetup -d $LOOP".to_owned());
                return encrypted.into_iter().chain(attached).collect();
            }
            Self::Header { .. } => format!("mkswap /dev/{device}"),
            Self::SwapOn(SwapOptions { priority, discard }) => {
                let priority = priority.map_or_else(String::new, |priority| format!("-p {priority} "));
                let discard = if *discard == Discard::None { "" } else { "-d " };
                format!("swapon {priority}{discard}/dev/{device}")
            }
            Self::Format { file_system } => format!("mkfs.{} /dev/{device}", word(file_system)),
            Self::Mount { at, file_system, options } => {
                let options = options.as_deref().map(|options| format!("-o {} ", word(options)));
                let options = options.unwrap_or_default();
                format!("mount -t {} {options}/dev/{device} {}", word(file_system), word(at))
            }
        };
        vec![line]
    }
}

fn losetup(path: &str) -> String {
    format!("LOOP=$(losetup -f --show --direct-io=on -b 4096 {})", word(path))
}

//! What is refused before it is tried.
//!
//! An operation may ask for what must not be done (to devices of others), for what is none of zram's
//! business (attributes of the block layer, which the model does not have), or for more than can be looked at
//! afterwards. None of these says anything about zram, so none of them gets an answer: each is trouble, in
//! the same words on a machine and on the model.

use crate::{
    kernel_text,
    protocol::{EVERY_DISK, Op, ZRAM},
    world::{Trouble, World},
};

/// Bytes of a slot.
const PAGE: u64 = 4096;

/// Most slots of a device. After every operation all of them are looked at; and a reset frees all of them,
/// each with an event or more, in one operation: the buffer of the probes has room for some 200 000.
pub(crate) const MOST_SLOTS: u64 = 1 << 16;

/// Refuses an operation that must not be tried.
///
/// # Errors
/// Why not.
pub(crate) fn refuse<W: World>(op: &Op, world: &mut W) -> Result<(), Trouble> {
    if let Some(dev) = device_of(op) {
        world.own(dev)?;
    }
    if world.is_failing() && !op.can_lack_memory() {
        let why = "other processes or threads allocate beside it, or nobody does";
        return Err(Trouble::NothingToFail { op: op.name(), why });
    }
    match op {
        Op::Fail(fail) if fail.nth == 0 => {
            let why = "allocations are counted from 1";
            Err(Trouble::NothingToFail { op: op.name(), why })
        }
        Op::Get { dev, attr } => of_zram(*dev, attr, world),
        Op::Set { dev, attr, value } => {
            of_zram(*dev, attr, world)?;
            match attr.as_str() {
                "disksize" => not_too_large(*dev, value),
                "backing_dev" => not_of_others(value, world),
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// The device that an operation will work on. What `remove` names is what the kernel will take its text for.
fn device_of(op: &Op) -> Option<u32> {
    match op {
        Op::Remove { text } => kernel_text::device(text.as_bytes()),
        op => op.dev(),
    }
}

/// A name that exists nowhere may be tried: the answer is `ENOENT` everywhere.
fn of_zram<W: World>(dev: u32, attr: &str, world: &mut W) -> Result<(), Trouble> {
    let others = EVERY_DISK.contains(&attr) || (!ZRAM.contains(&attr) && world.has_attr(dev, attr));
    if others { Err(Trouble::NotOfZram { attr: attr.to_owned() }) } else { Ok(()) }
}

/// zram opens what it is given exclusively, which keeps it off mounted disks only.
fn not_of_others<W: World>(value: &str, world: &mut W) -> Result<(), Trouble> {
    let path = kernel_text::path(value.as_bytes());
    if !world.is_others_disk(path) {
        return Ok(());
    }
    Err(Trouble::ForeignDisk { path: String::from_utf8_lossy(path).into_owned() })
}

/// The kernel rounds up to pages, and what is too large for that becomes nothing.
fn not_too_large(dev: u32, value: &str) -> Result<(), Trouble> {
    let bytes = kernel_text::size(value.as_bytes());
    bytes.checked_next_multiple_of(PAGE).map_or(Ok(()), |bytes| lookable(dev, bytes / PAGE))
}

/// Whether a device of so many slots can be looked at.
pub(crate) fn lookable(dev: u32, slots: u64) -> Result<(), Trouble> {
    if slots > MOST_SLOTS { Err(Trouble::TooLarge { dev, slots, limit: MOST_SLOTS }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_spelling_hides_whose_device_is_removed() {
        let zeros = format!("{}5", "0".repeat(4096));
        for text in ["0", "-0", "0\n", "+0", "0\0x", &zeros] {
            assert_eq!(device_of(&Op::Remove { text: text.into() }), Some(0), "{text:?}");
        }
        assert_eq!(device_of(&Op::Remove { text: "-1".into() }), None);
        assert_eq!(device_of(&Op::Hold { dev: 3 }), Some(3));
    }

    #[test]
    fn the_largest_device() {
        for text in ["256M", "268435456\n", "0x10000000", "0", "x", "99999999999999999999", "16E"] {
            assert!(not_too_large(0, text).is_ok(), "{text:?}");
        }
        for text in ["257M", "268435457", "1G", "50G", "1T!", "15E"] {
            let trouble = not_too_large(4, text).unwrap_err();
            assert!(matches!(trouble, Trouble::TooLarge { dev: 4, limit: MOST_SLOTS, .. }), "{text:?}");
        }
    }
}

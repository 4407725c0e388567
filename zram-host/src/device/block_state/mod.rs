//! The state of each slot: debugfs' `block_state` (`read_block_state`, 8b05d2d8af81).
//!
//! A line for each slot that has something in it. The file's position is a slot's number, not a byte, so that any part of a device can
//! be looked at without reading what is before it; a device of 4 Mi slots is 160 MB of text.

mod line;

use std::ops::ControlFlow;

use nix::errno::Errno;
use serde::Serialize;

use self::line::{Lines, Reader};
use super::DeviceNumber;
use crate::port::Port;

/// Bytes asked for at a time: some 1600 slots. The kernel keeps the device from being reset while it prints them, no longer.
const WINDOW: usize = 64 << 10;

/// What one slot shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SlotState {
    /// Which slot: the page of the device.
    pub slot: u64,
    /// When it was last read or written, in microseconds since boot. 0: not known, since it was recompressed or (until Linux
    /// 6.19) written back, or the kernel keeps no times (without `CONFIG_ZRAM_TRACK_ENTRY_ACTIME`). Some kernels keep whole seconds.
    pub accessed_micros: u64,
    /// A page of one word, which takes no memory.
    pub same: bool,
    /// On the backing device.
    pub written_back: bool,
    /// Stored uncompressed.
    pub huge: bool,
    /// Marked as idle.
    pub idle: bool,
    /// Compressed with a secondary algorithm. `None`: this kernel does not say.
    pub recompressed: Option<bool>,
    /// No algorithm makes it smaller. `None`: this kernel does not say.
    pub incompressible: Option<bool>,
}

impl SlotState {
    /// From a line.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        line::parse(line.trim_end().as_bytes())
    }
}

/// The slots of a device could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlotsError {
    /// There is no such file.
    #[error(
        "{device} has no block_state: it takes root, debugfs mounted at /sys/kernel/debug, and a kernel with CONFIG_ZRAM_MEMORY_TRACKING"
    )]
    NotThere {
        /// The device.
        device: DeviceNumber,
    },
    /// The device is not set up.
    #[error("{device} is not set up, so it has no slots")]
    NotSetUp {
        /// The device.
        device: DeviceNumber,
    },
    /// It could not be read.
    #[error("cannot read block_state of {device}: {}", errno.desc())]
    Unreadable {
        /// The device.
        device: DeviceNumber,
        /// Why.
        errno: Errno,
    },
    /// A line could not be understood.
    #[error("block_state of {device} has a line that this program does not understand: {line:?}")]
    Strange {
        /// The device.
        device: DeviceNumber,
        /// The line.
        line: String,
    },
}

/// Slots from `first` on that have something in them, in order: as many as one read shows, which are of one moment. None: there are no
/// more.
///
/// # Errors
/// When the file cannot be read or understood.
pub fn slots_from(
    port: &mut (impl Port + ?Sized),
    device: DeviceNumber,
    first: u64,
) -> Result<Vec<SlotState>, SlotsError> {
    let mut slots = Vec::new();
    window(port, device, first, |slot| {
        slots.push(slot);
        ControlFlow::Continue(())
    })?;
    Ok(slots)
}

/// Calls `each` for every slot from `first` up to and without `end` that has something in it, in order, until it says that it has
/// enough. The device changes meanwhile: each window is of one moment, all of them are not.
///
/// # Errors
/// When the file cannot be read or understood.
pub fn each_slot(
    port: &mut (impl Port + ?Sized),
    device: DeviceNumber,
    first: u64,
    end: u64,
    mut each: impl FnMut(SlotState) -> ControlFlow<()>,
) -> Result<(), SlotsError> {
    let mut next = first;
    while next < end {
        let last =
            window(
                port,
                device,
                next,
                |slot| {
                    if slot.slot >= end { ControlFlow::Break(()) } else { each(slot) }
                },
            )?;
        let Some(last) = last else { break };
        next = last + 1;
    }
    Ok(())
}

/// Hands over what one read from `first` on shows; gives the last slot. `None`: there is nothing more, or there was enough.
fn window(
    port: &mut (impl Port + ?Sized),
    device: DeviceNumber,
    first: u64,
    mut each: impl FnMut(SlotState) -> ControlFlow<()>,
) -> Result<Option<u64>, SlotsError> {
    let text = port.block_state(device.0, first, WINDOW).map_err(|errno| match errno {
        Errno::ENOENT | Errno::EACCES => SlotsError::NotThere { device },
        Errno::EINVAL => SlotsError::NotSetUp { device },
        errno => SlotsError::Unreadable { device, errno },
    })?;
    let mut last = None;
    let mut reader = Reader::default();
    for line in Lines::of(&text) {
        let strange = || SlotsError::Strange { device, line: String::from_utf8_lossy(line).into_owned() };
        let next = last.map_or(first, |last| last + 1);
        let slot = reader.read(line).filter(|slot| slot.slot >= next).ok_or_else(strange)?;
        last = Some(slot.slot);
        if each(slot).is_break() {
            return Ok(None);
        }
    }
    Ok(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_all_kernels_are_read() {
        let slot = SlotState::parse("         300       75.033841 .wh.rn\n").unwrap();
        assert_eq!((slot.slot, slot.accessed_micros), (300, 75_033_841));
        assert!(slot.written_back && slot.huge && !slot.same && !slot.idle);
        assert_eq!((slot.recompressed, slot.incompressible), (Some(true), Some(true)));
        let old = SlotState::parse("           0      100.000000 s..i").unwrap();
        assert!(old.same && old.idle);
        assert_eq!((old.recompressed, old.incompressible), (None, None));
        for wrong in ["", "1 2 ....", "1 2.0 ...", "1 2.0 x...", "1 2.0 ....x.", "a 2.0 ...."] {
            assert_eq!(SlotState::parse(wrong), None, "{wrong}");
        }
    }
}

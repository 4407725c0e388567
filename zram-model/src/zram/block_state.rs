//! The debugfs file `block_state` (`read_block_state`, 8b05d2d8af81).

use std::io::Write;

use super::{
    device::Device,
    slot::flag::{HUGE, IDLE, INCOMPRESSIBLE, SAME, WB},
};
use crate::{errno::Errno, profile::Profile};

/// The most one read(2) can ask for (`MAX_RW_COUNT`).
const MAX_READ: usize = 0x7fff_f000;

impl Device {
    /// One read(2) of `count` bytes at `position`, which is a slot number, not a byte: the text and the new position.
    ///
    /// A line goes out only if more than its length is left of the buffer, because the kernel prints
    /// it with a terminating NUL first. So a buffer of exactly one line gets nothing.
    pub(crate) fn block_state(
        &self,
        position: u64,
        count: usize,
        profile: &Profile,
    ) -> Result<(Vec<u8>, u64), Errno> {
        let count = count.min(MAX_READ);
        // The text is built in a buffer of the kernel's, which vmalloc refuses beyond what there is.
        if count as u64 > profile.memory {
            return Err(Errno::ENOMEM);
        }
        let disk = self.disk.as_ref().ok_or(Errno::EINVAL)?;
        let mut room = count;
        let mut text = Vec::new();
        let mut next = position;
        let start = usize::try_from(position).unwrap_or(usize::MAX);
        for (index, slot) in disk.slots.iter().enumerate().skip(start) {
            if slot.allocated() {
                let letter = |flag, letter| if slot.has(flag) { letter } else { '.' };
                let before = text.len();
                let later = |text: &mut Vec<u8>| {
                    let recompressed = if slot.priority() != 0 { 'r' } else { '.' };
                    if profile.behaviours.six_letters {
                        writeln!(text, "{recompressed}{}", letter(INCOMPRESSIBLE, 'n'))
                    } else {
                        writeln!(text)
                    }
                };
                let printed = write!(
                    text,
                    "{index:>12} {:>12}.{:06} {}{}{}{}",
                    slot.access_time,
                    disk.nanoseconds.get(index).map_or(0, |nanoseconds| nanoseconds / 1000),
                    letter(SAME, 's'),
                    letter(WB, 'w'),
                    letter(HUGE, 'h'),
                    letter(IDLE, 'i'),
                )
                .and_then(|()| later(&mut text));
                let len = text.len() - before;
                if printed.is_err() || room <= len {
                    text.truncate(before);
                    break;
                }
                room -= len;
            }
            next += 1;
        }
        Ok((text, next))
    }
}

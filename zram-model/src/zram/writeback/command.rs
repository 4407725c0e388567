//! The text written to `writeback`, and what it sets off (`writeback_store`).

use super::{candidates::Candidates, in_flight::Batch, scan::Mode};
use crate::{
    attr::{args::Args, number},
    behaviours::WritebackCommand,
    context::Call,
    environment::{Allocation, Environment},
    errno::Errno,
    mutation::Mutation,
    site::Site,
    zram::device::Live,
};

impl Live<'_> {
    /// `writeback_store`, for a device that has a size.
    ///
    /// Ranges act at once and on every slot in them, whatever `type=` says later; `type=`, or a mode
    /// without a key as in the old interface, applies to the last range and ends the command.
    pub(crate) fn writeback(
        &mut self,
        text: &[u8],
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        if call.behaviours().writeback_command != WritebackCommand::Arguments {
            return self.writeback_word(text, call);
        }
        if self.state.backing.is_none() {
            return Err(Errno::ENODEV);
        }
        if !call.behaviours().writeback_batches {
            return self.writeback_in_turn(text, call);
        }
        let controls = [Allocation::Candidates, Allocation::WritebackControl];
        if !controls.into_iter().all(|what| call.env.allocate(what)) {
            return Err(Errno::ENOMEM);
        }
        let size = if call.broken(Mutation::BatchSizeIgnored) { 1 } else { self.state.writeback.batch_size };
        let batch = Batch::new(size, call)?;
        let mut candidates = Candidates::new(call);
        let result = self
            .collect(text, &mut candidates, call)
            .and_then(|()| self.writeback_slots(&mut candidates, batch, call));
        for index in candidates.leftovers() {
            self.release(index, Site::ReleaseLeftover, call);
        }
        result
    }

    /// Reads the command from left to right and scans as it goes.
    pub(super) fn collect(
        &mut self,
        text: &[u8],
        candidates: &mut Candidates,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        let pages = self.disk.slots.len() as u64;
        let (mut low, mut high) = (0, pages);
        for arg in Args::new(text) {
            let mode = match (arg.name.as_slice(), arg.value()) {
                (word, None) => Mode::parse(word),
                (b"type", Some(word)) => Mode::parse(word),
                (b"page_index", Some(value)) => {
                    (low, high) = page_index(value, pages)?;
                    self.scan_for_writeback(Mode::default(), low, high, candidates, call);
                    continue;
                }
                (b"page_indexes", Some(value)) => {
                    (low, high) = page_indexes(value, pages)?;
                    self.scan_for_writeback(Mode::default(), low, high, candidates, call);
                    continue;
                }
                _ => continue,
            };
            let mode = mode.ok_or(Errno::EINVAL)?;
            self.scan_for_writeback(mode, low, high, candidates, call);
            break;
        }
        Ok(())
    }
}

/// `parse_page_index`
fn page_index(value: &[u8], pages: u64) -> Result<(u64, u64), Errno> {
    let low = number::unsigned_long(value, 10)?;
    if low >= pages {
        return Err(Errno::ERANGE);
    }
    Ok((low, low + 1))
}

/// `parse_page_indexes`: both ends are included in the text, and the upper excluded in the result.
fn page_indexes(value: &[u8], pages: u64) -> Result<(u64, u64), Errno> {
    let dash = value.iter().position(|byte| *byte == b'-').ok_or(Errno::EINVAL)?;
    let low = number::unsigned_long(&value[..dash], 10)?;
    if low >= pages {
        return Err(Errno::ERANGE);
    }
    let high = number::unsigned_long(&value[dash + 1..], 10)?;
    if high >= pages || low > high {
        return Err(Errno::ERANGE);
    }
    Ok((low, high + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_their_errors() {
        assert_eq!(page_index(b"7", 8), Ok((7, 8)));
        assert_eq!(page_index(b"8", 8), Err(Errno::ERANGE));
        assert_eq!(page_index(b"-1", 8), Err(Errno::EINVAL));
        assert_eq!(page_indexes(b"0-7", 8), Ok((0, 8)));
        assert_eq!(page_indexes(b"3-+5", 8), Ok((3, 6)));
        assert_eq!(page_indexes(b"7", 8), Err(Errno::EINVAL));
        assert_eq!(page_indexes(b"-7", 8), Err(Errno::EINVAL));
        assert_eq!(page_indexes(b"1--7", 8), Err(Errno::EINVAL));
        assert_eq!(page_indexes(b"5-3", 8), Err(Errno::ERANGE));
        assert_eq!(page_indexes(b"0-8", 8), Err(Errno::ERANGE));
        assert_eq!(page_indexes(b"9-x", 8), Err(Errno::ERANGE));
    }
}

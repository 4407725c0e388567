//! The text written to `recompress`, and what it sets off (`recompress_store`).

use crate::{
    attr::{args::Args, number},
    context::Call,
    environment::{Allocation, Environment},
    errno::Errno,
    site::Site,
    view::SlotFlags,
    zram::{
        codec::Priority,
        device::Device,
        slot::flag::{HUGE, IDLE},
        writeback::candidates::Candidates,
    },
};

/// What a command asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Command {
    /// What a slot must be, all of it: IDLE, HUGE, both or nothing (`type=`).
    wanted: SlotFlags,
    /// How many slots may be tried (`max_pages=`); none: as many as there are.
    max_pages: Option<u64>,
    /// Bytes that an object must have to be tried, and must have less of to be kept (`threshold=`); 0 for neither.
    threshold: u32,
    algorithm: Option<Vec<u8>>,
    priority: Option<i32>,
}

impl Command {
    /// Every argument must have a value; keys that are not known are passed over.
    fn parse(text: &[u8]) -> Result<Self, Errno> {
        let mut command = Self::default();
        for arg in Args::new(text) {
            let value = arg.value().ok_or(Errno::EINVAL)?;
            match arg.name.as_slice() {
                b"type" => command.take_type(value)?,
                b"max_pages" => command.max_pages = Some(number::unsigned_long(value, 10)?),
                b"threshold" => command.threshold = number::unsigned_int(value, 10)?,
                b"algo" => command.algorithm = Some(value.to_vec()),
                b"priority" => command.priority = Some(number::int(value, 10)?),
                _ => {}
            }
        }
        Ok(command)
    }

    /// A word that is no type is an error only while no type is set: behind a good one it changes nothing.
    fn take_type(&mut self, word: &[u8]) -> Result<(), Errno> {
        match word {
            b"idle" => self.wanted = IDLE,
            b"huge" => self.wanted = HUGE,
            b"huge_idle" => self.wanted = IDLE | HUGE,
            _ if self.wanted == SlotFlags::default() => return Err(Errno::EINVAL),
            _ => {}
        }
        Ok(())
    }
}

/// What a pass goes by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) priority: Priority,
    pub(super) wanted: SlotFlags,
    pub(super) threshold: u32,
    /// Whether no algorithm comes after this one (`highest_priority_algorithm`).
    pub(super) last: bool,
}

impl Device {
    /// `recompress_store`
    pub(crate) fn recompress_store(
        &mut self,
        text: &[u8],
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        let command = Command::parse(text)?;
        let mut live = self.live().ok_or(Errno::EINVAL)?;
        if command.threshold >= live.disk.huge_class_size {
            return Err(Errno::EINVAL);
        }
        let priority = live.state.which_algorithm(
            command.priority,
            command.algorithm.as_deref(),
            Priority::SECONDARY,
            call.profile,
        )?;
        if live.state.algorithm(priority).is_none() {
            return Err(Errno::EINVAL);
        }
        let buffers = [Allocation::RecompressionPage, Allocation::Candidates];
        if !buffers.into_iter().all(|what| call.env.allocate(what)) {
            return Err(Errno::ENOMEM);
        }
        let last = priority.above().all(|above| live.state.algorithm(above).is_none());
        let terms = Terms { priority, wanted: command.wanted, threshold: command.threshold, last };
        let mut candidates = Candidates::new(call);
        live.scan_for_recompression(&terms, &mut candidates, call);
        let most = command.max_pages.unwrap_or(u64::MAX);
        let result = live.recompress_slots(&terms, most, &mut candidates, call);
        for index in candidates.leftovers() {
            live.release(index, Site::ReleaseLeftover, call);
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands() {
        let all = Command {
            wanted: IDLE | HUGE,
            max_pages: Some(7),
            threshold: 3000,
            algorithm: Some(b"zstd".to_vec()),
            priority: Some(-2),
        };
        let text = b"type=huge_idle max_pages=7 threshold=+3000 algo=zstd priority=-2 other=1\n";
        assert_eq!(Command::parse(text), Ok(all));
        assert_eq!(Command::parse(b" "), Ok(Command::default()));
        // The last one counts.
        assert_eq!(Command::parse(b"type=idle type=huge").map(|command| command.wanted), Ok(HUGE));
    }

    #[test]
    fn a_bad_type_behind_a_good_one_is_passed_over() {
        assert_eq!(Command::parse(b"type=idle type=all").map(|command| command.wanted), Ok(IDLE));
        assert_eq!(Command::parse(b"type=all type=idle"), Err(Errno::EINVAL));
    }

    #[test]
    fn what_is_refused() {
        for (text, errno) in [
            ("type", Errno::EINVAL),
            ("type=", Errno::EINVAL),
            ("huge", Errno::EINVAL),
            ("other", Errno::EINVAL),
            ("max_pages=-1", Errno::EINVAL),
            ("max_pages=18446744073709551616", Errno::ERANGE),
            ("threshold=4294967296", Errno::ERANGE),
            ("threshold=0x10", Errno::EINVAL),
            ("priority=2147483648", Errno::ERANGE),
            ("priority=one", Errno::EINVAL),
        ] {
            assert_eq!(Command::parse(text.as_bytes()), Err(errno), "{text}");
        }
    }
}

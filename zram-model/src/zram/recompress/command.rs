//! The text written to `recompress`, and what it sets off (`recompress_store`).

use crate::{
    attr::{args::Args, number},
    behaviours::Recompression,
    context::Call,
    environment::{Allocation, Environment},
    errno::Errno,
    profile::Profile,
    site::Site,
    view::SlotFlags,
    zram::{
        codec::Priority,
        device::{Device, State},
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
    priority: Option<i64>,
}

impl Command {
    /// Every argument must have a value; keys that are not known are passed over.
    fn parse(text: &[u8], kind: Recompression) -> Result<Self, Errno> {
        let mut command = Self::default();
        for arg in Args::new(text) {
            let value = arg.value().ok_or(Errno::EINVAL)?;
            match arg.name.as_slice() {
                b"type" => command.take_type(value, kind)?,
                b"max_pages" => command.max_pages = Some(number::unsigned_long(value, 10)?),
                b"threshold" => command.threshold = number::unsigned_int(value, 10)?,
                b"algo" => command.algorithm = Some(value.to_vec()),
                b"priority" => {
                    command.priority = Some(match kind {
                        Recompression::InTurn => number::unsigned_int(value, 10)?.into(),
                        Recompression::One => number::int(value, 10)?.into(),
                    });
                }
                _ => {}
            }
        }
        Ok(command)
    }

    /// A word that is no type is an error only while no type is set: behind a good one it changes nothing.
    fn take_type(&mut self, word: &[u8], kind: Recompression) -> Result<(), Errno> {
        match word {
            b"idle" => self.wanted = IDLE,
            b"huge" => self.wanted = HUGE,
            b"huge_idle" => self.wanted = IDLE | HUGE,
            _ if kind == Recompression::One && self.wanted == SlotFlags::default() => {
                return Err(Errno::EINVAL);
            }
            _ => {}
        }
        Ok(())
    }
}

/// What a pass goes by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// The first algorithm that is tried.
    pub(super) priority: Priority,
    /// The number after the last one.
    pub(super) end: u8,
    pub(super) wanted: SlotFlags,
    pub(super) threshold: u32,
    /// Whether no algorithm comes after these (`highest_priority_algorithm`, `num_active_comps`).
    pub(super) last: bool,
}

impl State {
    /// The first algorithm to try, and the number after the last one.
    fn range(&self, command: &Command, profile: &Profile) -> Result<(Priority, u8), Errno> {
        match profile.behaviours.recompression {
            Recompression::InTurn => self.in_turn(command, profile),
            Recompression::One => {
                let given = command.priority.and_then(|number| i32::try_from(number).ok());
                let least = Priority::SECONDARY;
                let priority = self.which_algorithm(given, command.algorithm.as_deref(), least, profile)?;
                if self.algorithm(priority).is_none() {
                    return Err(Errno::EINVAL);
                }
                Ok((priority, priority.number() + 1))
            }
        }
    }

    /// The first priority is 1 or the one that was given, and a name is looked for from there on.
    fn in_turn(&self, command: &Command, profile: &Profile) -> Result<(Priority, u8), Errno> {
        let least = Priority::SECONDARY;
        let first = match command.priority {
            None | Some(0) => least,
            Some(number) => {
                let number = i32::try_from(number).map_err(|_| Errno::EINVAL)?;
                Priority::new(number, least, profile).ok_or(Errno::EINVAL)?
            }
        };
        let named = command.algorithm.as_deref().map(|name| {
            let is_it = |at: &Priority| self.spelt_algorithm(*at).is_some_and(|set| set.as_bytes() == name);
            first.and_above().find(is_it).ok_or(Errno::EINVAL)
        });
        let first_or_named = named.transpose()?.unwrap_or(first);
        let one = command.priority.is_some() || command.algorithm.is_some();
        let end = if one { first_or_named.number() + 1 } else { self.algorithms() };
        let end = end.min(self.algorithms());
        if first_or_named.number() < end { Ok((first_or_named, end)) } else { Err(Errno::EINVAL) }
    }

    /// How many algorithms the device has (`num_active_comps`).
    fn algorithms(&self) -> u8 {
        Priority::PRIMARY.and_above().filter(|at| self.algorithm(*at).is_some()).count() as u8
    }
}

impl Device {
    /// `recompress_store`
    pub(crate) fn recompress_store(
        &mut self,
        text: &[u8],
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        let kind = call.behaviours().recompression;
        let command = Command::parse(text, kind)?;
        let mut live = self.live().ok_or(Errno::EINVAL)?;
        if command.threshold >= live.disk.huge_class_size {
            return Err(Errno::EINVAL);
        }
        let (priority, end) = live.state.range(&command, call.profile)?;
        let buffers = [Allocation::RecompressionPage, Allocation::Candidates];
        if !buffers.into_iter().all(|what| call.env.allocate(what)) {
            return Err(Errno::ENOMEM);
        }
        let last = match kind {
            Recompression::InTurn => end >= live.state.algorithms(),
            Recompression::One => priority.above().all(|above| live.state.algorithm(above).is_none()),
        };
        let terms = Terms { priority, end, wanted: command.wanted, threshold: command.threshold, last };
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

    fn parse(text: &[u8]) -> Result<Command, Errno> {
        Command::parse(text, Recompression::One)
    }

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
        assert_eq!(parse(text), Ok(all));
        assert_eq!(parse(b" "), Ok(Command::default()));
        // The last one counts.
        assert_eq!(parse(b"type=idle type=huge").map(|command| command.wanted), Ok(HUGE));
    }

    #[test]
    fn a_bad_type_behind_a_good_one_is_passed_over() {
        assert_eq!(parse(b"type=idle type=all").map(|command| command.wanted), Ok(IDLE));
        assert_eq!(parse(b"type=all type=idle"), Err(Errno::EINVAL));
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
            assert_eq!(parse(text.as_bytes()), Err(errno), "{text}");
        }
    }
}

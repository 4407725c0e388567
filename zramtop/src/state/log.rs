//! What happened, told from what changed between two moments, and from what the source says besides.
//!
//! A kernel tells nobody that a writeback pass ran or that a limit was changed; but the numbers do, if somebody watches them.

use std::collections::VecDeque;

use zram_host::size::human;

use crate::sample::{Attributes, SECOND, Told};

/// Lines that are kept.
const KEPT: usize = 1000;

/// What happened, the newest last.
#[derive(Clone, Debug, Default)]
pub struct Log {
    lines: VecDeque<Told>,
    /// What was read back, as long as the last line says so: of which device, how many bytes, since when.
    back: Option<(u32, u64, u64)>,
}

impl Log {
    /// The lines, the newest last.
    #[must_use]
    pub fn lines(&self) -> &VecDeque<Told> {
        &self.lines
    }

    pub(super) fn add(&mut self, told: Told) {
        if self.lines.len() == KEPT {
            self.lines.pop_front();
        }
        self.lines.push_back(told);
        self.back = None;
    }

    /// More was read back. As long as nothing else happens this is one line, since it goes on for long where it happens at all.
    fn read_back(&mut self, boot_micros: u64, device: u32, bytes: u64) {
        let (bytes, since) = match self.back.filter(|(of, ..)| *of == device) {
            Some((_, before, since)) => {
                self.lines.pop_back();
                (bytes + before, since)
            }
            None => (bytes, boot_micros),
        };
        let seconds = boot_micros.saturating_sub(since) / SECOND + 1;
        let what = format!("{} read back in {seconds} s", human(bytes));
        self.add(Told { boot_micros, device: Some(device), what });
        self.back = Some((device, bytes, since));
    }

    /// A device is as it was not before. `None`: it was not there, or is no more.
    pub(super) fn compare(
        &mut self,
        boot_micros: u64,
        device: u32,
        was: Option<&Attributes>,
        is: Option<&Attributes>,
    ) {
        let lines = match (was, is) {
            (None, Some(is)) if is.initialised => {
                vec![format!("is there, set up with {}", human(is.disksize))]
            }
            (None, Some(_)) => vec!["is there, not set up".to_owned()],
            (Some(_), None) => vec!["is gone".to_owned()],
            (Some(was), Some(is)) => changes(was, is),
            (None, None) => Vec::new(),
        };
        for what in lines {
            self.add(Told { boot_micros, device: Some(device), what });
        }
        let read = |of: Option<&Attributes>| Some(of?.backing.as_ref()?.read);
        if let (Some(was), Some(is)) = (read(was), read(is))
            && is > was
        {
            self.read_back(boot_micros, device, is - was);
        }
    }
}

fn changes(was: &Attributes, is: &Attributes) -> Vec<String> {
    let mut lines = Vec::new();
    match (was.initialised, is.initialised) {
        (false, true) => lines.push(format!("was set up with {}", human(is.disksize))),
        (true, false) => {
            lines.push("was reset".to_owned());
            return lines;
        }
        _ => {}
    }
    if was.limit != is.limit {
        lines.push(match is.limit {
            0 => "mem_limit was taken away".to_owned(),
            limit => format!("mem_limit is {} now", human(limit)),
        });
    }
    if let (Some(was), Some(is)) = (&was.backing, &is.backing) {
        let out = is.written.saturating_sub(was.written);
        if out > 0 {
            lines.push(format!("{} written back", human(out)));
        }
        if is.limit == Some(0) && was.limit != Some(0) {
            lines.push("writeback_limit is used up".to_owned());
        }
    }
    let compacted = is.compacted.saturating_sub(was.compacted);
    if compacted > 0 {
        lines.push(format!("compaction freed {compacted} pages"));
    }
    let failed = |was: u64, is: u64, what: &str| {
        let more = is.saturating_sub(was);
        (more > 0).then(|| format!("{more} {what} failed"))
    };
    lines.extend(failed(was.failed.0, is.failed.0, "reads"));
    lines.extend(failed(was.failed.1, is.failed.1, "writes"));
    if was.uses != is.uses {
        lines.push(match is.uses.as_slice() {
            [] => "is not in use any more".to_owned(),
            uses => format!("is in use: {}", uses.join(", ")),
        });
    }
    lines
}

/// A time since boot: `1:02:03`.
#[must_use]
pub fn time(boot_micros: u64) -> String {
    let seconds = boot_micros / SECOND;
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Backing;

    #[test]
    fn numbers_tell_what_happened() {
        let was = Attributes {
            initialised: true,
            disksize: 1 << 20,
            backing: Some(Backing { limit: Some(4096), ..Backing::default() }),
            ..Attributes::default()
        };
        let is = Attributes {
            limit: 1 << 20,
            compacted: 3,
            failed: (0, 2),
            backing: Some(Backing { written: 8192, read: 4096, limit: Some(0), ..Backing::default() }),
            ..was.clone()
        };
        let said = [
            "mem_limit is 1M now",
            "8K written back",
            "writeback_limit is used up",
            "compaction freed 3 pages",
            "2 writes failed",
        ];
        assert_eq!(changes(&was, &is), said);
        assert_eq!(changes(&is, &is), Vec::<String>::new());
        assert_eq!(changes(&is, &Attributes::default()), ["was reset"]);
        let mut log = Log::default();
        for _ in 0..KEPT + 5 {
            log.compare(5, 0, Some(&was), None);
        }
        assert_eq!((log.lines().len(), log.lines()[0].what.as_str()), (KEPT, "is gone"));
        assert_eq!(time(3723 * SECOND), "1:02:03");
    }

    #[test]
    fn what_is_read_back_for_long_is_one_line() {
        let at = |read| {
            let backing = Some(Backing { read, ..Backing::default() });
            Attributes { initialised: true, backing, ..Attributes::default() }
        };
        let mut log = Log::default();
        log.compare(SECOND, 0, Some(&at(0)), Some(&at(4096)));
        log.compare(2 * SECOND, 0, Some(&at(4096)), Some(&at(16_384)));
        log.compare(3 * SECOND, 0, Some(&at(16_384)), Some(&at(16_384)));
        log.compare(4 * SECOND, 1, Some(&at(0)), Some(&at(4096)));
        let said: Vec<&str> = log.lines().iter().map(|told| told.what.as_str()).collect();
        assert_eq!(said, ["16K read back in 2 s", "4K read back in 1 s"]);
    }
}

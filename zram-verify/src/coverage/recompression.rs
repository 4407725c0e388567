//! Slots that were compressed once more, and the parameters of the algorithms.

use zram_agent::protocol::{Op, Outcome};
use zram_events::Event;
use zram_model::slot_flags;

use crate::observed::Observed;

type Rows = Vec<(&'static str, String)>;

/// What a command to recompress came to, and what parameters were taken.
pub(super) fn see(op: &Op, observed: &Observed, events: &[Event], rows: &mut Rows) {
    let Op::Set { attr, value, .. } = op else { return };
    if attr == "algorithm_params" && matches!(observed.observation.outcome, Outcome::Ok(_)) {
        for (word, row) in [("level=", "level"), ("dict=", "dictionary"), ("deflate.winbits=", "window")] {
            if value.contains(word) {
                rows.push(("algorithm parameters", row.to_owned()));
            }
        }
        if (1..=3).any(|priority| value.contains(&format!("priority={priority}"))) {
            rows.push(("algorithm parameters", "of a later algorithm".to_owned()));
        }
    }
    if attr != "recompress" {
        return;
    }
    let count = |wanted: fn(&Event) -> bool| events.iter().filter(|event| wanted(event)).count();
    let tried = count(|event| matches!(event, Event::Compress { .. }));
    let kept = count(|event| matches!(event, Event::Malloc { .. }));
    if tried == 0 {
        return;
    }
    for (reached, row) in [
        (kept > 0, "kept"),
        (kept < tried, "thrown away"),
        (value.contains("threshold="), "by threshold"),
        (value.contains("max_pages="), "by number"),
        (value.contains("idle"), "by idle mark"),
        (value.contains("huge"), "by huge mark"),
        (value.contains("algo="), "by algorithm"),
        (value.contains("priority=2") || value.contains("priority=3"), "by a later priority"),
    ] {
        if reached {
            rows.push(("recompression", row.to_owned()));
        }
    }
}

/// What a slot's flags say of the algorithm that made its object.
pub(super) fn of_flags(flags: u32) -> Option<&'static str> {
    let later = flags & slot_flags::PRIORITY != 0;
    let away = flags & slot_flags::WB != 0;
    later.then_some(if away { "WB and recompressed" } else { "recompressed" })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use zram_agent::protocol::{Boundary, Observation};
    use zram_events::{HandleLife, PoolLife};

    use super::*;

    fn reached(attr: &str, value: &str, events: &[Event]) -> Vec<String> {
        let observation = Observation {
            n: 0,
            outcome: Outcome::Ok(value.len() as u64),
            data: None,
            failed: None,
            clock: Boundary::default(),
            devices: BTreeMap::new(),
            records: None,
            events: None,
            health: None,
            kernel_log: Vec::new(),
        };
        let observed = Observed {
            observation,
            events: None,
            origins: Vec::new(),
            external: 0,
            memory: None,
            blocks: None,
            unseen: None,
            replay: None,
        };
        let op = Op::Set { dev: 0, attr: attr.to_owned(), value: value.to_owned() };
        let mut rows = Vec::new();
        see(&op, &observed, events, &mut rows);
        rows.into_iter().map(|(_, row)| row).collect()
    }

    #[test]
    fn what_is_kept_was_allocated() {
        let compress = Event::Compress { result: 0, len: 700 };
        let malloc = Event::Malloc { pool: PoolLife(0), size: 700, handle: HandleLife(0) };
        assert_eq!(reached("recompress", "type=huge", &[]), Vec::<String>::new());
        assert_eq!(reached("recompress", " ", &[compress, malloc]), ["kept"]);
        let both = reached("recompress", "priority=2 max_pages=2", &[compress, malloc, compress]);
        assert_eq!(both, ["kept", "thrown away", "by number", "by a later priority"]);
    }

    #[test]
    fn parameters_and_whose() {
        assert_eq!(reached("algorithm_params", "level=3", &[]), ["level"]);
        assert_eq!(reached("algorithm_params", "priority=1 level=3", &[]), ["level", "of a later algorithm"]);
    }

    #[test]
    fn the_priority_is_in_the_flags() {
        assert_eq!(of_flags(slot_flags::WB), None);
        assert_eq!(of_flags(1 << slot_flags::PRIORITY_SHIFT), Some("recompressed"));
        assert_eq!(of_flags(slot_flags::WB | 2 << slot_flags::PRIORITY_SHIFT), Some("WB and recompressed"));
    }
}

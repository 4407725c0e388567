//! The keys, all of them.
//!
//! They stand here once: reading, showing, the file with the defaults and the check of the documentation go through this table, so that none of them can
//! know a key that another does not.

use super::{
    Config,
    setting::{Problem, Setting, Value},
};

/// A key.
pub struct Key {
    /// The table that it is in; empty for those before all tables.
    pub table: &'static str,
    /// Its name there.
    pub name: &'static str,
    /// What it means.
    pub about: &'static str,
    /// What may stand behind it.
    pub takes: &'static str,
    /// Whether a value does not show what else there could be.
    pub(crate) explained: bool,
    pub(super) set: fn(&mut Config, &Value<'_>) -> Result<(), Vec<Problem>>,
    show: fn(&Config) -> String,
}

impl Key {
    /// With its table: `writeback.per-day`.
    #[must_use]
    pub fn full(&self) -> String {
        if self.table.is_empty() { self.name.to_owned() } else { format!("{}.{}", self.table, self.name) }
    }

    /// Its value in this configuration, as TOML.
    #[must_use]
    pub fn shown(&self, config: &Config) -> String {
        (self.show)(config)
    }
}

/// The type is that of the field.
const fn form<T: Setting>(_: fn(&Config) -> &T) -> (&'static str, bool) {
    (T::TAKES, T::EXPLAINED)
}

macro_rules! key {
    ($table:literal, $name:literal, $($field:ident).+, $about:literal) => {
        Key {
            table: $table,
            name: $name,
            about: $about,
            takes: form(|config| &config.$($field).+).0,
            explained: form(|config| &config.$($field).+).1,
            set: |config, value| {
                config.$($field).+ = Setting::read(value)?;
                Ok(())
            },
            show: |config| Setting::show(&config.$($field).+),
        }
    };
}

/// All of them, by table, in the order in which they are shown.
pub const KEYS: &[Key] = &[
    key!(
        "",
        "devices",
        devices,
        "Which devices are driven. \"all\" are those that are set up, and have a backing device or an algorithm for recompression"
    ),
    key!(
        "",
        "memory-limit",
        memory_limit,
        "What each device may take of the memory (mem_limit). \"keep\" leaves it as it is"
    ),
    key!("", "recompression", recompression, "Algorithms to try on pages again, in this order"),
    key!(
        "idle",
        "min",
        idle.min,
        "A page that was not accessed for so long is idle if all of the memory is in use"
    ),
    key!("idle", "max", idle.max, "The same if none of it is; in between, the fuller the memory the shorter"),
    key!("writeback", "enabled", writeback.enabled, "Whether pages go to the backing device"),
    key!(
        "writeback",
        "huge",
        writeback.huge,
        "Whether pages that do not compress go before others of their age"
    ),
    key!(
        "writeback",
        "incompressible",
        writeback.incompressible,
        "Whether pages that recompression could not make smaller go before others of their age"
    ),
    key!("writeback", "compressible", writeback.compressible, "Whether pages that compress go, too"),
    key!(
        "writeback",
        "per-day",
        writeback.per_day,
        "At most so much is written in any 24 hours, all devices together"
    ),
    key!(
        "writeback",
        "round-min",
        writeback.round_min,
        "A round with less to write than this writes nothing"
    ),
    key!("writeback", "round-max", writeback.round_max, "A round writes no more than this"),
    key!("writeback", "every", writeback.every, "Rounds are at least so far apart"),
    key!("writeback", "reserve", writeback.reserve, "So much of the backing device stays free"),
    key!(
        "writeback",
        "on-battery",
        writeback.on_battery,
        "Whether pages go there while the machine runs on battery"
    ),
    key!(
        "writeback",
        "lock-hold",
        writeback.lock_hold,
        "How long whoever reads a device's statistics may have to wait for a pass"
    ),
    key!("regret", "enabled", regret.enabled, "Whether pages that come back soon change the idle age"),
    key!("regret", "target", regret.target, "So many of the pages written may come back"),
    key!("regret", "horizon", regret.horizon, "A page that comes back within this time counts"),
    key!("regret", "least", regret.least, "The idle age becomes no less than this part of what [idle] says"),
    key!("regret", "most", regret.most, "And no more than this part of it"),
    key!("compaction", "enabled", compaction.enabled, "Whether pools are compacted"),
    key!(
        "compaction",
        "waste",
        compaction.waste,
        "A pool is compacted if this share of it is not objects, and least is reached, too"
    ),
    key!(
        "compaction",
        "least",
        compaction.least,
        "So much of a pool must not be objects for it to be compacted"
    ),
    key!("compaction", "every", compaction.every, "Compactions of a pool are at least so far apart"),
    key!(
        "pressure",
        "memory-stall",
        pressure.memory_stall,
        "zramd is woken when tasks wait for memory for so long within memory-window"
    ),
    key!(
        "pressure",
        "memory-window",
        pressure.memory_window,
        "The time within which they must. Without CAP_SYS_RESOURCE, Linux takes only multiples of 2s, and those since 6.5"
    ),
    key!("pressure", "cool-down", pressure.cool_down, "After that it is not woken again for so long"),
    key!(
        "pressure",
        "io-busy",
        pressure.io_busy,
        "If tasks waited for I/O for this share of the last ten seconds, nothing is written"
    ),
    key!("pressure", "io-calm", pressure.io_calm, "Nothing is written then until it is below this share"),
    key!("paths", "state", paths.state, "The folder of what is remembered"),
    key!("paths", "control", paths.control, "The socket by which zramd is asked and told"),
    key!(
        "paths",
        "metrics",
        paths.metrics,
        "A file with metrics for Prometheus, written anew after each round"
    ),
    key!("paths", "metrics-socket", paths.metrics_socket, "A socket that answers HTTP with the same metrics"),
];

/// The key of this table and name.
pub(super) fn find(table: &str, name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.table == table && key.name == name)
}

/// The names of a table's keys.
pub(super) fn names(table: &str) -> Vec<&'static str> {
    KEYS.iter().filter(|key| key.table == table).map(|key| key.name).collect()
}

/// The tables, in order.
#[must_use]
pub fn tables() -> Vec<&'static str> {
    let mut tables: Vec<&str> = KEYS.iter().map(|key| key.table).filter(|table| !table.is_empty()).collect();
    tables.dedup();
    tables
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_there_twice() {
        for (at, key) in KEYS.iter().enumerate() {
            assert!(KEYS[..at].iter().all(|other| other.full() != key.full()), "{}", key.full());
            assert!(!key.about.ends_with('.') && !key.takes.ends_with('.'), "{}", key.full());
        }
    }
}

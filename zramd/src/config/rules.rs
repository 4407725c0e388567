//! What values must be to each other, and to Linux.
//!
//! Each rule names the keys that it is about. What is wrong is said where the last of them stands, and where the others come from: whoever
//! changed one key in a drop-in has to learn of the other one, which may be a default that he never saw.

use std::{collections::BTreeSet, os::unix::ffi::OsStrExt as _, time::Duration};

use super::{
    Config, Place, Wrong,
    folders::File,
    load::Given,
    setting::{duration, share},
};
use crate::units::{Permille, Units};

/// A rule: its keys, and what to say if it is broken.
struct Rule {
    keys: &'static [&'static str],
    broken: fn(&Config) -> Option<String>,
}

const WHOLE: Permille = Permille(1000);
const SECOND: Duration = Duration::from_secs(1);

/// The shortest time in which a trigger of pressure can count, and the longest (`psi_trigger_create`).
const WINDOW: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(10)];

/// Bytes of the path of a socket (`sockaddr_un`), without the zero at its end.
const SOCKET_PATH: usize = 107;

const RULES: &[Rule] = &[
    Rule {
        keys: &["idle.min"],
        broken: |config| at_least(config.idle.min, SECOND, "Linux counts ages in seconds"),
    },
    Rule {
        keys: &["idle.min", "idle.max"],
        broken: |config| {
            let (min, max) = (config.idle.min, config.idle.max);
            (min > max).then(|| {
                format!("min is {} and max is {}: min must not be above max", duration(min), duration(max))
            })
        },
    },
    Rule {
        keys: &["writeback.per-day"],
        broken: |config| {
            (config.writeback.per_day == Units(0))
                .then(|| "nothing could be written: if that is meant, say enabled = false".to_owned())
        },
    },
    Rule {
        keys: &["writeback.round-max"],
        broken: |config| {
            (config.writeback.round_max == Units(0))
                .then(|| "nothing could be written: if that is meant, say enabled = false".to_owned())
        },
    },
    Rule {
        keys: &["writeback.round-min", "writeback.round-max"],
        broken: |config| {
            not_above(("round-min", config.writeback.round_min), ("round-max", config.writeback.round_max))
        },
    },
    Rule {
        keys: &["writeback.round-max", "writeback.per-day"],
        broken: |config| {
            not_above(("round-max", config.writeback.round_max), ("per-day", config.writeback.per_day))
        },
    },
    Rule { keys: &["writeback.every"], broken: |config| at_least(config.writeback.every, SECOND, TOO_OFTEN) },
    Rule { keys: &["writeback.reserve"], broken: |config| at_most_whole(config.writeback.reserve) },
    Rule {
        keys: &["writeback.lock-hold"],
        broken: |config| {
            let fits = Duration::from_millis(1)..=Duration::from_secs(10);
            (!fits.contains(&config.writeback.lock_hold))
                .then(|| format!("{} is out of range: give 1ms to 10s", duration(config.writeback.lock_hold)))
        },
    },
    Rule {
        keys: &["writeback.enabled", "writeback.huge", "writeback.incompressible", "writeback.compressible"],
        broken: |config| {
            let writeback = &config.writeback;
            let none = !writeback.huge && !writeback.incompressible && !writeback.compressible;
            (writeback.enabled && none)
                .then(|| "no kind of page would be written: if that is meant, say enabled = false".to_owned())
        },
    },
    Rule { keys: &["regret.target"], broken: |config| at_most_whole(config.regret.target) },
    Rule {
        keys: &["regret.horizon"],
        broken: |config| at_least(config.regret.horizon, SECOND, "nothing comes back sooner"),
    },
    Rule {
        keys: &["regret.least"],
        broken: |config| {
            let least = config.regret.least;
            (least == Permille(0) || least > WHOLE).then(|| {
                format!("{} is out of range: give more than 0%, and no more than 100%", share(least))
            })
        },
    },
    Rule {
        keys: &["regret.most"],
        broken: |config| {
            let most = config.regret.most;
            (!(WHOLE..=Permille(100_000)).contains(&most))
                .then(|| format!("{} is out of range: give 100% to 10000%", share(most)))
        },
    },
    Rule { keys: &["compaction.waste"], broken: |config| at_most_whole(config.compaction.waste) },
    Rule {
        keys: &["compaction.every"],
        broken: |config| at_least(config.compaction.every, SECOND, TOO_OFTEN),
    },
    Rule {
        keys: &["pressure.memory-window"],
        broken: |config| {
            let window = config.pressure.memory_window;
            (!(WINDOW[0]..=WINDOW[1]).contains(&window))
                .then(|| format!("{} is out of range: Linux takes 500ms to 10s", duration(window)))
        },
    },
    Rule {
        keys: &["pressure.memory-stall"],
        broken: |config| {
            config
                .pressure
                .memory_stall
                .is_zero()
                .then(|| "it would be so always: give at least 1ms".to_owned())
        },
    },
    Rule {
        keys: &["pressure.memory-stall", "pressure.memory-window"],
        broken: |config| {
            let (stall, window) = (config.pressure.memory_stall, config.pressure.memory_window);
            (stall > window).then(|| {
                let (stall, window) = (duration(stall), duration(window));
                format!("memory-stall is {stall} and memory-window is {window}: no stall is longer than the time it is in")
            })
        },
    },
    Rule {
        keys: &["pressure.io-busy"],
        broken: |config| {
            let busy = config.pressure.io_busy;
            (busy == Permille(0) || busy > WHOLE)
                .then(|| format!("{} is out of range: give more than 0%, and no more than 100%", share(busy)))
        },
    },
    Rule {
        keys: &["pressure.io-calm", "pressure.io-busy"],
        broken: |config| {
            let (calm, busy) = (config.pressure.io_calm, config.pressure.io_busy);
            (calm > busy).then(|| {
                format!(
                    "io-calm is {} and io-busy is {}: io-calm must not be above io-busy",
                    share(calm),
                    share(busy)
                )
            })
        },
    },
    Rule {
        keys: &["recompression"],
        broken: |config| {
            let often = config.recompression.iter().find(|tier| tier.every < SECOND);
            often.map(|tier| {
                format!(
                    "{} is tried every {}: {TOO_OFTEN}, so give at least 1s",
                    tier.algorithm,
                    duration(tier.every)
                )
            })
        },
    },
    Rule {
        keys: &["recompression"],
        broken: |config| {
            let twice = config.recompression.iter().enumerate().find(|(at, tier)| {
                let before = &config.recompression[..*at];
                before.iter().any(|other| other.algorithm == tier.algorithm && other.pages == tier.pages)
            });
            twice.map(|(_, tier)| {
                format!("{} is there twice for the same pages: the second would find nothing", tier.algorithm)
            })
        },
    },
    Rule { keys: &["paths.control"], broken: |config| fits_a_socket(&config.paths.control) },
    Rule {
        keys: &["paths.metrics-socket"],
        broken: |config| config.paths.metrics_socket.as_deref().and_then(fits_a_socket),
    },
    Rule {
        keys: &["paths.state", "paths.control", "paths.metrics", "paths.metrics-socket"],
        broken: |config| {
            let paths = &config.paths;
            let all = [
                Some(&paths.state),
                Some(&paths.control),
                paths.metrics.as_ref(),
                paths.metrics_socket.as_ref(),
            ];
            let mut seen = BTreeSet::new();
            let twice = all.into_iter().flatten().find(|path| !seen.insert(*path));
            twice.map(|path| {
                format!("{} is given for two things: each needs a path of its own", path.display())
            })
        },
    },
];

const TOO_OFTEN: &str = "that would be all the time";

fn at_least(time: Duration, least: Duration, why: &str) -> Option<String> {
    (time < least)
        .then(|| format!("{} is too short, {why}: give at least {}", duration(time), duration(least)))
}

fn at_most_whole(part: Permille) -> Option<String> {
    (part > WHOLE).then(|| format!("{} is more than there is: give at most 100%", share(part)))
}

fn not_above((low, less): (&str, Units), (high, more): (&str, Units)) -> Option<String> {
    let shown = |units: Units| super::setting::bytes(units.bytes());
    (less > more).then(|| {
        format!("{low} is {} and {high} is {}: {low} must not be above {high}", shown(less), shown(more))
    })
}

fn fits_a_socket(path: impl AsRef<std::path::Path>) -> Option<String> {
    let bytes = path.as_ref().as_os_str().as_bytes().len();
    (bytes > SOCKET_PATH).then(|| {
        format!("{bytes} bytes are too long for the path of a socket: give one of at most {SOCKET_PATH}")
    })
}

/// The rules that are broken, with files in the order in which they were read; but for those about a key of which nothing is known.
pub(super) fn broken(
    config: &Config,
    given: &Given,
    files: &[File],
    spoilt: &dyn Fn(&str) -> bool,
) -> Vec<Wrong> {
    let judged = RULES.iter().filter(|rule| !rule.keys.iter().any(|key| spoilt(key)));
    judged.filter_map(|rule| Some(rule.wrong((rule.broken)(config)?, given, files))).collect()
}

impl Rule {
    /// At the last of its keys, with where the others come from.
    fn wrong(&self, what: String, given: &Given, files: &[File]) -> Wrong {
        let last = {
            let given = self.keys.iter().filter_map(|key| Some((given.get(*key)?, *key)));
            let read = |place: &Place| files.iter().position(|file| file.path == place.file);
            given.max_by_key(|(place, _)| (read(place), place.line))
        };
        // The defaults break no rule, as a test says; so at least one was given.
        let Some((place, at)) = last else {
            return Wrong::of_file("the defaults".into(), format!("{}: {what}", self.keys.join(", ")));
        };
        let others = self.keys.iter().filter(|key| **key != at);
        let others: Vec<String> = others
            .map(|key| match given.get(*key) {
                Some(Place { file, line }) if *file == place.file => line.map_or_else(
                    || format!("{key} stands here, too"),
                    |line| format!("{key} stands in line {}", line.line),
                ),
                Some(place) => format!("{key} stands in {place}"),
                None => format!("{key} is the default"),
            })
            .collect();
        let others = if others.is_empty() { String::new() } else { format!(" ({})", others.join(", ")) };
        Wrong { place: place.clone(), what: format!("{at}: {what}{others}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::keys::KEYS;

    #[test]
    fn the_defaults_break_no_rule() {
        assert_eq!(broken(&Config::default(), &Given::new(), &[], &|_| false), []);
    }

    #[test]
    fn rules_are_about_keys_that_there_are() {
        for key in RULES.iter().flat_map(|rule| rule.keys) {
            assert!(KEYS.iter().any(|there| there.full() == *key), "{key}");
        }
    }
}

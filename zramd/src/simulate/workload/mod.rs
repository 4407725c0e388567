//! Workloads: what happens on a machine, by a description and chance, or as it was recorded.
//!
//! None is a measurement of anybody's machine. They are made so that what makes writeback hard is in them: memory that is never
//! touched again beside memory that is touched every morning, popularity without a gap between much and little, reports that read everything once,
//! nights, and a machine that sleeps while ages go on.
//!
//! * [`described`] is a description: `apps` that somebody looks at, `services` that run all the time, `jobs` that come and go, by the
//!   `rhythm` of days. Four come with the program, see [`BUILT_IN`].
//! * [`trace`] is a recorded one. * [`step`] is what both consist of.

mod apps;
mod chance;
pub mod described;
mod jobs;
mod rhythm;
mod services;
mod source;
pub mod step;
pub mod trace;

use std::{io, path::Path};

pub use apps::Apps;
pub use described::Described;
pub use jobs::Jobs;
pub use rhythm::Rhythm;
pub use services::{Scan, Services};
pub use step::{Backing, Deed, OwnerId, Power, RegionId, Step};
pub use trace::{BadTrace, Trace};

use super::machine::{BadSpec, Spec};

/// Those that come with the program: names and descriptions.
pub const BUILT_IN: [(&str, &str); 4] = [
    ("phone", include_str!("../../../workloads/phone.toml")),
    ("desktop", include_str!("../../../workloads/desktop.toml")),
    ("build-server", include_str!("../../../workloads/build-server.toml")),
    ("database", include_str!("../../../workloads/database.toml")),
];

/// A workload.
#[derive(Clone, Debug, PartialEq)]
pub enum Workload {
    /// By a description.
    Described(Box<Described>),
    /// As it was recorded.
    Recorded(Trace),
}

/// It is none.
#[derive(Debug, thiserror::Error)]
pub enum BadWorkload {
    /// There is no such file, nor does one of this name come with the program.
    #[error("cannot read workload {name}: {source}; those that come with zramd are {}", names())]
    Unreadable {
        /// What was asked for.
        name: String,
        /// Why it cannot be read.
        source: io::Error,
    },
    /// A description that is none.
    #[error("workload {name}: {source}")]
    Description {
        /// What was asked for.
        name: String,
        /// Why.
        source: Box<toml::de::Error>,
    },
    /// A machine that cannot be.
    #[error("workload {name}: {source}")]
    Machine {
        /// What was asked for.
        name: String,
        /// Why.
        source: BadSpec,
    },
    /// A trace that is none.
    #[error("workload {name}: {source}")]
    Trace {
        /// What was asked for.
        name: String,
        /// Why.
        source: BadTrace,
    },
}

fn names() -> String {
    BUILT_IN.map(|(name, _)| name).join(", ")
}

impl Workload {
    /// The one of this name, or in the file at this path: a trace if it begins as JSON does, else a description.
    ///
    /// # Errors
    /// When there is none, or it is wrong.
    pub fn find(name: &str) -> Result<Self, BadWorkload> {
        if let Some((_, text)) = BUILT_IN.iter().find(|(built_in, _)| *built_in == name) {
            return Self::parse(name, text);
        }
        let text = std::fs::read_to_string(Path::new(name))
            .map_err(|source| BadWorkload::Unreadable { name: name.to_owned(), source })?;
        Self::parse(name, &text)
    }

    /// A workload by its text.
    ///
    /// # Errors
    /// When it is wrong.
    pub fn parse(name: &str, text: &str) -> Result<Self, BadWorkload> {
        let name = || name.to_owned();
        if text.trim_start().starts_with('{') {
            let trace = Trace::read(text.as_bytes());
            return trace.map(Self::Recorded).map_err(|source| BadWorkload::Trace { name: name(), source });
        }
        let described: Described = toml::from_str(text)
            .map_err(|source| BadWorkload::Description { name: name(), source: Box::new(source) })?;
        described.machine.check().map_err(|source| BadWorkload::Machine { name: name(), source })?;
        Ok(Self::Described(Box::new(described)))
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Described(described) => &described.name,
            Self::Recorded(trace) => &trace.name,
        }
    }

    /// The machine.
    #[must_use]
    pub fn machine(&self) -> &Spec {
        match self {
            Self::Described(described) => &described.machine,
            Self::Recorded(trace) => &trace.machine,
        }
    }

    /// Another machine for it.
    pub fn machine_mut(&mut self) -> &mut Spec {
        match self {
            Self::Described(described) => &mut described.machine,
            Self::Recorded(trace) => &mut trace.machine,
        }
    }

    /// What happens in so many days. What was recorded is what it is, and the seed has no say in it.
    #[must_use]
    pub fn steps(&self, days: u64, seed: u64) -> Box<dyn Iterator<Item = Step>> {
        match self {
            Self::Described(described) => described.steps(days, seed),
            Self::Recorded(trace) => Box::new(trace.steps.clone().into_iter()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_of_ours_can_be_read_and_is_in_order() {
        for (name, _) in BUILT_IN {
            let workload = Workload::find(name).unwrap();
            assert_eq!(workload.name(), name);
            let mut mapped = BTreeSet::new();
            let (mut last, mut touches) = (0, 0);
            for step in workload.steps(2, 1) {
                assert!(step.millis >= last, "{name}: {step:?} after {last}");
                last = step.millis;
                match step.deed {
                    Deed::Map { region, .. } => assert!(mapped.insert(region), "{name}: {region:?} twice"),
                    Deed::Touch { .. } => touches += 1,
                    _ => {}
                }
            }
            assert!(touches > 1000, "{name}: {touches}");
        }
    }

    #[test]
    fn the_seed_is_all_that_matters() {
        let workload = Workload::find("phone").unwrap();
        let steps = |seed| workload.steps(1, seed).collect::<Vec<Step>>();
        assert_eq!(steps(1), steps(1));
        assert_ne!(steps(1), steps(2));
    }

    #[test]
    fn mistakes_are_said_with_their_place() {
        let error = |name: &str, text: &str| Workload::parse(name, text).unwrap_err().to_string();
        let [(_, phone), ..] = BUILT_IN;
        assert!(
            error("mine", &phone.replace("swappiness", "swapiness")).contains("unknown field `swapiness`")
        );
        assert!(
            error("mine", &phone.replace("scale = ", "scale = 0 #"))
                .starts_with("workload mine: the machine stands for")
        );
        let missing = Workload::find("/nowhere/at/all").unwrap_err().to_string();
        assert!(missing.contains("phone, desktop, build-server, database"), "{missing}");
    }
}

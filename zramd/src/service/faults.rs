//! What is wrong, as long as it is.
//!
//! A disk that fails does so every ten minutes for a week. In the log it is said when it begins, when it becomes something else, and when it is over; how often it
//! was meanwhile is a number in the status. So whoever reads the log at night finds the beginning, and not ten thousand copies.

use std::{collections::BTreeMap, fmt};

/// What is wrong now, by what it is about.
#[derive(Clone, Debug, Default)]
pub struct Faults(BTreeMap<String, Fault>);

#[derive(Clone, Debug)]
struct Fault {
    says: String,
    times: u64,
}

impl Faults {
    /// Something is wrong: said, unless it was already. Returns whether it was said.
    pub fn is_wrong(&mut self, about: impl Into<String>, says: impl fmt::Display) -> bool {
        let says = says.to_string();
        match self.0.entry(about.into()) {
            std::collections::btree_map::Entry::Occupied(mut known) if known.get().says == says => {
                known.get_mut().times += 1;
                false
            }
            entry => {
                log::warn!("{says}");
                entry.insert_entry(Fault { says, times: 1 });
                true
            }
        }
    }

    /// It is not any more: said, if it was. Returns whether it was said.
    pub fn is_well(&mut self, about: &str) -> bool {
        let Some(fault) = self.0.remove(about) else { return false };
        let times = if fault.times > 1 { format!(", after {} times", fault.times) } else { String::new() };
        log::info!("over{times}: {}", fault.says);
        true
    }

    /// What all of this is about, by how it begins, is not there any more, which somebody else says.
    pub fn forget(&mut self, about: &str) {
        self.0.retain(|known, _| !known.starts_with(about));
    }

    /// All of them, as sentences.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let sentence = |fault: &Fault| match fault.times {
            1 => fault.says.clone(),
            times => format!("{} ({times} times)", fault.says),
        };
        self.0.values().map(sentence).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_said_when_it_begins_changes_and_ends() {
        let mut faults = Faults::default();
        assert!(!faults.is_well("disk"));
        assert!(faults.is_wrong("disk", "I/O error"));
        assert!(!faults.is_wrong("disk", "I/O error"));
        assert!(faults.is_wrong("other", "I/O error"));
        assert_eq!(faults.sentences(), ["I/O error (2 times)", "I/O error"]);
        assert!(faults.is_wrong("disk", "no space"));
        assert_eq!(faults.sentences(), ["no space", "I/O error"]);
        assert!(faults.is_well("disk"));
        assert!(!faults.is_well("disk"));
        assert_eq!(faults.sentences(), ["I/O error"]);
        assert!(faults.is_wrong("disk", "no space"));
        assert!(faults.is_wrong("zram1 disk", "gone"));
        faults.forget("zram1 ");
        assert_eq!(faults.sentences(), ["no space", "I/O error"]);
    }
}

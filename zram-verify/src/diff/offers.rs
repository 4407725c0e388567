//! Which operations both kernels can be asked.
//!
//! An attribute or a compressor that only one of them has would make a difference of every program that uses it, and the
//! same one each time. It is noted once, as a fact, and operations that ask for it are left out.

use std::collections::BTreeSet;

use zram_agent::protocol::Op;

/// What only one of the two has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lacking {
    /// Attributes.
    pub(super) attributes: BTreeSet<String>,
    /// Compressors.
    pub(super) algorithms: BTreeSet<String>,
}

/// Attributes whose text names compressors.
const NAMING: &[&str] = &["comp_algorithm", "recomp_algorithm", "algorithm_params", "recompress"];

impl Lacking {
    /// Whether an operation asks for something that only one kernel has.
    pub(super) fn concerns(&self, op: &Op) -> bool {
        match op {
            Op::Set { attr, value, .. } => {
                let names = |word: &str| self.algorithms.contains(word);
                self.attributes.contains(attr)
                    || NAMING.contains(&attr.as_str()) && value.split([' ', '=', '\n']).any(names)
            }
            Op::Get { attr, .. } => self.attributes.contains(attr),
            _ => false,
        }
    }
}

/// Whether it is left to the machine when writes of this program complete, and so in which order; or what is written at all.
pub(super) fn times_decide(ops: &[Op]) -> bool {
    let decides = |op: &Op| match op {
        Op::Begin(begin) => {
            begin.backing_delay_ms > 0
                || begin.backing_read_delay_ms > 0
                || begin.backing_interrupts
                || begin.backing_below.is_some()
        }
        Op::During { .. } | Op::Together { .. } => true,
        // Which bios come, the rest of the kernel decides, and not twice alike.
        op => op.work().is_some(),
    };
    ops.iter().any(decides)
}

/// What is in one of two sets only.
pub(super) fn of_one_only<T: Ord + Clone>(a: &[T], b: &[T]) -> BTreeSet<T> {
    let [a, b] = [a, b].map(|side| side.iter().cloned().collect::<BTreeSet<T>>());
    a.symmetric_difference(&b).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(attr: &str, value: &str) -> Op {
        Op::Set { dev: 0, attr: attr.into(), value: value.into() }
    }

    #[test]
    fn what_only_one_has_is_not_asked_for() {
        let lacking = Lacking {
            attributes: of_one_only(&["a".to_owned(), "b".to_owned()], &["b".to_owned()]),
            algorithms: ["lzo".to_owned()].into(),
        };
        assert!(lacking.concerns(&set("a", "1")) && !lacking.concerns(&set("b", "1")));
        assert!(lacking.concerns(&set("comp_algorithm", "lzo\n")));
        assert!(lacking.concerns(&set("algorithm_params", "algo=lzo level=1")));
        assert!(!lacking.concerns(&set("comp_algorithm", "lzo-rle")));
        assert!(!lacking.concerns(&set("writeback", "lzo")));
    }
}

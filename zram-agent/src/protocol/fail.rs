//! Failures for want of memory: the operation `fail`, and what it is for.
//!
//! What a kernel does without memory is as much a rule as the rest, and no rule that comes true by itself in a test. So the
//! allocation that fails is part of the program: the N-th of a kind within the next operation. Which one that
//! is, the model knows as well as the kernel; nothing of it is taken from what was observed. How many of the kind there were is answered,
//! and compared, whether one of them failed or not.

use serde::{Deserialize, Serialize};
use zram_events::Shortage;
pub use zram_probe::Failed;

use super::Op;

/// `fail`: what fails in the operation after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fail {
    /// What there is no memory for.
    pub site: Shortage,
    /// Which of these allocations fails, from 1. The others succeed.
    pub nth: u32,
}

impl Op {
    /// Whether it is known which allocations this operation makes, and in which order. Not of a workload: the kernel chooses its bios, and
    /// other processes make them; nor of `during`, where two threads allocate. `begin` is no call on zram. A second `fail` takes the
    /// first one's place, which is what a list of operations comes to when one is left out.
    #[must_use]
    pub fn can_lack_memory(&self) -> bool {
        !matches!(self, Self::Begin(_) | Self::During { .. } | Self::Together { .. }) && self.work().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_one_flat_object() {
        let op = Op::Fail(Fail { site: Shortage::ReadBack, nth: 2 });
        let text = r#"{"op":"fail","site":"read_back","nth":2}"#;
        assert_eq!(serde_json::to_string(&op).unwrap(), text);
        assert_eq!(serde_json::from_str::<Op>(text).unwrap(), op);
        for shortage in Shortage::ALL {
            assert_eq!(serde_json::to_value(shortage).unwrap(), shortage.name());
        }
    }

    #[test]
    fn only_what_makes_its_own_calls_can_be_steered() {
        assert!(Op::Add {}.can_lack_memory());
        assert!(!Op::Trim { dev: 0 }.can_lack_memory());
    }
}

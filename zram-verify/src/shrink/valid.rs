//! Lists that an agent would refuse are not worth an attempt.

use zram_agent::{SimWorld, execute, protocol::Op};
use zram_model::Profile;

use crate::exact;

/// Whether every operation names a device that is there: what an agent insists on.
pub(super) fn is_valid(ops: &[Op]) -> bool {
    if !matches!(ops.first(), Some(Op::Begin(_))) {
        return false;
    }
    let mut world = SimWorld::new(exact::host(Profile::debian_7_2()));
    let mut there = Vec::new();
    for (n, op) in (0..).zip(ops) {
        if op.dev().is_some_and(|dev| !there.contains(&dev)) {
            return false;
        }
        match op {
            // What these do to devices does not depend on what the others do to slots, but for a
            // device that is held or initialised: those operations are carried out, too.
            Op::Begin(_) | Op::Add {} | Op::Remove { .. } | Op::Hold { .. } | Op::Release { .. } => {
                match execute(n, op, &mut world) {
                    Ok(observation) => there = observation.devices.keys().copied().collect(),
                    Err(_) => return false,
                }
            }
            _ => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use zram_agent::protocol::Begin;

    use super::*;

    #[test]
    fn a_device_must_be_added_first() {
        let begin = Op::Begin(Begin { backing_pages: 0, ..Begin::default() });
        let get = Op::Get { dev: 0, attr: "mm_stat".into() };
        let remove = Op::Remove { text: "0".into() };
        assert!(is_valid(&[begin.clone(), Op::Add {}, get.clone()]));
        assert!(!is_valid(&[begin.clone(), get.clone()]));
        assert!(!is_valid(&[Op::Add {}, get.clone()]));
        assert!(!is_valid(&[begin, Op::Add {}, remove, get]));
    }
}

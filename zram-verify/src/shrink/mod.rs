//! From a program that fails to the shortest one that fails in the same way.
//!
//! Delta debugging: runs of operations are left out, long ones first, for as long as the failure
//! stays; then what is left is made simpler, one number or content at a time. Every attempt is played
//! to the same machine and begins in a clean world, and their number is bounded.

mod simplify;
mod valid;

use std::time::{Duration, Instant};

use zram_agent::protocol::Op;

use crate::{divergence::Difference, trouble::Trouble};

/// Most attempts for one failure.
pub const MOST_ATTEMPTS: usize = 240;

/// Longest time spent on one failure: programs may sleep.
const LONGEST: Duration = Duration::from_secs(90);

/// What came of an attempt: the difference that ended it, if any, and at which operation.
pub type Outcome = Option<(usize, Vec<Difference>)>;

/// Plays a list of operations.
pub type Play<'a> = dyn FnMut(&[Op]) -> Result<Outcome, Trouble> + 'a;

/// A failing list that became as short as it would.
#[derive(Clone, Debug, PartialEq)]
pub struct Shrunk {
    /// The operations.
    pub ops: Vec<Op>,
    /// What differs after the last of them.
    pub differences: Vec<Difference>,
    /// Attempts made.
    pub attempts: usize,
}

struct Shrinker<'a, 'p> {
    play: &'a mut Play<'p>,
    kind: (crate::compare::Level, String),
    best: Shrunk,
    begun: Instant,
}

/// Shrinks a list that fails after its last operation with these differences.
///
/// # Errors
/// When the machine is gone.
pub fn shrink(ops: Vec<Op>, differences: Vec<Difference>, play: &mut Play<'_>) -> Result<Shrunk, Trouble> {
    let Some(first) = differences.first() else {
        return Ok(Shrunk { ops, differences, attempts: 0 });
    };
    let kind = first.kind();
    let mut shrinker =
        Shrinker { play, kind, best: Shrunk { ops, differences, attempts: 0 }, begun: Instant::now() };
    shrinker.hasten()?;
    // Long runs first, then single operations made simple, then what that made superfluous.
    shrinker.leave_out(2)?;
    shrinker.simplify()?;
    shrinker.leave_out(1)?;
    Ok(shrinker.best)
}

impl Shrinker<'_, '_> {
    fn exhausted(&self) -> bool {
        self.best.attempts >= MOST_ATTEMPTS || self.begun.elapsed() >= LONGEST
    }

    /// Whether a list fails in the same way; if so it is the best so far.
    fn fails(&mut self, ops: &[Op]) -> Result<bool, Trouble> {
        if self.exhausted() || !valid::is_valid(ops) {
            return Ok(false);
        }
        self.best.attempts += 1;
        let Some((at, differences)) = (self.play)(ops)? else { return Ok(false) };
        if !differences.iter().any(|difference| difference.kind() == self.kind) {
            return Ok(false);
        }
        self.best.ops = ops[..=at.min(ops.len() - 1)].to_vec();
        self.best.differences = differences;
        Ok(true)
    }

    /// Tries without waiting: most of what goes wrong after a sleep goes wrong without it.
    fn hasten(&mut self) -> Result<(), Trouble> {
        let all_at_once = |op: &Op| match op {
            Op::Sleep { .. } => None,
            Op::Set { dev, attr, .. } if attr == "idle" => {
                Some(Op::Set { dev: *dev, attr: attr.clone(), value: "all".to_owned() })
            }
            other => Some(other.clone()),
        };
        let candidate: Vec<Op> = self.best.ops.iter().filter_map(all_at_once).collect();
        if candidate != self.best.ops {
            self.fails(&candidate)?;
        }
        Ok(())
    }

    /// Leaves out runs of operations down to this length, the first (`begin`) and the last excepted.
    fn leave_out(&mut self, shortest: usize) -> Result<(), Trouble> {
        let mut run = self.best.ops.len().saturating_sub(2).div_ceil(2).max(1);
        loop {
            let mut at = 1;
            while at + 1 < self.best.ops.len() {
                let end = (at + run).min(self.best.ops.len() - 1);
                let mut candidate = self.best.ops.clone();
                candidate.drain(at..end);
                if !self.fails(&candidate)? {
                    at = end;
                }
                if self.exhausted() {
                    return Ok(());
                }
            }
            if run <= shortest {
                return Ok(());
            }
            run = (run / 2).max(shortest);
        }
    }

    /// Makes single operations simpler, the last included.
    fn simplify(&mut self) -> Result<(), Trouble> {
        let mut at = 0;
        while at < self.best.ops.len() {
            let mut simpler = false;
            for op in simplify::simpler(&self.best.ops[at]) {
                let mut candidate = self.best.ops.clone();
                candidate[at] = op;
                if self.fails(&candidate)? {
                    simpler = true;
                    break;
                }
                if self.exhausted() {
                    return Ok(());
                }
            }
            if !simpler || at >= self.best.ops.len() {
                at += 1;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use zram_agent::protocol::{Begin, Content, Layout};

    use super::*;
    use crate::compare::{Level, Strength};

    fn write(slot: u64, pages: usize) -> Op {
        let pages = (0..pages).map(|n| Content::Random { seed: n as u32 }).collect();
        Op::Write { dev: 0, slot, pages, layout: Layout::default() }
    }

    fn difference() -> Vec<Difference> {
        vec![Difference {
            timeline: None,
            level: Level::L1,
            strength: Strength::Exact,
            field: "f".into(),
            expected: String::new(),
            observed: String::new(),
            context: Vec::new(),
        }]
    }

    /// Fails at the first read of slot 5 after it was written.
    fn bug(ops: &[Op]) -> Outcome {
        let mut written = false;
        for (n, op) in ops.iter().enumerate() {
            match op {
                Op::Write { slot, pages, .. } => {
                    written |= (*slot..*slot + pages.len() as u64).contains(&5);
                }
                Op::Read { slot, count, .. }
                    if written && (*slot..*slot + u64::from(*count)).contains(&5) =>
                {
                    return Some((n, difference()));
                }
                _ => {}
            }
        }
        None
    }

    #[test]
    fn what_does_not_matter_is_left_out() {
        let mut ops = vec![Op::Begin(Begin { backing_pages: 64, ..Begin::default() }), Op::Add {}];
        ops.push(Op::Set { dev: 0, attr: "disksize".into(), value: "1M".into() });
        ops.extend((0..30).map(|n| write(n, 3)));
        ops.push(Op::Read { dev: 0, slot: 0, count: 20, layout: Layout::default() });
        let mut plays = 0;
        let shrunk = shrink(ops, difference(), &mut |ops| {
            plays += 1;
            Ok(bug(ops))
        })
        .unwrap();
        assert_eq!(plays, shrunk.attempts);
        assert!(shrunk.attempts <= MOST_ATTEMPTS);
        assert!(shrunk.ops.len() <= 5, "{:#?}", shrunk.ops);
        assert!(bug(&shrunk.ops).is_some());
        assert!(shrunk.ops.iter().any(|op| matches!(op, Op::Write { pages, .. } if pages.len() == 1)));
    }

    #[test]
    fn another_failure_is_not_followed() {
        let ops = vec![Op::Begin(Begin { backing_pages: 0, ..Begin::default() }), Op::Add {}, write(5, 1)];
        let mut other = difference();
        other[0].field = "g".into();
        let shrunk =
            shrink(ops.clone(), difference(), &mut |ops| Ok(Some((ops.len() - 1, other.clone())))).unwrap();
        assert_eq!(shrunk.ops, ops);
    }
}

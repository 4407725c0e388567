//! A program played to an agent, and checked as the answers come in.

use zram_agent::protocol::{Begin, Observation, Op};

use crate::{
    agent::Agent,
    checker::{Checked, Checker},
    divergence::Difference,
    trouble::Trouble,
};

/// Where a program stopped agreeing.
#[derive(Clone, Debug, PartialEq)]
pub struct Stop {
    /// Which operation of the program.
    pub at: usize,
    /// What differs after it.
    pub differences: Vec<Difference>,
}

/// Somebody who looks on.
pub trait Onlooker {
    /// An answer came, not yet checked.
    ///
    /// # Errors
    /// When it cannot be taken note of.
    fn answered(&mut self, op: &Op, answer: &Observation) -> anyhow::Result<()> {
        let _ = (op, answer);
        Ok(())
    }

    /// It was checked.
    fn checked(&mut self, op: &Op, checked: &Checked) {
        let _ = (op, checked);
    }
}

/// Nobody.
impl Onlooker for () {}

/// Plays a program until its end or its first divergence. The next operation is under way while an
/// answer is being checked.
///
/// # Errors
/// When there can be no verdict.
pub fn play(
    agent: &mut Agent,
    checker: &mut Checker,
    ops: &[Op],
    onlooker: &mut dyn Onlooker,
) -> Result<Option<Stop>, Trouble> {
    let Some(first) = ops.first() else { return Ok(None) };
    checker.go_on_from(agent.misses());
    agent.send(first)?;
    for (at, op) in ops.iter().enumerate() {
        let answer = agent.receive()?;
        let next = ops.get(at + 1);
        if let Some(next) = next {
            agent.send(next)?;
        }
        onlooker.answered(op, &answer).map_err(|error| Trouble::Record { reason: format!("{error:#}") })?;
        let checked = match checker.check(op, answer) {
            Ok(checked) => checked,
            Err(trouble) => {
                drain(agent, next.is_some());
                return Err(trouble);
            }
        };
        onlooker.checked(op, &checked);
        if !checked.differences.is_empty() {
            drain(agent, next.is_some());
            return Ok(Some(Stop { at, differences: checked.differences }));
        }
    }
    Ok(None)
}

/// Has the machine tidy up once more, looks at what came of that, and sees it off.
///
/// # Errors
/// When something was lost or complained of after the last operation, or the machine does not end well.
pub fn farewell(mut agent: Agent, checker: &Checker) -> Result<(), Trouble> {
    let begin = Op::Begin(Begin { backing_pages: 0, ..Begin::default() });
    agent.send(&begin)?;
    checker.check_farewell(&begin, agent.receive()?)?;
    agent.end()
}

/// Takes the answer to an operation that nobody wants any more. If there is none, the next
/// operation will find out.
fn drain(agent: &mut Agent, outstanding: bool) {
    if outstanding {
        let _ = agent.receive();
    }
}

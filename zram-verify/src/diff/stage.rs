//! Both kernels, carrying out one list of operations in step.

use core::ops::ControlFlow;

use zram_agent::protocol::Op;

use super::side::{Introduction, Seen, Side};
use crate::{agent::Target, trouble::Trouble};

/// Two machines that are given the same operations.
#[derive(Debug)]
pub(super) struct Stage {
    sides: [Side; 2],
}

/// What a list came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Played {
    /// Both carried it out, to its end or to where the onlooker had seen enough.
    Both,
    /// One of the machines died, or one of the agents refused an operation; both are fresh again.
    Broken,
}

/// Looks at both answers to an operation and says whether to go on.
pub(super) type Onlooker<'a> = dyn FnMut(usize, &Op, [&Seen; 2]) -> ControlFlow<()> + 'a;

impl Stage {
    pub(super) fn new(targets: [Target; 2], verbose: bool) -> Self {
        Self { sides: targets.map(|target| Side::new(target, verbose)) }
    }

    /// Who answers on either side.
    pub(super) fn introductions(&mut self) -> Result<[Introduction; 2], Trouble> {
        let [a, b] = &mut self.sides;
        Ok([a.introduction()?, b.introduction()?])
    }

    /// Plays a list. The next operation is under way while two answers are being compared.
    ///
    /// # Errors
    /// When a machine died once too often, or its answers cannot be used.
    pub(super) fn play(&mut self, ops: &[Op], onlooker: &mut Onlooker<'_>) -> Result<Played, Trouble> {
        match self.in_step(ops, onlooker) {
            Ok(()) => Ok(Played::Both),
            Err((side, trouble)) => {
                // The other one is in the middle of a list that will not be finished.
                for other in &mut self.sides {
                    other.restart();
                }
                match trouble {
                    Trouble::GaveUp { .. } => Ok(Played::Broken),
                    trouble => self.sides[side].survive(trouble).map(|()| Played::Broken),
                }
            }
        }
    }

    fn in_step(&mut self, ops: &[Op], onlooker: &mut Onlooker<'_>) -> Result<(), (usize, Trouble)> {
        let Some(first) = ops.first() else { return Ok(()) };
        self.send(first)?;
        for (at, op) in ops.iter().enumerate() {
            let a = self.sides[0].receive(op).map_err(|trouble| (0, trouble))?;
            let b = self.sides[1].receive(op).map_err(|trouble| (1, trouble))?;
            let next = ops.get(at + 1);
            if let Some(next) = next {
                self.send(next)?;
            }
            if onlooker(at, op, [&a, &b]).is_break() {
                if next.is_some() {
                    self.sides.iter_mut().for_each(Side::drain);
                }
                return Ok(());
            }
        }
        Ok(())
    }

    fn send(&mut self, op: &Op) -> Result<(), (usize, Trouble)> {
        for (n, side) in self.sides.iter_mut().enumerate() {
            side.send(op).map_err(|trouble| (n, trouble))?;
        }
        Ok(())
    }

    /// Ends both conversations. How the machines end is part of what was seen.
    pub(super) fn end(&mut self) -> Result<(), Trouble> {
        let [a, b] = &mut self.sides;
        let ended = a.end();
        b.end().and(ended)
    }
}

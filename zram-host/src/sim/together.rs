//! Several tasks at once, on the model.
//!
//! Bios are taken step by step, since in the kernel each step takes a lock of its own
//! and another task may come between two. A write to an attribute is one step. Who takes the next one, the
//! surroundings say ([`Surroundings::turn`]): a simulation takes turns, a checker follows what it saw. Where the model
//! does not take bios apart ([`zram_model::Kernel::can_interleave`]), each is one step.

use nix::errno::Errno;
use zram_events::{BioOp, DeviceId};
use zram_model::{Bio, Interleaving, Memory, Next};

use super::{SimHost, Surroundings, errno, range};
use crate::{
    meanwhile::Io,
    together::{Act, Acted, TaskEnded},
};

/// What a task does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ahead {
    /// Something that changes nothing: a call that comes to no bio.
    Nothing,
    /// A step of a bio.
    Step {
        /// Which of the task's calls it is, from 0.
        call: usize,
        /// What it does.
        next: Next,
    },
    /// A whole bio, this one.
    Whole(Bio),
    /// Writes this attribute.
    Attribute(String),
}

/// Who goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The task.
    pub task: usize,
    /// Whether it makes a zspage of its own if at some moment since it began to look there was no room.
    pub new_zspage: bool,
}

impl Turn {
    /// One after the other, of those that have something ahead.
    #[must_use]
    pub fn rotating(step: usize, ahead: &[Option<Ahead>]) -> Self {
        let ready: Vec<usize> = (0..ahead.len()).filter(|task| ahead[*task].is_some()).collect();
        Self { task: ready.get(step % ready.len().max(1)).copied().unwrap_or(0), new_zspage: false }
    }
}

/// A call under way.
enum Now {
    /// Done as soon as it is looked at.
    Ended(Result<usize, Errno>),
    Bio {
        bio: Bio,
        memory: Memory,
        bytes: usize,
    },
    Steps {
        bytes: usize,
    },
    Attribute,
}

/// A task.
struct Hand<'a> {
    acts: Vec<Act<'a>>,
    results: Vec<Acted>,
    now: Option<Now>,
    began: u64,
}

impl<E: Surroundings> SimHost<E> {
    pub(super) fn beside_each_other(&mut self, dev: u32, tasks: Vec<Vec<Act<'_>>>) -> Vec<TaskEnded> {
        let hand = |acts| Hand { acts, results: Vec::new(), now: None, began: 0 };
        let mut hands: Vec<Hand<'_>> = tasks.into_iter().map(hand).collect();
        self.seen.threads.clear();
        let mut run = Interleaving::new(DeviceId(dev), hands.len());
        let in_steps = self.kernel.can_interleave(DeviceId(dev)).is_ok();
        for step in 0.. {
            let mut ahead = Vec::with_capacity(hands.len());
            for (task, hand) in hands.iter_mut().enumerate() {
                if hand.now.is_none() {
                    hand.began = self.surroundings.boot_time();
                    hand.now = self.take_up(dev, task, hand, in_steps.then_some(&mut run));
                }
                ahead.push(hand.now.as_ref().and_then(|now| self.ahead(now, hand, task, &run)));
            }
            if ahead.iter().all(Option::is_none) {
                break;
            }
            let Turn { task, new_zspage } = self.surroundings.turn(step, &ahead);
            if let Some(hand) = hands.get_mut(task) {
                self.seen.thread = thread(task);
                self.go_on(dev, task, hand, (&mut run, new_zspage));
            }
        }
        self.seen.thread = 0;
        self.call(|kernel, env| kernel.settle(run, env));
        self.look_at_blocks();
        let ended = |(task, hand): (usize, Hand<'_>)| TaskEnded { thread: thread(task), acts: hand.results };
        hands.into_iter().enumerate().map(ended).collect()
    }

    /// The next call of a task, if it has one.
    fn take_up(&self, dev: u32, task: usize, hand: &Hand<'_>, run: Option<&mut Interleaving>) -> Option<Now> {
        Some(match hand.acts.get(hand.results.len())? {
            Act::Io(io) => match self.plan(dev, io) {
                Err(errno) => Now::Ended(Err(errno)),
                Ok(None) => Now::Ended(Ok(0)),
                Ok(Some((bio, memory))) => {
                    let bytes = if bio.op == BioOp::Discard { 0 } else { bio.size() as usize };
                    match run {
                        Some(run) => {
                            run.begin(task, bio, memory);
                            Now::Steps { bytes }
                        }
                        None => Now::Bio { bio, memory, bytes },
                    }
                }
            },
            Act::Set { .. } => Now::Attribute,
        })
    }

    fn ahead(&self, now: &Now, hand: &Hand<'_>, task: usize, run: &Interleaving) -> Option<Ahead> {
        Some(match now {
            Now::Ended(_) => Ahead::Nothing,
            Now::Bio { bio, .. } => Ahead::Whole(bio.clone()),
            Now::Steps { .. } => {
                run.next(task).map_or(Ahead::Nothing, |next| Ahead::Step { call: hand.results.len(), next })
            }
            Now::Attribute => match hand.acts.get(hand.results.len())? {
                Act::Set { name, .. } => Ahead::Attribute((*name).to_owned()),
                Act::Io(_) => Ahead::Nothing,
            },
        })
    }

    fn go_on(
        &mut self,
        dev: u32,
        task: usize,
        hand: &mut Hand<'_>,
        (run, new_zspage): (&mut Interleaving, bool),
    ) {
        let ended = match hand.now.take() {
            None => return,
            Some(Now::Ended(result)) => result,
            Some(Now::Bio { bio, mut memory, bytes }) => {
                let status = self.submit(dev, &bio, &mut memory);
                hand.bring(&memory);
                outcome(bio.op, status, bytes)
            }
            Some(Now::Steps { bytes }) => {
                self.call(|kernel, env| kernel.step(run, task, new_zspage, env));
                let Some((bio, memory, status)) = run.take_ended(task) else {
                    hand.now = Some(Now::Steps { bytes });
                    return;
                };
                hand.bring(&memory);
                outcome(bio.op, status, bytes)
            }
            Some(Now::Attribute) => {
                let Some(Act::Set { name, text }) = hand.acts.get(hand.results.len()) else { return };
                let taken = self.call(|kernel, env| kernel.write_attr(DeviceId(dev), name, text, env));
                taken.map_err(errno)
            }
        };
        let after = self.surroundings.boot_time();
        hand.results.push(Acted { result: ended, before: hand.began, after });
    }
}

impl Hand<'_> {
    /// What was read is in the caller's memory.
    fn bring(&mut self, memory: &Memory) {
        if let Some(Act::Io(Io::Read { buffer, .. })) = self.acts.get_mut(self.results.len()) {
            buffer.arena.copy_from_slice(&memory.0);
        }
    }
}

/// Threads of tasks are counted from 1.
fn thread(task: usize) -> u32 {
    u32::try_from(task).map_or(u32::MAX, |task| task.saturating_add(1))
}

fn outcome(op: BioOp, status: zram_model::BioStatus, bytes: usize) -> Result<usize, Errno> {
    let ended =
        if op == BioOp::Discard { range::outcome(op, status) } else { status.into_result().map_err(errno) };
    ended.map(|()| bytes)
}

//! I/O beside an attribute write, on the model.
//!
//! The model has one caller at a time; it asks its environment, at the places where a slot may be
//! touched by others, for another task's bio. The bios wait here until the surroundings let them in.
//! What has not been let in when the attribute is written comes after it.

use std::collections::VecDeque;

use nix::errno::Errno;
use zram_events::{BioOp, DeviceId};
use zram_model::{Bio, BioStatus, Memory};

use super::{
    SimHost, Surroundings, check,
    direct_io::{self, Direction},
    errno, range,
};
use crate::meanwhile::{Ended, Errand, Io};

/// Bios that wait, and those that are done.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiting {
    /// The device they are for.
    dev: Option<DeviceId>,
    bios: VecDeque<(usize, Bio, Memory)>,
    /// Which one is being served.
    served: Option<usize>,
    done: Vec<(usize, BioOp, Memory, BioStatus)>,
    /// Whether the pass has sent something off and waits, or would if the device took its time.
    pub(super) sent: bool,
}

impl Waiting {
    pub(super) fn next(&self, dev: DeviceId) -> Option<&Bio> {
        self.bios.front().filter(|_| self.dev == Some(dev)).map(|(_, bio, _)| bio)
    }

    pub(super) fn let_in(&mut self) -> Option<(Bio, Memory)> {
        let (at, bio, memory) = self.bios.pop_front()?;
        self.served = Some(at);
        Some((bio, memory))
    }

    pub(super) fn finish(&mut self, bio: &Bio, memory: Memory, status: BioStatus) {
        if let Some(at) = self.served.take() {
            self.done.push((at, bio.op, memory, status));
        }
    }
}

impl<E: Surroundings> SimHost<E> {
    pub(super) fn during(&mut self, dev: u32, errand: Errand<'_>, mut io: Vec<Io<'_>>) -> Ended {
        let mut results: Vec<Result<usize, Errno>> = Vec::new();
        let mut waiting = Waiting { dev: Some(DeviceId(dev)), ..Waiting::default() };
        for (at, io) in io.iter_mut().enumerate() {
            results.push(self.plan(dev, io).map(|planned| {
                planned.map_or(0, |(bio, memory)| {
                    let bytes = if bio.segments.is_empty() { 0 } else { bio.size() as usize };
                    waiting.bios.push_back((at, bio, memory));
                    bytes
                })
            }));
        }
        self.seen.waiting = waiting;
        self.serve_waiting(dev, false);
        let taken = self.call(|kernel, env| kernel.write_attr(DeviceId(dev), errand.name, errand.text, env));
        self.serve_waiting(dev, true);
        self.look_at_blocks();
        for (at, op, memory, status) in std::mem::take(&mut self.seen.waiting).done {
            if let Some(Io::Read { buffer, .. }) = io.get_mut(at) {
                buffer.arena.copy_from_slice(&memory.0);
            }
            let ended = if op == BioOp::Discard {
                range::outcome(op, status)
            } else {
                status.into_result().map_err(errno)
            };
            if let (Err(errno), Some(result)) = (ended, results.get_mut(at)) {
                *result = Err(errno);
            }
        }
        Ended { errand: taken.map_err(errno), io: results }
    }

    /// What the call comes to: a bio, or nothing.
    pub(super) fn plan(&self, dev: u32, io: &Io<'_>) -> Result<Option<(Bio, Memory)>, Errno> {
        if !self.exists(dev) {
            return Err(Errno::ENOENT);
        }
        let size = self.size(dev)?;
        let (direction, at, buffer) = match io {
            Io::Read { at, buffer } => (Direction::Read, *at, buffer),
            Io::Write { at, buffer } => (Direction::Write, *at, buffer),
            Io::Discard { at, bytes } => {
                let mut bios = range::bios(BioOp::Discard, *at, *bytes, size)?;
                return Ok(bios.pop().map(|bio| (bio, Memory(Vec::new()))));
            }
        };
        check(buffer.arena, buffer.pieces, self.page_size())?;
        let mut plan =
            direct_io::plan(direction, at, size, buffer.pieces, self.rules(), &mut |_, _, possible| {
                *possible.start()
            })?;
        match (plan.refused, plan.bios.pop()) {
            (Some(errno), _) => Err(errno),
            // More than one bio is more than the port promises to carry here.
            (None, Some(_)) if !plan.bios.is_empty() => Err(Errno::EINVAL),
            (None, bio) => Ok(bio.map(|bio| (bio, Memory(buffer.arena.to_vec())))),
        }
    }

    /// Bios that come before the attribute is written, or all that are left.
    fn serve_waiting(&mut self, dev: u32, all: bool) {
        while let Some(bio) = self.seen.waiting.next(DeviceId(dev)) {
            if !all && !self.surroundings.lets_in(DeviceId(dev), bio, false) {
                return;
            }
            let Some((bio, mut memory)) = self.seen.waiting.let_in() else { return };
            let status = self.submit(dev, &bio, &mut memory);
            self.seen.waiting.finish(&bio, memory, status);
        }
    }
}

//! Whether a workload's events can be followed at all.
//!
//! The model serves one bio after the other. A kernel does so, too, when one task makes them and waits for each; but
//! nothing keeps a worker from sending a bio of its own while that task is in the middle of one. Then
//! the two sequences lie in each other, and what came of it depends on which lock was free: the model has
//! no such moment, and nothing that it says afterwards would mean anything.
//!
//! What begins something stands in the stream: a bio, or a notification that a slot is free. All that follows it
//! must be the same task's, until something else begins. Read-backs are completed by other tasks, by nature, and the model
//! is asked for the order of their steps; but it takes one only between two pages of a read. A worker that
//! decompresses one page while the task decompresses another, or while it has gone on to write, is no moment of the model's either.

use zram_events::{BioOp, Context, Event};

use crate::observed::Origin;

/// Why not, if not.
pub(crate) fn interleaved(events: &[Event], origins: &[Origin]) -> Option<String> {
    let mut owner = None;
    // Whether the owner reads, and whether it is between two pages.
    let (mut reads, mut between) = (false, true);
    for (n, (event, origin)) in events.iter().zip(origins).enumerate() {
        match event {
            Event::Bio { op, .. } => (owner, reads, between) = (Some(origin.tid), *op == BioOp::Read, true),
            Event::SlotFreeNotify { .. } => (owner, reads, between) = (Some(origin.tid), false, true),
            Event::ReadBegin { .. } | Event::MapObject { .. } if owner == Some(origin.tid) => between = false,
            Event::ReadFromPool { .. } if owner == Some(origin.tid) => between = true,
            _ if owner == Some(origin.tid) => {}
            Event::ReadBackEndio { .. }
            | Event::ReadBackWork { .. }
            | Event::Decompress { context: Context::Worker, .. }
                if reads && between => {}
            other if owner.is_none() => {
                return Some(format!("event {n} ({}) belongs to nothing that began", other.name()));
            }
            Event::ReadBackEndio { .. } | Event::ReadBackWork { .. } => {
                return Some("a read-back went on in the middle of something else".to_owned());
            }
            _ => return Some("two tasks' bios lie in each other".to_owned()),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use zram_events::{Block, DeviceId, HandleLife, SlotIndex};

    use super::*;

    fn by(task: u32) -> Origin {
        Origin { tid: task, context: Context::Task, word: 0 }
    }

    #[test]
    fn a_task_finishes_what_it_began() {
        let dev = DeviceId(0);
        let bio = Event::Bio { dev, op: BioOp::Read, sector: 0, bytes: 4096 };
        let free = Event::SlotFree { dev: DeviceId(0), slot: SlotIndex(0), flags: 0 };
        let work = Event::Decompress { result: 0, len: 7, context: Context::Worker };
        assert_eq!(interleaved(&[bio, free, bio, work, free], &[1, 1, 2, 3, 2].map(by)), None);
        assert!(interleaved(&[bio, bio, free, free], &[1, 2, 2, 1].map(by)).is_some());
        assert!(interleaved(&[free], &[by(1)]).is_some());
    }

    #[test]
    fn a_read_back_goes_on_between_pages_only() {
        let (dev, slot, handle) = (DeviceId(0), SlotIndex(0), HandleLife(0));
        let bio = |op| Event::Bio { dev, op, sector: 0, bytes: 8192 };
        let work = Event::ReadBackWork { slot, block: Block(0), context: Context::Worker };
        let begin = Event::ReadBegin { handle, len: 9, span: false };
        let end = Event::ReadFromPool { dev, slot, result: 0 };
        let by = |tasks: [u32; 4]| tasks.map(by);
        assert_eq!(interleaved(&[bio(BioOp::Read), begin, end, work], &by([1, 1, 1, 2])), None);
        assert!(interleaved(&[bio(BioOp::Read), begin, work, end], &by([1, 1, 2, 1])).is_some());
        assert!(interleaved(&[bio(BioOp::Write), work, work, work], &by([1, 2, 2, 2])).is_some());
    }
}

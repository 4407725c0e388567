//! Compaction of one class: objects of the emptiest zspage move into the fullest that has room.

use super::{Bug, ClassState, Miniature, OBJECTS};
use crate::zsmalloc::lock::{class_lock::ClassLocked, task::Task, zspage_lock::ZspageLock};

/// What a compaction did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compaction {
    /// Objects that moved.
    pub moved: usize,
    /// Whether it stopped because a zspage had readers.
    pub busy: bool,
}

impl<L: ZspageLock> Miniature<L> {
    /// `__zs_compact`
    ///
    /// # Errors
    /// [`Bug::NoClass`]; or if the task's ledger forbids it.
    pub fn compact(&self, task: &Task, number: usize) -> Result<Compaction, Bug> {
        let mut done = Compaction::default();
        let class = self.class(number)?;
        let pool = self.lock.write(task)?;
        let mut class = class.lock(task)?;
        while let Some((from, to)) = source_and_destination(&class) {
            let Some(writing) = self.write_lock(task, from)? else {
                done.busy = true;
                break;
            };
            done.moved += self.move_objects(&mut class, number, from, to);
            self.write_unlock(task, from, writing)?;
            let empty = class.zspages.iter().any(|listed| listed.zspage == from && listed.inuse() == 0);
            if empty {
                let page = self.unlist(task, &mut class, from)?;
                self.give_back(from, page)?;
            }
        }
        drop(class);
        drop(pool);
        Ok(done)
    }

    /// `migrate_zspage`
    fn move_objects(
        &self,
        class: &mut ClassLocked<'_, ClassState>,
        number: usize,
        from: usize,
        to: usize,
    ) -> usize {
        let at = |class: &ClassState, zspage| class.zspages.iter().position(|listed| listed.zspage == zspage);
        let (Some(source), Some(target)) = (at(class, from), at(class, to)) else { return 0 };
        let frame = self.frame_of_zspage(from);
        let mut moved = 0;
        for index in 0..OBJECTS {
            let Some(handle) = class.zspages[source].used[index] else { continue };
            if class.zspages[target].inuse() == OBJECTS {
                break;
            }
            self.place(class, target, number, handle, self.frames[frame].load(index));
            class.zspages[source].used[index] = None;
            self.frames[frame].clear(index);
            moved += 1;
        }
        moved
    }
}

/// Two zspages that are partly filled: objects of the first go to the second.
fn source_and_destination(class: &ClassState) -> Option<(usize, usize)> {
    let mut partly = class.zspages.iter().filter(|listed| (1..OBJECTS).contains(&listed.inuse()));
    let to = partly.next()?.zspage;
    let from = partly.next()?.zspage;
    Some((from, to))
}

//! Allocation: under the class lock alone, which keeps migration and compaction away.

use super::{Bug, Handle, Listed, Miniature, OBJECTS, ObjectWord};
use crate::zsmalloc::lock::{
    class_lock::ClassLocked,
    sync::{Ordering, lock},
    task::Task,
    zspage_lock::ZspageLock,
};

impl<L: ZspageLock> Miniature<L> {
    /// `zs_malloc` for a handle that leads nowhere yet, and `zs_obj_write` of its first content, which nobody else can see
    /// yet. Says whether there was memory.
    ///
    /// # Errors
    /// [`Bug::NoClass`]; or if the task's ledger forbids it.
    pub fn malloc(&self, task: &Task, handle: Handle, class: usize, value: u64) -> Result<bool, Bug> {
        let mut locked = self.class(class)?.lock(task)?;
        let room = locked.zspages.iter().position(|listed| listed.inuse() < OBJECTS);
        let position = match room {
            Some(position) => position,
            None => {
                drop(locked);
                // Pages come from the page allocator, which may sleep.
                task.may_sleep()?;
                let Some(listed) = self.new_zspage(class) else { return Ok(false) };
                locked = self.class(class)?.lock(task)?;
                locked.zspages.push(listed);
                locked.zspages.len() - 1
            }
        };
        self.place(&mut locked, position, class, handle.0, value);
        Ok(true)
    }

    /// `obj_malloc`: the first free object of a zspage that has one.
    pub(super) fn place(
        &self,
        class: &mut ClassLocked<'_, super::ClassState>,
        position: usize,
        number: usize,
        handle: usize,
        value: u64,
    ) {
        let listed = &mut class.zspages[position];
        let Some(index) = listed.used.iter().position(Option::is_none) else { return };
        listed.used[index] = Some(handle);
        let frame = self.frame_of_zspage(listed.zspage);
        self.frames[frame].store(index, value);
        self.record(handle, ObjectWord { frame, class: number, index });
    }

    /// `alloc_zspage`
    fn new_zspage(&self, class: usize) -> Option<Listed> {
        let frame = self.take_frame()?;
        let Some(zspage) = lock(&self.spare_zspages).pop() else {
            self.give_frame(frame);
            return None;
        };
        let this = &self.zspages[zspage];
        this.class.store(class as u64, Ordering::Relaxed);
        this.frame.store(frame as u64, Ordering::Relaxed);
        this.live.store(true, Ordering::Relaxed);
        self.frames[frame].set_owner(zspage);
        Some(Listed { zspage, used: [None; OBJECTS] })
    }
}

//! At rest all parts of the pool must agree: no object lost, none left over, no page gone.

use super::{Bug, Handle, Miniature};
use crate::zsmalloc::lock::{sync::lock, task::Task, zspage_lock::ZspageLock};

impl<L: ZspageLock> Miniature<L> {
    /// Holds the pool against the handles that should be alive, and their contents.
    ///
    /// # Errors
    /// [`Bug::Inconsistent`], or what reading a handle answers.
    pub fn audit(&self, task: &Task, alive: &[(Handle, u64)]) -> Result<(), Bug> {
        let inconsistent = |what: String| Err(Bug::Inconsistent(what));
        let mut objects = 0;
        let mut zspages = 0;
        for class in &self.classes {
            let class = class.lock(task)?;
            objects += class.zspages.iter().map(super::Listed::inuse).sum::<usize>();
            zspages += class.zspages.len();
            for listed in &class.zspages {
                let frame = self.frame_of_zspage(listed.zspage);
                if self.zspage_of(frame)? != listed.zspage {
                    return inconsistent(format!("page {frame} is not that of zspage {}", listed.zspage));
                }
                for (index, handle) in listed.used.iter().enumerate() {
                    let Some(handle) = *handle else { continue };
                    let word = self.word(Handle(handle))?;
                    if (word.frame, word.index) != (frame, index) {
                        return Err(Bug::WrongObject { handle, frame: word.frame, index: word.index });
                    }
                }
            }
        }
        if objects != alive.len() {
            return inconsistent(format!("{objects} objects where {} are alive", alive.len()));
        }
        let spare = lock(&self.spare_frames).len();
        if spare + zspages != self.frames.len() {
            return inconsistent(format!("{spare} spare pages beside {zspages} zspages"));
        }
        for (handle, value) in alive {
            let reading = self.read_begin(task, *handle)?;
            let found = reading.load();
            reading.end()?;
            if found != *value {
                return inconsistent(format!("handle {} holds {found}, not {value}", handle.0));
            }
        }
        Ok(task.end()?)
    }
}

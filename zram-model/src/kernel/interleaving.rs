//! Bios of several tasks, interleaved.
//!
//! Who calls says which task goes on; the model says what comes of it. An order that is given step by step as a kernel was
//! seen to take it must lead to what that kernel showed, down to the place of each object.
//!
//! One thing leaves no trace: when a writer looks at the pool's size for `mem_used_max`. It sees what others did before, and of what
//! they did last perhaps nothing yet: a zspage counts only after its first object is in it (`zs_malloc`), and
//! is counted until after its end is reported (`__free_zspage`). A task is known to be beyond that only when it shows its next event. Marking an
//! access is none, nor is the end of the bio; so what is in doubt stays so over both.

use zram_events::DeviceId;

use crate::{
    bio::{Bio, BioStatus, Memory},
    context::Call,
    environment::Environment,
    kernel::Kernel,
    zram::task::{Next, Task},
};

/// Bios under way on one device, at most one of each worker's.
#[derive(Clone, Debug)]
pub struct Interleaving {
    dev: DeviceId,
    tasks: Vec<Option<Task>>,
    /// Pages by which each worker changed the pool's size since its last event but one.
    doubts: Vec<i64>,
    /// The least and the most that `mem_used_max` can have become.
    peak: Option<(u64, u64)>,
}

impl Interleaving {
    /// So many workers without a bio.
    #[must_use]
    pub fn new(dev: DeviceId, workers: usize) -> Self {
        Self { dev, tasks: vec![None; workers], doubts: vec![0; workers], peak: None }
    }

    /// A worker's next bio, of whole pages. One that it had before is forgotten.
    pub fn begin(&mut self, worker: usize, bio: Bio, memory: Memory) {
        if let Some(task) = self.tasks.get_mut(worker) {
            *task = Some(Task::new(bio, memory));
        }
    }

    /// What a worker's bio does next; none if it has none, or one that has come to its end.
    #[must_use]
    pub fn next(&self, worker: usize) -> Option<Next> {
        self.tasks.get(worker)?.as_ref()?.next()
    }

    /// A bio that has come to its end.
    pub fn take_ended(&mut self, worker: usize) -> Option<(Bio, Memory, BioStatus)> {
        let task = self.tasks.get_mut(worker)?;
        if task.as_ref()?.next().is_some() {
            return None;
        }
        task.take().map(Task::end)
    }
}

impl Kernel {
    /// Whether bios on this device can be taken step by step.
    ///
    /// # Errors
    /// Why not.
    pub fn can_interleave(&self, dev: DeviceId) -> Result<(), &'static str> {
        self.devices.get(&dev).ok_or("there is no such device")?.can_be_stepped(&self.profile)
    }

    /// A worker takes its next step. With `new_zspage`, one that looks for room makes a zspage of its own if at some
    /// moment since it began to look there was no room; else only if there is none now.
    pub fn step(
        &mut self,
        run: &mut Interleaving,
        worker: usize,
        new_zspage: bool,
        env: &mut (impl Environment + ?Sized),
    ) {
        let Some(mut live) = self.devices.get_mut(&run.dev).and_then(|device| device.live()) else { return };
        let Some(Some(task)) = run.tasks.get_mut(worker) else { return };
        let Some(doubt) = run.doubts.get_mut(worker) else { return };
        let silent = matches!(task.next(), Some(Next::Access(_)));
        let mut call = Call::new(env, &mut self.lives, &self.profile);
        let before = live.disk.pool.total_pages();
        live.step(task, new_zspage, &mut call);
        let changed = live.disk.pool.total_pages().cast_signed() - before.cast_signed();
        *doubt = if silent { *doubt + changed } else { changed };
        if let Some((low, high)) = task.take_size_seen() {
            let (least, most) = run.peak.unwrap_or((low, high));
            run.peak = Some((least.max(low), most.max(high)));
        }
        // Others may see the pool as it was before a step that the task has not gone beyond yet, or as it is now.
        let size = live.disk.pool.total_pages();
        for (at, task) in run.tasks.iter_mut().enumerate() {
            let Some(task) = task else { continue };
            let others =
                || run.doubts.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, pages)| *pages);
            let added: i64 = others().filter(|pages| *pages > 0).sum();
            let given_back: i64 = others().filter(|pages| *pages < 0).sum();
            task.look(&live, size.saturating_add_signed(-added), size.saturating_add_signed(-given_back));
        }
    }

    /// The end of it: `mem_used_max` becomes one of the values that it can have become.
    pub fn settle(&mut self, run: Interleaving, env: &mut (impl Environment + ?Sized)) {
        let Some((low, high)) = run.peak else { return };
        let Some(device) = self.devices.get_mut(&run.dev) else { return };
        let before = device.state.stats.max_used_pages;
        let (low, high) = (before.max(low), before.max(high));
        let page = u64::from(self.profile.page_size.bytes());
        let peak = if low == high { low } else { env.peak(run.dev, low * page, high * page) / page };
        device.state.stats.update_used_max(peak.clamp(low, high));
    }
}

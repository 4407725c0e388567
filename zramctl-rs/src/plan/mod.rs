//! A plan: what is to be done to set a device up, in order, and how each step is undone.
//!
//! A device that is half set up is worse than none: it takes memory, or is swapped to without the limit that was meant. So the steps are known before
//! the first of them, `--dry-run` prints them, and when one fails those before it are undone, the last first.
//!
//! A device that somebody else sets up at the same time is theirs: who is refused as busy, or finds a size that is not his own, touches it no more.
//!
//! What undoes a step is not its opposite. Most settings are taken back together, by a reset, and only before that is anybody able to have used
//! the device; some are kept over a reset, and are put back to what they were.
//!
//! * `step` has the steps, each as a line of a shell.
//! * `progress` is what has been done of a plan: it takes steps.
//! * `undo` undoes them, and looks whether the device is as it was, which `before` knows.
//! * `area` is the first page of a swap area.

mod area;
mod before;
mod progress;
mod step;
mod undo;

use zram_host::DeviceNumber;

pub use progress::Progress;
pub use step::{Chain, Step, mapped_name};

use crate::writer::Writer;

/// A device and the steps that set it up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The device; the first step makes one if there is none yet.
    pub device: Option<DeviceNumber>,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

impl Plan {
    /// The steps as lines of a shell.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let device = self.device.map_or_else(|| "zram$N".to_owned(), |device| device.to_string());
        self.steps.iter().flat_map(|step| step.lines(&device)).collect()
    }

    /// Carries it out; what has been done, which can still be undone.
    ///
    /// # Errors
    /// When a step fails or somebody wants an end; then those before it have been undone, or the error says which could not be.
    pub fn carry_out(&self, writer: &mut Writer<'_>) -> anyhow::Result<Progress<'_>> {
        let mut progress = Progress::new(self, writer.machine());
        for step in &self.steps {
            if let Err(error) = writer.go_on().and_then(|()| progress.take(step, writer)) {
                return Err(progress.undo(writer, error));
            }
        }
        Ok(progress)
    }
}

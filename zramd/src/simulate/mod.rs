//! Policies on a simulated machine, over weeks.
//!
//! What a policy is worth shows in weeks: whether the pages that it sent to the disk stay there. So a small computer is simulated around the model
//! of the kernel ([`machine`]), on which a [`workload`] runs, and a [`Driver`] drives its zram: the daemon itself, or one of its [`rivals`]. What
//! comes of it is an [`Outcome`], the same for the same workload and seed.
//!
//! ```
//! use std::time::Duration;
//! use zramd::simulate::{Settings, Workload, rivals, run};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let workload = Workload::find("phone")?;
//! let mut mmd = rivals::mmd(workload.machine(), workload.machine().scaled(zramd::units::Units::within(1 << 30)));
//! let outcome = run(&mut mmd, &workload, &Settings { days: 1, ..Settings::default() })?;
//! assert_eq!(outcome.seconds, 86_400);
//! # Ok(())
//! # }
//! ```
//!
//! * [`ours`] is the daemon there.
//! * [`mod@compare`] runs several on the same, or each with several budgets. * [`plot`] draws what came of it.

pub mod compare;
pub mod machine;
pub mod ours;
pub mod outcome;
pub mod plot;
pub mod rivals;
pub mod workload;

use std::time::Duration;

pub use compare::{Policy, compare, curves};
pub use machine::{Broken, World};
pub use outcome::{Named, Outcome};
pub use workload::Workload;

use crate::{config::Pressure, driver::Driver};

/// How a workload is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// For how many days.
    pub days: u64,
    /// Which of all courses that chance can take.
    pub seed: u64,
    /// When a driver is woken by pressure.
    pub pressure: Pressure,
    /// How many moments of it are kept.
    pub samples: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { days: 14, seed: 1, pressure: Pressure::default(), samples: 336 }
    }
}

impl Settings {
    fn time(&self) -> Duration {
        Duration::from_secs(self.days.saturating_mul(24 * 3600))
    }
}

/// Runs a workload with a driver.
///
/// # Errors
/// When the machine cannot be simulated, or a page came back as another.
pub fn run(driver: &mut dyn Driver, workload: &Workload, settings: &Settings) -> Result<Outcome, Broken> {
    let time = settings.time();
    let every = time / settings.samples.max(1);
    let steps = workload.steps(settings.days, settings.seed);
    let mut world = World::new(workload.machine(), steps, &settings.pressure, every)?;
    world.drive(driver, time)?;
    Ok(world.outcome())
}

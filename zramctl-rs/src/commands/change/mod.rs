//! The commands that change a device, a file each.
//!
//! What Linux takes in a way that nobody expects is refused before it is written, or written so that it means what was
//! asked for; each file says what that is.

pub mod compact;
pub mod idle;
pub mod limit;
pub mod recompress;
pub mod remove;
pub mod reset;
pub mod writeback;

use zram_host::{DeviceNumber, Survey, survey};

use crate::{cli::Change, writer::Writer};

/// Changes what was asked for.
///
/// # Errors
/// When that makes no sense here, or Linux refuses.
pub fn run(command: &Change, writer: &mut Writer<'_>) -> anyhow::Result<()> {
    match command {
        Change::Idle(options) => idle::run(options, writer),
        Change::Writeback(options) => writeback::run(options, writer),
        Change::Recompress(options) => recompress::run(options, writer),
        Change::Compact(options) => compact::run(options, writer),
        Change::Limit(options) => limit::run(options, writer),
        Change::Reset(options) => reset::run(options, writer),
        Change::Remove(options) => remove::run(options, writer),
    }
}

/// The device, which must be set up.
fn set_up(writer: &mut Writer<'_>, device: DeviceNumber) -> anyhow::Result<Survey> {
    let survey = survey(writer.machine(), device)?;
    anyhow::ensure!(survey.initialised, "{device} is not set up, so there is nothing in it");
    Ok(survey)
}

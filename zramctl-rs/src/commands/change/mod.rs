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

use crate::writer::{Refused, Writer};

/// The device, which must be set up.
fn set_up(writer: &mut Writer<'_>, device: DeviceNumber) -> anyhow::Result<Survey> {
    let survey = survey(writer.machine(), device)?;
    anyhow::ensure!(survey.initialised, "{device} is not set up, so there is nothing in it");
    Ok(survey)
}

/// With which errno a change was refused, if it was.
fn errno(error: &anyhow::Error) -> Option<nix::errno::Errno> {
    error.downcast_ref::<Refused>().map(|refused| refused.errno)
}

//! `pause` and `resume`.

use std::io::Write;

use super::{json, path, time};
use crate::{
    cli::{Pause, Resume},
    control::{
        client::ask,
        protocol::{Paused, Request},
    },
};

/// Tells the daemon to do nothing.
///
/// # Errors
/// When it cannot be told.
pub fn pause(options: &Pause, out: &mut dyn Write) -> anyhow::Result<()> {
    let request = Request::Pause { seconds: options.time.map(|time| time.as_secs()) };
    let answer: Paused = ask(&path(&options.socket), &request)?;
    if options.json {
        return json(out, &answer);
    }
    match answer.seconds {
        Some(seconds) => writeln!(out, "zramd does nothing for {}", time(seconds))?,
        None => writeln!(out, "zramd does nothing until `zramd resume`, or until it is restarted")?,
    }
    Ok(())
}

/// Tells the daemon to go on.
///
/// # Errors
/// When it cannot be told.
pub fn resume(options: &Resume, out: &mut dyn Write) -> anyhow::Result<()> {
    let answer: Paused = ask(&path(&options.socket), &Request::Resume {})?;
    if options.json {
        return json(out, &answer);
    }
    writeln!(out, "zramd goes on")?;
    Ok(())
}

//! `why`: the last decisions, with their reasons.

use std::io::Write;

use super::{decisions, json, path};
use crate::{
    cli::Why,
    control::{
        client::ask,
        protocol::{Decisions, MOST, Request},
    },
};

/// Asks, and prints them.
///
/// # Errors
/// When nobody answers, or it cannot be printed.
pub fn run(options: &Why, out: &mut dyn Write) -> anyhow::Result<()> {
    // Of one device, the last of all that are remembered.
    let last = if options.device.is_some() { MOST } else { options.last };
    let request = Request::Why { last: Some(last) };
    let mut answer: Decisions = ask(&path(&options.socket), &request)?;
    if let Some(device) = options.device {
        let name = device.to_string();
        answer.decisions.retain(|decided| decided.device.as_deref() == Some(&name));
        let more = answer.decisions.len().saturating_sub(options.last);
        answer.decisions.drain(..more);
    }
    if options.json {
        return json(out, &answer);
    }
    if answer.decisions.is_empty() {
        let about = options.device.map(|device| format!(" about {device}")).unwrap_or_default();
        writeln!(out, "nothing was decided{about} yet")?;
    }
    Ok(decisions::print(&answer.decisions, out)?)
}

//! `run-now`: a round before its time.

use std::io::Write;

use super::{decisions, json, path};
use crate::{
    cli::RunNow,
    control::{
        client::ask,
        protocol::{Decisions, Request},
    },
};

/// Tells the daemon, and prints what came of it.
///
/// # Errors
/// When it cannot be done, or nobody answers.
pub fn run(options: &RunNow, out: &mut dyn Write) -> anyhow::Result<()> {
    let request = Request::RunNow { dry_run: options.dry_run };
    let answer: Decisions = ask(&path(&options.socket), &request)?;
    if options.json {
        return json(out, &answer);
    }
    if answer.decisions.is_empty() {
        writeln!(out, "there is nothing to do")?;
    }
    Ok(decisions::print(&answer.decisions, out)?)
}

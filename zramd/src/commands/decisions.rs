//! Decisions, a line each.

use std::io::{self, Write};

use super::foreign;
use zram_terminal::style::{DIM, GOOD, KEY, PLAIN, WARNING, styled};

use crate::control::{Decided, decided::Result};

/// Prints them.
pub(super) fn print(decisions: &[Decided], out: &mut dyn Write) -> io::Result<()> {
    let width = |of: fn(&Decided) -> usize| decisions.iter().map(of).max().unwrap_or(0);
    let device = width(|decided| decided.device.as_deref().unwrap_or("-").len());
    let task = width(|decided| decided.task.len());
    let result = width(|decided| word(&decided.result).len());
    for decided in decisions {
        let at = std::time::UNIX_EPOCH.checked_add(std::time::Duration::from_secs(decided.at));
        // A clock may say anything; RFC 3339 ends with the year 9999.
        let at = at.filter(|_| decided.at < 253_402_300_800).map_or_else(
            || format!("@{}", decided.at),
            |at| humantime::format_rfc3339_seconds(at).to_string(),
        );
        let look = match &decided.result {
            Result::Ended(how) if how == "done" => GOOD,
            Result::Ended(_) => WARNING,
            Result::Refused | Result::Planned => PLAIN,
        };
        writeln!(
            out,
            "{} {} {:<task$} {} {}",
            styled(DIM, at),
            styled(KEY, format!("{:<device$}", foreign(decided.device.as_deref().unwrap_or("-")))),
            foreign(&decided.task),
            styled(look, format!("{:<result$}", foreign(word(&decided.result)))),
            foreign(&decided.says),
        )?;
        if !decided.numbers.is_empty() {
            let numbers: Vec<String> =
                decided.numbers.iter().map(|(name, value)| format!("{}={value}", foreign(name))).collect();
            writeln!(out, "    {}", styled(DIM, numbers.join(" ")))?;
        }
    }
    Ok(())
}

fn word(result: &Result) -> &str {
    match result {
        Result::Ended(how) => how,
        Result::Refused => "refused",
        Result::Planned => "planned",
    }
}

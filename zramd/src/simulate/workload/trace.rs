//! Recorded traces: a workload as a list of its steps.
//!
//! A text of one JSON object a line. The first says which machine it is of, the others are steps, in order:
//!
//! ```text
//! {"trace":1,"name":"kiosk","machine":{"memory":"64M","scale":64,"pinned":"8M","swap":"128M","backing":"64M"}}
//! {"at":0,"map":{"region":1,"owner":1,"pages":2000,"content":"heap"}}
//! {"at":0,"touch":{"region":1,"first":0,"pages":2000,"write":true,"over":900}}
//! {"at":60000,"touch":{"region":1,"first":16,"pages":64}}
//! {"at":90000,"suspend":{"time":600000}}
//! {"at":700000,"power":{"mains":false,"charge":80}}
//! {"at":800000,"unmap":{"region":1}}
//! ```
//!
//! `at` and all times are milliseconds, `first` and `pages` are pages of 4 KiB. Such a list can be made of what DAMON records (ranges of
//! addresses that were accessed, by process and interval): a region for each mapping, a touch for each range of an interval.

use std::io::{BufRead, Write};

use serde::{Deserialize, Serialize};

use super::step::{Deed, Step};
use crate::simulate::machine::{BadSpec, Spec};

/// The form that is written here.
const FORM: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    trace: u32,
    name: String,
    machine: Spec,
}

/// A recorded workload.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// What it is called.
    pub name: String,
    /// The machine.
    pub machine: Spec,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// A trace that is none.
#[derive(Debug, thiserror::Error)]
pub enum BadTrace {
    /// It cannot be read.
    #[error("line {line}: {source}")]
    Unreadable {
        /// Which line, from 1.
        line: usize,
        /// Why.
        source: std::io::Error,
    },
    /// A line is no step, or the first no header.
    #[error("line {line} is not what a trace has there: {source}")]
    Line {
        /// Which line, from 1.
        line: usize,
        /// Why.
        source: serde_json::Error,
    },
    /// Another form.
    #[error("this is a trace of form {0}, and only form {FORM} is known")]
    Form(u32),
    /// There is nothing.
    #[error("the trace is empty: its first line must say of which machine it is")]
    Empty,
    /// Not in order.
    #[error("line {line} is of {at} ms, before the line above it: sort the trace by `at`")]
    Order {
        /// Which line, from 1.
        line: usize,
        /// Its time.
        at: u64,
    },
    /// A region that is larger than any machine.
    #[error("line {line} maps {pages} pages; a region has at most {MOST}")]
    Large {
        /// Which line, from 1.
        line: usize,
        /// How many.
        pages: u32,
    },
    /// A machine that cannot be.
    #[error(transparent)]
    Machine(#[from] BadSpec),
}

/// 4 GiB.
const MOST: u32 = 1 << 20;

impl Trace {
    /// Reads one.
    ///
    /// # Errors
    /// The first line that is wrong.
    pub fn read(text: impl BufRead) -> Result<Self, BadTrace> {
        let mut lines = (1..).zip(text.lines());
        let (_, first) = lines.next().ok_or(BadTrace::Empty)?;
        let first = first.map_err(|source| BadTrace::Unreadable { line: 1, source })?;
        let header: Header =
            serde_json::from_str(&first).map_err(|source| BadTrace::Line { line: 1, source })?;
        if header.trace != FORM {
            return Err(BadTrace::Form(header.trace));
        }
        header.machine.check()?;
        let mut steps: Vec<Step> = Vec::new();
        for (line, text) in lines {
            let text = text.map_err(|source| BadTrace::Unreadable { line, source })?;
            if text.trim().is_empty() {
                continue;
            }
            let step: Step = serde_json::from_str(&text).map_err(|source| BadTrace::Line { line, source })?;
            if steps.last().is_some_and(|last| last.millis > step.millis) {
                return Err(BadTrace::Order { line, at: step.millis });
            }
            if let Deed::Map { pages, .. } = step.deed
                && pages > MOST
            {
                return Err(BadTrace::Large { line, pages });
            }
            steps.push(step);
        }
        Ok(Self { name: header.name, machine: header.machine, steps })
    }
}

/// Writes one.
///
/// # Errors
/// When it cannot be written.
pub fn write(
    out: &mut dyn Write,
    name: &str,
    machine: &Spec,
    steps: impl Iterator<Item = Step>,
) -> std::io::Result<()> {
    let header = Header { trace: FORM, name: name.to_owned(), machine: machine.clone() };
    serde_json::to_writer(&mut *out, &header)?;
    writeln!(out)?;
    for step in steps {
        serde_json::to_writer(&mut *out, &step)?;
        writeln!(out)?;
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"trace":1,"name":"kiosk","machine":{"memory":"64M","scale":64,"pinned":"8M","swap":"128M","backing":"64M"}}
{"at":0,"map":{"region":1,"owner":1,"pages":2000,"content":"heap"}}
{"at":0,"touch":{"region":1,"first":0,"pages":2000,"write":true,"over":900}}
{"at":90000,"suspend":{"time":600000}}
{"at":700000,"power":{"mains":false,"charge":80}}
{"at":800000,"unmap":{"region":1}}
"#;

    #[test]
    fn what_is_written_is_read() {
        let trace = Trace::read(TEXT.as_bytes()).unwrap();
        assert_eq!(trace.steps.len(), 5);
        assert_eq!(trace.machine.memory.0, 16_384);
        let mut text = Vec::new();
        write(&mut text, &trace.name, &trace.machine, trace.steps.iter().copied()).unwrap();
        assert_eq!(Trace::read(text.as_slice()).unwrap(), trace);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let error = |text: &str| Trace::read(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(error(""), "the trace is empty: its first line must say of which machine it is");
        let header = TEXT.lines().next().unwrap();
        assert!(error("{}\n").starts_with("line 1 is not what a trace has there: missing field"));
        assert_eq!(
            error(&header.replace(":1,", ":2,")),
            "this is a trace of form 2, and only form 1 is known"
        );
        assert!(error(&header.replace("8M\",\"swap", "60M\",\"swap")).contains("pinned"));
        assert!(error(&format!("{header}\n\n{{\"at\":0,\"jump\":{{}}}}\n")).starts_with("line 3 "));
        let back = format!(
            "{header}\n{{\"at\":9,\"unmap\":{{\"region\":1}}}}\n{{\"at\":8,\"unmap\":{{\"region\":1}}}}"
        );
        assert_eq!(error(&back), "line 3 is of 8 ms, before the line above it: sort the trace by `at`");
        let large = format!(
            "{header}\n{{\"at\":0,\"map\":{{\"region\":1,\"owner\":1,\"pages\":4000000000,\"content\":\"heap\"}}}}"
        );
        assert!(error(&large).contains("4000000000 pages"));
    }
}

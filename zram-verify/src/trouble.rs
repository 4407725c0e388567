//! Why there is no verdict.

use thiserror::Error;

use crate::observed::Unusable;

/// The test bench failed. Never counted as agreement, and no word about the kernel either.
#[derive(Debug, Error)]
pub enum Trouble {
    /// The agent could not be started.
    #[error("cannot start the agent of {target} with `{command}`")]
    Start {
        /// The target's name.
        target: String,
        /// Its command.
        command: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The channel closed: the virtual machine or the agent is gone.
    #[error("the agent of {target} went away {}{}", during, tail(stderr))]
    Died {
        /// The target's name.
        target: String,
        /// In the middle of what.
        during: String,
        /// The last lines it wrote to its standard error.
        stderr: Vec<String>,
    },
    /// Nothing came for too long.
    #[error("the agent of {target} did not answer within {seconds} s {}{}", during, tail(stderr))]
    Silent {
        /// The target's name.
        target: String,
        /// How long was waited.
        seconds: u64,
        /// In the middle of what.
        during: String,
        /// The last lines it wrote to its standard error.
        stderr: Vec<String>,
    },
    /// A line that is no answer.
    #[error("the agent of {target} said something that is not an answer ({reason}): {line}")]
    Garbled {
        /// The target's name.
        target: String,
        /// Why not.
        reason: String,
        /// The line, cut.
        line: String,
    },
    /// The table of attribute writes cannot be played.
    #[error("the table of attribute writes cannot be played: {what}")]
    Table {
        /// Why.
        what: String,
    },
    /// Another version.
    #[error(
        "the agent of {target} speaks version {theirs} of the protocol and this program version {ours}: rebuild both from one checkout"
    )]
    Version {
        /// The target's name.
        target: String,
        /// Its version.
        theirs: u32,
        /// This program's.
        ours: u32,
    },
    /// The agent says it cannot go on.
    #[error("the agent of {target} gave up: {reason}")]
    GaveUp {
        /// The target's name.
        target: String,
        /// Its words.
        reason: String,
    },
    /// The answer to another operation.
    #[error(
        "the agent of {target} answered operation {theirs} where operation {ours} was asked: an answer was lost, or something else speaks on the channel"
    )]
    OutOfStep {
        /// The target's name.
        target: String,
        /// Which operation the answer is to, by its own count.
        theirs: u64,
        /// Which one was due.
        ours: u64,
    },
    /// The command did not end well: what happened after the last answer is part of the run.
    #[error("the command of {target} {how} after the conversation had ended{}", tail(stderr))]
    Ending {
        /// The target's name.
        target: String,
        /// How it ended instead.
        how: String,
        /// The last lines it wrote to its standard error.
        stderr: Vec<String>,
    },
    /// A machine that was started again is not the one that died.
    #[error(
        "{target} was started again with another {what}: what was seen before and after cannot be counted as one run"
    )]
    Changed {
        /// The target's name.
        target: String,
        /// What is not as it was.
        what: &'static str,
    },
    /// Something was lost, or disturbed the machine.
    #[error("operation {operation}: what was observed cannot be used")]
    Unusable {
        /// Which operation.
        operation: usize,
        /// Why.
        #[source]
        reason: Unusable,
    },
    /// The probes' own counters say that something was lost.
    #[error("operation {operation}: the probes lost records ({counters}); the run is not valid")]
    Lost {
        /// Which operation.
        operation: usize,
        /// The counters.
        counters: String,
    },
    /// The kernel complained.
    #[error("operation {operation}: the kernel logged a {kind}: {line}")]
    Splat {
        /// Which operation.
        operation: usize,
        /// What sort of complaint.
        kind: &'static str,
        /// The line.
        line: String,
    },
    /// Part of the kernel's log was not read.
    #[error(
        "operation {operation}: part of the kernel's log is missing, and with it perhaps a complaint ({line}); boot with a larger log_buf_len"
    )]
    LogLost {
        /// Which operation.
        operation: usize,
        /// The agent's words.
        line: String,
    },
    /// Something that must be looked at was not.
    #[error(
        "operation {operation}: {what}: what nobody looked at cannot agree; run the agent with its probes"
    )]
    Blind {
        /// Which operation.
        operation: usize,
        /// What is missing.
        what: String,
    },
    /// The run could not be recorded.
    #[error("the run cannot be recorded: {reason}")]
    Record {
        /// Why.
        reason: String,
    },
    /// The user asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// The model's side could not carry the operation out.
    #[error("operation {operation}: the model cannot carry it out: {reason}")]
    Model {
        /// Which operation.
        operation: usize,
        /// Why.
        reason: String,
    },
}

impl Trouble {
    /// The trouble with what lies behind it, on one line or more.
    #[must_use]
    pub fn in_full(self) -> String {
        format!("{:#}", anyhow::Error::from(self))
    }

    /// Whether the machine is gone, so that a fresh one may do better. Everything else happened on a
    /// machine that works, and would be hidden by a second try.
    #[must_use]
    pub fn is_worth_a_retry(&self) -> bool {
        matches!(self, Self::Died { .. } | Self::Silent { .. })
    }
}

fn tail(lines: &[String]) -> String {
    if lines.is_empty() {
        return ".".to_owned();
    }
    format!("; its last words:\n    {}", lines.join("\n    "))
}

//! Programs to run beside operations.
//!
//! Tests of the finished programs run them in the virtual machine, between operations that prepare a device and look at what became of
//! it. What a program does is not an operation: no model answers for it.

use serde::{Deserialize, Serialize};

/// A line that asks for a program instead of an operation: `{"run":["/bin/zramctl-rs","list"]}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Its path and its arguments. It gets an empty standard input and no environment.
    pub run: Vec<String>,
}

impl Run {
    /// How such a line begins.
    pub const BEGINS: &'static str = "{\"run\":";
}

/// How it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ran {
    /// Its exit status; `None` if a signal ended it.
    pub status: Option<i32>,
    /// What it wrote.
    pub stdout: String,
    /// What it wrote on standard error.
    pub stderr: String,
}

//! Running a program.

use std::{
    io,
    process::{Command, Stdio},
};

use crate::{protocol::Ran, world::Trouble};

/// To its end.
pub(super) fn run(words: &[String]) -> Result<Ran, Trouble> {
    let (program, arguments) = words
        .split_first()
        .ok_or_else(|| Trouble::setup("running a program", io::Error::from(io::ErrorKind::InvalidInput)))?;
    let output = Command::new(program)
        .args(arguments)
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Trouble::setup(format!("starting {program}"), error))?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Ran { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) })
}

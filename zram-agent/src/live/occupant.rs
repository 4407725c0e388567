//! The occupant as the agent sees it: a process at the end of two pipes, in a cgroup.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use super::cgroup::Cgroup;
use crate::{
    occupant::{BEGIN, Reply, Request, UNDERSTOOD},
    world::Trouble,
};

/// The binary of this process, whatever has become of its path.
const OURSELVES: &str = "/proc/self/exe";

/// The process.
#[derive(Debug)]
pub(super) struct Occupant {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    cgroup: Cgroup,
}

impl Occupant {
    /// Starts one for so many pages.
    pub(super) fn start(pages: usize) -> Result<Self, Trouble> {
        let cgroup = Cgroup::new()?;
        let failed = |error| Trouble::setup("starting the occupant", error);
        let mut process = Command::new(OURSELVES)
            .args(["occupy", &pages.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(failed(io::Error::other("it has no pipes")));
        };
        let occupant = Self { process, input, output: BufReader::new(output), cgroup };
        occupant.cgroup.take_in(occupant.process.id())?;
        Ok(occupant)
    }

    /// Has it do something, with room for so many pages from now on where that is said.
    pub(super) fn ask(&mut self, request: &Request, room: Option<u32>) -> Result<Reply, Trouble> {
        let line = serde_json::to_string(request).map_err(|error| failed(error.into()))?;
        self.say(&line)?;
        let understood = self.hear()?;
        if understood != UNDERSTOOD {
            return Err(Trouble::Unreadable {
                what: "the occupant's answer".into(),
                text: understood,
                expected: UNDERSTOOD,
            });
        }
        if let Some(pages) = room {
            self.cgroup.leave_room_for(pages)?;
        }
        self.say(BEGIN)?;
        let reply = self.hear()?;
        serde_json::from_str(&reply).map_err(|error| failed(error.into()))
    }

    fn say(&mut self, line: &str) -> Result<(), Trouble> {
        writeln!(self.input, "{line}").and_then(|()| self.input.flush()).map_err(failed)
    }

    fn hear(&mut self) -> Result<String, Trouble> {
        let mut line = String::new();
        self.output.read_line(&mut line).map_err(failed)?;
        if line.is_empty() {
            let status = self.process.wait().map_err(failed)?;
            return Err(failed(io::Error::other(format!(
                "it ended with {status}; if it was killed, the swap area had no room for its pages"
            ))));
        }
        Ok(line.trim_end().to_owned())
    }

    /// Ends it, and waits until its memory is gone.
    pub(super) fn end(self) -> Result<(), Trouble> {
        let Self { mut process, input, output, cgroup } = self;
        drop((input, output));
        process.wait().map_err(failed)?;
        cgroup.remove()
    }
}

fn failed(error: io::Error) -> Trouble {
    Trouble::setup("working with the occupant", error)
}

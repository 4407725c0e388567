//! From a divergence to the shortest list of operations that shows it, in a file to replay.

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, Result};
use zram_agent::protocol::Op;

use super::Run;
use crate::{
    conversation::{Stop, play},
    divergence::Divergence,
    generate::Program,
    report::{Found, Progress, Reproduction},
    shrink::{self, Shrunk},
    trouble::Trouble,
};

/// Most divergences that are shrunk, per target.
const MOST_SHRUNK: usize = 3;

impl Run<'_> {
    pub(super) fn diverged(
        &mut self,
        program: &Program,
        stop: Stop,
        operation: usize,
    ) -> Result<(), Trouble> {
        let Some(op) = program.ops.get(stop.at).cloned() else { return Ok(()) };
        let divergence = Divergence {
            operation,
            theme: program.theme.to_owned(),
            op,
            differences: stop.differences.clone(),
        };
        // Whoever has many kernels to wait for learns of it now.
        if let Some(first) = divergence.differences.first() {
            self.progress
                .tell(&format!("differs at operation {operation}: {:?} {}", first.level, first.field));
        }
        let met = self.report.found.len();
        self.report.found.push(Found { divergence, reproduction: None });
        let known = self.report.found[..met].iter().any(|found| {
            found.divergence.differences.first().map(crate::divergence::Difference::kind)
                == stop.differences.first().map(crate::divergence::Difference::kind)
        });
        if known || met >= MOST_SHRUNK {
            return Ok(());
        }
        let failing = program.ops[..=stop.at].to_vec();
        let started = Instant::now();
        let shrunk = self.shrink(failing, stop);
        self.report.stages.shrinking += started.elapsed();
        // What the agent took for it is part of that.
        if let Some(agent) = &mut self.agent {
            agent.take_spent();
        }
        let shrunk = shrunk?;
        let file = self.write_failure(&shrunk.ops, operation);
        if let Err(error) = &file {
            self.report.remarks.push(format!("{error:#}"));
        }
        let command = file.as_ref().ok().map(|file| self.again(file));
        if let Some(found) = self.report.found.last_mut() {
            found.reproduction = Some(Reproduction {
                ops: shrunk.ops,
                command,
                file: file.ok(),
                attempts: shrunk.attempts,
                differences: shrunk.differences,
            });
        }
        Ok(())
    }

    fn shrink(&mut self, failing: Vec<Op>, stop: Stop) -> Result<Shrunk, Trouble> {
        let mut progress = Progress::new("shrinking", shrink::MOST_ATTEMPTS as u64, "attempts");
        shrink::shrink(failing, stop.differences, &mut |ops| {
            progress.step(&format!("attempts, {} operations", ops.len()));
            let mut checker = self.checker()?;
            let Some(agent) = &mut self.agent else { return Ok(None) };
            match play(agent, &mut checker, ops, &mut ()) {
                Ok(stop) => Ok(stop.map(|stop| (stop.at, stop.differences))),
                Err(trouble @ Trouble::GaveUp { .. }) => {
                    // The list makes no sense to the agent: not this failure, and a fresh agent is needed.
                    self.agent = None;
                    let _ = trouble;
                    Ok(None)
                }
                Err(trouble) => {
                    self.survive(trouble)?;
                    Ok(None)
                }
            }
        })
    }

    /// The command that plays a file of operations on the same target again.
    fn again(&self, file: &Path) -> String {
        let quoted = |word: &str| shlex::try_quote(word).map_or_else(|_| word.to_owned(), Cow::into_owned);
        let mut command = match &self.options.again {
            Some(command) => command.replace("{target}", &quoted(&self.target.name)),
            None => {
                let target = format!("{}={}", self.target.name, self.target.command);
                format!("zram-verify run --target {}", quoted(&target))
            }
        };
        if let Some(mutation) = self.options.mutant {
            command.push_str(&format!(" --mutant {}", mutation.name()));
        }
        format!("{command} --replay {}", quoted(&file.to_string_lossy()))
    }

    /// Writes a failing list where it can be replayed from.
    fn write_failure(&self, ops: &[Op], operation: usize) -> Result<PathBuf> {
        let folder = &self.options.failures;
        let seed = match self.options.replay {
            Some(_) => "replay".to_owned(),
            None => format!("seed{}", self.options.seed),
        };
        let path = folder.join(format!("{}-{seed}-operation{operation}.ndjson", self.target.name));
        let mut text = String::new();
        for op in ops {
            text.push_str(&serde_json::to_string(op)?);
            text.push('\n');
        }
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&path, text))
            .with_context(|| format!("cannot write the failing operations to {}", path.display()))?;
        Ok(path)
    }
}

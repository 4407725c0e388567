//! `diff`: two kernels beside each other.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use super::run;
use crate::{
    agent::Target,
    diff::{Outcome, Plan, Work, search, to_json, write},
};

/// What to compare.
#[derive(Clone, Debug)]
pub struct Options {
    /// The two kernels, in order.
    pub targets: Vec<Target>,
    /// Seed of the operations.
    pub seed: u64,
    /// How many.
    pub ops: usize,
    /// A file of operations in the place of generated ones.
    pub replay: Option<PathBuf>,
    /// How many differences to look for.
    pub findings: usize,
    /// Where to write what is found; in it a folder of this comparison's own is made.
    pub folder: PathBuf,
    /// Where to write the report as JSON.
    pub json: Option<PathBuf>,
    /// Whether to pass on what agents say.
    pub verbose: bool,
}

/// Compares, and writes the files.
///
/// # Errors
/// When the options make no sense, or the files cannot be written; what happens to a machine stands in the outcome.
pub fn diff(options: &Options) -> Result<Outcome> {
    let [a, b] = &options.targets[..] else {
        bail!(
            "a comparison takes two kernels, and {} are named: give --target NAME=COMMAND or --profile NAME twice",
            options.targets.len()
        );
    };
    let targets = distinct([a.clone(), b.clone()]);
    let folder = options.folder.join(format!("diff-{}-{}", targets[0].name, targets[1].name));
    let work = match &options.replay {
        Some(path) => Work::Programs(run::replayed(path)?),
        None => Work::Generated { seed: options.seed, ops: options.ops },
    };
    let plan = Plan { targets, work, findings: options.findings, verbose: options.verbose };
    let mut outcome = search(&plan);
    write(&mut outcome, &folder)?;
    if let Some(path) = &options.json {
        let seed = options.replay.is_none().then_some(options.seed);
        let text = serde_json::to_string_pretty(&to_json(&outcome, seed))? + "\n";
        std::fs::write(path, text)
            .with_context(|| format!("cannot write the report to {}", path.display()))?;
    }
    Ok(outcome)
}

/// A kernel may be compared with itself; the two then need names of their own.
fn distinct([a, mut b]: [Target; 2]) -> [Target; 2] {
    if a.name == b.name {
        b.name.push_str("-again");
    }
    [a, b]
}

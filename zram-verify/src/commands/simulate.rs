//! `simulate`: ask the model.

use std::{
    io::{BufRead, Write},
    path::Path,
};

use anyhow::{Context as _, Result};
use zram_agent::{SimWorld, execute};
use zram_model::Profile;

use crate::{
    exact,
    op_file::{self, Numbered},
};

/// Runs a file of operations through the model and prints an observation per line.
///
/// # Errors
/// When a line is no operation or cannot be carried out.
pub fn simulate(path: &Path, profile: Profile, output: impl Write) -> Result<()> {
    run(path, &op_file::read(path)?, profile, output)
}

/// The same with operations that are at hand; `path` is what messages call them.
///
/// # Errors
/// As for [`simulate`].
pub fn simulate_from(path: &Path, input: impl BufRead, profile: Profile, output: impl Write) -> Result<()> {
    run(path, &op_file::parse(path, input)?, profile, output)
}

fn run(path: &Path, ops: &[Numbered], profile: Profile, mut output: impl Write) -> Result<()> {
    let mut world = SimWorld::new(exact::host(profile));
    for (n, (line, op)) in (0..).zip(ops) {
        let observation =
            execute(n, op, &mut world).with_context(|| format!("{}, line {line}", path.display()))?;
        serde_json::to_writer(&mut output, &observation).map_err(std::io::Error::from)?;
        output.write_all(b"\n")?;
    }
    output.flush()?;
    Ok(())
}

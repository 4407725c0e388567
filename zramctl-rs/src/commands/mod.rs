//! The commands, a file each.

pub mod change;
pub mod completions;
pub mod list;
pub mod man;
pub mod setup;
pub mod show;
pub mod slots;
pub mod status;
pub mod swap;
pub mod util_linux;
pub mod watch;

use std::io::Write;

use serde::Serialize;

/// The version of what `--json` prints: it goes up when a field changes its meaning or goes away, and stays when one is added.
const SCHEMA: u32 = 1;

/// Prints a document, with its version.
fn json(out: &mut dyn Write, document: &impl Serialize) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Versioned<'a, T> {
        schema: u32,
        #[serde(flatten)]
        document: &'a T,
    }
    serde_json::to_writer_pretty(&mut *out, &Versioned { schema: SCHEMA, document })?;
    writeln!(out)?;
    Ok(())
}

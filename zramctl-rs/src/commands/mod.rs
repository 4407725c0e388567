//! The commands, a file each.

pub mod caps;
pub mod change;
pub mod list;
pub mod setup;
pub mod show;
pub mod slots;
pub mod status;
pub mod swap;
pub mod util_linux;

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

/// How wide a paragraph may be.
const WIDTH: usize = 80;

/// Prints a text behind a beginning, broken at spaces into lines that fit; those after the first begin with `indent`. A word that does not fit
/// stays whole: paths and commands are to be copied.
fn paragraph(out: &mut dyn Write, first: &str, indent: &str, text: &str) -> std::io::Result<()> {
    let options = textwrap::Options::new(WIDTH)
        .initial_indent(first)
        .subsequent_indent(indent)
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    writeln!(out, "{}", textwrap::fill(text, options))
}

//! The commands, a file each.

pub mod caps;
pub mod change;
pub mod doctor;
pub mod list;
pub mod setup;
mod sheet;
pub mod show;
pub mod slots;
pub mod status;
pub mod swap;
pub mod util_linux;
pub mod watch;

use std::io::Write;

use serde::Serialize;

use crate::escape::escaped;

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

/// Prints a text behind a beginning, broken at spaces into lines that fit; those after the first begin with `indent`. Paths, and commands between
/// backquotes, stay whole even if they do not fit: they are to be copied. The text may have parts
/// that others chose.
fn paragraph(out: &mut dyn Write, first: &str, indent: &str, text: &str) -> std::io::Result<()> {
    const UNBROKEN: &str = "\u{a0}";
    let options = textwrap::Options::new(WIDTH)
        .initial_indent(first)
        .subsequent_indent(indent)
        .break_words(false)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    let text = escaped(text, false);
    let parts = text.split('`').enumerate();
    let parts: Vec<String> = parts
        .map(|(at, part)| if at % 2 == 1 { part.replace(' ', UNBROKEN) } else { part.to_owned() })
        .collect();
    writeln!(out, "{}", textwrap::fill(&parts.join("`"), options).replace(UNBROKEN, " "))
}

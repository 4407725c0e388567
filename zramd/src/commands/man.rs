//! `man`: manual pages, made of what `--help` says.
//!
//! What a page has beyond that is written here: how the program ends, which files it looks at, what is in its JSON. Examples stand in the help as
//! paragraphs with a heading; on a page each becomes a section, with its lines as they are.

use std::{fs, io::Write, path::Path};

use anyhow::Context as _;
use clap::{Command, CommandFactory as _};
use clap_mangen::roff::{Roff, bold, roman};

use crate::cli::{Cli, Man};

const EXIT_STATUS: [(&str, &str); 5] = [
    ("0", "All well, also if whoever read the output had enough of it."),
    ("1", "It could not be done. A sentence on standard error says why, and what to do about it."),
    ("2", "The command line makes no sense. Nothing was done."),
    ("3", "The configuration is wrong: with run and check-config, and with show-config."),
    ("4", "zramd does not run, or does not answer: with status, why, pause, resume and run-now."),
];

const FILES: [(&str, &str); 5] = [
    (
        "/etc/zramd/zramd.toml, and in /run/zramd, /usr/local/lib/zramd, /usr/lib/zramd",
        "The configuration: the first of them counts. See zramd show-config --defaults.",
    ),
    (
        "zramd.toml.d/*.toml in each of these",
        "Drop-ins, sorted by name; a later one overrides an earlier one, key by key.",
    ),
    ("/run/zramd/control", "The socket by which zramd is asked and told."),
    ("/var/lib/zramd/", "What is remembered: above all, what was written in the last 24 hours."),
    ("/sys/block/zramN/, /sys/kernel/debug/zram/zramN/block_state", "What is looked at, and written to."),
];

const JSON: &str = "\
Documents have a field schema, now 1. It goes up when a field changes its meaning or goes away, and stays when one is added. Names end in \
their units; what the kernel counts has the kernel's name and unit. null is what this machine does not have, which is not the same as 0.";

/// System administration.
const SECTION: &str = "8";

/// Prints the page of the program, or writes all pages.
///
/// # Errors
/// When a page cannot be written.
pub fn run(options: &Man, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    let Some(dir) = &options.dir else {
        return Ok(out.write_all(&page(&program, &program)?)?);
    };
    for command in family(&program) {
        let path = dir.join(format!("{}.{SECTION}", title(command)));
        write(&path, &page(&program, command)?)?;
        writeln!(out, "{}", path.display())?;
    }
    Ok(())
}

fn write(path: &Path, page: &[u8]) -> anyhow::Result<()> {
    fs::write(path, page)
        .with_context(|| format!("cannot write {} (--dir must be a folder that is there)", path.display()))
}

/// A command, and those below it.
fn family(command: &Command) -> Vec<&Command> {
    let below = command.get_subcommands().filter(|below| !below.is_hide_set()).flat_map(family);
    std::iter::once(command).chain(below).collect()
}

/// `zramd-check-config`.
fn title(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

fn page(program: &Command, command: &Command) -> anyhow::Result<Vec<u8>> {
    let source = format!("{} {}", program.get_name(), program.get_version().unwrap_or_default());
    let man = clap_mangen::Man::new(command.clone())
        .title(title(command))
        .source(source)
        .manual("zram")
        .section(SECTION);
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    let mut more = Roff::new();
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    help.split("\n\n")
        .filter(|paragraph| !is_status(paragraph))
        .for_each(|paragraph| as_it_is(&mut more, paragraph));
    terms(&mut more, "EXIT STATUS", &EXIT_STATUS);
    terms(&mut more, "FILES", &FILES);
    if has_option(command, "json") {
        more.control("SH", ["JSON"]).text([roman(JSON)]);
    }
    see_also(&mut more, program, command);
    more.to_writer(&mut page)?;
    Ok(page)
}

/// Whether it has this option, or one of the commands below it does.
fn has_option(command: &Command, long: &str) -> bool {
    family(command)
        .iter()
        .any(|command| command.get_arguments().any(|argument| argument.get_long() == Some(long)))
}

/// What the section of this name says better.
fn is_status(paragraph: &str) -> bool {
    paragraph.trim_start().starts_with("Exit status:")
}

/// A paragraph of the help: its heading, and its lines with their spaces.
fn as_it_is(page: &mut Roff, paragraph: &str) {
    let paragraph = paragraph.trim_end();
    let (heading, lines) = match paragraph.split_once(":\n").or_else(|| paragraph.split_once(": ")) {
        Some((heading, lines)) => (heading.to_uppercase(), lines),
        None if paragraph.is_empty() => return,
        None => ("NOTES".to_owned(), paragraph),
    };
    page.control("SH", [heading.as_str()]).control("nf", []);
    for line in lines.lines() {
        page.text([roman(line.strip_prefix("  ").unwrap_or(line))]);
    }
    page.control("fi", []);
}

fn terms(page: &mut Roff, heading: &str, terms: &[(&str, &str)]) {
    page.control("SH", [heading]);
    for (term, meaning) in terms {
        page.control("TP", []).text([bold(*term)]).text([roman(*meaning)]);
    }
}

fn see_also(page: &mut Roff, program: &Command, command: &Command) {
    let ours = family(program).into_iter().map(title).filter(|name| *name != title(command));
    let ours = ours.map(|name| (name, SECTION));
    let others = [("zramctl-rs", "1"), ("systemctl", "1"), ("journalctl", "1")];
    page.control("SH", ["SEE ALSO"]);
    let mut text = Vec::new();
    for (name, section) in ours.chain(others) {
        if !text.is_empty() {
            text.push(roman(", "));
        }
        text.extend([bold(name), roman(format!("({section})"))]);
    }
    text.push(roman("; Documentation/admin-guide/blockdev/zram.rst in the kernel's sources"));
    page.text(text);
}

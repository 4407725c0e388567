//! Manual pages, made of what `--help` says.
//!
//! What a page has beyond that is the program's to write: how it ends, which files it looks at, what is in its JSON. Examples stand in the help as
//! paragraphs with a heading; on a page each becomes a section, with its lines as they are.

use std::{fs, io::Write, path::Path};

use anyhow::Context as _;
use clap::Command;
use clap_mangen::roff::{Roff, bold, roman};

use crate::about::Man;

/// What stands on a program's pages beside its help.
#[derive(Clone, Copy, Debug)]
pub struct Manual {
    /// The section: 1 for commands, 8 for those of administrators.
    pub section: &'static str,
    /// Exit statuses, and when the program ends with each.
    pub exit_status: &'static [(&'static str, &'static str)],
    /// One more, for commands with this option.
    pub exit_status_with: Option<(&'static str, (&'static str, &'static str))>,
    /// Files, and what they are for.
    pub files: &'static [(&'static str, &'static str)],
    /// What there is to know about the documents of `--json`.
    pub json: &'static str,
    /// Pages of others, with their sections.
    pub see_also: &'static [(&'static str, &'static str)],
}

impl Manual {
    /// Prints the page of the program, or writes all pages.
    ///
    /// # Errors
    /// When a page cannot be written.
    pub fn write(&self, program: Command, asked: &Man, out: &mut dyn Write) -> anyhow::Result<()> {
        let mut program = program.disable_help_subcommand(true);
        program.build();
        let Some(dir) = &asked.dir else {
            return Ok(out.write_all(&self.page(&program, &program)?)?);
        };
        for command in family(&program) {
            let path = dir.join(format!("{}.{}", title(command), self.section));
            write(&path, &self.page(&program, command)?)?;
            writeln!(out, "{}", path.display())?;
        }
        Ok(())
    }

    fn page(&self, program: &Command, command: &Command) -> anyhow::Result<Vec<u8>> {
        let source = format!("{} {}", program.get_name(), program.get_version().unwrap_or_default());
        let man = clap_mangen::Man::new(command.clone())
            .title(title(command))
            .source(source)
            .manual("zram")
            .section(self.section);
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
        let with = self.exit_status_with.filter(|(option, _)| has_option(command, option));
        let statuses: Vec<_> =
            self.exit_status.iter().copied().chain(with.map(|(_, status)| status)).collect();
        terms(&mut more, "EXIT STATUS", &statuses);
        terms(&mut more, "FILES", self.files);
        if has_option(command, "json") {
            more.control("SH", ["JSON"]).text([roman(self.json)]);
        }
        self.see_also(&mut more, program, command);
        more.to_writer(&mut page)?;
        Ok(page)
    }

    fn see_also(&self, page: &mut Roff, program: &Command, command: &Command) {
        let ours = family(program).into_iter().map(title).filter(|name| *name != title(command));
        let ours = ours.map(|name| (name, self.section));
        page.control("SH", ["SEE ALSO"]);
        let mut text = Vec::new();
        for (name, section) in ours.chain(self.see_also.iter().copied()) {
            if !text.is_empty() {
                text.push(roman(", "));
            }
            text.extend([bold(name), roman(format!("({section})"))]);
        }
        text.push(roman("; Documentation/admin-guide/blockdev/zram.rst in the kernel's sources"));
        page.text(text);
    }
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

/// `zramctl-rs-swap-on`.
fn title(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
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

//! What stands below the options of a help: examples, columns.
//!
//! clap breaks these lines, too, but as if they were prose: what follows begins at the edge, and a command is none any more. So they are broken here, before
//! it sees them: an explanation goes on below itself, and a command so that a shell still takes it. Titles look like clap's own.

use std::iter;

use crate::style;

/// A command and those below it, with what stands below their options laid out.
#[must_use]
pub fn titled(command: clap::Command, columns: usize) -> clap::Command {
    let command = match command.get_after_help().map(ToString::to_string) {
        Some(text) => command.after_help(laid_out(&text, columns)),
        None => command,
    };
    command.mut_subcommands(|inner| titled(inner, columns))
}

fn laid_out(text: &str, columns: usize) -> String {
    // clap takes a line that has a title in it, and others before it, for one column wider than it is.
    let fitting = |line: &str| if line.starts_with(' ') { columns } else { columns.saturating_sub(1) };
    let lines: Vec<String> =
        text.lines().flat_map(|line| broken(line, fitting(line))).map(|line| title(&line)).collect();
    lines.join("\n")
}

/// `Examples:`, or what stands before the colon in `Sizes: 4G`, as a title.
fn title(line: &str) -> String {
    match line.split_once(':') {
        Some((title, rest)) if !line.starts_with(' ') => {
            format!("{}{rest}", style::heading(format!("{title}:")))
        }
        _ => line.to_owned(),
    }
}

/// A line as lines of so many columns at most, but for words that are longer.
fn broken(line: &str, columns: usize) -> Vec<String> {
    let start = line.len() - line.trim_start().len();
    // An explanation stands behind two spaces, and a command has none.
    let gap = line.get(start..).and_then(|text| text.rfind("  ")).map(|at| start + at + 2);
    let (indent, end) = match gap {
        Some(gap) => (gap, ""),
        None if start > 0 => (start + 2, " \\"),
        None => (2, ""),
    };
    let mut lines = Vec::new();
    let mut rest = line.to_owned();
    while rest.chars().count() > columns {
        let fits = columns.saturating_sub(end.len());
        let may_break = |(at, c): &(usize, char)| *c == ' ' && *at > indent && *at <= fits;
        let Some((at, _)) = rest.char_indices().rfind(may_break) else { break };
        lines.push(format!("{}{end}", &rest[..at]));
        rest = iter::repeat_n(' ', indent).chain(rest[at..].trim_start().chars()).collect();
    }
    lines.push(rest);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_by_what_they_are() {
        assert_eq!(
            broken("  list a  explains and explains", 20),
            ["  list a  explains", "          and", "          explains"]
        );
        assert_eq!(broken("  set up --this --that", 18), ["  set up --this \\", "    --that"]);
        assert_eq!(broken("Sizes: 4G, 50%, or none", 16), ["Sizes: 4G, 50%,", "  or none"]);
        assert_eq!(broken("short", 16), ["short"]);
        // Nowhere to break it.
        assert_eq!(broken("  a-very-long-word", 8), ["  a-very-long-word"]);
    }

    /// What is broken here is not broken again, also where a line just fits.
    #[test]
    fn clap_leaves_lines_as_they_are() {
        for (columns, length) in
            (60..=100).flat_map(|columns| (0..4).map(move |less| (columns, columns - less)))
        {
            let words: String = "a b ".chars().cycle().take(length - 9).collect();
            let text = format!("Examples:\n  a\n\nStatus: {words}.\n  and more: of it");
            let laid = laid_out(&text, columns);
            let mut command = titled(clap::Command::new("x").term_width(columns).after_help(text), columns);
            let help = command.render_long_help().ansi().to_string();
            assert!(help.contains(&laid), "{columns}: {help}");
        }
    }
}

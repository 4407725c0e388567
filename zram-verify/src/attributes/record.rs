//! A record: the table as one kernel answered it, as a text for people.
//!
//! The head says which kernel that was and that it was a kernel; then come the states, each with everything that can be read in
//! it; then one line per write. A record is compared as a text, byte for byte, with what is played later.

use std::{
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

use thiserror::Error;
use zram_agent::protocol::Hello;

use super::play::{Played, Row};
use crate::trace::Origin;

/// The first line of a record.
const FORMAT: &str = "# zram attribute table, format 1";

/// How the head begins its lines.
const ORIGIN: &str = "# origin: ";
const KERNEL: &str = "# kernel: ";
const ATTRIBUTES: &str = "# attributes: ";

const EXPLANATION: &str = "\
#
# Below `states`, everything that can be read in each state of a device. Below `rows`, one line per write: the state that a
# fresh device was in (`..` where the write before was to the same device), the attribute, the text, then the number of bytes taken
# or the errno, then what can be read afterwards and could not before. Texts are spelt with escapes; \"0\"*4096 is 4096 zeros;
# `deadly` was not written, since this kernel does not survive it (docs/findings);
# $BACKING stands for the path of the backing device. Of block_state the times are left out; it is shown as letters:slots.
";

/// Why a file is no record.
#[derive(Debug, Error)]
pub enum RecordError {
    /// It cannot be read or written.
    #[error("{}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is something else.
    #[error("{} is no record of the attribute table: {reason}", path.display())]
    NoRecord {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A model made it.
    #[error(
        "{} was made by a model, which proves nothing about a kernel; record it with \
         `cargo xtask attributes --record {}`",
        path.display(),
        path.display()
    )]
    NotRecorded {
        /// The file.
        path: PathBuf,
    },
}

/// A record read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its file.
    pub path: PathBuf,
    /// `uname -r` of the kernel.
    pub kernel: String,
    /// The names of its attributes.
    pub attributes: Vec<String>,
    /// All of it.
    pub text: String,
}

impl Recorded {
    /// Reads a record of a kernel.
    ///
    /// # Errors
    /// When it cannot be read, is none, or a model made it.
    pub fn read(path: &Path) -> Result<Self, RecordError> {
        let text =
            fs::read_to_string(path).map_err(|source| RecordError::Io { path: path.to_owned(), source })?;
        let no = |reason: &str| RecordError::NoRecord { path: path.to_owned(), reason: reason.to_owned() };
        if text.lines().next() != Some(FORMAT) {
            return Err(no(&format!("its first line is not {FORMAT:?}")));
        }
        let head = |key: &str| {
            let found = text.lines().find_map(|line| line.strip_prefix(key));
            found.ok_or_else(|| no(&format!("it has no line that begins with {key:?}")))
        };
        match head(ORIGIN)? {
            "recorded" => {}
            "model" => return Err(RecordError::NotRecorded { path: path.to_owned() }),
            other => return Err(no(&format!("its origin is {other:?}"))),
        }
        let kernel = head(KERNEL)?.to_owned();
        let attributes = head(ATTRIBUTES)?.split(' ').map(str::to_owned).collect();
        Ok(Self { path: path.to_owned(), kernel, attributes, text })
    }

    /// The number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.text.lines().skip_while(|line| *line != "rows").skip(1).filter(|line| !line.is_empty()).count()
    }

    /// What the agent of that kernel said of it, as far as playing needs to know.
    #[must_use]
    pub fn hello(&self) -> Hello {
        Hello {
            protocol: zram_agent::protocol::VERSION,
            kernel: self.kernel.clone(),
            bpf_object: None,
            attributes: self.attributes.clone(),
            backing_path: String::new(),
            coverage: None,
            backing: Vec::new(),
            workloads: Vec::new(),
            failures: Vec::new(),
        }
    }
}

/// The record of what was played on the kernel that greeted so.
#[must_use]
pub fn render(hello: &Hello, played: &Played) -> String {
    let origin = match Origin::of(hello) {
        Origin::Recorded => "recorded",
        Origin::Model => "model",
    };
    let mut text = format!(
        "{FORMAT}\n{ORIGIN}{origin}\n{KERNEL}{}\n{ATTRIBUTES}{}\n{EXPLANATION}",
        hello.kernel,
        hello.attributes.join(" ")
    );
    // Writing to a String cannot fail.
    let _ = writeln!(text, "\nstates");
    for (state, view) in &played.states {
        let _ = writeln!(text, "\n{}: {}", state.name(), state.description());
        for line in view {
            let _ = writeln!(text, "    {line}");
        }
    }
    let _ = writeln!(text, "\nrows\n");
    for row in &played.rows {
        let _ = writeln!(text, "{}", line(row));
    }
    text
}

fn line(row: &Row) -> String {
    let state = row.state.map_or("..", super::state::State::name);
    let columns = format!(
        "{state:<8}{:<24}{:<24}  {:<8}  {}",
        row.target,
        row.text,
        row.outcome,
        row.changes.join(" ")
    );
    columns.trim_end().to_owned()
}

/// Lines in which two records differ, as `- ours` and `+ theirs`, each with the number of its line.
#[must_use]
pub fn differences(expected: &str, found: &str) -> Vec<String> {
    let (mut expected, mut found) = (expected.lines(), found.lines());
    let mut differences = Vec::new();
    for number in 1_usize.. {
        let (ours, theirs) = (expected.next(), found.next());
        if ours.is_none() && theirs.is_none() {
            break;
        }
        if ours != theirs {
            differences.extend(ours.map(|line| format!("{number:>5} - {line}")));
            differences.extend(theirs.map(|line| format!("{number:>5} + {line}")));
        }
    }
    differences
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attributes::state::State;

    fn hello(kernel: &str) -> Hello {
        let attributes = vec!["disksize".to_owned(), "reset".to_owned()];
        Recorded { path: "x".into(), kernel: kernel.to_owned(), attributes, text: String::new() }.hello()
    }

    fn played() -> Played {
        let row = |state, outcome: &str| Row {
            state,
            target: "disksize".to_owned(),
            text: "\"1M\\n\"".to_owned(),
            outcome: outcome.to_owned(),
            changes: vec!["disksize=\"1048576\\n\"".to_owned()],
        };
        Played {
            states: vec![(State::New, vec!["disksize=\"0\\n\"".to_owned()])],
            rows: vec![row(Some(State::New), "3"), row(None, "EBUSY")],
            missing: Vec::new(),
        }
    }

    fn read(text: &str) -> Result<Recorded, RecordError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record.txt");
        fs::write(&path, text).unwrap();
        Recorded::read(&path)
    }

    #[test]
    fn a_record_can_be_read_back() {
        let text = render(&hello("7.2.13-test"), &played());
        let recorded = read(&text).unwrap();
        assert_eq!(recorded.kernel, "7.2.13-test");
        assert_eq!(recorded.attributes, ["disksize", "reset"]);
        assert_eq!(recorded.rows(), 2);
        assert_eq!(render(&recorded.hello(), &played()), text);
    }

    #[test]
    fn what_a_model_made_is_refused() {
        let text = render(&hello(&format!("{} debian-7.2", crate::trace::MODEL_KERNEL)), &played());
        assert!(matches!(read(&text), Err(RecordError::NotRecorded { .. })), "{text}");
        assert!(matches!(read("rows\n"), Err(RecordError::NoRecord { .. })));
    }

    #[test]
    fn each_line_that_differs_is_shown_from_both_sides() {
        let ours = render(&hello("k"), &played());
        let theirs = ours.replace("EBUSY", "EINVAL");
        let shown = differences(&ours, &theirs);
        assert_eq!(shown.len(), 2, "{shown:?}");
        assert!(shown[0].contains("- ..") && shown[0].contains("EBUSY") && shown[1].contains("+ .."));
        assert_eq!(differences(&ours, &ours), Vec::<String>::new());
        assert_eq!(differences("a\nb\n", "a\n").len(), 1);
    }
}

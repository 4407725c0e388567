//! Files of operations: one JSON object per line; empty lines and lines that begin with `#` are skipped.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

use thiserror::Error;
use zram_agent::protocol::Op;

/// Most characters of a bad line that are shown.
const SHOWN: usize = 120;

/// A file that is no list of operations.
#[derive(Debug, Error)]
pub enum OpFileError {
    /// It cannot be read.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file; `-` is standard input.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A line is no operation.
    #[error("{}, line {line}: {reason}\n    {text}\nThe operations and their fields are described in docs/operations.md.", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// Why not.
        reason: String,
        /// The line.
        text: String,
    },
    /// There is nothing in it.
    #[error("{} holds no operations", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

/// An operation and the line it stands on.
pub type Numbered = (usize, Op);

/// Reads a file of operations; `-` is standard input.
///
/// # Errors
/// With the number of the first bad line.
pub fn read(path: &Path) -> Result<Vec<Numbered>, OpFileError> {
    if path == Path::new("-") {
        return parse(path, io::stdin().lock());
    }
    let file = File::open(path).map_err(|source| OpFileError::Io { path: path.to_owned(), source })?;
    parse(path, BufReader::new(file))
}

/// Parses operations; `path` is what messages call them.
///
/// # Errors
/// With the number of the first bad line.
pub fn parse(path: &Path, input: impl BufRead) -> Result<Vec<Numbered>, OpFileError> {
    let mut ops = Vec::new();
    for (line, text) in (1..).zip(input.split(b'\n')) {
        let text = text.map_err(|source| OpFileError::Io { path: path.to_owned(), source })?;
        let text = String::from_utf8_lossy(&text);
        let trimmed = text.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let op = serde_json::from_str(trimmed).map_err(|error| OpFileError::Line {
            path: path.to_owned(),
            line,
            reason: error.to_string(),
            text: trimmed.chars().take(SHOWN).collect(),
        })?;
        ops.push((line, op));
    }
    if ops.is_empty() {
        return Err(OpFileError::Empty { path: path.to_owned() });
    }
    Ok(ops)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_empty_lines_are_skipped() {
        let text = "# a program\n\n{\"op\":\"begin\",\"backing_pages\":0}\n{\"op\":\"add\"}\n";
        let ops = parse(Path::new("p"), text.as_bytes()).unwrap();
        assert_eq!(ops.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3, 4]);
    }

    #[test]
    fn a_bad_line_is_named() {
        let error =
            parse(Path::new("p.ndjson"), "{\"op\":\"add\"}\n{\"op\":\"fly\"}\n".as_bytes()).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("p.ndjson, line 2: unknown variant `fly`"), "{text}");
    }

    #[test]
    fn nothing_is_an_error() {
        assert!(matches!(parse(Path::new("p"), &b"\n"[..]), Err(OpFileError::Empty { .. })));
    }
}

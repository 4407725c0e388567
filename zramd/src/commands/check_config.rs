//! `check-config`: what is wrong with the configuration.

use std::{io::Write, path::PathBuf};

use serde::Serialize;

use super::json;
use zram_terminal::style::{GOOD, styled};

use crate::{
    cli::CheckConfig,
    config::{self, load},
};

/// It is wrong, and that is on standard output.
#[derive(Debug, thiserror::Error)]
#[error("the configuration is wrong")]
pub struct Wrong;

#[derive(Serialize)]
struct Document {
    files: Vec<PathBuf>,
    wrong: Vec<Item>,
}

#[derive(Serialize)]
struct Item {
    file: PathBuf,
    line: Option<usize>,
    column: Option<usize>,
    says: String,
}

impl From<config::Wrong> for Item {
    fn from(wrong: config::Wrong) -> Self {
        let line = wrong.place.line;
        Self {
            file: wrong.place.file,
            line: line.map(|line| line.line),
            column: line.map(|line| line.column),
            says: wrong.what,
        }
    }
}

/// Prints it.
///
/// # Errors
/// [`config::Wrongs`], or [`Wrong`] if they were printed.
pub fn run(options: &CheckConfig, out: &mut dyn Write) -> anyhow::Result<()> {
    match load(&options.place.root) {
        Ok(loaded) if options.json => json(out, &Document { files: loaded.files, wrong: Vec::new() }),
        Ok(loaded) if loaded.files.is_empty() => {
            writeln!(
                out,
                "{}: there are no files, and the defaults are in force",
                styled(GOOD, "all right")
            )?;
            Ok(())
        }
        Ok(loaded) => {
            let files: Vec<String> =
                loaded.files.iter().map(|file| super::foreign(&file.to_string_lossy())).collect();
            writeln!(out, "{}: {}", styled(GOOD, "all right"), files.join(", "))?;
            Ok(())
        }
        Err(wrongs) if options.json => {
            let wrong = wrongs.0.into_iter().map(Into::into).collect();
            json(out, &Document { files: Vec::new(), wrong })?;
            Err(Wrong.into())
        }
        Err(wrongs) => Err(wrongs.into()),
    }
}

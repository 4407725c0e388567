//! `attributes`: the table of attribute writes, recorded from kernels and held against the model.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use zram_agent::SimWorld;
use zram_model::Profile;

use crate::{
    agent::{Agent, Patience, Target},
    attributes::{Recorded, differences, play, play::OnModel, render, table},
    exact, profiles,
};

/// Where records are kept.
pub const RECORDS: &str = "tests/attributes";

/// What is wanted.
#[derive(Clone, Debug)]
pub struct Options {
    /// Kernels to play the table on. None: hold the model against the records.
    pub targets: Vec<Target>,
    /// The record: to be written, or to compare with. Without: the one of the target's name.
    pub file: Option<PathBuf>,
    /// Write what the kernel answers instead of comparing.
    pub record: bool,
    /// Show what agents and machines say.
    pub verbose: bool,
}

/// What came of one kernel or record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// A line that says what was done.
    pub what: String,
    /// Lines that differ.
    pub differences: Vec<String>,
}

/// Records or compares.
///
/// # Errors
/// When a kernel cannot be asked, or a record cannot be used.
pub fn attributes(options: &Options) -> Result<Vec<Compared>> {
    if options.targets.is_empty() {
        let files = match &options.file {
            Some(file) => vec![file.clone()],
            None => records(Path::new(RECORDS))?,
        };
        return files.iter().map(|file| on_model(&Recorded::read(file)?)).collect();
    }
    options.targets.iter().map(|target| on_kernel(target, options)).collect()
}

/// Most lines of a difference that are printed.
const SHOWN: usize = 60;

/// What people are told.
#[must_use]
pub fn report(compared: &[Compared]) -> String {
    let mut text = String::new();
    for one in compared {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}", one.what);
        for line in one.differences.iter().take(SHOWN) {
            let _ = writeln!(text, "  {line}");
        }
        if let Some(more @ 1..) = one.differences.len().checked_sub(SHOWN) {
            let _ = writeln!(text, "  and {more} lines more");
        }
    }
    let lines: usize = compared.iter().map(|one| one.differences.len()).sum();
    let verdict = if lines == 0 {
        "no difference".to_owned()
    } else {
        format!("{lines} lines of difference (- recorded, + played)")
    };
    let _ = writeln!(text, "attributes: {verdict}");
    text
}

/// The records in a folder, sorted.
///
/// # Errors
/// When it cannot be read, or holds none.
pub fn records(folder: &Path) -> Result<Vec<PathBuf>> {
    let listed = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut files: Vec<PathBuf> = listed
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<Vec<_>>>()?
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    if files.is_empty() {
        bail!("{} holds no record: make one with `cargo xtask attributes --record`", folder.display());
    }
    Ok(files)
}

/// Plays the table on the model of the record's kernel.
///
/// # Errors
/// When no profile is made for that kernel, or the model cannot be asked.
pub fn on_model(record: &Recorded) -> Result<Compared> {
    let chosen = profiles::for_kernel(&record.kernel, &record.attributes);
    if let Some(remark) = chosen.remark {
        bail!("{}: {remark}", record.path.display());
    }
    let what = format!("{}: {} rows, model {}", record.path.display(), record.rows(), chosen.profile.name);
    let differences = differences(&record.text, &played_by(record, chosen.profile)?);
    Ok(Compared { what, differences })
}

/// The record that a model of this profile would have made in the place of the record's kernel.
///
/// # Errors
/// When the model cannot be asked.
pub fn played_by(record: &Recorded, profile: Profile) -> Result<String> {
    let mut machine = OnModel::new(SimWorld::new(exact::host(profile)));
    let hello = record.hello();
    let played = play(&table(), &hello, &mut machine)
        .with_context(|| format!("playing {} on the model", record.path.display()))?;
    Ok(render(&hello, &played))
}

fn on_kernel(target: &Target, options: &Options) -> Result<Compared> {
    let file =
        options.file.clone().unwrap_or_else(|| Path::new(RECORDS).join(format!("{}.txt", target.name)));
    // A missing record is told before a machine is started for it.
    let record = if options.record { None } else { Some(Recorded::read(&file)?) };
    let mut agent = Agent::start(target, Patience::default(), options.verbose)?;
    let hello = agent.hello().clone();
    let played = play(&table(), &hello, &mut agent)?;
    agent.end()?;
    let text = render(&hello, &played);
    let rows = played.rows.len();
    let Some(record) = record else {
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        let what =
            format!("{}: {rows} rows of Linux {} recorded in {}", target.name, hello.kernel, file.display());
        return Ok(Compared { what, differences: Vec::new() });
    };
    let what =
        format!("{}: {rows} rows of Linux {}, recorded from {}", target.name, hello.kernel, record.kernel);
    // Another patch level is another release, and that alone is no difference.
    let differences = differences(&record.text, &text.replace(&hello.kernel, &record.kernel));
    Ok(Compared { what, differences })
}

//! A search kept in files: for each finding its operations, to be replayed, and both timelines.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use super::{finding::Finding, search::Outcome, terminal::print};
use crate::report::Paint;

/// Writes every finding, and the summary, into a folder; what an earlier search left there is removed.
///
/// # Errors
/// When the folder cannot be written.
pub fn write(outcome: &mut Outcome, folder: &Path) -> Result<()> {
    let failed = |path: &Path| format!("cannot write the findings to {}", path.display());
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| failed(folder));
        }
        _ => {}
    }
    fs::create_dir_all(folder).with_context(|| failed(folder))?;
    let names: Vec<String> = outcome.sides.iter().map(|side| side.name.clone()).collect();
    let names = [names.first().map_or("", |name| name), names.get(1).map_or("", |name| name)];
    for finding in &mut outcome.findings {
        let stem = folder.join(stem(finding));
        let (operations, timelines) = (stem.with_extension("ndjson"), stem.with_extension("txt"));
        fs::write(&operations, lines(finding)?).with_context(|| failed(&operations))?;
        let text = format!("{}\n\n{}", finding.signature, finding.timeline.text(names));
        fs::write(&timelines, text).with_context(|| failed(&timelines))?;
        finding.file = Some(operations);
    }
    let path = folder.join("summary.txt");
    let mut summary = Vec::new();
    print(&mut summary, outcome, Paint::plain())?;
    fs::write(&path, summary).with_context(|| failed(&path))
}

/// Number and what it is about, as a file's name.
fn stem(finding: &Finding) -> PathBuf {
    let text = format!("{} {}", finding.signature.op, finding.signature.what);
    let words: Vec<&str> =
        text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    format!("{:02}-{}", finding.number, words.join("-")).into()
}

fn lines(finding: &Finding) -> Result<String> {
    let mut text = String::new();
    for op in &finding.ops {
        text.push_str(&serde_json::to_string(op)?);
        text.push('\n');
    }
    Ok(text)
}

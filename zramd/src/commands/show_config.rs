//! `show-config`: the configuration that the files make together, or what there could be in them.

use std::{io::Write, path::PathBuf};

use serde::Serialize;

use super::{foreign, json};
use zram_terminal::style::{DIM, HEADING, KEY, styled};

use crate::{
    cli::ShowConfig,
    config::{
        Config, Loaded,
        keys::{KEYS, Key, tables},
        load,
    },
};

#[derive(Serialize)]
struct Document {
    files: Vec<PathBuf>,
    keys: Vec<Item>,
}

#[derive(Serialize)]
struct Item {
    key: String,
    value: serde_json::Value,
    origin: Option<Origin>,
}

#[derive(Serialize)]
struct Origin {
    file: PathBuf,
    line: Option<usize>,
    column: Option<usize>,
}

/// Prints it.
///
/// # Errors
/// When it is wrong, or cannot be printed.
pub fn run(options: &ShowConfig, out: &mut dyn Write) -> anyhow::Result<()> {
    if options.defaults {
        return Ok(out.write_all(defaults().as_bytes())?);
    }
    let loaded = load(&options.place.root)?;
    if options.json { json(out, &document(&loaded)?) } else { Ok(print(&loaded, options.origin, out)?) }
}

fn document(loaded: &Loaded) -> anyhow::Result<Document> {
    let item = |key: &Key| -> anyhow::Result<Item> {
        // What is shown is TOML, which is read into what JSON has.
        let mut table: serde_json::Value = toml::from_str(&format!("value = {}", key.shown(&loaded.config)))?;
        let origin = loaded.given.get(&key.full()).map(|place| Origin {
            file: place.file.clone(),
            line: place.line.map(|line| line.line),
            column: place.line.map(|line| line.column),
        });
        Ok(Item { key: key.full(), value: table["value"].take(), origin })
    };
    let keys = KEYS.iter().map(item).collect::<anyhow::Result<_>>()?;
    Ok(Document { files: loaded.files.clone(), keys })
}

fn print(loaded: &Loaded, origin: bool, out: &mut dyn Write) -> std::io::Result<()> {
    if loaded.files.is_empty() {
        writeln!(out, "{}", styled(DIM, "# There are no files: these are the defaults."))?;
    } else {
        writeln!(out, "{}", styled(DIM, "# From these files, where a later one overrides an earlier one:"))?;
        for file in &loaded.files {
            writeln!(out, "{}", styled(DIM, format!("#   {}", foreign(&file.to_string_lossy()))))?;
        }
    }
    for table in [""].into_iter().chain(tables()) {
        if !table.is_empty() {
            writeln!(out, "\n{}", styled(HEADING, format!("[{table}]")))?;
        }
        for key in KEYS.iter().filter(|key| key.table == table) {
            let value = foreign(&key.shown(&loaded.config));
            write!(out, "{} = {value}", styled(KEY, key.name))?;
            if origin {
                let from = loaded.given.get(&key.full());
                let from = from.map_or_else(|| "default".to_owned(), |place| foreign(&place.to_string()));
                write!(out, "  {}", styled(DIM, format!("# {from}")))?;
            }
            writeln!(out)?;
        }
    }
    Ok(())
}

/// Characters of a line of comment.
const WIDTH: usize = 78;

/// A file in which every key stands with its default, and what it means, as a comment.
#[must_use]
pub fn defaults() -> String {
    let config = Config::default();
    let mut text = String::from(HEAD);
    for table in [""].into_iter().chain(tables()) {
        if !table.is_empty() {
            text += &format!("\n[{table}]\n");
        }
        for key in KEYS.iter().filter(|key| key.table == table) {
            text += &format!("\n{}#{} = {}\n", comment(key), key.name, key.shown(&config));
            if key.name == "recompression" {
                text += TIER;
            }
        }
    }
    text
}

const HEAD: &str = "\
# What zramd does, with its defaults. See zramd(8).
#
# Do not change this file, but /etc/zramd/zramd.toml, or files in /etc/zramd/zramd.toml.d, of which later names override earlier
# ones. `zramd check-config` says what is wrong, `zramd show-config --origin` what counts; `systemctl reload zramd` takes it into force.
#
# Times are written as \"50ms\", \"90s\", \"20min\", \"25h\" or \"2days\"; sizes as \"512K\", \"100M\" or \"1G\"; shares as \"5%\" or \"2.5%\".
";

const TIER: &str = "\
# Instead, a table for each:
#[[recompression]]
# One of the names in recomp_algorithm.
#algorithm = \"zstd\"
# Which pages: \"idle\", \"huge\" or \"huge-idle\".
#pages = \"idle\"
# Not used for so long; without a meaning for \"huge\".
#older = \"2h\"
# Objects smaller than so many bytes are not tried; without it, all are.
#threshold = 3000
# So many pages are tried in one pass; without it, as many as there is time for.
#max-pages = 16384
# At least so far apart.
#every = \"1h\"
";

/// What a key means, and takes where its value does not show that, in lines of comment.
fn comment(key: &Key) -> String {
    let mut lines = vec![String::from("#")];
    let takes = if key.explained { format!(": {}", key.takes) } else { String::new() };
    for word in format!("{}{takes}.", key.about).split(' ') {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("# {word}")),
        }
    }
    lines.join("\n") + "\n"
}

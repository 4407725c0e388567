//! From files to a configuration.
//!
//! Files are merged key by key: what a later one says replaces what an earlier one said of the same key, and nothing else. Where each value comes from is
//! kept, for whoever wonders. Everything that is wrong is said at once, also across files; then there is no configuration at all, since half of one is
//! what nobody has asked for.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use toml::de::{DeTable, DeValue};

use super::{
    Config, Devices, Line, Place, Wrong, Wrongs,
    folders::{self, File, below},
    handover, keys, rules,
    setting::{Problem, Value, kind},
    unknown,
};

/// A configuration, and how it came about.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Loaded {
    /// The values.
    pub config: Config,
    /// Of keys that were given, where the value that counts stands. The others have their defaults.
    pub given: Given,
    /// The files that were read, the weakest first.
    pub files: Vec<PathBuf>,
}

/// Where values stand, by key with its table.
pub type Given = BTreeMap<String, Place>;

/// Reads the configuration of the machine below this root, which is `/` but for tests and for images that are not running.
///
/// # Errors
/// When anything in it is wrong: everything that is, at once.
pub fn load(root: &Path) -> Result<Loaded, Wrongs> {
    let (files, mut wrong) = folders::files(root);
    let mut merge = Merge::default();
    for file in &files {
        merge.file(file);
    }
    if let Devices::From(handed) = &mut merge.config.devices {
        let path = below(root, &handed.path.to_string_lossy());
        match handover::read(&path) {
            Ok(devices) => handed.devices = devices,
            Err(more) => merge.wrong.extend(more),
        }
    }
    wrong.extend(merge.wrong);
    let spoilt = |key: &str| merge.spoilt.contains(key);
    wrong.extend(rules::broken(&merge.config, &merge.given, &files, &spoilt));
    if wrong.is_empty() {
        let files = files.into_iter().map(|file| file.path).collect();
        Ok(Loaded { config: merge.config, given: merge.given, files })
    } else {
        Err(Wrongs(wrong))
    }
}

#[derive(Default)]
struct Merge {
    config: Config,
    given: Given,
    /// Keys with a value that could not be read: nothing can be said about them and others together.
    spoilt: BTreeSet<String>,
    wrong: Vec<Wrong>,
}

impl Merge {
    fn file(&mut self, file: &File) {
        let (document, errors) = DeTable::parse_recoverable(&file.text);
        if !errors.is_empty() {
            // What is left of a text that is no TOML would only bring more errors, which are none.
            let mut errors = errors;
            errors.sort_by_key(|error| error.span().map(|span| span.start));
            let wrong = errors.iter().map(|error| {
                let span = error.span().unwrap_or_default();
                Wrong::within(
                    file.path.clone(),
                    &file.text,
                    &span,
                    format!("this is no TOML: {}", error.message()),
                )
            });
            self.wrong.extend(wrong);
            return;
        }
        let mut problems = Vec::new();
        for (name, value) in document.get_ref() {
            let (name, span) = (name.get_ref().as_ref(), name.span());
            let known = keys::find("", name).is_some();
            match value.get_ref() {
                DeValue::Table(table) if keys::tables().contains(&name) => {
                    for (key, value) in table {
                        self.key(file, name, (key.get_ref(), key.span()), value, &mut problems);
                    }
                }
                other if keys::tables().contains(&name) => {
                    let what = format!("{name} is {}: it is a table, [{name}]", kind(other));
                    problems.push(Problem { span, what });
                }
                _ if !known => {
                    let all: Vec<&str> = keys::names("").into_iter().chain(keys::tables()).collect();
                    problems.push(Problem { span, what: unknown::key(name, "", &all) });
                }
                _ => self.key(file, "", (name, span), value, &mut problems),
            }
        }
        problems.sort_by_key(|problem| problem.span.start);
        let wrong = problems
            .into_iter()
            .map(|Problem { span, what }| Wrong::within(file.path.clone(), &file.text, &span, what));
        self.wrong.extend(wrong);
    }

    fn key(
        &mut self,
        file: &File,
        table: &str,
        (name, span): (&str, std::ops::Range<usize>),
        value: &Value<'_>,
        problems: &mut Vec<Problem>,
    ) {
        let Some(key) = keys::find(table, name) else {
            problems.push(Problem { span, what: unknown::key(name, table, &keys::names(table)) });
            return;
        };
        match (key.set)(&mut self.config, value) {
            Ok(()) => {
                let line = Some(Line::of(&file.text, span.start));
                self.given.insert(key.full(), Place { file: file.path.clone(), line });
            }
            Err(more) => {
                self.spoilt.insert(key.full());
                problems.extend(more.into_iter().map(|problem| problem.about(&key.full())));
            }
        }
    }
}

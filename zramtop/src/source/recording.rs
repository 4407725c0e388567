//! Recordings: moments, written down a line each, and played back.
//!
//! The first line says what this is; each of the others is a moment as a source yielded it. A line that was cut off, because whoever recorded it
//! was killed, is the end. Windows are kept as they were read, so that what a map showed it shows again.

use std::{
    fs::File,
    io::{BufRead, BufReader, BufWriter, Lines, Write},
    path::Path,
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use serde::{Deserialize, Serialize};

use super::{About, Attention, Source, SourceError};
use crate::sample::Moment;

/// The version of a recording: it goes up when a field changes its meaning.
const SCHEMA: u32 = 1;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    zramtop: u32,
    source: String,
}

/// A source whose moments are written down.
pub struct Recorder<S> {
    source: S,
    file: BufWriter<File>,
}

impl<S: Source> Recorder<S> {
    /// From now on, into a new file.
    ///
    /// # Errors
    /// When it cannot be made, or is there already.
    pub fn new(source: S, path: &Path) -> anyhow::Result<Self> {
        let file = File::create_new(path).with_context(|| format!("cannot record to {}", path.display()))?;
        let mut file = BufWriter::new(file);
        let head = Head { zramtop: SCHEMA, source: source.about().what };
        serde_json::to_writer(&mut file, &head)?;
        writeln!(file).with_context(|| format!("cannot record to {}", path.display()))?;
        Ok(Self { source, file })
    }
}

impl<S: Source> Source for Recorder<S> {
    fn about(&self) -> About {
        self.source.about()
    }

    fn look(&mut self, attention: &Attention) -> Result<Moment, SourceError> {
        let moment = self.source.look(attention)?;
        let written = serde_json::to_writer(&mut self.file, &moment).map_err(std::io::Error::from);
        // Each is whole in the file before the next one.
        let written = written.and_then(|()| writeln!(self.file)).and_then(|()| self.file.flush());
        written.map_err(|error| SourceError::Failed(format!("cannot record: {error}")))?;
        Ok(moment)
    }

    fn due(&mut self) -> Option<Duration> {
        self.source.due()
    }
}

/// A recording, played.
pub struct Replay {
    lines: Lines<BufReader<File>>,
    what: String,
    /// The next moment, and when the last one was.
    next: Option<Moment>,
    last: Option<u64>,
    line: usize,
}

impl Replay {
    /// From a file.
    ///
    /// # Errors
    /// When it cannot be read, or is no recording.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let name = path.display();
        let file = File::open(path).with_context(|| format!("cannot play {name}"))?;
        let mut lines = BufReader::new(file).lines();
        let head = lines.next().transpose().with_context(|| format!("cannot play {name}"))?;
        let head: Option<Head> = head.and_then(|line| serde_json::from_str(&line).ok());
        let Some(head) = head else {
            bail!("{name} is no recording: `zramtop --record FILE` makes one");
        };
        ensure!(
            head.zramtop == SCHEMA,
            "{name} is of version {}, and this program knows version {SCHEMA}",
            head.zramtop
        );
        let what = format!("{} of {}", path.file_name().unwrap_or_default().to_string_lossy(), head.source);
        Ok(Self { lines, what, next: None, last: None, line: 1 })
    }

    /// The next moment is there, if there is one.
    fn read(&mut self) -> Result<(), SourceError> {
        if self.next.is_some() {
            return Ok(());
        }
        let line = self.lines.next().ok_or(SourceError::End)?;
        self.line += 1;
        let line = line.map_err(|error| SourceError::Failed(format!("cannot play: {error}")))?;
        match serde_json::from_str(&line) {
            Ok(moment) => self.next = Some(moment),
            // Cut off in the middle.
            Err(error) if error.is_eof() => return Err(SourceError::End),
            Err(error) => {
                let told = format!("line {} of the recording makes no sense: {error}", self.line);
                return Err(SourceError::Failed(told));
            }
        }
        Ok(())
    }
}

impl Source for Replay {
    fn about(&self) -> About {
        About { kind: "replay", what: self.what.clone() }
    }

    fn look(&mut self, _: &Attention) -> Result<Moment, SourceError> {
        self.read()?;
        let moment = self.next.take().ok_or(SourceError::End)?;
        self.last = Some(moment.boot_micros);
        Ok(moment)
    }

    fn due(&mut self) -> Option<Duration> {
        let next = self.read().ok().and(self.next.as_ref())?;
        Some(Duration::from_micros(next.boot_micros.saturating_sub(self.last.unwrap_or(next.boot_micros))))
    }
}

//! A run kept in a file.
//!
//! A trace is a run's operations and the kernel's answers, compressed, so that the model can be held
//! against a real kernel where there is none: in the ordinary tests. It says which kernel it was and
//! which BPF object looked on. One that a model made says so, and is refused where a recorded one is
//! asked for: a model that agrees with itself proves nothing.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, BufWriter, Write as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use zram_agent::protocol::{Data, Hello, Observation, Op};
use zram_events::Decoder;

use crate::{
    observed::{Observed, Unusable, memories, memory_of},
    pages::Pages,
};

/// Version of the file format.
const FORMAT: u32 = 1;
/// zstd level: traces are written seldom and kept in a repository.
const LEVEL: i32 = 19;
/// log2 of zstd's window: answers repeat what the ones before said.
const WINDOW_LOG: u32 = 24;

/// How the kernel release begins that a model gives for its own.
pub const MODEL_KERNEL: &str = "model";

/// Who gave the answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A kernel.
    Recorded,
    /// The model.
    Model,
}

/// The first line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Version of the format.
    pub format: u32,
    /// Who gave the answers.
    pub origin: Origin,
    /// Name of the target.
    pub target: String,
    /// `uname -r`.
    pub kernel: String,
    /// SHA-256 of the BPF object.
    pub bpf_object: Option<String>,
    /// The profile that the model was run with.
    pub profile: String,
    /// Seed of the operations.
    pub seed: u64,
    /// Version of the program that recorded it.
    pub recorded_by: String,
    /// The agent's greeting.
    pub hello: Hello,
}

/// A line after the first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The operation.
    pub op: Op,
    /// The answer as the agent gave it, records and all, but for the pages, of which digests stand below.
    pub answer: Observation,
    /// Digests of the memory's pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Pages>,
    /// Digests of the blocks read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocks: Option<Pages>,
}

impl Step {
    /// An operation and its answer, with digests in the place of pages.
    #[must_use]
    pub fn new(op: &Op, answer: &Observation) -> Self {
        let (mut memory, mut blocks) = (None, None);
        let data = match &answer.data {
            Some(Data::Memory(bytes)) => {
                memory = Some(Pages::Bytes(bytes.0.clone()).digested());
                None
            }
            Some(Data::Blocks(bytes)) => {
                blocks = Some(Pages::Bytes(bytes.0.clone()).digested());
                None
            }
            Some(Data::Bios(bios)) => {
                let mut bios = bios.clone();
                memory = memory_of(bios.iter_mut().map(|bio| &mut bio.memory)).map(|pages| pages.digested());
                Some(Data::Bios(bios))
            }
            Some(Data::Together(workers)) => {
                let mut workers = workers.clone();
                memory = memory_of(memories(&mut workers)).map(|pages| pages.digested());
                Some(Data::Together(workers))
            }
            other => other.clone(),
        };
        Self { op: op.clone(), answer: Observation { data, ..answer.clone() }, memory, blocks }
    }

    /// The answer as the checker takes it.
    ///
    /// # Errors
    /// When its records cannot be decoded.
    pub fn observed(&self, decoder: &mut Decoder) -> Result<Observed, Unusable> {
        self.with_pages(Observed::new(&self.op, self.answer.clone(), decoder)?)
    }

    /// The same where the records do not tell everything.
    ///
    /// # Errors
    /// None.
    pub fn unseen(&self, why: &str) -> Result<Observed, Unusable> {
        self.with_pages(Observed::unseen(&self.op, self.answer.clone(), why)?)
    }

    fn with_pages(&self, mut observed: Observed) -> Result<Observed, Unusable> {
        observed.memory = self.memory.clone().or(observed.memory);
        observed.blocks = self.blocks.clone().or(observed.blocks);
        Ok(observed)
    }
}

/// Why a trace cannot be used.
#[derive(Debug, Error)]
pub enum TraceError {
    /// The file cannot be read or written.
    #[error("cannot read or write {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A line is not what it should be.
    #[error("{}, line {line}, makes no sense; record the trace anew with `cargo xtask verify --trace FILE`", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// Another version of the format.
    #[error("{}: format {found}, this program reads {FORMAT}; record the trace anew", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// No header.
    #[error("{} is empty", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Made by a model.
    #[error("{} was made by the model, not recorded from a kernel; it proves nothing about one", path.display())]
    NotRecorded {
        /// The file.
        path: PathBuf,
    },
}

/// A trace being written.
pub struct Recorder {
    path: PathBuf,
    output: zstd::Encoder<'static, BufWriter<File>>,
}

impl Recorder {
    /// Creates the file and writes its header. The file appears under its name only once it is whole.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn create(path: &Path, header: &Header) -> Result<Self, TraceError> {
        let failed = |source| TraceError::Io { path: path.to_owned(), source };
        let file = File::create(part(path)).map_err(failed)?;
        let mut output = zstd::Encoder::new(BufWriter::new(file), LEVEL).map_err(failed)?;
        output.window_log(WINDOW_LOG).map_err(failed)?;
        let mut recorder = Self { path: path.to_owned(), output };
        recorder.line(header)?;
        Ok(recorder)
    }

    /// Adds an operation and its answer.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn record(&mut self, op: &Op, answer: &Observation) -> Result<(), TraceError> {
        self.line(&Step::new(op, answer))
    }

    /// Completes the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(self) -> Result<(), TraceError> {
        let failed = |source| TraceError::Io { path: self.path.clone(), source };
        let mut file = self.output.finish().map_err(failed)?;
        file.flush().map_err(failed)?;
        std::fs::rename(part(&self.path), &self.path).map_err(failed)
    }

    fn line(&mut self, value: &impl Serialize) -> Result<(), TraceError> {
        let failed = |source| TraceError::Io { path: self.path.clone(), source };
        let mut text = serde_json::to_vec(value).map_err(|error| failed(error.into()))?;
        text.push(b'\n');
        self.output.write_all(&text).map_err(failed)
    }
}

fn part(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

/// A trace read back.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// Its file.
    pub path: PathBuf,
    /// Its first line.
    pub header: Header,
    /// The operations and answers.
    pub steps: Vec<Step>,
}

impl Trace {
    /// Reads a trace, whoever made it.
    ///
    /// # Errors
    /// When it cannot be read or is not one.
    pub fn read(path: &Path) -> Result<Self, TraceError> {
        let failed = |source| TraceError::Io { path: path.to_owned(), source };
        let wrong = |line, source| TraceError::Line { path: path.to_owned(), line, source };
        let file = File::open(path).map_err(failed)?;
        let input = BufReader::new(zstd::Decoder::new(file).map_err(failed)?);
        let mut lines = input.lines();
        let first =
            lines.next().ok_or_else(|| TraceError::Empty { path: path.to_owned() })?.map_err(failed)?;
        let header: Header = serde_json::from_str(&first).map_err(|error| wrong(1, error))?;
        if header.format != FORMAT {
            return Err(TraceError::Format { path: path.to_owned(), found: header.format });
        }
        let mut steps = Vec::new();
        for (n, line) in (2..).zip(lines) {
            let line = line.map_err(failed)?;
            steps.push(serde_json::from_str(&line).map_err(|error| wrong(n, error))?);
        }
        Ok(Self { path: path.to_owned(), header, steps })
    }

    /// Reads a trace of a kernel.
    ///
    /// # Errors
    /// As [`Trace::read`], and when a model made it.
    pub fn recorded(path: &Path) -> Result<Self, TraceError> {
        let trace = Self::read(path)?;
        match trace.header.origin {
            Origin::Recorded => Ok(trace),
            Origin::Model => Err(TraceError::NotRecorded { path: path.to_owned() }),
        }
    }
}

impl Origin {
    /// Who greets so.
    #[must_use]
    pub fn of(hello: &Hello) -> Self {
        if hello.kernel.starts_with(MODEL_KERNEL) { Self::Model } else { Self::Recorded }
    }
}

impl Header {
    /// A header for what is recorded now.
    #[must_use]
    pub fn new(target: &str, profile: &str, seed: u64, hello: &Hello) -> Self {
        Self {
            format: FORMAT,
            origin: Origin::of(hello),
            target: target.to_owned(),
            kernel: hello.kernel.clone(),
            bpf_object: hello.bpf_object.clone(),
            profile: profile.to_owned(),
            seed,
            recorded_by: env!("CARGO_PKG_VERSION").to_owned(),
            hello: hello.clone(),
        }
    }
}

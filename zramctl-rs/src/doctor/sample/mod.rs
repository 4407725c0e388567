//! What other algorithms would make of a device's pages: some are read, and compressed with what the kernel compresses with.
//!
//! Reading a page through the device is an access: it takes the page off the idle list and renews its age, and a page on the backing device would
//! be read from there. So only pages in memory are read that are not marked as idle: a sample changes nothing that writeback or recompression goes
//! by, but for the ages of the few that it reads. The price is that pages which were marked are not in the sample; where all are, there is
//! none. What is in the pages is compressed and forgotten, and never printed.

mod classes;

use serde::Serialize;
use zram_codecs::{Algorithm, Compressor, Parameters};
use zram_host::{Buffer, DeviceNumber, Iovec, Machine};
use zram_model::PageSize;

pub use classes::Classes;

use super::{Check, Finding, Looked, Patient, percent};
use crate::{severity::Severity, size::human};

/// The longest chain that kernels are built with, unless they say otherwise (`CONFIG_ZSMALLOC_CHAIN_SIZE`).
const CHAIN: u32 = 8;

/// What algorithms make of a device's pages.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sample {
    /// Whose.
    pub device: DeviceNumber,
    /// Pages that were read and compressed.
    pub pages: u64,
    /// Pages in memory, of which these are some.
    pub in_memory: u64,
    /// What each algorithm makes of them, with its default parameters, the least memory first.
    pub algorithms: Vec<Outcome>,
    /// Algorithms that the kernel offers and this program does not have.
    pub not_tried: Vec<String>,
}

/// What an algorithm makes of pages.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Its name.
    pub algorithm: String,
    /// Whether it is the device's primary one.
    pub primary: bool,
    /// Bytes of a page, for each that it is compressed to.
    pub ratio: f64,
    /// Percent of the pages that are stored as they are, since they do not compress.
    pub incompressible: u64,
    /// Bytes of memory that a page takes, by its size class, on average.
    pub memory_per_page: u64,
    /// What all pages in memory would take, if these are like the others.
    pub memory: u64,
}

/// Reads so many of a device's pages and compresses them.
///
/// # Errors
/// When there is nothing to read, or reading fails.
pub fn sample(
    machine: &mut dyn Machine,
    looked: &Looked,
    patient: &Patient,
    wanted: u64,
) -> anyhow::Result<Sample> {
    let device = patient.number();
    let slots = patient.slots.as_ref().ok_or_else(|| {
        anyhow::anyhow!(
            "{device}: pages cannot be chosen without block_state (`zramctl-rs caps` says what it takes)"
        )
    })?;
    anyhow::ensure!(
        !slots.samples.is_empty(),
        "{device}: there is no page in memory that is not marked as idle, and a sample does not take marks away"
    );
    let page = u32::try_from(looked.page)
        .ok()
        .and_then(PageSize::new)
        .ok_or_else(|| anyhow::anyhow!("no algorithm is known for pages of {} bytes", looked.page))?;
    let offered = patient.device.survey.algorithms.as_ref();
    let (known, unknown): (Vec<&String>, Vec<&String>) = offered
        .map(|algorithms| &algorithms.offered[..])
        .unwrap_or_default()
        .iter()
        .partition(|name| Algorithm::from_name(name).is_ok());
    let mut trials = Vec::new();
    for name in known {
        trials.push(Trial {
            compressor: Compressor::new(name, &Parameters::default(), page)?,
            bytes: 0,
            memory: 0,
            incompressible: 0,
        });
    }
    let classes = Classes::new(page.bytes(), chain(looked));
    let mut pages = 0;
    for slot in spread(&slots.samples, wanted) {
        let Some(content) = read(machine, device, slot, page)? else { continue };
        pages += 1;
        for trial in &mut trials {
            trial.compress(&content, &classes)?;
        }
    }
    anyhow::ensure!(pages > 0, "{device}: the pages to be read have gone meanwhile");
    let chosen = offered.and_then(|algorithms| algorithms.chosen.as_deref());
    let in_memory = slots.in_memory;
    let mut algorithms: Vec<Outcome> = trials
        .iter()
        .map(|trial| Outcome {
            primary: chosen == Some(trial.compressor.algorithm().name()),
            algorithm: trial.compressor.algorithm().name().to_owned(),
            ratio: (pages * looked.page) as f64 / trial.bytes as f64,
            incompressible: percent(trial.incompressible, pages),
            memory_per_page: trial.memory / pages,
            memory: u64::try_from(u128::from(trial.memory) * u128::from(in_memory) / u128::from(pages))
                .unwrap_or(u64::MAX),
        })
        .collect();
    algorithms.sort_by_key(|outcome| outcome.memory);
    let not_tried = unknown.into_iter().cloned().collect();
    Ok(Sample { device, pages, in_memory, algorithms, not_tried })
}

/// What the sample comes to, if another algorithm would save a tenth or more.
#[must_use]
pub fn finding(sample: &Sample) -> Option<Finding> {
    let now = sample.algorithms.iter().find(|outcome| outcome.primary)?;
    let saves = |outcome: &Outcome| percent(now.memory.saturating_sub(outcome.memory), now.memory);
    let better: Vec<String> = sample
        .algorithms
        .iter()
        .filter(|outcome| saves(outcome) >= 10)
        .map(|outcome| format!("{} by {}%", outcome.algorithm, saves(outcome)))
        .collect();
    let device = sample.device;
    (!better.is_empty()).then(|| Finding {
        check: Check::OtherAlgorithm,
        severity: Severity::Note,
        device: Some(device),
        seen: format!(
            "{device}: by a sample of {} pages, those in memory take {} with {}; others would take less: {}.",
            sample.pages,
            human(now.memory),
            now.algorithm,
            better.join(", ")
        ),
        why: "A stronger algorithm takes more of the processor's time at each access; where only old pages are recompressed with it, seldom.".to_owned(),
        mend: "when it is next set up: `zramctl-rs setup --algorithm NAME`, or `--recompress NAME` where the kernel has it".to_owned(),
    })
}

struct Trial {
    compressor: Compressor,
    bytes: u64,
    memory: u64,
    incompressible: u64,
}

impl Trial {
    fn compress(&mut self, page: &[u8], classes: &Classes) -> anyhow::Result<()> {
        let size = self.compressor.compress(page)?.len();
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        let huge = size >= classes.huge();
        // What does not compress is stored as it is.
        self.bytes += if huge { page.len() as u64 } else { u64::from(size) };
        self.memory += classes.memory(size);
        self.incompressible += u64::from(huge);
        Ok(())
    }
}

fn chain(looked: &Looked) -> u32 {
    let options = looked.capabilities.options.as_ref();
    options.and_then(|options| options.set.get("ZSMALLOC_CHAIN_SIZE")?.parse().ok()).unwrap_or(CHAIN)
}

/// So many of them, at equal distances.
fn spread(slots: &[u64], wanted: u64) -> impl Iterator<Item = u64> {
    let there = slots.len() as u64;
    let taken = wanted.min(there);
    (0..taken).filter_map(move |at| slots.get(usize::try_from(at * there / taken).ok()?).copied())
}

/// A page of a device. `None`: it is of one word, as one is that was freed meanwhile.
fn read(
    machine: &mut dyn Machine,
    device: DeviceNumber,
    slot: u64,
    page: PageSize,
) -> anyhow::Result<Option<Vec<u8>>> {
    let len = page.as_usize();
    let mut memory = vec![0; 2 * len];
    // Direct I/O takes memory that begins with a page.
    let start = memory.as_ptr().align_offset(len).min(len);
    let arena = &mut memory[start..start + len];
    let pieces = [Iovec { start: 0, len }];
    let at = slot * u64::from(page.bytes());
    let read = machine
        .read(device.0, at, Buffer { arena, pieces: &pieces })
        .map_err(|errno| anyhow::anyhow!("cannot read page {slot} of {device}: {}", errno.desc()))?;
    anyhow::ensure!(read == len, "page {slot} of {device} ends after {read} bytes");
    let content = memory[start..start + len].to_vec();
    let is_one_word = content.chunks_exact(8).all(|word| Some(word) == content.get(..8));
    Ok((!is_one_word).then_some(content))
}

//! A single look, printed: for scripts, and for who has no terminal.

use std::io::Write;

use anyhow::{Context as _, bail};
use serde::Serialize;

use crate::{
    cli::Cli,
    map::{SlotTable, ages::BOUNDS},
    sample::{Attributes, Class, Content, Flags, Kind, Known, Latency, SECOND},
    source::{Attention, Source as _, SourceError},
    state::{Device, Event, Look, State, Units, search, update},
};

/// The version of what `--json` prints: it goes up when a field changes its meaning or goes away, and stays when one is added.
const SCHEMA: u32 = 1;

/// Looks, and prints.
///
/// # Errors
/// When it cannot be looked at or printed, in a sentence.
pub fn run(cli: &Cli, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut source = cli.source().make()?;
    let mut state = State::new(Look { color: false, ..cli.look(|_| None) }, (80, 24));
    let attention =
        Attention { everything: true, contents: cli.sizes, timed: cli.latency, ..Attention::default() };
    let looks = if cli.latency { cli.looks.max(2) } else { cli.looks };
    for look in 0..looks {
        if look > 0 && source.about().kind == "live" {
            std::thread::sleep(std::time::Duration::from_secs_f64(cli.interval));
        }
        match source.look(&attention) {
            Ok(moment) => drop(update(&mut state, Event::Moment(Box::new(moment)))),
            Err(SourceError::End) if look > 0 => break,
            Err(error) => return Err(error.into()),
        }
    }
    if let Some(device) = cli.device {
        if !state.devices.contains_key(&device.0) {
            bail!("there is no {device}");
        }
        state.devices.retain(|known, _| *known == device.0);
    }
    if cli.json {
        serde_json::to_writer_pretty(&mut *out, &Document::of(&state))?;
        writeln!(out)?;
    } else {
        text(&state, out)?;
    }
    out.flush().context("cannot write to standard output")
}

/// The document of `--json`.
#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: u32,
    boot_micros: u64,
    took_micros: u64,
    devices: Vec<Looked<'a>>,
}

/// A device in it.
#[derive(Debug, Serialize)]
struct Looked<'a> {
    device: String,
    #[serde(flatten)]
    attributes: &'a Attributes,
    page: u64,
    ratio: Option<f64>,
    slots: Option<Slots>,
    /// What is missing for `slots`.
    #[serde(skip_serializing_if = "Option::is_none")]
    slots_missing: Option<&'a str>,
    /// What its objects come to, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    sizes: Option<Known<Sizes>>,
    classes: &'a Known<Vec<Class>>,
    latency: &'a Known<Latency>,
}

/// What its slots hold, added up.
#[derive(Debug, Default, Serialize)]
struct Sizes {
    /// Objects in memory.
    objects: u64,
    /// Bytes of them.
    bytes: u64,
    /// Slots that are on the backing device.
    blocks: u64,
}

impl Sizes {
    fn of(contents: &Known<Vec<Content>>) -> Option<Known<Self>> {
        match contents {
            Known::Here(contents) => {
                let mut sizes = Self::default();
                for content in contents {
                    match (content.block, content.size) {
                        (Some(_), _) => sizes.blocks += 1,
                        (None, Some(size)) => {
                            sizes.objects += 1;
                            sizes.bytes += u64::from(size);
                        }
                        (None, None) => {}
                    }
                }
                Some(Known::Here(sizes))
            }
            Known::Missing(why) => Some(Known::Missing(why.clone())),
            Known::Unasked => None,
        }
    }
}

/// Its slots, counted.
#[derive(Debug, Serialize)]
struct Slots {
    all: u64,
    looked_at: u64,
    kinds: serde_json::Map<String, serde_json::Value>,
    flags: serde_json::Map<String, serde_json::Value>,
    ages: Vec<Age>,
    age_unknown: u64,
}

#[derive(Debug, Serialize)]
struct Age {
    /// Younger than so many seconds, and older than those before. `null`: older than all.
    below_seconds: Option<u32>,
    in_memory: u64,
    written_back: u64,
}

impl Slots {
    fn of(table: &SlotTable, boot_micros: u64) -> Self {
        let total = table.total();
        let now = u32::try_from(boot_micros / SECOND).unwrap_or(u32::MAX);
        let ages = table.ages().histogram(now).into_iter().zip(BOUNDS).map(
            |((in_memory, written_back), (end, _))| Age {
                below_seconds: (end != u32::MAX).then_some(end),
                in_memory,
                written_back,
            },
        );
        Self {
            all: table.len(),
            looked_at: table.known(),
            kinds: Kind::ALL
                .iter()
                .map(|kind| (kind.name().replace(' ', "_"), total.kind(*kind).into()))
                .collect(),
            flags: Flags::LETTERS
                .iter()
                .map(|(flag, _)| (search::name(*flag).replace('-', "_"), total.flag(*flag).into()))
                .collect(),
            ages: ages.collect(),
            age_unknown: table.ages().unknown(),
        }
    }
}

impl<'a> Document<'a> {
    fn of(state: &'a State) -> Self {
        let (boot_micros, took_micros) = state.moment.unwrap_or_default();
        let devices = state.devices.values().map(|device| Looked {
            device: device.name(),
            attributes: &device.sample.attributes,
            page: device.sample.page,
            ratio: device.sample.attributes.ratio(),
            slots: (device.table.known() > 0).then(|| Slots::of(&device.table, boot_micros)),
            slots_missing: device.unseen.as_deref(),
            sizes: Sizes::of(&device.sample.contents),
            classes: &device.classes,
            latency: device.latency(),
        });
        Self { schema: SCHEMA, boot_micros, took_micros, devices: devices.collect() }
    }
}

/// For people, and for `grep`: a name and a value on each line.
fn text(state: &State, out: &mut dyn Write) -> std::io::Result<()> {
    if state.devices.is_empty() {
        return writeln!(out, "There is no zram device.");
    }
    for (at, device) in state.devices.values().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        one(device, state.look.units, out)?;
    }
    Ok(())
}

fn one(device: &Device, units: Units, out: &mut dyn Write) -> std::io::Result<()> {
    let attributes = &device.sample.attributes;
    if !attributes.initialised {
        return writeln!(out, "{}: not set up", device.name());
    }
    let uses =
        if attributes.uses.is_empty() { String::new() } else { format!(", {}", attributes.uses.join(", ")) };
    writeln!(out, "{}: {}{uses}", device.name(), units.amount(attributes.disksize))?;
    let mut line = |name: &str, value: String| writeln!(out, "  {name:<16} {value:>10}");
    line("stored", units.amount(attributes.stored))?;
    line("memory", units.amount(attributes.memory))?;
    line("peak", units.amount(attributes.peak))?;
    if attributes.limit != 0 {
        line("limit", units.amount(attributes.limit))?;
    }
    if let Some(ratio) = attributes.ratio() {
        line("ratio", format!("{ratio:.2}"))?;
    }
    if let Some(part) = attributes.fragmentation() {
        line("fragmentation", format!("{:.0}%", part * 100.0))?;
    }
    if let Some(backing) = &attributes.backing {
        line("backing", units.amount(backing.used))?;
        line("written back", units.amount(backing.written))?;
        line("read back", units.amount(backing.read))?;
    }
    for (name, series) in [("reads", &device.history.read), ("writes", &device.history.written)] {
        if let Some(rate) = series.last() {
            line(name, format!("{}/s", units.amount(rate)))?;
        }
    }
    match &device.unseen {
        Some(why) => writeln!(out, "  slots: {why}")?,
        None => {
            for kind in Kind::ALL {
                let slots = device.table.total().kind(kind);
                if slots > 0 {
                    writeln!(out, "  {:<16} {slots:>10} slots", kind.name())?;
                }
            }
        }
    }
    match Sizes::of(&device.sample.contents) {
        Some(Known::Here(sizes)) => {
            writeln!(
                out,
                "  {:<16} {:>10} in {} objects",
                "sizes",
                units.amount(sizes.bytes),
                sizes.objects
            )?;
        }
        Some(Known::Missing(why)) => writeln!(out, "  sizes: {why}")?,
        Some(Known::Unasked) | None => {}
    }
    match &device.classes {
        Known::Here(classes) => {
            let page = device.sample.page;
            let waste: u64 = classes.iter().map(|class| class.waste(page)).sum();
            let freeable: u64 = classes.iter().map(|class| class.freeable).sum();
            writeln!(out, "  {:<16} {:>10}", "waste", units.amount(waste))?;
            writeln!(out, "  {:<16} {:>10}", "freeable", units.amount(freeable * page))
        }
        Known::Missing(why) => writeln!(out, "  classes: {why}"),
        Known::Unasked => Ok(()),
    }
}

//! `watch`: what happens, as it happens.
//!
//! Probes hand over what they saw; what is asked for is printed, a line each. It ends at the count or the time that was asked for, when nobody
//! reads any more, and at SIGINT or SIGTERM; then it says what was lost, since a stream with a hole in it shows things that did not happen.

mod line;

use std::{io::Write, os::fd::AsFd as _, thread, time::Duration};

use anyhow::anyhow;
use clap::ValueEnum as _;
use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
};
use serde::Serialize;
use zram_events::{Event, Kind};
use zram_host::{
    DeviceNumber, Machine,
    probed::{Absent, Happened},
};

use self::line::{Place, Since, place, words};
use super::SCHEMA;
use crate::{
    ASIDE,
    cli::{Watch, What},
    escape::escaped,
    interrupt, style,
};

/// How often the probes are asked.
const PAUSE: Duration = Duration::from_millis(50);

/// From now on it ends, in order, when nobody reads standard output any more, also if there is nothing to print.
pub fn end_when_unread() {
    thread::spawn(|| {
        let stdout = std::io::stdout();
        // Asked for nothing, the kernel still reports that the other end of a pipe is closed.
        let mut stdout = [PollFd::new(stdout.as_fd(), PollFlags::empty())];
        while let Err(Errno::EINTR) = poll(&mut stdout, PollTimeout::NONE) {}
        let gone = PollFlags::POLLERR | PollFlags::POLLHUP;
        if stdout[0].revents().is_some_and(|events| events.intersects(gone)) {
            interrupt::ask();
        }
    });
}

/// Watches.
///
/// # Errors
/// When nothing can be watched here, with what is missing.
pub fn run(options: &Watch, machine: &mut dyn Machine, out: &mut dyn Write) -> anyhow::Result<()> {
    let there = machine.devices().unwrap_or_default();
    for device in options.devices.iter().filter(|device| !there.contains(&device.0)) {
        ASIDE.say(format_args!("there is no {device} now: it is shown when it is there"));
    }
    let unseen = probed(machine, |probes| probes.watch(&wanted(options)))?;
    if !unseen.is_empty() {
        ASIDE.say(format_args!("this kernel does not show {}", names(&unseen)));
    }
    // Attaching has taken its time.
    let end = options.time.map(|time| machine.boot_time().saturating_add(time.saturating_mul(1_000_000_000)));
    if !options.json && !options.no_headings {
        let heading = format!("{:>13} {:<16} {:<6} {:>7} WHAT", "SECONDS", "TASK", "DEVICE", "SLOT");
        writeln!(out, "{}", style::heading(heading))?;
    }
    let page = machine.page_size();
    let mut since = Since::default();
    let mut printed = 0;
    let is_enough = |printed| options.count == Some(printed);
    while !is_enough(printed) && !interrupt::asked() {
        let happened = probed(machine, |probes| probes.happened())?;
        let nothing = happened.is_empty();
        for happened in happened {
            let took = since.took(&happened);
            let place = place(&happened.event, page);
            if !takes(options, &happened.event, place) {
                continue;
            }
            let task = task(machine, happened.thread);
            if options.json {
                json_line(out, &happened, took, task.as_deref())?;
            } else {
                text_line(out, &happened, took, task.as_deref(), (place, page))?;
            }
            printed += 1;
            if is_enough(printed) {
                break;
            }
        }
        out.flush()?;
        if end.is_some_and(|end| machine.boot_time() >= end) {
            break;
        }
        if nothing {
            machine.pause(PAUSE);
        }
    }
    let lost = probed(machine, |probes| probes.lost())?;
    if options.json {
        let last = End { schema: SCHEMA, end: true, printed, lost, unseen };
        serde_json::to_writer(&mut *out, &last)?;
        writeln!(out)?;
    } else if lost > 0 {
        let told = format!("{lost} records were lost: more happened than is shown.");
        writeln!(out, "{}", style::warning(told))?;
    }
    Ok(())
}

/// Kinds of records that tell of what is asked for.
fn wanted(options: &Watch) -> Vec<Kind> {
    let by_default = What::value_variants().iter().filter(|what| **what != What::Allocator);
    let whats: Vec<What> =
        if options.kind.is_empty() { by_default.copied().collect() } else { options.kind.clone() };
    let mut kinds: Vec<Kind> = whats.iter().flat_map(|what| what.kinds()).copied().collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// Kinds of records by their names, which are nearly those of events.
fn names(kinds: &[Kind]) -> String {
    let name = |kind: &Kind| serde_json::to_value(kind).ok()?.as_str().map(str::to_owned);
    kinds.iter().filter_map(name).collect::<Vec<_>>().join(", ")
}

/// Asks the probes for something.
fn probed<T>(
    machine: &mut dyn Machine,
    ask: impl FnOnce(&mut dyn zram_host::Probed) -> Result<T, Absent>,
) -> anyhow::Result<T> {
    let probes =
        machine.probes().ok_or_else(|| anyhow!("nothing can be watched: this machine has no probes"))?;
    ask(probes).map_err(|absent| anyhow!("nothing can be watched: {absent}"))
}

fn takes(options: &Watch, event: &Event, place: Place) -> bool {
    let what = What::of(event);
    let of_kind =
        if options.kind.is_empty() { what != What::Allocator } else { options.kind.contains(&what) };
    let of_device = options.devices.is_empty()
        || place.device.is_some_and(|device| options.devices.contains(&DeviceNumber(device)));
    let of_slot = options
        .slot
        .is_none_or(|(first, last)| place.slots.is_some_and(|slots| slots.0 <= last && first <= slots.1));
    of_kind && of_device && of_slot
}

/// The name of a thread, if it is still there.
fn task(machine: &mut dyn Machine, thread: u32) -> Option<String> {
    if thread == 0 {
        return None;
    }
    let name = machine.kernel_file(&format!("/proc/{thread}/comm")).ok()?;
    Some(String::from_utf8_lossy(&name).trim_end().to_owned())
}

fn text_line(
    out: &mut dyn Write,
    happened: &Happened,
    took: Option<u64>,
    task: Option<&str>,
    (place, page): (Place, u64),
) -> std::io::Result<()> {
    let (seconds, micros) = (happened.boot_nanos / 1_000_000_000, happened.boot_nanos / 1000 % 1_000_000);
    let task = match (task, happened.thread) {
        (_, 0) => "-".to_owned(),
        (Some(task), thread) => format!("{}/{thread}", escaped(task, false)),
        (None, thread) => thread.to_string(),
    };
    let device = place.device.map_or_else(|| "-".to_owned(), |device| DeviceNumber(device).to_string());
    let slots = match place.slots {
        None => "-".to_owned(),
        Some((first, last)) if first == last => first.to_string(),
        Some((first, last)) => format!("{first}-{last}"),
    };
    let took = took.map_or_else(String::new, |nanos| {
        format!(", took {}.{:03} ms", nanos / 1_000_000, nanos / 1000 % 1000)
    });
    writeln!(
        out,
        "{seconds:>6}.{micros:06} {task:<16} {device:<6} {slots:>7} {}{took}",
        words(&happened.event, page)
    )
}

/// A line of `--json`.
#[derive(Serialize)]
struct Line<'a> {
    schema: u32,
    boot_nanos: u64,
    thread: u32,
    task: Option<&'a str>,
    what: String,
    took_nanos: Option<u64>,
    #[serde(flatten)]
    event: &'a Event,
}

/// The last line of `--json`.
#[derive(Serialize)]
struct End {
    schema: u32,
    end: bool,
    printed: u64,
    lost: u64,
    /// Kinds of records that this kernel does not let one see.
    unseen: Vec<Kind>,
}

fn json_line(
    out: &mut dyn Write,
    happened: &Happened,
    took_nanos: Option<u64>,
    task: Option<&str>,
) -> anyhow::Result<()> {
    let Happened { boot_nanos, thread, event } = happened;
    let what = What::of(event).to_possible_value().map(|value| value.get_name().to_owned());
    let what = what.unwrap_or_default();
    let line =
        Line { schema: SCHEMA, boot_nanos: *boot_nanos, thread: *thread, task, what, took_nanos, event };
    serde_json::to_writer(&mut *out, &line)?;
    Ok(writeln!(out)?)
}

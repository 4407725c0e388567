//! `status`: what the daemon does.

use std::io::{self, Write};

use zram_host::size::human;

use super::{foreign, json, path, time};
use zram_terminal::style::{GOOD, HEADING, KEY, PLAIN, PROBLEM, WARNING, styled};

use crate::{
    cli::StatusOf,
    config::share,
    control::{
        Status,
        client::ask,
        protocol::Request,
        status::{DeviceStatus, Doing, Slots},
    },
    units::{Permille, Units},
};

/// Asks, and prints it.
///
/// # Errors
/// When nobody answers, or it cannot be printed.
pub fn run(options: &StatusOf, out: &mut dyn Write) -> anyhow::Result<()> {
    let status: Status = ask(&path(&options.socket), &Request::Status {})?;
    if options.json { json(out, &status) } else { Ok(print(&status, out)?) }
}

/// Prints it.
///
/// # Errors
/// When nobody takes it.
pub fn print(status: &Status, out: &mut dyn Write) -> io::Result<()> {
    let (look, doing) = match &status.doing {
        Doing::Driving => (GOOD, "driving".to_owned()),
        Doing::Paused { seconds: Some(seconds) } => (WARNING, format!("paused for {}", time(*seconds))),
        Doing::Paused { seconds: None } => (WARNING, "paused until `zramd resume`".to_owned()),
        Doing::Nothing { why } => (PLAIN, format!("doing nothing: {}", foreign(why))),
    };
    writeln!(
        out,
        "{}: {}; up for {}{}",
        styled(HEADING, format!("zramd {}", foreign(&status.release))),
        styled(look, doing),
        time(status.running_seconds),
        status.next_seconds.map(|next| format!(", decides next in {}", time(next))).unwrap_or_default()
    )?;
    let budget = &status.budget;
    let frees = budget.frees_in_seconds.filter(|_| budget.left_bytes == 0);
    line(
        out,
        "budget",
        &format!(
            "{} of {} written in 24 hours{}, {} left{}",
            human(budget.spent_bytes),
            human(budget.per_day_bytes),
            some(budget.granted_bytes)
                .map(|granted| format!(" (with {} granted)", human(granted)))
                .unwrap_or_default(),
            human(budget.left_bytes),
            frees.map(|frees| format!(", and more in {}", time(frees))).unwrap_or_default()
        ),
    )?;
    let machine = [
        status.memory_used_permille.map(|used| format!("{} of the memory in use", share(Permille(used)))),
        status
            .io_waited_permille
            .map(|waited| format!("I/O waited for {} of the time", share(Permille(waited)))),
        status.on_battery.map(|on| if on { "on battery" } else { "on line power" }.to_owned()),
    ];
    let machine: Vec<String> = machine.into_iter().flatten().collect();
    if !machine.is_empty() {
        line(out, "machine", &machine.join(", "))?;
    }
    for fault in &status.faults {
        writeln!(out, "  {} {}", styled(PROBLEM, format!("{:<10}", "fault")), foreign(fault))?;
    }
    if status.devices.is_empty() {
        line(out, "devices", "none that zramd could drive")?;
    }
    status.devices.iter().try_for_each(|one| device(one, out))
}

fn line(out: &mut dyn Write, name: &str, text: &str) -> io::Result<()> {
    writeln!(out, "  {} {text}", styled(PLAIN, format!("{name:<10}")))
}

/// If it is any.
fn some(number: u64) -> Option<u64> {
    Some(number).filter(|number| *number > 0)
}

fn device(device: &DeviceStatus, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", styled(KEY, foreign(&device.device)))?;
    let mm = &device.mm_stat;
    let limit = some(mm.mem_limit).map(|limit| format!(", limit {}", human(limit))).unwrap_or_default();
    let memory = format!(
        "{} of pages in {} of memory{limit}; {} offered",
        human(mm.orig_data_size),
        human(mm.mem_used_total),
        human(device.disksize_bytes)
    );
    line(out, "memory", &memory)?;
    match &device.backing {
        Some(backing) => {
            let units = |units: u64| human(Units(units).bytes());
            let text = format!(
                "{}{} on {}; {} written and {} read in all{}",
                units(backing.bd_stat.count),
                backing.size_bytes.map(|size| format!(" of {}", human(size))).unwrap_or_default(),
                foreign(&backing.path),
                units(backing.bd_stat.writes),
                units(backing.bd_stat.reads),
                backing
                    .writeback_limit
                    .map(|limit| format!("; the kernel may write {}", units(limit)))
                    .unwrap_or_default()
            );
            line(out, "backing", &text)?;
        }
        None => line(out, "backing", "none")?,
    }
    if let Some(slots) = &device.slots {
        line(out, "slots", &counted(slots))?;
    }
    let regret = &device.regret;
    let back = regret.share_permille.map(|permille| {
        format!(
            ", since {} of {} pages came back, {}",
            regret.returned_pages,
            regret.written_pages,
            share(Permille(permille))
        )
    });
    let factor = match regret.factor_permille {
        1000 => String::new(),
        factor => format!(" ({} of the usual{})", share(Permille(factor)), back.unwrap_or_default()),
    };
    line(out, "idle age", &format!("{}{factor}", time(device.idle_age_seconds)))?;
    for outcome in &device.outcomes {
        let text = format!(
            "{} {}: {} times, the last {} ago",
            foreign(&outcome.task),
            foreign(&outcome.outcome),
            outcome.times,
            time(outcome.seconds_ago)
        );
        line(out, "ended", &text)?;
    }
    for waiting in &device.waiting {
        let text =
            format!("{} for {}: {}", foreign(&waiting.task), time(waiting.seconds), foreign(&waiting.why));
        writeln!(out, "  {} {text}", styled(WARNING, format!("{:<10}", "waits")))?;
    }
    Ok(())
}

fn counted(slots: &Slots) -> String {
    let kinds = [
        (slots.idle, "idle"),
        (slots.huge, "huge"),
        (slots.incompressible, "incompressible"),
        (slots.written_back, "written back"),
        (slots.same, "of one word"),
    ];
    let kinds: Vec<String> =
        kinds.iter().filter(|(count, _)| *count > 0).map(|(count, kind)| format!("{count} {kind}")).collect();
    let kinds = if kinds.is_empty() { String::new() } else { format!(": {}", kinds.join(", ")) };
    format!("{} stored{kinds} ({} ago)", slots.stored, time(slots.seconds_ago))
}

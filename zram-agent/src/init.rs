//! The agent as the only program of a virtual machine: process 1.
//!
//! There is no udev, no shell and nobody to restart it; what is not done here is not done. The end
//! of process 1 would be a panic of the kernel, so every way out of here switches the machine off,
//! after saying why on the console and to the runner.

use std::{
    convert::Infallible,
    fs,
    io::{self, BufReader, Write as _},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    thread::sleep,
    time::Duration,
};

use anyhow::{Context as _, Result};
use nix::{
    mount::{MsFlags, mount},
    sys::reboot::{RebootMode, reboot},
};

use crate::{
    channel::Channel,
    live::{
        LiveWorld, make_repeatable,
        modules::{self, Source},
    },
    serve,
};

/// What is mounted: type and place.
const MOUNTS: &[(&str, &str)] = &[
    ("proc", "/proc"),
    ("sysfs", "/sys"),
    ("devtmpfs", "/dev"),
    ("debugfs", "/sys/kernel/debug"),
    ("tracefs", "/sys/kernel/tracing"),
    ("tmpfs", "/tmp"),
];

/// What is written where, and whether the test depends on it.
const TUNING: &[(&str, &str, bool)] = &[
    // Background compaction moves zspages: an input that nobody asked for.
    ("/proc/sys/vm/compaction_proactiveness", "0", true),
    // Swapping in takes the page that is asked for and no neighbours, and nothing is written back by the clock.
    ("/proc/sys/vm/page-cluster", "0", false),
    ("/proc/sys/vm/dirty_writeback_centisecs", "0", false),
    // Removing a device and a module waits for grace periods, which an idle emulated machine is slow to
    // end. Only the waiting gets shorter.
    ("/sys/kernel/rcu_expedited", "1", false),
    ("/sys/module/rcutree/parameters/jiffies_till_first_fqs", "0", false),
    ("/sys/module/rcutree/parameters/jiffies_till_next_fqs", "1", false),
];

/// Modules to load at the start, in order.
const LOAD: &str = "/modules/load";

/// Modules to load when they are needed.
const AVAILABLE: &str = "/modules/available";

/// Runs the machine and switches it off.
pub fn run(probe: bool) -> ! {
    let mut channel = None;
    let ended = catch_unwind(AssertUnwindSafe(|| work(&mut channel, probe)));
    let reason = match ended {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(serve::reason(&error)),
        // The panic's own message stands on the console already.
        Err(panic) => Some(format!("the agent panicked: {}", message(&*panic))),
    };
    if let Some(reason) = reason {
        on_console(&reason);
        if let Some(channel) = channel
            && let Err(error) = serve::trouble(&channel, reason)
        {
            on_console(&serve::reason(&error));
        }
    }
    let Err(error) = switch_off();
    on_console(&format!("the machine cannot be switched off: {error}"));
    // Ending would make the kernel panic, which hides what was said before.
    loop {
        sleep(Duration::from_secs(3600));
    }
}

fn work(channel: &mut Option<Channel>, probe: bool) -> Result<()> {
    for (kind, place) in MOUNTS {
        fs::create_dir_all(place).with_context(|| format!("making {place}"))?;
        mount(Some(*kind), *place, Some(*kind), MsFlags::empty(), None::<&str>)
            .with_context(|| format!("mounting {kind} on {place}"))?;
    }
    // Modules first, since the port may need one; but the runner hears about a failure of theirs.
    let loaded = load_modules();
    let channel = channel.insert(Channel::open()?);
    loaded?;
    for (path, value, required) in TUNING {
        match fs::write(path, value) {
            Err(error) if *required => {
                return Err(error).with_context(|| format!("writing {value} to {path}"));
            }
            _ => {}
        }
    }
    make_repeatable()?;
    let available = match fs::read_to_string(AVAILABLE) {
        Ok(list) => modules::parse(&list)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error).with_context(|| format!("reading {AVAILABLE}")),
    };
    let mut world = LiveWorld::new(Source::Files(available), probe)?.with_programs();
    let hello = world.hello()?;
    serve::serve(hello, &mut world, BufReader::with_capacity(1 << 16, &*channel), &*channel)
}

fn load_modules() -> Result<()> {
    let list = fs::read_to_string(LOAD).with_context(|| format!("reading {LOAD}"))?;
    for missing in modules::load_all(&modules::parse(&list)?)? {
        on_console(&format!("doing without the module {missing}"));
    }
    Ok(())
}

/// With ACPI the machine switches itself off. Without it (QEMU's microvm) a restart ends QEMU, which
/// runs with `-no-reboot`.
fn switch_off() -> nix::Result<Infallible> {
    let acpi = Path::new("/sys/firmware/acpi/tables").exists();
    reboot(if acpi { RebootMode::RB_POWER_OFF } else { RebootMode::RB_AUTOBOOT })
}

/// Standard error is the console that the kernel opened for us. If it is not there, nobody can be
/// told, and the machine is switched off all the same.
fn on_console(text: &str) {
    drop(writeln!(io::stderr(), "zram-agent: {text}"));
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_told_in_its_own_words() {
        let caught = catch_unwind(|| std::panic::panic_any("so it is".to_owned())).unwrap_err();
        assert_eq!(message(&*caught), "so it is");
    }
}

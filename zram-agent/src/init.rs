//! The agent as the only program of a virtual machine: process 1.
//!
//! There is no udev, no shell and nobody to restart it; what is not done here is not done. The end
//! of process 1 would be a panic of the kernel, so every way out of here switches the machine off,
//! after saying why on the console and to the runner.

use std::{
    convert::Infallible,
    fs::{self, File, OpenOptions},
    io::{self, BufReader, Write as _},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow};
use nix::{
    mount::{MsFlags, mount},
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::reboot::{RebootMode, reboot},
};

use crate::{
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

/// Name of the virtio port to the runner.
const PORT: &str = "zram-agent";

/// How long the port may take to appear, and the runner to connect to it.
const CONNECTING: Duration = Duration::from_secs(30);

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
            && let Err(error) = serve::trouble(channel, reason)
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

fn work(channel: &mut Option<File>, probe: bool) -> Result<()> {
    for (kind, place) in MOUNTS {
        fs::create_dir_all(place).with_context(|| format!("making {place}"))?;
        mount(Some(*kind), *place, Some(*kind), MsFlags::empty(), None::<&str>)
            .with_context(|| format!("mounting {kind} on {place}"))?;
    }
    // Modules first, since the port may need one; but the runner hears about a failure of theirs.
    let loaded = load_modules();
    let port = open_port()?;
    *channel = Some(port.try_clone().context("duplicating the port's descriptor")?);
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
    let mut world = LiveWorld::new(Source::Files(available), probe)?;
    let hello = world.hello()?;
    serve::serve(hello, &mut world, BufReader::with_capacity(1 << 16, &port), &port)
}

fn load_modules() -> Result<()> {
    let list = fs::read_to_string(LOAD).with_context(|| format!("reading {LOAD}"))?;
    for missing in modules::load_all(&modules::parse(&list)?)? {
        on_console(&format!("doing without the module {missing}"));
    }
    Ok(())
}

/// The port to the runner, connected.
fn open_port() -> Result<File> {
    let start = Instant::now();
    let path = loop {
        if let Some(path) = find_port(Path::new("/sys/class/virtio-ports"))? {
            break path;
        }
        if start.elapsed() > CONNECTING {
            return Err(anyhow!(
                "there is no virtio port named {PORT}: is virtio_console in the kernel or in {LOAD}, and the port on QEMU's command line?"
            ));
        }
        sleep(Duration::from_millis(2));
    };
    let port = OpenOptions::new()
        .read(true)
        .write(true)
        .open(&path)
        .with_context(|| format!("opening {}", path.display()))?;
    // A read on a port to which nobody is connected says end of file.
    loop {
        let mut fds = [PollFd::new(std::os::fd::AsFd::as_fd(&port), PollFlags::POLLOUT)];
        poll(&mut fds, PollTimeout::ZERO).context("polling the port")?;
        let hung_up = fds[0].revents().is_some_and(|events| events.contains(PollFlags::POLLHUP));
        if !hung_up {
            return Ok(port);
        }
        if start.elapsed() > CONNECTING {
            return Err(anyhow!("nobody connected to the virtio port {PORT}"));
        }
        sleep(Duration::from_millis(2));
    }
}

/// The device of the port with our name, if it is there yet.
fn find_port(class: &Path) -> Result<Option<PathBuf>> {
    let entries = match fs::read_dir(class) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("listing {}", class.display())),
    };
    for entry in entries {
        let entry = entry.with_context(|| format!("listing {}", class.display()))?;
        // A port appears before its name has been told; then it has no such file or an empty one.
        let name = fs::read_to_string(entry.path().join("name")).unwrap_or_default();
        let device = Path::new("/dev").join(entry.file_name());
        if name.trim_end() == PORT && device.exists() {
            return Ok(Some(device));
        }
    }
    Ok(None)
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

    #[test]
    fn no_class_no_port() {
        assert_eq!(find_port(Path::new("/nonexistent")).unwrap(), None);
    }
}

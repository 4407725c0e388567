//! One test VM: its files, its process, its life.
//!
//! `cargo xtask vm` is a pipe with a kernel at its end: what comes in on standard input reaches the agent, what the agent says
//! goes to standard output, and nothing else does. So the verifier needs to know nothing about virtual machines, and a command
//! like `ssh board zram-agent` can stand in its place.

mod bridge;
mod ending;
mod folder;
mod kernel;

use std::io::Read as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tempfile::TempDir;

pub(crate) use kernel::{Choice, prepare};

use crate::child::{Guarded, TICK, indent};
use crate::context::Cx;
use crate::initramfs::{Contents, Extra, Wanted};
use crate::interrupt;
use crate::kernels::Table;
use crate::qemu::{self, Accel, Machine, Qemu};
use crate::{agent, cli};
use ending::Ending;

/// QEMU connects while it sets itself up, long before the kernel runs.
const CONNECT_WITHIN: Duration = Duration::from_secs(20);

/// `cargo xtask vm`.
pub(crate) fn command(cx: &Cx, options: &cli::Vm) -> anyhow::Result<ExitCode> {
    let mut table = Table::built_in()?;
    table.boot.extend(options.load.iter().map(|name| Wanted::needed(name)));
    let choice = match (options.kernel.own.choice(), &options.kernel.kernel) {
        (Some(own), _) => own,
        (None, Some(name)) => Choice::Named(name.clone()),
        (None, None) => Choice::Named(table.default_name()?.to_owned()),
    };
    let files = options.with.iter().map(|file| Extra::read(file)).collect::<anyhow::Result<_>>()?;
    let mut kernel = prepare(cx, &table, &choice)?;
    kernel.contents = kernel.contents.with(files);
    let qemu = qemu::ensure(cx)?;
    let agent = match &options.agent_binary {
        Some(path) => path.clone(),
        None => agent::build(cx)?,
    };
    let words = options.append.join(" ");
    let settings = Settings {
        console: options.console.as_deref(),
        disk: options.disk.as_deref(),
        words: &words,
        accel: options.accel,
        probes: !options.no_probes,
    };
    Vm::start(&qemu, &kernel, &agent, settings)?.bridge(cx)?;
    Ok(ExitCode::SUCCESS)
}

/// A kernel ready to boot.
pub(crate) struct Bootable {
    /// Bytes QEMU can start.
    pub(crate) image: Image,
    /// What goes into the initramfs.
    pub(crate) contents: Contents,
}

/// Where the bootable bytes are.
pub(crate) enum Image {
    /// A file that is bootable as it is.
    File(PathBuf),
    /// Extracted bytes that have no file yet.
    Bytes(Vec<u8>),
}

/// Bytes of the machine's disk, of which only what is written takes space.
const DISK: u64 = 64 << 20;

/// What a user may choose about a VM besides its kernel.
#[derive(Clone, Copy)]
pub(crate) struct Settings<'a> {
    /// Where the console goes; by default to a file that is thrown away.
    pub(crate) console: Option<&'a Path>,
    /// The machine's disk; by default a file that is thrown away.
    pub(crate) disk: Option<&'a Path>,
    /// Words for the kernel beside its usual ones.
    pub(crate) words: &'a str,
    /// How instructions are executed.
    pub(crate) accel: Accel,
    /// Whether the agent attaches its probes.
    pub(crate) probes: bool,
}

/// A running VM. Dropping it kills it and removes its files.
pub(crate) struct Vm {
    process: Guarded,
    channel: UnixStream,
    console: PathBuf,
    accel: Accel,
    _folder: TempDir,
}

impl Vm {
    /// Starts the VM and waits until QEMU has connected the agent's channel.
    pub(crate) fn start(
        qemu: &Qemu,
        kernel: &Bootable,
        agent: &Path,
        settings: Settings<'_>,
    ) -> anyhow::Result<Self> {
        let Settings { console, disk, words, accel, probes } = settings;
        let folder = folder::create()?;
        let initramfs = folder.path().join("initramfs.cpio");
        kernel.contents.write(agent, &initramfs)?;
        let image = match &kernel.image {
            Image::File(path) => path.clone(),
            Image::Bytes(bytes) => {
                let path = folder.path().join("kernel");
                std::fs::write(&path, bytes)?;
                path
            }
        };
        let console = match console {
            Some(path) => ordinary(std::path::absolute(path)?)?,
            None => folder.path().join("console.log"),
        };
        std::fs::write(&console, "")
            .with_context(|| format!("cannot write the console to {}", console.display()))?;
        let socket = folder.path().join("agent");
        let listener = UnixListener::bind(&socket).with_context(|| {
            format!(
                "cannot listen on {}; if the path is too long, set TMPDIR to a shorter one",
                socket.display()
            )
        })?;
        let disk = match disk {
            Some(path) => std::path::absolute(path)?,
            None => folder.path().join("disk"),
        };
        make_disk(&disk).with_context(|| format!("cannot make {}", disk.display()))?;
        let machine = Machine {
            kernel: &image,
            initramfs: &initramfs,
            channel: &socket,
            disk: &disk,
            console: &console,
            words,
            accel,
            probes,
        };
        let mut process = Guarded::spawn(&mut qemu.command(&machine))?;
        let channel = connect(&listener, &mut process, accel)?;
        Ok(Self { process, channel, console, accel, _folder: folder })
    }

    /// Carries bytes between standard input and output and the agent until one side ends.
    pub(crate) fn bridge(mut self, cx: &Cx) -> anyhow::Result<()> {
        let outcome = bridge::run(&mut self.process, &self.channel)?;
        self.process.kill();
        let console = String::from_utf8_lossy(&std::fs::read(&self.console).unwrap_or_default()).into_owned();
        match (Ending::read(&console), outcome) {
            // Whoever stopped reading does not care how it ended.
            (_, bridge::Outcome::ReaderGone) | (Ending::PoweredOff, _) => Ok(()),
            (Ending::Died(cause), _) => {
                cx.progress.say(&ending::tail(&console));
                bail!("the VM died: {cause}");
            }
            (Ending::Unknown, bridge::Outcome::Overdue) => {
                cx.progress.say(&ending::tail(&console));
                bail!(
                    "the input had ended and nothing was heard of the agent for {} s; the VM was killed",
                    bridge::SPEAKS_WITHIN.as_secs()
                );
            }
            (Ending::Unknown, bridge::Outcome::VmEnded) => {
                cx.progress.say(&ending::tail(&console));
                bail!(
                    "the VM ended without powering off; QEMU said:\n{}{}",
                    indent(&complaint(&mut self.process)),
                    advice(self.accel)
                );
            }
        }
    }
}

/// A disk that is there is as it was left.
fn make_disk(path: &Path) -> std::io::Result<()> {
    let file = std::fs::OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
    match file.metadata()?.len() {
        DISK => Ok(()),
        _ => file.set_len(DISK),
    }
}

/// The console is read again at the end, which would wait forever for the end of a pipe or a terminal.
fn ordinary(path: PathBuf) -> anyhow::Result<PathBuf> {
    if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
        bail!(
            "the console cannot go to {}: name an ordinary file, and watch it with `tail -F FILE`",
            path.display()
        );
    }
    Ok(path)
}

fn connect(listener: &UnixListener, process: &mut Guarded, accel: Accel) -> anyhow::Result<UnixStream> {
    listener.set_nonblocking(true)?;
    let started = Instant::now();
    loop {
        match listener.accept() {
            Ok((channel, _)) => {
                channel.set_nonblocking(false)?;
                return Ok(channel);
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
        interrupt::check()?;
        if process.try_wait()?.is_some() {
            bail!("QEMU did not start the VM; it said:\n{}{}", indent(&complaint(process)), advice(accel));
        }
        if started.elapsed() > CONNECT_WITHIN {
            process.kill();
            bail!(
                "QEMU did not set the VM up within {} s; it said: {}",
                CONNECT_WITHIN.as_secs(),
                complaint(process)
            );
        }
        std::thread::sleep(TICK);
    }
}

/// What to try where QEMU itself failed.
fn advice(accel: Accel) -> &'static str {
    if accel.uses_kvm() {
        "\nIt was to use KVM, which this machine may not have in working order: try --accel tcg"
    } else {
        ""
    }
}

/// What QEMU printed; only asked for once it has ended.
fn complaint(process: &mut Guarded) -> String {
    let mut text = String::new();
    if let Some(mut stderr) = process.process().stderr.take() {
        // Unreadable is as good as silent.
        let _ = stderr.read_to_string(&mut text);
    }
    match text.trim() {
        "" => "nothing".to_owned(),
        said => said.to_owned(),
    }
}

//! `zramd run`: one thread, which sleeps in one `poll` until something happens.
//!
//! What can happen: the time that the last decision named; tasks that wait for memory; somebody who asks by the socket; a signal; the sign of life that the service
//! manager wants. On a machine where nothing presses that is a few times an hour. Time asleep does not count (`poll` measures by a clock that stands still with the
//! machine), as it does not make pages older.

use std::{
    os::fd::AsFd as _,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
};
use zram_host::{LiveHost, Machine as _};

use super::{Daemon, Report, Told, trigger::Trigger};
use crate::{
    config::{self, Config},
    control::{Dialect, Server},
    driver::Occasion,
    metrics,
    policy::{Refusal, Task, backoff::Outcome},
    service::{
        faults::Faults,
        journal, memory,
        notify::Notifier,
        signals::{Signals, Wanted},
        whereabouts,
    },
    store::FileStore,
};

/// How to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunOptions {
    /// The configuration is read below this root, now and at each reload ([`crate::config::load`]).
    pub root: PathBuf,
}

const PRESSURE: &str = "/proc/pressure/memory";

/// Runs until it is told to end.
///
/// # Errors
/// When it cannot begin: [`crate::config::Wrongs`] if the configuration is wrong.
pub fn run(options: RunOptions) -> anyhow::Result<()> {
    journal::start(log::LevelFilter::Info);
    let (config, files) = read(&options.root)?;
    let signals = Signals::new().context("signals cannot be waited for")?;
    let mut machine = LiveHost::new();
    if let Err(errno) = memory::lock() {
        log::warn!("its memory is not locked, and may be slow when it is needed most: {}", errno.desc());
    }
    if let Err(error) = memory::spare() {
        log::warn!("it is as likely to be killed for memory as any other: {error}");
    }
    let notifier = Notifier::new();
    if let Some(why) = whereabouts::nothing_to_do(&mut machine) {
        log::info!("{why}");
        notifier.ready(&why);
        return idle(signals, notifier);
    }
    let control = Server::listen(&config.paths.control, Dialect::Control)?;
    let metrics = config.paths.metrics_socket.as_deref();
    let metrics = metrics.map(|path| Server::listen(path, Dialect::Metrics)).transpose()?;
    let store = FileStore::new(&config.paths.state);
    let daemon = Daemon::new(config, store, &mut machine);
    if let Some(lost) = daemon.lost() {
        log::error!("{lost}");
    }
    let mut running = Running {
        root: options.root,
        files,
        daemon,
        machine,
        signals,
        notifier,
        faults: Faults::default(),
        trigger: None,
        cool: None,
        control,
        metrics,
        end: false,
    };
    running.arm();
    running.round(Occasion::Start);
    running.notifier.ready(&running.line());
    log::info!("{}", running.line());
    running.serve()
}

fn read(root: &Path) -> anyhow::Result<(Config, Vec<String>)> {
    let loaded = config::load(root)?;
    let files = loaded.files.iter().map(|path| path.display().to_string()).collect();
    Ok((loaded.config, files))
}

/// Where there is nothing to do: until it is told to end.
fn idle(mut signals: Signals, mut notifier: Notifier) -> anyhow::Result<()> {
    let mut machine = LiveHost::new();
    loop {
        let now = machine.clocks().awake;
        notifier.alive(now);
        let mut waits = [PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
        wait(&mut waits, notifier.until().map(|until| until.saturating_sub(now)))?;
        match signals.take()? {
            Some(Wanted::End) => {
                notifier.stopping();
                return Ok(());
            }
            Some(Wanted::Reload) => {
                notifier.reloading();
                notifier.ready("there is nothing to do here");
            }
            None => {}
        }
    }
}

/// Sleeps until something is ready, or for so long; an interruption is as good as a reason.
fn wait(on: &mut [PollFd<'_>], time: Option<Duration>) -> nix::Result<()> {
    // Whole milliseconds, and rather a little too long than woken twice.
    let millis = time.map(|time| i32::try_from(time.as_millis() + 1).unwrap_or(i32::MAX));
    let timeout = millis.and_then(|millis| PollTimeout::try_from(millis).ok()).unwrap_or(PollTimeout::NONE);
    match poll(on, timeout) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(errno) => Err(errno),
    }
}

struct Running {
    root: PathBuf,
    files: Vec<String>,
    daemon: Daemon<FileStore>,
    machine: LiveHost,
    signals: Signals,
    notifier: Notifier,
    faults: Faults,
    /// `None`: the kernel has none, or it has fired and cools down.
    trigger: Option<Trigger>,
    /// Until then no trigger is armed, by the clock that stands still with the machine.
    cool: Option<Duration>,
    control: Server,
    /// Where metrics are read, if somebody wants that.
    metrics: Option<Server>,
    end: bool,
}

/// What there is to wait for.
struct Ready {
    signal: bool,
    pressure: bool,
    control: Vec<PollFlags>,
    metrics: Vec<PollFlags>,
}

impl Running {
    fn serve(mut self) -> anyhow::Result<()> {
        let mut next = self.awake() + self.rest();
        while !self.end {
            let now = self.awake();
            self.notifier.alive(now);
            let metrics = self.metrics.as_ref().and_then(Server::until);
            let times = [Some(next), self.cool, self.notifier.until(), self.control.until(), metrics];
            let until = times.into_iter().flatten().min().unwrap_or(next);
            let ready = self.wait(until.saturating_sub(now))?;
            if ready.signal {
                self.signal()?;
            }
            let now = self.awake();
            if self.cool.is_some_and(|until| until <= now) {
                self.cool = None;
                self.arm();
            }
            let rounds = self.daemon.rounds();
            let mut told = Told {
                daemon: &mut self.daemon,
                machine: &mut self.machine,
                files: &self.files,
                faults: self.faults.sentences(),
            };
            self.control.proceed(&ready.control, now, &mut told);
            if let Some(metrics) = &mut self.metrics {
                metrics.proceed(&ready.metrics, now, &mut told);
            }
            if self.daemon.rounds() != rounds {
                // Somebody has asked for one.
                next = self.awake() + self.rest();
                self.account();
            }
            if ready.pressure {
                // It would fire again with every window.
                self.trigger = None;
                self.cool = Some(now + self.daemon.config().pressure.cool_down);
                self.round(Occasion::MemoryPressure);
                next = self.awake() + self.rest();
            } else if next <= now {
                self.round(Occasion::Time);
                next = self.awake() + self.rest();
            }
        }
        self.notifier.stopping();
        self.daemon.end(&mut self.machine).context("the record of what was written could not be saved")?;
        log::info!("ends; limits of writeback count as they did before");
        Ok(())
    }

    /// The clock by which it sleeps.
    fn awake(&mut self) -> Duration {
        self.machine.clocks().awake
    }

    /// How long it may be left alone.
    fn rest(&mut self) -> Duration {
        let now = self.machine.clocks().boot;
        self.daemon.next().map_or(Duration::ZERO, |next| next.saturating_sub(now))
    }

    fn wait(&self, time: Duration) -> anyhow::Result<Ready> {
        let mut waits = vec![PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
        waits.extend(self.trigger.as_ref().map(|trigger| PollFd::new(trigger.as_fd(), PollFlags::POLLPRI)));
        let ours = waits.len();
        waits.extend(self.control.descriptors());
        let asked = waits.len() - ours;
        waits.extend(self.metrics.iter().flat_map(Server::descriptors));
        wait(&mut waits, Some(time)).context("nothing can be waited for")?;
        let flags: Vec<PollFlags> =
            waits.iter().map(|wait| wait.revents().unwrap_or(PollFlags::empty())).collect();
        let (first, others) = flags.split_at(ours);
        let (control, metrics) = others.split_at(asked);
        Ok(Ready {
            signal: first.first().is_some_and(|flags| !flags.is_empty()),
            pressure: first.get(1).is_some_and(|flags| flags.contains(PollFlags::POLLPRI)),
            control: control.to_vec(),
            metrics: metrics.to_vec(),
        })
    }

    fn arm(&mut self) {
        match Trigger::arm(Path::new(PRESSURE), &self.daemon.config().pressure) {
            Ok(trigger) => {
                self.trigger = Some(trigger);
                self.faults.is_well(PRESSURE);
            }
            Err(error) => {
                let says = format!(
                    "it is not woken when tasks wait for memory, and looks every while only: {PRESSURE}: {error}"
                );
                self.faults.is_wrong(PRESSURE, says);
            }
        }
    }

    fn signal(&mut self) -> anyhow::Result<()> {
        match self.signals.take()? {
            None => {}
            Some(Wanted::End) => self.end = true,
            Some(Wanted::Reload) => {
                self.notifier.reloading();
                match read(&self.root) {
                    Ok((config, files)) => {
                        self.reconfigure(config);
                        self.files = files;
                        self.faults.is_well("configuration");
                        log::info!("reads its configuration again");
                    }
                    Err(wrong) => {
                        let says = format!("the configuration is wrong, and stays as it was: {wrong:#}");
                        self.faults.is_wrong("configuration", says);
                    }
                }
                self.notifier.ready(&self.line());
            }
        }
        Ok(())
    }

    fn reconfigure(&mut self, config: Config) {
        let before = self.daemon.config();
        if before.paths != config.paths {
            log::warn!("where the record and the socket are does not change before it is started again");
        }
        let paths = before.paths.clone();
        self.daemon.configure(Config { paths, ..config });
        self.trigger = None;
        if self.cool.is_none() {
            self.arm();
        }
    }

    fn round(&mut self, occasion: Occasion) {
        let (signals, notifier, end) = (&mut self.signals, &mut self.notifier, &mut self.end);
        let mut clock = LiveHost::new();
        let mut goes_on = || {
            notifier.alive(clock.clocks().awake);
            // A reload waits; whoever asks for it twice gets it once.
            *end |= signals.take() == Ok(Some(Wanted::End));
            !*end
        };
        self.daemon.round(&mut self.machine, occasion, &mut goes_on);
        self.account();
    }

    /// Tells everybody who listens what the last round came to.
    fn account(&mut self) {
        if let Some(report) = self.daemon.last().cloned() {
            self.tell(&report);
        }
        self.publish();
        self.notifier.status(&self.line());
    }

    /// Into the log: what was done, and what is wrong, once.
    fn tell(&mut self, report: &Report) {
        for change in &report.changes {
            if report.occasion != Occasion::Start {
                log::info!("{change}");
            }
            // What failed was another's, of the same name.
            self.faults.forget(&format!("{} ", change.device));
        }
        let mut wrong: Vec<(String, String)> = Vec::new();
        for acted in &report.acted {
            let about = format!("{} {}", acted.device, acted.task.word());
            match acted.outcome {
                Outcome::Done | Outcome::LimitReached => {
                    self.faults.is_well(&about);
                    let wrote = match acted.task {
                        Task::WriteBack => {
                            self.faults.is_well(&format!("{} room", acted.device));
                            format!(": {} written", zram_host::size::human(acted.written.bytes()))
                        }
                        _ => String::new(),
                    };
                    log::info!("{}: {}{wrote}", acted.device, acted.what);
                }
                outcome => {
                    // Without the numbers of this time, which are others the next: it would be said again and again. `zramd why` has them.
                    wrong.push((about, format!("{}: no {}: {}", acted.device, acted.task, outcome.about())));
                }
            }
        }
        for refused in report.refused.iter().filter(|refused| refused.task == Task::WriteBack) {
            let about = format!("{} room", refused.device);
            match refused.why {
                Refusal::NoRoom { .. } => {
                    let says = format!(
                        "{}: the backing device is full, but for what is to stay free: nothing is written until there is room",
                        refused.device
                    );
                    wrong.push((about, says));
                }
                // There is room, and something else is missing.
                Refusal::NothingIdle { .. } | Refusal::TooLittle { .. } | Refusal::Waiting { .. } => {
                    self.faults.is_well(&about);
                }
                _ => {}
            }
        }
        for (about, says) in wrong {
            self.faults.is_wrong(about, says);
        }
        match report.troubles.is_empty() {
            true => {
                self.faults.is_well("devices");
            }
            false => {
                self.faults.is_wrong("devices", report.troubles.join("; "));
            }
        }
    }

    /// Metrics, where somebody wants them.
    fn publish(&mut self) {
        let Some(path) = self.daemon.config().paths.metrics.clone() else { return };
        let mut told = Told {
            daemon: &mut self.daemon,
            machine: &mut self.machine,
            files: &self.files,
            faults: self.faults.sentences(),
        };
        let status = crate::control::Controlled::status(&mut told);
        match metrics::file::replace(&path, &metrics::render(&status)) {
            Ok(()) => {
                self.faults.is_well("metrics");
            }
            Err(error) => {
                self.faults.is_wrong("metrics", format!("{} cannot be written: {error}", path.display()));
            }
        }
    }

    /// What it does, in a line.
    fn line(&self) -> String {
        let state = self.daemon.state();
        let per_day = self.daemon.config().writeback.per_day;
        format!(
            "{} driven; {} of {} a day written",
            self.daemon.driven(),
            zram_host::size::human(state.ledger.spent().bytes()),
            zram_host::size::human(per_day.bytes())
        )
    }
}

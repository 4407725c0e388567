//! What the user sees while waiting.
//!
//! On a terminal: bars with sizes, redrawn in place. Elsewhere (CI, a pipe): plain lines, one soon after the start, then ever
//! fewer with how far it got, one at the end. Everything goes to standard error, since standard output belongs
//! to the protocol (`vm`) or to results (`kernels`, `simulate`).

use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// There is one terminal, so there is one owner of its last lines: bars within bars do not overwrite each other, nor the lines
/// printed between them.
static SCREEN: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// How long a task without a terminal is silent after it has printed so many lines.
///
/// The first line tells that it is alive, within two seconds; after that each pause is twice the last, up to half a minute,
/// so that an hour in a CI log is a page and not a book.
fn pause(lines: u32) -> Duration {
    match lines {
        0 => Duration::from_millis(300),
        1..5 => Duration::from_secs(1 << lines),
        _ => Duration::from_secs(30),
    }
}

/// Where progress goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    terminal: bool,
}

impl Progress {
    /// Bars on a terminal, lines elsewhere.
    pub(crate) fn from_environment() -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self { terminal: std::io::stderr().is_terminal() && !dumb }
    }

    /// One line to the user.
    pub(crate) fn say(&self, line: &str) {
        if self.terminal {
            SCREEN.suspend(|| eprintln!("{line}"));
        } else {
            eprintln!("{line}");
        }
    }

    /// Starts something that takes an unknown time.
    pub(crate) fn spinner(&self, label: &str) -> Task {
        self.task(label, None)
    }

    /// Starts something whose size in bytes is known.
    pub(crate) fn bytes(&self, label: &str, total: u64) -> Task {
        self.task(label, Some(total))
    }

    fn task(&self, label: &str, total: Option<u64>) -> Task {
        let bar = self.terminal.then(|| {
            // Nothing is drawn before the bar belongs to the screen, which would not know that line and leave it standing.
            let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
            let template = match total {
                Some(_) => "[{bar:16}] {bytes}/{total_bytes} {bytes_per_sec} {eta} left {wide_msg}",
                None => "{spinner} {elapsed_precise} {wide_msg}",
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_message(label.to_owned());
            let bar = SCREEN.add(bar);
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Task {
            label: label.to_owned(),
            total,
            position: 0,
            started: Instant::now(),
            last_line: Instant::now(),
            lines: 0,
            bar,
        }
    }
}

/// Something under way. Dropped without [`Task::done`], it leaves the line to the error that follows.
pub(crate) struct Task {
    label: String,
    total: Option<u64>,
    position: u64,
    started: Instant,
    last_line: Instant,
    /// Printed so far, where there is no terminal.
    lines: u32,
    bar: Option<ProgressBar>,
}

impl Task {
    /// How many bytes are through.
    pub(crate) fn set(&mut self, position: u64) {
        self.position = position;
        if let Some(bar) = &self.bar {
            bar.set_position(position);
        }
        self.tick("");
    }

    /// Still alive; `detail` is what is being worked on, shown where there is room.
    pub(crate) fn tick(&mut self, detail: &str) {
        if let Some(bar) = &self.bar {
            if !detail.is_empty() {
                bar.set_message(format!("{}: {}", self.label, shorten(detail)));
            }
            return;
        }
        if self.last_line.elapsed() < pause(self.lines) {
            return;
        }
        self.lines += 1;
        self.last_line = Instant::now();
        let seconds = self.started.elapsed().as_secs();
        match self.total {
            Some(total) => {
                eprintln!(
                    "{}: {} of {}, {seconds} s",
                    self.label,
                    HumanBytes(self.position),
                    HumanBytes(total)
                );
            }
            None if detail.is_empty() => eprintln!("{}: {seconds} s", self.label),
            None => eprintln!("{}: {seconds} s: {}", self.label, shorten(detail)),
        }
    }

    /// Finished: one line stays on the screen.
    pub(crate) fn done(self, outcome: &str) {
        let line = format!("{}: {outcome} ({:.1} s)", self.label, self.started.elapsed().as_secs_f64());
        let progress = Progress { terminal: self.bar.is_some() };
        drop(self);
        progress.say(&line);
    }

    /// Finished, and not worth a line unless it took long enough to have been announced.
    pub(crate) fn done_quietly(self) {
        if self.lines > 0 {
            self.done("done");
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
            SCREEN.remove(bar);
        }
    }
}

fn shorten(detail: &str) -> String {
    let detail = detail.trim();
    if detail.chars().count() <= 60 {
        return detail.to_owned();
    }
    let mut short: String = detail.chars().take(57).collect();
    short.push_str("...");
    short
}

/// What a command was run for, on standard output. Whoever stopped reading has read enough.
pub(crate) fn result(text: &str) -> std::io::Result<()> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

/// Sizes for people.
pub(crate) fn human(bytes: u64) -> String {
    HumanBytes(bytes).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_from_two_seconds_to_half_a_minute() {
        let seconds: Vec<u64> = (1..8).map(|lines| pause(lines).as_secs()).collect();
        assert_eq!(seconds, [2, 4, 8, 16, 30, 30, 30]);
        assert!(pause(0) < Duration::from_secs(2), "nothing over two seconds is silent");
    }

    #[test]
    fn a_long_task_fits_on_a_page() {
        let mut lines = 0;
        let mut at = Duration::ZERO;
        while at < Duration::from_secs(3600) {
            at += pause(lines);
            lines += 1;
        }
        assert!(lines < 130, "{lines} lines in an hour");
    }
}

//! Progress on standard error: a bar for each thing under way on a terminal, a line now and then elsewhere.

use std::{
    io::IsTerminal as _,
    sync::LazyLock,
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Parts after each of which a line is printed where there is no terminal.
const LINES: u64 = 5;

/// There is one terminal, so there is one owner of its last lines.
static SCREEN: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// Prints a line on standard error, above whatever is under way.
pub(crate) fn say(line: &str) {
    if std::io::stderr().is_terminal() {
        SCREEN.suspend(|| eprintln!("{line}"));
    } else {
        eprintln!("{line}");
    }
}

/// Shows how far something has come.
#[derive(Debug)]
pub struct Progress {
    name: String,
    unit: &'static str,
    total: u64,
    done: u64,
    /// When the first step was taken: what comes before it says nothing about the rate.
    began: Option<Instant>,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Something with so many steps.
    #[must_use]
    pub fn new(name: &str, total: u64, unit: &'static str) -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let bar = (std::io::stderr().is_terminal() && !dumb).then(|| {
            // Nothing is drawn before the bar belongs to the screen.
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden());
            if let Ok(style) = ProgressStyle::with_template(
                "{prefix:12} [{bar:16}] {pos:>5}/{len} {elapsed_precise} {wide_msg}",
            ) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_prefix(name.to_owned());
            bar.set_message(unit);
            let bar = SCREEN.add(bar);
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self { name: name.to_owned(), unit, total, done: 0, began: None, bar }
    }

    /// Says what is going on.
    pub fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.set_message(text.to_owned()),
            None => eprintln!("{}: {text}", self.name),
        }
    }

    /// Says something that stays to be read.
    pub fn tell(&self, text: &str) {
        say(&format!("{}: {text}", self.name));
    }

    /// One step further, with something to say on a terminal.
    pub fn step(&mut self, message: &str) {
        let began = *self.began.get_or_insert_with(Instant::now);
        self.done += 1;
        let seconds = began.elapsed().as_secs_f64();
        // Over less than a second a rate is noise.
        let rate = if seconds < 1.0 { String::new() } else { format!("{:.0}/s", self.done as f64 / seconds) };
        match &self.bar {
            Some(bar) => {
                bar.set_position(self.done.min(self.total));
                bar.set_message(format!("{rate:>5} {message}"));
            }
            None => {
                let part = |done: u64| done * LINES / self.total.max(1);
                if part(self.done) != part(self.done - 1) {
                    let rate = if rate.is_empty() { rate } else { format!(", {rate}") };
                    eprintln!("{}: {} of {} {}{rate}", self.name, self.done, self.total, self.unit);
                }
            }
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
            SCREEN.remove(bar);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

//! Progress on standard error: a bar on a terminal, a line now and then elsewhere.

use std::{io::IsTerminal as _, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};

/// Tenths at which a line is printed where there is no terminal.
const LINES: u64 = 5;

/// Shows how far something has come.
#[derive(Debug)]
pub struct Progress {
    name: String,
    unit: &'static str,
    total: u64,
    done: u64,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Something with so many steps.
    #[must_use]
    pub fn new(name: &str, total: u64, unit: &'static str) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(total);
            if let Ok(style) =
                ProgressStyle::with_template("{prefix} [{bar:20}] {pos}/{len} {elapsed_precise} {wide_msg}")
            {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_prefix(name.to_owned());
            bar.set_message(unit);
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self { name: name.to_owned(), unit, total, done: 0, bar }
    }

    /// Says what is going on.
    pub fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.set_message(text.to_owned()),
            None => eprintln!("{}: {text}", self.name),
        }
    }

    /// One step further, with something to say on a terminal.
    pub fn step(&mut self, message: &str) {
        self.done += 1;
        match &self.bar {
            Some(bar) => {
                bar.set_position(self.done.min(self.total));
                bar.set_message(message.to_owned());
            }
            None => {
                let part = |done: u64| done * LINES / self.total.max(1);
                if part(self.done) != part(self.done - 1) {
                    eprintln!("{}: {} of {} {}", self.name, self.done, self.total, self.unit);
                }
            }
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

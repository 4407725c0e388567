//! Where a run's time went.
//!
//! While an answer is checked, the next operation is already under way. So what is said of the kernel is how long it was waited
//! for: what the rest of the run could not hide. The parts add up to the whole; what no part claims is told as well.

use std::time::Duration;

use crate::checker::Spent;

/// Time by stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stages {
    /// From starting the target's command to its greeting, restarts included.
    pub boot: Duration,
    /// Waiting for answers: the operation itself, what the agent looks at after it, and the way here.
    pub kernel: Duration,
    /// Making answers and events of lines and records.
    pub decoding: Duration,
    /// Carrying the operations out on the model.
    pub model: Duration,
    /// Holding the answers against each other.
    pub comparison: Duration,
    /// Looking for shorter ways to a divergence, with everything that this takes.
    pub shrinking: Duration,
    /// From the last answer to the end of the target's command.
    pub ending: Duration,
    /// All of it.
    pub whole: Duration,
    /// Within the operations' own system calls, by the machine's clock. Part of the kernel's time, or of what was hidden by the
    /// checking of the answer before.
    pub calls: Duration,
}

impl Stages {
    /// Takes over what a checker spent.
    pub fn checked(&mut self, spent: Spent) {
        self.decoding += spent.decoding;
        self.model += spent.model;
        self.comparison += spent.comparison;
    }

    /// The stages in their order, with what no stage claims as the last.
    #[must_use]
    pub fn rows(&self) -> [(&'static str, Duration); 8] {
        let claimed = [
            ("boot", self.boot),
            ("kernel", self.kernel),
            ("decoding", self.decoding),
            ("model", self.model),
            ("comparison", self.comparison),
            ("shrinking", self.shrinking),
            ("ending", self.ending),
        ];
        let sum: Duration = claimed.iter().map(|(_, time)| *time).sum();
        let [a, b, c, d, e, f, g] = claimed;
        [a, b, c, d, e, f, g, ("other", self.whole.saturating_sub(sum))]
    }

    /// Operations per second, from the first operation to the last.
    #[must_use]
    pub fn rate(&self, operations: usize) -> f64 {
        let running = self.whole.saturating_sub(self.boot + self.shrinking + self.ending);
        if running.is_zero() { 0.0 } else { operations as f64 / running.as_secs_f64() }
    }

    /// In a line: what took part, longest or not, and the share of the kernel that was its own calls.
    #[must_use]
    pub fn line(&self) -> String {
        let parts = self.rows().into_iter().filter(|(_, time)| time.as_millis() >= 50);
        let text: Vec<String> = parts
            .map(|(name, time)| match name {
                "kernel" => format!("{name} {} ({} in system calls)", tenths(time), tenths(self.calls)),
                _ => format!("{name} {}", tenths(time)),
            })
            .collect();
        if text.is_empty() { "less than it takes to measure".to_owned() } else { text.join(", ") }
    }
}

/// Seconds, to a tenth.
pub(crate) fn tenths(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stages() -> Stages {
        let seconds = Duration::from_secs;
        Stages {
            boot: seconds(3),
            kernel: seconds(20),
            whole: seconds(25),
            calls: seconds(9),
            ..Stages::default()
        }
    }

    #[test]
    fn the_parts_add_up_to_the_whole() {
        let rows = stages().rows();
        assert_eq!(rows.iter().map(|(_, time)| *time).sum::<Duration>(), stages().whole);
        assert_eq!(rows[7], ("other", Duration::from_secs(2)));
    }

    #[test]
    fn the_rate_is_that_of_operations_and_not_of_booting() {
        assert!((stages().rate(220) - 10.0).abs() < 1e-9);
        assert!(Stages::default().rate(5).abs() < 1e-9);
    }

    #[test]
    fn what_took_no_time_is_not_told() {
        assert_eq!(stages().line(), "boot 3.0 s, kernel 20.0 s (9.0 s in system calls), other 2.0 s");
    }
}

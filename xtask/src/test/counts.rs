//! How many tests ran, read from what the runners print.
//!
//! An exit status of 0 says that no test failed, not that there was one: a renamed folder or a stray filter makes a run of no
//! tests, and that is no reason to be content. So the counts are read, and a runner whose closing line is not understood counts
//! as one that ran nothing.

use std::fmt;
use std::ops::Add;

/// Tests of a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Ran and held.
    pub(super) passed: u64,
    /// Ran and did not hold, did not come to an end in time, or could not be started.
    pub(super) failed: u64,
    /// Left out by an attribute or a filter.
    pub(super) skipped: u64,
}

impl Counts {
    /// From nextest's closing line, `Summary [ 3.141s] 7 tests run: 5 passed (1 slow), 2 failed, 1 skipped`. It may stand there
    /// several times, in the output of a failed test too: the last one is the runner's.
    pub(super) fn of_nextest(output: &str) -> Option<Self> {
        output
            .lines()
            .rev()
            .filter_map(|line| line.trim_start().strip_prefix("Summary ["))
            .filter_map(|rest| rest.split_once("run: "))
            .find_map(|(_, counts)| Self::read(&without_remarks(counts), ','))
    }

    /// The sum of libtest's closing lines, one per test program:
    /// `test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s`.
    pub(super) fn of_libtest(output: &str) -> Option<Self> {
        output
            .lines()
            .filter_map(|line| line.strip_prefix("test result: ")?.split_once(". "))
            .filter_map(|(_, counts)| Self::read(counts, ';'))
            .reduce(Add::add)
    }

    /// A list of numbers, each before its word. Words that are not known (durations, benchmarks) are passed over.
    fn read(list: &str, separator: char) -> Option<Self> {
        let mut counts = Self::default();
        let mut known = false;
        for item in list.split(separator) {
            let Some((number, word)) = item.trim().split_once(' ') else { continue };
            let field = match word {
                "passed" => &mut counts.passed,
                "failed" | "exec failed" | "timed out" => &mut counts.failed,
                "skipped" | "ignored" | "filtered out" => &mut counts.skipped,
                _ => continue,
            };
            *field += number.parse::<u64>().ok()?;
            known = true;
        }
        known.then_some(counts)
    }

    /// Whether any test came to a verdict.
    pub(super) fn ran(self) -> bool {
        self.passed + self.failed > 0
    }
}

impl Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} tests run: {} passed", self.passed + self.failed, self.passed)?;
        if self.failed > 0 {
            write!(f, ", {} failed", self.failed)?;
        }
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

/// `5 passed (1 slow, 1 flaky), 2 failed` without what is in parentheses.
fn without_remarks(text: &str) -> String {
    let mut depth = 0_u32;
    text.chars()
        .filter(|&letter| {
            match letter {
                '(' => depth += 1,
                ')' => {
                    depth = depth.saturating_sub(1);
                    return false;
                }
                _ => {}
            }
            depth == 0
        })
        .collect::<String>()
        .replace(" ,", ",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nextest_tells_in_its_last_summary() {
        let counts = |text| Counts::of_nextest(text);
        let output = "        PASS [   0.004s] a b\n     Summary [   0.1s] 9 tests run: 9 passed, 0 skipped\n\
             ------------\n     Summary [   3.141s] 7 tests run: 4 passed (1 slow, 1 flaky), 1 failed, 1 exec failed, 1 timed out, 2 skipped\n\
             error: test run failed\n";
        assert_eq!(counts(output), Some(Counts { passed: 4, failed: 3, skipped: 2 }));
        let cancelled = "Summary [   0.1s] 3/9 tests run: 2 passed, 1 failed, 0 skipped";
        assert_eq!(counts(cancelled), Some(Counts { passed: 2, failed: 1, skipped: 0 }));
        let empty = counts("Summary [   0.0s] 0 tests run: 0 passed, 12 skipped");
        assert_eq!(empty.map(Counts::ran), Some(false));
        assert_eq!(counts("error: could not compile `a`"), None);
    }

    #[test]
    fn cargo_test_tells_once_per_program() {
        let output = "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s\n\
             test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 3 filtered out; finished in 0.01s\n";
        assert_eq!(Counts::of_libtest(output), Some(Counts { passed: 6, failed: 2, skipped: 4 }));
        assert_eq!(Counts::of_libtest("running 0 tests"), None);
    }

    #[test]
    fn people_read_a_sentence() {
        assert_eq!(Counts { passed: 5, failed: 0, skipped: 0 }.to_string(), "5 tests run: 5 passed");
        assert_eq!(
            Counts { passed: 5, failed: 1, skipped: 2 }.to_string(),
            "6 tests run: 5 passed, 1 failed, 2 skipped"
        );
    }
}

//! How a VM ended, read from its console: QEMU's exit status is 0 for an orderly power-off and for a panic alike.

use crate::child::indent;

/// Lines of the console shown when something went wrong.
const TAIL: usize = 40;

/// How a VM ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The kernel switched the machine off because it was asked to.
    PoweredOff,
    /// The kernel gave up; its first words about it.
    Died(String),
    /// Neither is on the console: killed, or QEMU itself failed.
    Unknown,
}

impl Ending {
    /// Reads the console.
    pub(super) fn read(console: &str) -> Self {
        let fatal = ["Kernel panic - not syncing", "Error loading", "No working init found"];
        if let Some(line) = console.lines().find(|line| fatal.iter().any(|text| line.contains(text))) {
            return Self::Died(without_time(line).to_owned());
        }
        if console.lines().any(|line| line.contains("reboot: Power down")) {
            return Self::PoweredOff;
        }
        Self::Unknown
    }
}

/// The end of the console, for the user.
pub(super) fn tail(console: &str) -> String {
    let lines: Vec<_> = console.lines().map(|line| line.trim_end_matches('\r')).collect();
    let last = &lines[lines.len().saturating_sub(TAIL)..];
    if last.is_empty() {
        return "the VM's console is empty".to_owned();
    }
    format!("the end of the VM's console:\n{}", indent(&last.join("\n")))
}

/// `[    1.234567] text` without the time.
fn without_time(line: &str) -> &str {
    let line = line.trim();
    match line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((time, text)) if time.trim().bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') => {
            text.trim()
        }
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_outweighs_everything_after_it() {
        let console = "[    1.0] zram: Added device: zram0\r\n\
             [    2.204321] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100\r\n\
             [    2.3] reboot: Power down\r\n";
        assert_eq!(
            Ending::read(console),
            Ending::Died(
                "Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100".to_owned()
            )
        );
    }

    #[test]
    fn an_orderly_end_and_silence_are_told_apart() {
        assert_eq!(Ending::read("[    3.1] reboot: Power down\r\n"), Ending::PoweredOff);
        assert_eq!(Ending::read("[    3.1] something\r\n"), Ending::Unknown);
    }

    #[test]
    fn the_tail_is_short_and_says_when_there_is_none() {
        let console: String = (0..100).map(|number| format!("line {number}\r\n")).collect();
        let shown = tail(&console);
        assert_eq!(shown.lines().count(), TAIL + 1);
        assert!(shown.ends_with("line 99"));
        assert!(tail("").contains("empty"));
    }
}

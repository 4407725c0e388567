//! Outcomes side by side, for people.

use zram_host::size::human;

use super::Named;

/// A row for each policy. Bytes are those of the machine that the simulated one stands for.
#[must_use]
pub fn table(outcomes: &[Named]) -> String {
    let heading = [
        "POLICY", "SAVED", "POOL", "WRITTEN", "MOST/DAY", "BACK", "<1H", "<6H", "REGRET", "SWAP-INS",
        "WAITED", "FULL", "KILLS",
    ];
    let rows = outcomes.iter().map(|named| {
        let outcome = &named.outcome;
        let large = |bytes: u64| human(bytes.saturating_mul(u64::from(outcome.scale)));
        let back = outcome.read_backs;
        [
            named.name.clone(),
            large(outcome.mean_saved),
            large(outcome.mean_pool),
            large(outcome.written),
            large(outcome.most_in_day),
            back.all.to_string(),
            back.within_1h.to_string(),
            back.within_6h.to_string(),
            format!("{}.{}%", outcome.regret() / 10, outcome.regret() % 10),
            outcome.swap_ins.to_string(),
            seconds(outcome.waits.memory_some),
            seconds(outcome.waits.memory_full),
            outcome.kills.to_string(),
        ]
    });
    let rows = std::iter::once(heading.map(str::to_owned)).chain(rows);
    laid_out(&rows.map(Vec::from).collect::<Vec<_>>())
}

/// Columns, the first to the left, the others to the right.
pub(super) fn laid_out(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let wide = |row: &Vec<String>, column: usize| row.get(column).map_or(0, |cell| cell.chars().count());
    let widths: Vec<usize> =
        (0..columns).map(|column| rows.iter().map(|row| wide(row, column)).max().unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        text.push_str(cells.collect::<Vec<String>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// What the columns are.
pub(crate) const LEGEND: &str = "\
SAVED    memory that the pages on the backing device would take in zram, on average
POOL     memory that zram took, on average
WRITTEN  to the backing device; MOST/DAY in any 24 hours
BACK     pages that came back from there; within 1 and 6 hours of being written
REGRET   of the pages written, those that came back within 6 hours
WAITED   for memory, by somebody; FULL by all that had something to do
KILLS    programs ended for want of memory
";

pub(super) fn seconds(microseconds: u64) -> String {
    format!("{}.{}s", microseconds / 1_000_000, microseconds / 100_000 % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::outcome::{Outcome, ReadBacks, Waits};

    #[test]
    fn bytes_are_those_of_the_large_machine() {
        let outcome = Outcome {
            scale: 64,
            seconds: 86_400,
            suspended_seconds: 0,
            accesses: 0,
            mean_saved: 1 << 20,
            final_saved: 0,
            mean_pool: 16 << 20,
            final_pool: 0,
            written: 4096 * 200,
            most_in_day: 4096 * 100,
            relieved: 0,
            read_backs: ReadBacks { within_1h: 1, within_6h: 7, within_24h: 9, all: 20 },
            dropped: 0,
            away: 0,
            swap_ins: 1234,
            swap_outs: 0,
            file_reads: 0,
            kills: 3,
            waits: Waits { memory_some: 1_250_000, memory_full: 90_000, io_some: 0 },
            samples: Vec::new(),
        };
        let text = table(&[Named { name: "mine".to_owned(), outcome }]);
        assert_eq!(
            text,
            "POLICY  SAVED  POOL  WRITTEN  MOST/DAY  BACK  <1H  <6H  REGRET  SWAP-INS  WAITED  FULL  KILLS\n\
             mine      64M    1G      50M       25M    20    1    7    3.5%      1234    1.2s  0.0s      3\n"
        );
    }
}

//! What compressed writeback saves, and what it does not.
//!
//!     cargo run --release -p zram-examples --example compressed-writeback
//!
//! The same 4096 pages are written to two devices that differ in one attribute, `compressed_writeback` (d38fab605c66; so named since
//! ba4c3698e696). All are marked idle and written back; then a part of them is needed again, and goes out to swap once more. What
//! the two did is counted side by side.
//!
//! Without it a pass decompresses each page in order to write it, and a read-back gets a page from the disk. With it the pass writes the
//! object as it is, clears the rest of the block (3bf1c285dc40: it once did not, and old memory went to the disk), and
//! a read-back leaves the decompression to a worker, for which the reader waits. So it pays where most of what is written
//! never comes back. Blocks, limit and wear are the same: an object takes a block of 4 KiB, however small it is.
//!
//! Counted is what the model of Linux 7.2 emits as events; the numbers of a real kernel's probes are these, event by event.
//! How long each step takes no model says: an `ALGORITHM` of zstd makes each decompression dearer and leaves the counts alone.

use std::{error::Error, fmt::Write};

use zram_examples::{
    dice::Dice,
    machine::Machine,
    memory::{self, BROWSER, GAME, MANAGED, Mix, PAGE, PLAYER},
    table::{self, Table, share},
    world::Counts,
};
use zram_model::Profile;

const ALGORITHM: &str = "lz4";
const PAGES: u32 = 4096;
/// How many of a hundred pages are needed again.
const COMES_BACK: u64 = 20;

/// What one device did.
#[derive(Default)]
struct Tally {
    storing: Counts,
    pass: Counts,
    back: Counts,
    /// Pages that the pass wrote, and how many of these were stored as they are.
    written: u64,
    huge: u64,
    /// Bytes of objects that the pass copied into blocks, and the zeros that it put behind them.
    copied: u64,
    cleared: u64,
    came_back: u64,
    blocks: u64,
    limit_used: u64,
    bytes_written: u64,
}

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> Outcome {
    Ok(table::show(&report()?)?)
}

fn report() -> Outcome<String> {
    let mut out = String::new();
    let (raw, compressed) = (run("0")?, run("1")?);
    writeln!(
        out,
        "{PAGES} pages ({ALGORITHM}, {}), written back once; {COMES_BACK} % come back. Simulated.\n",
        Profile::debian_7_2().name
    )?;
    let mut table = Table::new(&["", "raw", "compressed"]);
    let mut row = |what: &str, of: fn(&Tally) -> u64| table.row(&[&what, &of(&raw), &of(&compressed)]);
    row("pages compressed when stored", |t| t.storing.compressions);
    row("written back: pages", |t| t.written);
    row("  of these stored as they are (huge)", |t| t.huge);
    row("  decompressions in the pass", |t| t.pass.decompressions);
    row("  bytes decompressed or copied into blocks", |t| t.pass.decompressions * PAGE as u64 + t.copied);
    row("  bytes of tails cleared", |t| t.cleared);
    row("read back: pages", |t| t.came_back);
    row("  decompressions, on a worker", |t| t.back.deferred_decompressions);
    row("stored again: compressions", |t| t.back.compressions);
    table.line();
    let mut row = |what: &str, of: fn(&Tally) -> u64| table.row(&[&what, &of(&raw), &of(&compressed)]);
    row("decompressions in all", Tally::decompressions);
    row("blocks taken", |t| t.blocks);
    row("limit used up, in blocks", |t| t.limit_used);
    row("bytes written to the disk", |t| t.bytes_written);
    write!(out, "{}", table.text())?;
    let saved = raw.decompressions().saturating_sub(compressed.decompressions());
    let text = format!(
        "Saved: {saved} decompressions of {}, {}. Not saved: compressions, blocks, limit, wear. Moved: what comes back is \
         decompressed while its reader waits, not in the pass.",
        raw.decompressions(),
        share(saved, raw.decompressions())
    );
    writeln!(out, "\n{}", table::paragraph(&text))?;
    say_when_it_pays(&mut out, &raw, &compressed)?;
    Ok(out)
}

impl Tally {
    fn decompressions(&self) -> u64 {
        self.pass.decompressions + self.back.decompressions + self.back.deferred_decompressions
    }
}

/// A device from its making to the second life of what came back.
fn run(compressed_writeback: &str) -> Outcome<Tally> {
    let settings = [("comp_algorithm", ALGORITHM), ("compressed_writeback", compressed_writeback)];
    let mut machine = Machine::new(Profile::debian_7_2(), u64::from(PAGES), u64::from(PAGES), &settings)?;
    let mut tally = Tally::default();
    for slot in 0..PAGES {
        machine.write(slot, &content(slot))?;
    }
    tally.storing = since(&mut machine, &Counts::default());
    let stored = machine.mm_stat()?;

    machine.set("idle", "all")?;
    machine.set("writeback_limit", &PAGES.to_string())?;
    machine.set("writeback_limit_enable", "1")?;
    let before = machine.world.counts;
    machine.set("writeback", "type=idle")?;
    tally.pass = since(&mut machine, &before);
    let (bd, mm) = (machine.bd_stat()?, machine.mm_stat()?);
    tally.written = bd.writes;
    tally.huge = stored.huge_pages - mm.huge_pages;
    tally.blocks = bd.count;
    tally.limit_used = u64::from(PAGES) - machine.number("writeback_limit")?;
    tally.bytes_written = bd.writes * PAGE as u64;
    // What left the pool went to the disk: as objects, or, where the pass decompressed, as pages.
    let objects = stored.compr_data_size - mm.compr_data_size;
    let whole = tally.huge * PAGE as u64;
    tally.copied = if tally.pass.decompressions == 0 { objects } else { whole };
    tally.cleared = bd.writes * PAGE as u64 - tally.copied - tally.pass.decompressions * PAGE as u64;

    let mut dice = Dice::new(3);
    let before = machine.world.counts;
    let mut page = [0; PAGE];
    for slot in (0..PAGES).filter(|_| dice.percent(COMES_BACK)) {
        machine.read(slot, &mut page)?;
        if page != content(slot) {
            return Err(format!("slot {slot} came back as another page").into());
        }
        // The page is used, and goes out again.
        machine.free(slot)?;
        machine.write(slot, &page)?;
    }
    tally.back = since(&mut machine, &before);
    tally.came_back = machine.bd_stat()?.reads;
    Ok(tally)
}

/// What was counted since.
fn since(machine: &mut Machine, before: &Counts) -> Counts {
    let now = machine.world.counts;
    Counts {
        compressions: now.compressions - before.compressions,
        decompressions: now.decompressions - before.decompressions,
        deferred_decompressions: now.deferred_decompressions - before.deferred_decompressions,
        decompressed_from: now.decompressed_from - before.decompressed_from,
    }
}

/// How much must come back for the saving to be gone.
fn say_when_it_pays(out: &mut String, raw: &Tally, compressed: &Tally) -> Outcome {
    writeln!(out, "  Decompressions for 100 pages written back, by how many come back:")?;
    // Pages that were stored as they are need none either way.
    let [per_write, per_read] = [
        (raw.pass.decompressions, raw.written),
        (compressed.back.deferred_decompressions, compressed.came_back),
    ]
    .map(|(decompressions, pages)| decompressions as f64 / pages.max(1) as f64);
    let mut table = Table::new(&["come back", "0 %", "20 %", "40 %", "60 %", "80 %", "100 %"]);
    let cells =
        |of: &dyn Fn(f64) -> f64| [0, 20, 40, 60, 80, 100].map(|back| format!("{:.0}", of(f64::from(back))));
    for (name, [a, b, c, d, e, f]) in
        [("raw", cells(&|_| 100.0 * per_write)), ("compressed", cells(&|back| back * per_read))]
    {
        table.row(&[&name, &a, &b, &c, &d, &e, &f]);
    }
    write!(out, "{}", table.text())?;
    Ok(())
}

/// A page such as one of four applications has.
fn content(slot: u32) -> [u8; PAGE] {
    const MIXES: [&Mix; 4] = [&MANAGED, &BROWSER, &GAME, &PLAYER];
    let mut page = [0; PAGE];
    memory::fill(MIXES[slot as usize % 4], &mut Dice::of(&[u64::from(slot)]), &mut page);
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same output on every machine, in 80 columns.
    #[test]
    fn it_says_the_same_every_time() {
        let report = report().unwrap();
        assert!(report.lines().all(|line| line.chars().count() <= 80), "{report}");
        insta::assert_snapshot!(report);
    }
}

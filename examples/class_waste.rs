//! Why one size class wastes most.
//!
//!     cargo run --release -p zram-examples --example class-waste
//!
//! zsmalloc keeps objects of like size together. A class takes the lengths from the next smaller one's to its own, cuts
//! zspages of one or more pages into objects of its size, and so wastes in three ways:
//!
//! * **rounding**: an object is as large as its class, however short the data;
//! * **tails**: what remains of a zspage behind its last object;
//! * **unused**: objects that are cut, and free.
//!
//! And there is a fourth, which no statistic shows: from `huge_class_size` on, a page is **stored whole** although it did compress.
//!
//! Classes lie 16 bytes apart, but two that come to the same pages per zspage and the same objects per zspage are merged into the larger
//! (`can_merge`). The larger the objects, the fewer the ways to fit them into a zspage, the wider the gaps: so there is nearly
//! always one class among the large ones that wastes most. `CONFIG_ZSMALLOC_CHAIN_SIZE`, the most pages in a zspage, moves the gaps;
//! this program compares its values.
//!
//! A device of 1 GiB is filled with pages of the lengths that LZ4 makes of browsers, games and the like; half of it
//! is written again, a third is freed, and the pool is compacted. Lengths and placement are the model's of Linux 7.2; the four
//! shares and the data come to exactly the memory that `mm_stat` says is used, or the program fails.
//!
//! Try: another `ALGORITHM`, or lengths of your own in `lengths`.

use std::{error::Error, fmt::Write};

use zram_codecs::Codecs;
use zram_events::{DeviceId, SlotIndex};
use zram_examples::{
    dice::Dice,
    memory::{self, BROWSER, GAME, MANAGED, Mix, PAGE, PLAYER},
    table::{self, Table, bar, mib, share},
    world::World,
};
use zram_model::{ClassView, Codec, Kernel, Profile, SlotFlags, Storage, Stored};

const ALGORITHM: &str = "lz4";
const SLOTS: u32 = 1 << 18;
/// Pages compressed to learn what lengths there are.
const SAMPLE: u64 = 8192;
const CHAINS: [u32; 7] = [4, 5, 6, 8, 10, 12, 16];
const DEBIAN: u32 = 8;

/// Bytes of the handle that lies before each object.
const HEADER: u64 = 8;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// A size class and what it wastes, in bytes.
#[derive(Clone, Copy)]
struct Waste {
    class: ClassView,
    /// The shortest length that it takes.
    from: u32,
    objects: u64,
    data: u64,
    rounding: u64,
    tails: u64,
    unused: u64,
}

impl Waste {
    fn all(&self) -> u64 {
        self.rounding + self.tails + self.unused
    }
}

/// What a chain size comes to.
struct Chain {
    classes: Vec<Waste>,
    huge_from: u32,
    /// Bytes by which pages stored whole are longer than their objects would be.
    whole: u64,
    memory: u64,
    unused_before: u64,
}

fn main() -> Outcome {
    Ok(table::show(&report()?)?)
}

fn report() -> Outcome<String> {
    let mut out = String::new();
    let lengths = lengths()?;
    let results =
        CHAINS.iter().map(|chain| Ok((*chain, measure(*chain, &lengths)?))).collect::<Outcome<Vec<_>>>()?;
    writeln!(out, "{SLOTS} slots, {ALGORITHM} lengths, Linux 7.2, simulated\n")?;
    if let Some((chain, result)) = results.iter().find(|(chain, _)| *chain == DEBIAN) {
        say_classes(&mut out, *chain, result)?;
    }
    writeln!(out, "\nThe same pages with other chain sizes, in MiB after compaction:\n")?;
    let mut table =
        Table::new(&["chain", "classes", "from", "memory", "rounding", "tails", "unused", "before", "whole"]);
    for (chain, result) in &results {
        let sum = |of: fn(&Waste) -> u64| mib(result.classes.iter().map(of).sum());
        table.row(&[
            chain,
            &result.classes.len(),
            &result.huge_from,
            &mib(result.memory),
            &sum(|waste| waste.rounding),
            &sum(|waste| waste.tails),
            &sum(|waste| waste.unused),
            &mib(result.unused_before),
            &mib(result.whole),
        ]);
    }
    write!(out, "{}", table.text())?;
    let text = "From that length on pages are stored whole, and are so much longer than LZ4 made them. Unused before \
                compaction: before. Longer chains: more classes, nearer to each other, so less rounding and fewer pages stored whole; but more \
                objects are cut at a time and lie unused until then.";
    write!(out, "\n{}", table::paragraph(text))?;
    Ok(out)
}

fn say_classes(out: &mut String, chain: u32, result: &Chain) -> Outcome {
    let mut worst = result.classes.clone();
    worst.sort_by_key(|waste| std::cmp::Reverse(waste.all()));
    let wasted: u64 = result.classes.iter().map(Waste::all).sum();
    writeln!(
        out,
        "Chain size {chain}: {} MiB used, {} MiB of it wasted. The worst of {} classes:\n",
        mib(result.memory),
        mib(wasted),
        result.classes.len()
    )?;
    let most = worst.first().map_or(0, Waste::all);
    let mut table =
        Table::new(&["class", "lengths", "zspage", "objects", "rounding", "tails", "unused", "KiB"]);
    let kib = |bytes: u64| bytes / 1024;
    for waste in worst.iter().take(10) {
        let Waste { class, from, objects, rounding, tails, unused, .. } = waste;
        table.row(&[
            &class.size,
            &format!("{from}–{}", longest(class)),
            &format!("{}/{}", class.objects, class.pages),
            objects,
            &kib(*rounding),
            &kib(*tails),
            &kib(*unused),
            &format!("{:>6} {:<11}", kib(waste.all()), bar(waste.all(), most, 11)),
        ]);
    }
    write!(out, "{}", table.text())?;
    writeln!(out, "\n  zspage: objects in pages. Rounding, tails and unused in KiB.")?;
    if let Some(first) = worst.first() {
        say_why(out, first, wasted)?;
    }
    Ok(())
}

/// Why the worst is the worst.
fn say_why(out: &mut String, worst: &Waste, wasted: u64) -> Outcome {
    let Waste { class, from, objects, rounding, .. } = worst;
    let merged = (longest(class) - from).div_ceil(16);
    let text = format!(
        "Class {} has {} of the waste, {} of that by rounding. It takes lengths from {from} to {}: {merged} nominal \
         classes that come to {} objects in {} pages are merged into it, so that each of its {objects} objects is \
         rounded up by {} bytes on average.",
        class.size,
        share(worst.all(), wasted),
        share(*rounding, worst.all()),
        longest(class),
        class.objects,
        class.pages,
        rounding / (*objects).max(1),
    );
    write!(out, "\n{}", table::paragraph(&text))?;
    Ok(())
}

/// The longest data that a class takes.
fn longest(class: &ClassView) -> u32 {
    if class.size as usize == PAGE { class.size } else { class.size - HEADER as u32 }
}

/// What compressors make of a few thousand pages.
fn lengths() -> Outcome<Vec<u32>> {
    const MIXES: [&Mix; 4] = [&MANAGED, &BROWSER, &GAME, &PLAYER];
    let (mut codecs, mut page, mut lengths) = (Codecs::new(), [0; PAGE], Vec::new());
    for seed in 0..SAMPLE {
        let kind = memory::fill(MIXES[seed as usize % 4], &mut Dice::of(&[seed]), &mut page);
        // Same-filled pages take no object.
        if kind != memory::Kind::Zero {
            lengths.push(u32::try_from(codecs.compress(Codec::plain(ALGORITHM), &page)?.len())?);
        }
    }
    Ok(lengths)
}

/// Fills a device, stirs it, frees a part, compacts.
fn measure(chain_size: u32, lengths: &[u32]) -> Outcome<Chain> {
    let mut world = World::new(0);
    let profile = Profile { chain_size, ..Profile::debian_7_2() };
    let mut kernel = Kernel::with_storage(profile, Storage::Sizes);
    let zram0 = kernel.hot_add(&mut world)?;
    let size = u64::from(SLOTS) * PAGE as u64;
    kernel.write_attr(zram0, "disksize", size.to_string().as_bytes(), &mut world)?;

    let mut dice = Dice::new(11);
    let mut real = vec![0; SLOTS as usize];
    for n in 0..SLOTS + SLOTS / 2 {
        let slot = if n < SLOTS { n } else { dice.below(u64::from(SLOTS)) as u32 };
        let length = lengths[dice.below(lengths.len() as u64) as usize];
        real[slot as usize] = length;
        kernel.store(zram0, SlotIndex(slot), Stored::Compressed(length), &mut world)?;
    }
    for slot in 0..SLOTS {
        if dice.percent(33) {
            real[slot as usize] = 0;
            kernel.slot_free_notify(zram0, SlotIndex(slot), false, &mut world)?;
        }
    }
    let unused = |classes: &[Waste]| classes.iter().map(|waste| waste.unused).sum();
    let unused_before = unused(&wastes(&kernel, zram0)?);
    kernel.write_attr(zram0, "compact", b"1", &mut world)?;

    let classes = wastes(&kernel, zram0)?;
    let huge_from = kernel.huge_class_size();
    let whole = real.iter().filter(|length| **length >= huge_from);
    let whole = whole.map(|length| (PAGE as u64).saturating_sub(u64::from(*length))).sum();
    let text = String::from_utf8(kernel.read_attr(zram0, "mm_stat")?)?;
    let memory: u64 = text.split_ascii_whitespace().nth(2).unwrap_or_default().parse()?;
    let accounted: u64 = classes
        .iter()
        .map(|waste| {
            waste.data
                + waste.all()
                + if waste.class.size as usize == PAGE { 0 } else { HEADER * waste.objects }
        })
        .sum();
    if accounted != memory {
        return Err(format!("{accounted} bytes accounted for, but {memory} used").into());
    }
    Ok(Chain { classes, huge_from, whole, memory, unused_before })
}

/// What each class wastes: from the pool's own counters, and the sizes in the slot table.
fn wastes(kernel: &Kernel, dev: DeviceId) -> Outcome<Vec<Waste>> {
    let nominal = kernel.classes(dev)?;
    let own: Vec<ClassView> = nominal.into_iter().filter(|class| class.nominal == class.index).collect();
    let mut data = vec![0; own.len()];
    let page_size = kernel.profile().page_size;
    for slot in kernel.slots(dev)? {
        let flags = SlotFlags::from_word(slot.flags, page_size);
        if slot.size == 0 || flags.any(SlotFlags::SAME | SlotFlags::WB) {
            continue;
        }
        let at = own.partition_point(|class| longest(class) < slot.size);
        *data.get_mut(at).ok_or("an object longer than the largest class")? += u64::from(slot.size);
    }
    let mut from = 1;
    let mut wastes = Vec::new();
    for (class, data) in own.into_iter().zip(data) {
        let (groups, counts) = class.stats.split_at(12);
        let (zspages, allocated, objects) = (groups.iter().sum::<u64>(), counts[0], counts[1]);
        let size = u64::from(class.size);
        let header = if class.size as usize == PAGE { 0 } else { HEADER };
        let zspage = u64::from(class.pages) * PAGE as u64;
        wastes.push(Waste {
            class,
            from,
            objects,
            data,
            rounding: objects * (size - header) - data,
            tails: zspages * (zspage - u64::from(class.objects) * size),
            unused: (allocated - objects) * size,
        });
        from = longest(&class) + 1;
    }
    Ok(wastes)
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

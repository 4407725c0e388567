//! The time between a device's birth and its `disksize`, when most attributes are open.

use super::{draft::Draft, recompressions};
use crate::{abilities::Deadly, dictionary};

/// What a program wants of its device; the rest is left to the dice.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wanted {
    /// Slots.
    pub(super) slots: Option<u64>,
    /// Whether a backing device is set.
    pub(super) backing: bool,
    /// `compressed_writeback`.
    pub(super) compressed: Option<bool>,
    /// `writeback_batch_size`.
    pub(super) batch: Option<u64>,
    /// `comp_algorithm`.
    pub(super) algorithm: Option<&'static str>,
    /// Its level, by `algorithm_params`, where there are parameters.
    pub(super) level: Option<u64>,
    /// How many algorithms for recompression.
    pub(super) secondaries: u64,
}

/// Sets the device up, in any order, now and then with a misstep.
pub(super) fn configure(draft: &mut Draft<'_>, wanted: Wanted) {
    if draft.dice.chance(25) {
        too_early(draft);
    }
    let mut steps: Vec<fn(&mut Draft<'_>, Wanted)> = vec![algorithm];
    // What the kernel lacks is asked for now and then, since it has an errno for that, too.
    if draft.abilities.compressed_writeback.is_some() || draft.dice.chance(8) {
        steps.push(compressed);
    }
    if draft.abilities.batches() || draft.dice.chance(8) {
        steps.push(batch);
    }
    if wanted.backing && (draft.abilities.writeback() || draft.dice.chance(8)) {
        steps.push(backing);
    }
    if wanted.secondaries > 0 {
        steps.push(secondaries);
    } else if !draft.abilities.has("recompress") && draft.dice.chance(2) {
        steps.push(no_recompression);
    }
    if draft.dice.chance(15) {
        steps.push(misstep);
    }
    if draft.dice.chance(10) {
        steps.push(immense);
    }
    draft.dice.shuffle(&mut steps);
    for step in steps {
        step(draft, wanted);
    }
    let params = if draft.abilities.has("algorithm_params") { 25 } else { 3 };
    if wanted.algorithm.is_none() && draft.dice.chance(params) {
        parameters(draft);
    }
    let slots = wanted.slots.unwrap_or_else(|| match draft.dice.below(6) {
        0 => draft.dice.pick(&[1, 2, 3, 17, 31, 63, 65, 127, 255, 256]),
        _ => draft.dice.between(24, 160),
    });
    draft.size(slots);
    if draft.dice.chance(15) {
        too_late(draft);
    }
}

fn algorithm(draft: &mut Draft<'_>, wanted: Wanted) {
    match wanted.algorithm {
        Some(name) => {
            draft.set("comp_algorithm", name);
            if let Some(level) = wanted.level.filter(|_| draft.abilities.has("algorithm_params")) {
                draft.set("algorithm_params", format!("level={level}"));
            }
        }
        None if draft.dice.chance(60) => {
            let all: Vec<&'static str> = draft.abilities.algorithms.iter().copied().collect();
            let name = if draft.dice.chance(50) { "lz4" } else { draft.dice.pick(&all) };
            let end = if draft.dice.chance(20) { "\n" } else { "" };
            draft.set("comp_algorithm", format!("{name}{end}"));
        }
        // The kernel's default.
        None => {}
    }
}

/// An algorithm with parameters that it takes, or words that `algorithm_params` refuses. What a backend refuses
/// later, by failing `disksize`, is tried with `disksize` at once, since that puts the default algorithm back.
fn parameters(draft: &mut Draft<'_>) {
    let checked = draft.abilities.parameters_checked;
    let (algorithm, params) = match draft.dice.below(11) {
        0 => {
            let lowest = if checked { 1 } else { -1 };
            ("lz4", format!("level={}", draft.dice.pick(&[-1, 0, 1, 2, 8, 100]).max(lowest)))
        }
        1 => {
            let level = draft.dice.pick(&[0, 1, 3, 9]).max(i32::from(checked));
            ("lz4hc", format!("algo=lz4hc level={level}"))
        }
        2 | 3 => {
            let highest = if checked { 22 } else { 99 };
            ("zstd", format!("level={}", draft.dice.pick(&[-5, 0, 1, 6, 12, 19, 22, 99]).min(highest)))
        }
        4 => ("deflate", format!("level={}", draft.dice.pick(&[-1, 1, 5, 9]))),
        5 => ("deflate", format!("deflate.winbits={}", draft.dice.pick(&[-15, -12, 12, 15]))),
        6 | 7 => {
            let takers: &[_] =
                if checked { &["lz4", "lz4hc", "zstd"] } else { &["lz4", "lz4hc", "zstd", "deflate"] };
            let known = draft.abilities.algorithms_of(takers);
            let algorithm = draft.dice.pick(&known);
            let level = draft.dice.pick(&["", " level=1", " level=9"]);
            (algorithm, format!("algo={algorithm} dict={}{level}", dictionary::PATH))
        }
        8 => return refused_with_size(draft),
        _ => {
            let wrong = draft.dice.pick(&[
                "level",
                "level=",
                "level=x",
                "priority=9",
                "algo=no-such",
                "priority=0 algo=no-such",
                "deflate.winbits=1x",
                "dict=/nowhere",
                "dict=/",
            ]);
            draft.set("algorithm_params", wrong);
            return;
        }
    };
    if !draft.abilities.algorithms.contains(algorithm) {
        return;
    }
    draft.set("comp_algorithm", algorithm);
    draft.set("algorithm_params", params);
}

/// Parameters that the backend refuses when the device gets its size.
fn refused_with_size(draft: &mut Draft<'_>) {
    let abilities = draft.abilities;
    if !abilities.survives(Deadly::SizeRefusedByCompressor) {
        return;
    }
    let mut wrong = Vec::new();
    if abilities.algorithms.contains("deflate") {
        wrong.push(("deflate", "level=10"));
        if abilities.knows_winbits() && abilities.survives(Deadly::DeflateWindow) {
            wrong.extend([("deflate", "deflate.winbits=8"), ("deflate", "deflate.winbits=-16")]);
        }
    }
    if abilities.parameters_checked {
        wrong.extend([("lz4", "level=0"), ("lz4", "level=-5"), ("lz4hc", "level=0"), ("lz4hc", "level=17")]);
        wrong.extend([("zstd", "level=23"), ("lzo", "level=1"), ("lzo-rle", "level=1"), ("842", "level=1")]);
        wrong.retain(|(algorithm, _)| abilities.algorithms.contains(algorithm));
    }
    if wrong.is_empty() {
        return;
    }
    let (algorithm, params) = draft.dice.pick(&wrong);
    draft.set("comp_algorithm", algorithm);
    draft.set("algorithm_params", params);
    draft.set("disksize", "64K");
}

fn secondaries(draft: &mut Draft<'_>, wanted: Wanted) {
    recompressions::choose_algorithms(draft, wanted.secondaries);
}

fn no_recompression(draft: &mut Draft<'_>, _: Wanted) {
    draft.set("recomp_algorithm", "algo=zstd priority=1");
    draft.set("recompress", "type=huge");
}

fn compressed(draft: &mut Draft<'_>, wanted: Wanted) {
    let name = draft.abilities.compressed_writeback.unwrap_or("compressed_writeback");
    match wanted.compressed {
        Some(on) => draft.set(name, if on { "1" } else { "0" }),
        None if draft.dice.chance(70) => {
            draft.set_one_of(name, &["1", "1\n", "y", "on", "0", "n", "off"]);
        }
        None => {}
    }
}

fn batch(draft: &mut Draft<'_>, wanted: Wanted) {
    let size = match wanted.batch {
        Some(size) => size,
        // 2048 requests and pages are what a machine of 512 MiB bears beside everything else.
        None if draft.dice.chance(80) => draft.dice.pick(&[1, 2, 3, 5, 32, 2048]),
        None => return,
    };
    draft.set("writeback_batch_size", size.to_string());
}

fn backing(draft: &mut Draft<'_>, _: Wanted) {
    draft.set_one_of("backing_dev", &["$BACKING", "$BACKING\n"]);
    if draft.dice.chance(5) {
        // Once more: the first is open exclusively, by this very device.
        draft.set("backing_dev", "$BACKING");
    }
}

/// A size that rounds up to 2^64, which is 0: the kernel complains. (Sizes that are merely too large are a question of
/// the machine's memory, and the agent does not ask it.)
pub(super) fn immense(draft: &mut Draft<'_>, _: Wanted) {
    draft.set_one_of("disksize", &["18446744073709551615", "16E", "0xfffffffffffff001\n"]);
}

fn misstep(draft: &mut Draft<'_>, _: Wanted) {
    let (attr, text) = draft.dice.pick(&[
        ("comp_algorithm", "no-such"),
        ("comp_algorithm", "lz4 "),
        ("comp_algorithm", ""),
        ("compressed_writeback", "maybe"),
        ("compressed_writeback", ""),
        ("compressed_writeback", "2"),
        ("writeback_batch_size", "0"),
        ("writeback_batch_size", "-1"),
        ("writeback_batch_size", "4294967296"),
        ("writeback_batch_size", "3x"),
        ("backing_dev", "/nowhere/at/all"),
        ("backing_dev", "/dev/null"),
        ("backing_dev", "/"),
        ("backing_dev", ""),
        ("disksize", "0"),
        ("disksize", "x"),
        ("disksize", ""),
        ("mem_limit", "x"),
        ("mem_limit", ""),
    ]);
    draft.set(attr, text);
}

/// What asks for an initialised device, asked of one that is not.
pub(super) fn too_early(draft: &mut Draft<'_>) {
    for _ in 0..draft.dice.between(1, 3) {
        match draft.dice.below(12) {
            0 => draft.set("writeback", "type=idle"),
            1 => draft.set("writeback", "nonsense"),
            2 => draft.set("idle", "all"),
            3 => draft.set("idle", "0"),
            4 => draft.set("idle", "nonsense"),
            5 => draft.set("compact", "1"),
            6 => draft.set("mem_used_max", "0"),
            7 => draft.set("mem_limit", "1M"),
            8 => draft.set("reset", "1"),
            9 => state(draft),
            10 => {
                let attr =
                    draft.dice.pick(&["mm_stat", "initstate", "bd_stat", "disksize", "comp_algorithm"]);
                draft.get(attr);
            }
            _ => draft.set("reset", "0"),
        }
    }
}

fn state(draft: &mut Draft<'_>) {
    draft.ops.push(zram_agent::protocol::Op::State { dev: draft.dev, position: 0, bytes: 4096 });
}

/// What must be set before `disksize`, set after it.
pub(super) fn too_late(draft: &mut Draft<'_>) {
    for _ in 0..draft.dice.between(1, 2) {
        let (attr, text) = draft.dice.pick(&[
            ("disksize", "4096"),
            ("disksize", "0"),
            ("comp_algorithm", "zstd"),
            ("comp_algorithm", "no-such"),
            ("compressed_writeback", "1"),
            ("compressed_writeback", "what"),
            ("backing_dev", "$BACKING"),
            ("backing_dev", "/nowhere"),
        ]);
        draft.set(attr, text);
    }
}

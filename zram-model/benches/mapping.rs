//! What the interfaces to objects cost, old and new: the synthetic test of the commit that introduced the newer one.
//!
//! ```text
//! cargo bench -p zram-model --bench mapping                    # copies, bytes, nanoseconds; takes 600 MB
//! cargo bench -p zram-model --bench mapping -- --callgrind     # instructions, under valgrind
//! ```
//!
//! 64 sizes from 32 to 4064 bytes in steps of 64, 4096 objects of each (`--each` for another number), allocated once; then one pass
//! over all of them per interface. What is measured is this crate's own code. It shows where the difference between the
//! interfaces comes from, not how large it is in a kernel, where mapping a page, locks and page faults have costs of their own.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run may stop")]

use std::{hint::black_box, process::Command, time::Instant};

use zram_model::{
    PageSize,
    mapping::{MapMode, Mapper, MappingStats, ObjectHandle, ObjectPool, SpanRule},
};

/// Instructions are counted on fewer objects: valgrind is slow, and every object of a zspage costs what the next zspage's does.
const EACH_UNDER_VALGRIND: usize = 256;

struct Stage {
    pool: ObjectPool,
    objects: Vec<(ObjectHandle, usize)>,
    local_copy: [u8; 4096],
    page: [u8; 4096],
}

impl Stage {
    fn new(each: usize) -> Self {
        let mut pool = ObjectPool::new(PageSize::KIB_4, 8).unwrap();
        let sizes = (32..=4064).step_by(64).flat_map(|size| std::iter::repeat_n(size, each));
        let objects = sizes.map(|size| (pool.malloc(size).unwrap(), size as usize)).collect();
        Self { pool, objects, local_copy: [0; 4096], page: [1; 4096] }
    }
}

/// A pass over all objects. Its name is what valgrind is told to count.
type Pass = fn(&mut Stage, &mut Mapper);

const PASSES: [(&str, &str, SpanRule, Pass); 7] = [
    ("pass_map_read_only", "map read-only", SpanRule::ClassSizeReads, pass_map_read_only),
    ("pass_map_read_write", "map read-write, memcpy", SpanRule::ClassSizeReads, pass_map_read_write),
    ("pass_map_write_only", "map write-only, memcpy", SpanRule::ClassSizeReads, pass_map_write_only),
    ("pass_read", "read (6.15)", SpanRule::ClassSizeReads, pass_read),
    ("pass_read", "read (7.0)", SpanRule::Length, pass_read),
    ("pass_write", "write", SpanRule::Length, pass_write),
    ("pass_pieces", "scatterlist", SpanRule::Length, pass_pieces),
];

#[inline(never)]
fn pass_map_read_only(stage: &mut Stage, mapper: &mut Mapper) {
    for (handle, _) in &stage.objects {
        let mapped = stage.pool.map_object(mapper, *handle, MapMode::ReadOnly).unwrap();
        black_box(mapped.bytes());
        mapped.unmap();
    }
}

#[inline(never)]
fn pass_map_read_write(stage: &mut Stage, mapper: &mut Mapper) {
    for (handle, len) in &stage.objects {
        let mut mapped = stage.pool.map_object(mapper, *handle, MapMode::ReadWrite).unwrap();
        mapped.write(&stage.page[..*len]).unwrap();
        mapped.unmap();
    }
}

#[inline(never)]
fn pass_map_write_only(stage: &mut Stage, mapper: &mut Mapper) {
    for (handle, len) in &stage.objects {
        let mut mapped = stage.pool.map_object(mapper, *handle, MapMode::WriteOnly).unwrap();
        mapped.write(&stage.page[..*len]).unwrap();
        mapped.unmap();
    }
}

#[inline(never)]
fn pass_read(stage: &mut Stage, mapper: &mut Mapper) {
    for (handle, len) in &stage.objects {
        let read = stage.pool.obj_read_begin(mapper, *handle, *len, &mut stage.local_copy).unwrap();
        black_box(&read[..]);
        stage.pool.obj_read_end(mapper, read);
    }
}

#[inline(never)]
fn pass_write(stage: &mut Stage, mapper: &mut Mapper) {
    for (handle, len) in &stage.objects {
        stage.pool.obj_write(mapper, *handle, &stage.page[..*len]).unwrap();
    }
}

#[inline(never)]
fn pass_pieces(stage: &mut Stage, mapper: &mut Mapper) {
    for (handle, len) in &stage.objects {
        let pieces = stage.pool.obj_read_sg_begin(mapper, *handle, *len).unwrap();
        black_box(pieces.as_slice());
        stage.pool.obj_read_sg_end(mapper, &pieces);
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)?.parse::<usize>().ok()
    };
    if let Some(pass) = value("--pass") {
        run(&mut Stage::new(value("--each").unwrap_or(EACH_UNDER_VALGRIND)), pass);
    } else if arguments.iter().any(|argument| argument == "--callgrind") {
        under_valgrind(value("--each").unwrap_or(EACH_UNDER_VALGRIND));
    } else {
        timed(value("--each").unwrap_or(4096));
    }
}

fn run(stage: &mut Stage, pass: usize) -> MappingStats {
    let (_, _, rule, walk) = PASSES[pass];
    let mut mapper = Mapper::new(PageSize::KIB_4, rule);
    walk(stage, &mut mapper);
    mapper.stats()
}

fn timed(each: usize) {
    let mut stage = Stage::new(each);
    println!("{} objects, chain size 8", stage.objects.len());
    println!(
        "{:24} {:>8} {:>9} {:>13} {:>13} {:>9}",
        "", "spans", "memcpy", "bytes", "user's bytes", "ns/object"
    );
    for (pass, (_, name, ..)) in PASSES.iter().enumerate() {
        let timed_run = |stage: &mut Stage| {
            let started = Instant::now();
            let stats = run(stage, pass);
            (started.elapsed(), stats)
        };
        timed_run(&mut stage);
        let mut runs = [(); 5].map(|()| timed_run(&mut stage));
        runs.sort_by_key(|(took, _)| *took);
        let (took, stats) = runs[2];
        let nanoseconds = took.as_nanos() as f64 / stats.objects as f64;
        println!(
            "{name:24} {:8} {:9} {:13} {:13} {nanoseconds:9.1}",
            stats.spans, stats.copies, stats.bytes, stats.user_bytes
        );
    }
}

fn under_valgrind(each: usize) {
    let this = std::env::current_exe().unwrap();
    println!("{} objects, chain size 8", 64 * each);
    println!("{:24} {:>13} {:>11}", "", "instructions", "per object");
    for (pass, (symbol, name, ..)) in PASSES.iter().enumerate() {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no"])
            .arg(format!("--toggle-collect=*{symbol}*"))
            .arg(&this)
            .args(["--pass", &pass.to_string(), "--each", &each.to_string()])
            .output();
        let Ok(output) = output else {
            println!("valgrind is not here; install it to count instructions");
            return;
        };
        let text = String::from_utf8_lossy(&output.stderr);
        let collected = text.lines().find_map(|line| line.split_once("Collected : "));
        let Some(count) = collected.and_then(|(_, count)| count.trim().parse::<u64>().ok()) else {
            println!("valgrind did not say how many: {text}");
            return;
        };
        println!("{name:24} {count:13} {:11.1}", count as f64 / (64 * each) as f64);
    }
}

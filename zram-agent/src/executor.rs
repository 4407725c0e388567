//! Carries one operation out and observes what came of it: the same code for machine and model.
//!
//! The order is always: clock, the operation's system call, clock, what happened inside, and only
//! then the state of every device. Observing is free of effects (reading an attribute or a snapshot
//! changes nothing that is compared and causes no event), with one exception that is the reason for
//! the order: it takes time.

use std::{borrow::Cow, time::Duration};

use nix::errno::Errno;

use crate::{
    during::{Errand, Touches, at_most},
    memory::Arena,
    observe,
    protocol::{Begin, Below, Boundary, Bytes, Data, Layout, Observation, Op, Work},
    refusal::refuse,
    together::Workers,
    world::{Backing, Disk, Seen, Trouble, World},
};

/// Bytes of a slot and of a block.
const PAGE: u64 = 4096;

/// Most slots that one read or write, and most blocks that one look at the backing device, may
/// have. Sixteen times what fits into one bio.
const MOST_PAGES: u64 = 4096;

/// Largest buffer for a read of `block_state`.
const MOST_BYTES: u64 = 1 << 24;

/// Longest sleep, in milliseconds.
const LONGEST_SLEEP: u64 = 60_000;

/// No operation makes more allocations of a kind.
const MOST_ALLOCATIONS: u64 = 1 << 20;

/// Carries out the `n`th operation.
///
/// # Errors
/// When the operation cannot be meant, or the world is not fit: no verdict can follow from that.
pub fn execute<W: World>(n: u64, op: &Op, world: &mut W) -> Result<Observation, Trouble> {
    refuse(op, world)?;
    if is_idle_by_age(op) {
        world.steady_clock();
    }
    let done = run(op, world)?;
    let failed = if matches!(op, Op::Fail(_)) { None } else { world.relent()? };
    let seen = world.take_events()?;
    let mut observation = Observation {
        n,
        outcome: done.outcome.into(),
        data: done.data,
        failed,
        clock: done.clock,
        devices: observe::devices(world)?,
        records: None,
        events: None,
        health: world.health()?,
        kernel_log: world.kernel_log(),
    };
    match seen {
        Seen::Nothing => {}
        Seen::Records(records) => observation.records = Some(Bytes(records)),
        Seen::Events(events) => observation.events = Some(events),
    }
    Ok(observation)
}

/// Marking by age compares access times with a second computed from the kernel's coarse clock.
fn is_idle_by_age(op: &Op) -> bool {
    matches!(op, Op::Set { attr, value, .. } if attr == "idle" && value.trim_end() != "all")
}

/// What an operation brought back.
struct Done {
    clock: Boundary,
    outcome: Result<u64, Errno>,
    data: Option<Data>,
}

/// Makes a call between two looks at the clock.
fn timed<W: World, T>(world: &mut W, call: impl FnOnce(&mut W) -> Result<T, Errno>) -> Timed<T> {
    let tick = Some(world.boot_tick());
    let before = world.boot_time();
    let result = call(world);
    Timed { clock: Boundary { before, after: world.boot_time(), tick }, result }
}

struct Timed<T> {
    clock: Boundary,
    result: Result<T, Errno>,
}

impl<T> Timed<T> {
    /// The outcome is the number that this makes of the result; there is nothing else.
    fn number(self, number: impl FnOnce(T) -> u64) -> Done {
        Done { clock: self.clock, outcome: self.result.map(number), data: None }
    }

    /// The outcome and the data are what this makes of the result.
    fn bringing(self, both: impl FnOnce(T) -> (u64, Data)) -> Done {
        match self.result.map(both) {
            Ok((number, data)) => Done { clock: self.clock, outcome: Ok(number), data: Some(data) },
            Err(errno) => Done { clock: self.clock, outcome: Err(errno), data: None },
        }
    }
}

/// The disk that a program's backing device is on.
fn disk(begin: &Begin) -> Result<Disk, Trouble> {
    match (begin.backing_interrupts, begin.backing_below) {
        (false, None) => Ok(Disk::Ram),
        (true, None) => Ok(Disk::Null),
        (false, Some(Below::Loop)) => Ok(Disk::Loop),
        (false, Some(Below::Virtio)) => Ok(Disk::Virtio),
        (true, Some(_)) => Err(Trouble::TwoDisks),
    }
}

fn run<W: World>(op: &Op, world: &mut W) -> Result<Done, Trouble> {
    Ok(match op {
        Op::Begin(begin) => {
            for delay in [begin.backing_delay_ms, begin.backing_read_delay_ms] {
                at_most("a delay in milliseconds", u64::from(delay), LONGEST_SLEEP)?;
            }
            world.begin(Backing {
                pages: begin.backing_pages,
                delay_ms: begin.backing_delay_ms,
                read_delay_ms: begin.backing_read_delay_ms,
                below: disk(begin)?,
                bad_from: begin.backing_bad_from,
                bad: begin.backing_bad,
            })?;
            timed(world, |_| Ok(0)).number(|n| n)
        }
        Op::Add {} => timed(world, W::hot_add).number(u64::from),
        Op::Remove { text } => timed(world, |world| world.hot_remove(text.as_bytes())).number(count),
        Op::Set { dev, attr, value } => {
            let value = with_backing(value, world.backing_path()).into_owned();
            timed(world, |world| world.write_attr(*dev, attr, value.as_bytes())).number(count)
        }
        Op::Get { dev, attr } => timed(world, |world| world.read_attr(*dev, attr)).bringing(text),
        Op::Hold { dev } => timed(world, |world| world.hold(*dev)).number(nothing),
        Op::Release { dev } => timed(world, |world| world.release(*dev)).number(nothing),
        Op::Write { dev, slot, pages, layout } => {
            let (at, mut arena) = (bytes(*slot)?, memory(layout, pages.len())?);
            arena.fill(&pages.iter().flat_map(|page| *page.bytes()).collect::<Vec<_>>());
            let before = arena.bytes().to_vec();
            let written = timed(world, |world| world.write(*dev, at, arena.buffer()));
            let mut done = written.number(count);
            done.data = (arena.bytes() != before).then(|| Data::Memory(Bytes(arena.bytes().to_vec())));
            done
        }
        Op::Read { dev, slot, count: slots, layout } => {
            let (at, mut arena) = (bytes(*slot)?, memory(layout, *slots as usize)?);
            let read = timed(world, |world| world.read(*dev, at, arena.buffer()));
            let mut done = read.number(count);
            done.data = Some(Data::Memory(Bytes(arena.bytes().to_vec())));
            done
        }
        Op::Discard { dev, slot, count } => {
            let (at, length) = (bytes(*slot)?, bytes(*count)?);
            timed(world, |world| world.discard(*dev, at, length)).number(nothing)
        }
        Op::ZeroOut { dev, slot, count } => {
            let (at, length) = (bytes(*slot)?, bytes(*count)?);
            timed(world, |world| world.zero_out(*dev, at, length)).number(nothing)
        }
        Op::State { dev, position, bytes } => {
            at_most("a buffer in bytes", u64::from(*bytes), MOST_BYTES)?;
            timed(world, |world| world.block_state(*dev, *position, *bytes as usize)).bringing(text)
        }
        Op::Blocks { first, count } => {
            bytes(*first)?;
            at_most("a number of blocks", u64::from(*count), MOST_PAGES)?;
            timed(world, |world| world.read_blocks(*first, *count))
                .bringing(|blocks| (blocks.len() as u64, Data::Blocks(Bytes(blocks))))
        }
        Op::Classes { dev } => {
            let ready = timed(world, |world| observe::initialised(world, *dev));
            let classes = if ready.result.is_ok() { world.classes(*dev)? } else { Vec::new() };
            ready.bringing(|()| (classes.len() as u64, Data::Classes(classes)))
        }
        Op::During { dev, pass, after_ms, bios } => {
            at_most("a delay in milliseconds", u64::from(*after_ms), LONGEST_SLEEP)?;
            let mut touches = Touches::prepare(bios)?;
            let head_start = Duration::from_millis(u64::from(*after_ms));
            let errand = Errand { name: "writeback", text: pass.as_bytes(), head_start };
            let ended = timed(world, |world| Ok(touches.run(world, *dev, errand)));
            let Timed { clock, result } = ended;
            match result {
                Ok(ended) => {
                    Done { clock, outcome: ended.errand.map(count), data: Some(touches.report(ended.io)) }
                }
                Err(errno) => Done { clock, outcome: Err(errno), data: None },
            }
        }
        Op::Together { dev, workers } => {
            let mut workers = Workers::prepare(workers)?;
            let ended = timed(world, |world| Ok(workers.run(world, *dev)));
            ended.bringing(|ended| workers.report(ended))
        }
        Op::SwapOn { .. }
        | Op::SwapOff { .. }
        | Op::Pressure { .. }
        | Op::Revisit { .. }
        | Op::Relieve { .. }
        | Op::Mount { .. }
        | Op::Unmount { .. }
        | Op::WriteFile { .. }
        | Op::ReadFile { .. }
        | Op::RemoveFile { .. }
        | Op::Trim { .. } => workload(op, world)?,
        Op::Fail(fail) => {
            at_most("a number of allocations", u64::from(fail.nth), MOST_ALLOCATIONS)?;
            world.fail(*fail)?;
            timed(world, |_| Ok(0)).number(|n| n)
        }
        Op::Sleep { millis } => {
            at_most("a sleep in milliseconds", u64::from(*millis), LONGEST_SLEEP)?;
            timed(world, |world| {
                world.sleep(*millis);
                Ok(())
            })
            .number(nothing)
        }
    })
}

/// An operation whose bios the kernel chooses.
fn workload<W: World>(op: &Op, world: &mut W) -> Result<Done, Trouble> {
    let Some((dev, work)) = op.dev().zip(op.work()) else {
        return Ok(timed(world, |_| Err(Errno::ENOSYS)).number(nothing));
    };
    let pages = match work {
        Work::Pressure { pages, .. } | Work::Revisit { pages, .. } | Work::WriteFile { pages, .. } => {
            pages.len()
        }
        _ => 0,
    };
    at_most("a number of pages", pages as u64, MOST_PAGES)?;
    if let Work::WriteFile { at, .. } = work {
        at_most("a position in a file in pages", u64::from(at), MOST_PAGES)?;
    }
    let Timed { clock, result } = timed(world, |world| Ok(world.work(dev, work)));
    let worked = result.unwrap_or_else(|errno| Ok(Err(errno)))?;
    let ended = Timed { clock, result: worked };
    Ok(ended.bringing(|worked| (worked.value, Data::Work(worked.report))))
}

fn count(n: usize) -> u64 {
    n as u64
}

fn nothing((): ()) -> u64 {
    0
}

fn text(bytes: Vec<u8>) -> (u64, Data) {
    (bytes.len() as u64, Data::Text(String::from_utf8_lossy(&bytes).into_owned()))
}

/// The text with the backing device's path in it.
fn with_backing<'a>(value: &'a str, path: &str) -> Cow<'a, str> {
    if value.contains("$BACKING") { value.replace("$BACKING", path).into() } else { value.into() }
}

fn memory(layout: &Layout, slots: usize) -> Result<Arena, Trouble> {
    at_most("a number of slots", slots as u64, MOST_PAGES)?;
    Ok(Arena::new(layout, slots)?)
}

/// Pages to bytes. File positions are signed in the kernel, so half the range of u64 is the end.
fn bytes(pages: u64) -> Result<u64, Trouble> {
    at_most("a position or length in pages", pages, i64::MAX as u64 / PAGE)?;
    Ok(pages * PAGE)
}

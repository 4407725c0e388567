//! The rows that a run must reach.
//!
//! Which ones these are follows from what the kernel has, and is settled before anything was reached: a row that a
//! kernel cannot come through is waived, and the table says why. A row is never waived because it stayed at zero.

use zram_agent::protocol::{BackingKind, WorkKind};
use zram_events::{Kind, Shortage};

use super::{Row, followed, shortage};
use crate::{
    abilities::{Abilities, Deadly},
    together,
};

/// A row, and why it need not be reached.
#[derive(Clone, Debug)]
pub(super) struct Corner {
    pub(super) row: Row,
    pub(super) waived: Option<&'static str>,
}

/// A reason to waive, unless the kernel has it.
type Waived = Option<&'static str>;

fn unless(there: bool, reason: &'static str) -> Waived {
    (!there).then_some(reason)
}

/// Everything that a run on a kernel is to reach, or would have to if the kernel had it.
pub(super) fn corners(abilities: &Abilities) -> Vec<Corner> {
    let mut corners = Vec::new();
    let mut add = |group: &'static str, waived: Waived, names: &[&str]| {
        corners.extend(names.iter().map(|name| Corner { row: (group, (*name).to_owned()), waived }));
    };
    operations(abilities, &mut add);
    slots(abilities, &mut add);
    allocator(abilities, &mut add);
    passes(abilities, &mut add);
    recompression(abilities, &mut add);
    workloads(abilities, &mut add);
    shortages(abilities, &mut add);
    together(abilities, &mut add);
    add("buffer", None, &["unaligned write", "unaligned read", "several pieces", "several slots in a bio"]);
    add("buffer", writeback(abilities), &["several bios in a call"]);
    add("devices", None, &["two at a time", "three at a time"]);
    let told = unless(abilities.interrupts, "records do not tell interrupts from tasks");
    let device = unless(
        abilities.makes(BackingKind::Interrupts),
        "the machine has no backing device that completes in interrupts (null_blk)",
    );
    for (kind, row) in [
        (Kind::WritebackEndio, "of a write in an interrupt"),
        (Kind::ReadBackEndio, "of a read in an interrupt"),
    ] {
        let seen = unless(abilities.sees(&[kind]), "the probes do not see it on this kernel");
        add("completion", writeback(abilities).or(told).or(device).or(seen), &[row]);
    }
    for (below, reason, kinds) in [
        (
            BackingKind::Loop,
            "the machine has no loop device",
            [
                (Kind::WritebackEndio, "of a write by a loop device"),
                (Kind::ReadBackEndio, "of a read by a loop device"),
            ],
        ),
        (
            BackingKind::Virtio,
            "the machine has no virtio disk for testing",
            [
                (Kind::WritebackEndio, "of a write by a virtio disk"),
                (Kind::ReadBackEndio, "of a read by a virtio disk"),
            ],
        ),
    ] {
        let device = unless(abilities.makes(below), reason);
        for (kind, row) in kinds {
            let seen = unless(abilities.sees(&[kind]), "the probes do not see it on this kernel");
            add("completion", writeback(abilities).or(device).or(seen), &[row]);
        }
    }
    corners
}

fn writeback(abilities: &Abilities) -> Waived {
    unless(abilities.writeback(), "no writeback (CONFIG_ZRAM_WRITEBACK)")
}

fn compressed(abilities: &Abilities) -> Waived {
    unless(abilities.compressed_writeback.is_some(), "no compressed writeback to be chosen")
}

fn slow(abilities: &Abilities) -> Waived {
    writeback(abilities)
        .or(unless(abilities.makes(BackingKind::Delay), "the machine has no slow backing device (dm-delay)"))
        .or(unless(abilities.batches(), "one slot at a time is written back"))
}

fn operations(abilities: &Abilities, add: &mut impl FnMut(&'static str, Waived, &[&str])) {
    const GROUP: &str = "operation";
    add(
        GROUP,
        None,
        &[
            "begin: ok",
            "add: ok",
            "remove: ok",
            "remove: EBUSY",
            "hold: ok",
            "release: ok",
            "write: ok",
            "write: ENOSPC",
            "write: EIO",
            "read: ok",
            "discard: ok",
            "zero_out: ok",
            "sleep: ok",
            "set disksize: ok",
            "set disksize: EBUSY",
            "set reset: ok",
            "set reset: EBUSY",
            "set compact: ok",
            "set comp_algorithm: ok",
            "set idle: ok",
            "set idle: EINVAL",
            "set mem_limit: ok",
            "set mem_used_max: ok",
        ],
    );
    add(GROUP, unless(abilities.block_state, "no block_state (CONFIG_ZRAM_MEMORY_TRACKING)"), &["state: ok"]);
    add(GROUP, unless(abilities.sees(&[Kind::PoolCreate]), "no probe on the pool"), &["classes: ok"]);
    add(
        GROUP,
        writeback(abilities),
        &[
            "blocks: ok",
            "set backing_dev: ok",
            "set writeback: ok",
            "set writeback: EIO",
            "set writeback: ENOSPC",
            "set writeback: EINVAL",
            "set writeback_limit: ok",
            "set writeback_limit_enable: ok",
        ],
    );
    let ranges = unless(abilities.arguments(), "writeback takes no ranges");
    add(GROUP, writeback(abilities).or(ranges), &["set writeback: ERANGE"]);
    add(GROUP, compressed(abilities), &["set compressed_writeback: ok"]);
    let batches = unless(abilities.batches(), "no writeback_batch_size");
    add(GROUP, batches, &["set writeback_batch_size: ok"]);
    add(GROUP, slow(abilities), &["during: ok"]);
}

fn slots(abilities: &Abilities, add: &mut impl FnMut(&'static str, Waived, &[&str])) {
    add("content", None, &["zero", "same", "nearly", "text", "noisy", "random"]);
    add("slot flag", None, &["SAME", "HUGE", "IDLE"]);
    add("slot flag", writeback(abilities), &["WB"]);
    let stays = unless(abilities.huge_stays, "a slot that is away is no longer known as huge");
    add("slot flag", writeback(abilities).or(stays), &["WB and HUGE"]);
    add("slot flag", compressed(abilities), &["WB and compressed"]);
    let wraps = unless(abilities.size_wraps, "the largest sizes are refused before anything wraps");
    add("complaint in the kernel's log", wraps, &["VmallocOfNothing"]);
}

fn allocator(abilities: &Abilities, add: &mut impl FnMut(&'static str, Waived, &[&str])) {
    let seen = |kinds: &[Kind]| unless(abilities.sees(kinds), "the probes do not see it on this kernel");
    let moves = [Kind::PageChain, Kind::ObjMalloc, Kind::FixFullness];
    add("zspage fullness", seen(&moves), &["up", "down", "created", "filled"]);
    add("zspage fullness", seen(&[Kind::ZspageFree]), &["freed"]);
    let compaction = [Kind::ZspageFree, Kind::CompactBegin, Kind::CompactEnd];
    add("zspage fullness", seen(&compaction), &["emptied by compaction"]);
    add("allocator", seen(&moves), &["class with several partly filled zspages"]);
    add("allocator", seen(&[Kind::CompactEnd]), &["compaction that frees pages"]);
    add("allocator", seen(&[Kind::ObjMalloc]), &["huge zspage"]);
    let read = seen(&[Kind::ReadBegin]).and(seen(&[Kind::MapObject]));
    add("spanning object", read, &["read"]);
    let pass = [Kind::ReadBegin, Kind::WritebackBegin, Kind::WritebackEnd];
    add("spanning object", writeback(abilities).or(seen(&pass)), &["written back"]);
}

fn recompression(abilities: &Abilities, add: &mut impl FnMut(&'static str, Waived, &[&str])) {
    let none = unless(abilities.recompression(), "no recompression (CONFIG_ZRAM_MULTI_COMP)");
    add("operation", none, &["set recomp_algorithm: ok", "set recompress: ok", "set recompress: EINVAL"]);
    add("slot flag", none, &["INCOMPRESSIBLE", "recompressed"]);
    let forgets = unless(abilities.huge_stays, "the kernel forgets what a slot was when it is written back");
    add("slot flag", none.or(writeback(abilities)).or(forgets), &["WB and recompressed"]);
    let seen =
        unless(abilities.sees(&[Kind::Compress, Kind::Malloc]), "the probes do not see it on this kernel");
    add(
        "recompression",
        none.or(seen),
        &[
            "kept",
            "thrown away",
            "by threshold",
            "by number",
            "by idle mark",
            "by huge mark",
            "by a later priority",
        ],
    );
    let params = unless(abilities.has("algorithm_params"), "no algorithm_params");
    add("algorithm parameters", params, &["level"]);
    add("algorithm parameters", params.or(none), &["of a later algorithm"]);
}

fn passes(abilities: &Abilities, add: &mut impl FnMut(&'static str, Waived, &[&str])) {
    let seen = |kinds: &[Kind]| unless(abilities.sees(kinds), "the probes do not see it on this kernel");
    let backing = writeback(abilities);
    let marks = ["raw", "limit reached", "backing full", "by idle mark", "by huge mark", "by range"];
    add("writeback", backing, &marks);
    let bad = unless(abilities.makes(BackingKind::Error), "the machine has no bad blocks (dm error)");
    add("writeback", backing.or(bad), &["device failed a write"]);
    let one_way = unless(
        abilities.makes(BackingKind::Flakey),
        "the machine has no blocks that fail reads only (dm-flakey)",
    );
    add("writeback", backing.or(one_way), &["device failed a write, and reads well"]);
    add("away", backing.or(one_way), &["device failed a read-back"]);
    add("writeback", compressed(abilities), &["compressed"]);
    let batches = unless(abilities.batches(), "one slot at a time is written back");
    let groups = seen(&[Kind::WritebackDone]);
    add("writeback", backing.or(batches).or(groups), &["several completion groups in a pass"]);
    let ranges = unless(abilities.arguments(), "writeback takes no ranges");
    let twice = seen(&[Kind::ReleaseSlot]);
    add("writeback", backing.or(ranges).or(twice), &["slot queued twice"]);
    let away = [
        "read back raw",
        "several read-backs in a bio",
        "read-back and memory in a bio",
        "rewritten",
        "freed",
    ];
    add("away", backing, &away);
    let work = seen(&[Kind::ReadBackWork, Kind::Decompress]);
    add("away", compressed(abilities).or(work), &["read back and decompressed", "read back huge"]);
    let in_flight = seen(&[Kind::WritebackBegin, Kind::WritebackEndio, Kind::ReleaseSlot, Kind::Bio]);
    add(
        "during",
        slow(abilities).or(in_flight),
        &[
            "slot read in flight",
            "slot written in flight",
            "slot discarded in flight",
            "slot touched while queued",
        ],
    );
}

fn together(abilities: &Abilities, add: &mut impl FnMut(&'static str, Waived, &[&str])) {
    let order = unless(
        abilities.sees(together::NEEDED),
        "the probes do not see enough to know the order in which several tasks were served",
    );
    add("operation", order, &["together: ok"]);
    add("together", order, &["disjoint slots", "overlapping slots", "attribute beside bios"]);
    let told = unless(abilities.interrupts, "records do not say who wrote them");
    add("together", order.or(told), &["interleaved", "several tasks in a size class"]);
    // Whether two look for room in the same moment is the scheduler's to say: that row is counted and not required.
}

fn workloads(abilities: &Abilities, add: &mut impl FnMut(&'static str, Waived, &[&str])) {
    const REASON: &str = "the machine cannot carry it, or the probes do not see enough to follow";
    let swap = unless(abilities.follows(WorkKind::Swap), REASON);
    let operations = ["swap_on: ok", "swap_off: ok", "pressure: ok", "revisit: ok", "relieve: ok"];
    add("operation", swap, &operations);
    add(followed::group(WorkKind::Swap), swap, &["write", "read", "slot-free notification"]);
    let seen = unless(abilities.sees(&[Kind::ReadBackEndio]), "the probes do not see it on this kernel");
    add(followed::group(WorkKind::Swap), swap.or(writeback(abilities)).or(seen), &["read back"]);
    let filesystem = unless(abilities.follows(WorkKind::Filesystem), REASON);
    let operations =
        ["mount: ok", "unmount: ok", "write_file: ok", "read_file: ok", "remove_file: ok", "trim: ok"];
    add("operation", filesystem, &operations);
    let bios = ["write", "write of several pages", "read", "discard"];
    add(followed::group(WorkKind::Filesystem), filesystem, &bios);
}

fn shortages(abilities: &Abilities, add: &mut impl FnMut(&'static str, Waived, &[&str])) {
    const REASON: &str = "the kernel does not let one choose (CONFIG_FAILSLAB, CONFIG_FAIL_PAGE_ALLOC), or does not allocate it";
    let any = unless(!abilities.failures.is_empty(), REASON);
    add("operation", any, &["fail: ok"]);
    let read_back = writeback(abilities).or(unless(abilities.fails(Shortage::ReadBack), REASON));
    add("complaint in the kernel's log", read_back, &["ReadFailed"]);
    for shortage in Shortage::ALL {
        let survives =
            *shortage != Shortage::Compressor || abilities.survives(Deadly::SizeRefusedByCompressor);
        let deadly = unless(
            survives,
            "the kernel does not survive a size refused by a compressor (findings/algorithm-forgotten)",
        );
        let waived = writeback(abilities).or(unless(abilities.fails(*shortage), REASON)).or(deadly);
        for outcome in shortage::outcomes(*shortage) {
            add(shortage::GROUP, waived, &[shortage::row(*shortage, outcome).as_str()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use zram_model::Profile;

    use super::*;

    fn waived(profile: &Profile) -> Vec<String> {
        let corners = corners(&Abilities::of_profile(profile));
        corners.into_iter().filter(|corner| corner.waived.is_some()).map(|corner| corner.row.1).collect()
    }

    #[test]
    fn nothing_is_waived_on_the_kernel_that_has_it_all() {
        assert_eq!(waived(&Profile::custom_7_2()), Vec::<String>::new());
    }

    #[test]
    fn what_an_old_kernel_lacks_is_waived() {
        let waived = waived(&Profile::debian_6_12());
        for row in ["set writeback: ERANGE", "compressed", "during: ok", "WB and HUGE"] {
            assert!(waived.iter().any(|waived| waived == row), "{row}");
        }
        assert!(!waived.iter().any(|row| row == "raw" || row == "limit reached"));
    }
}

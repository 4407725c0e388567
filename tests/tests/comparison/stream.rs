//! Records: every word, every event, their order, and what is lost.

use zram_agent::protocol::{Boundary, Bytes, Op, Outcome};
use zram_events::{Kind, RawRecord};
use zram_model::Profile;

use crate::{
    Fate, Run, falsified, generated, generated_on, must_be_noticed, must_be_unusable, records, set_records,
};

/// Words of a record that the vocabulary carries on, by kind.
fn words(kind: Kind) -> usize {
    match kind {
        Kind::ShrinkerScan | Kind::DeferredFree | Kind::PageMigrate | Kind::SlotFreeNotify => 0,
        Kind::PoolCreate => 0,
        Kind::PoolDestroy
        | Kind::UnmapObject
        | Kind::CompactBegin
        | Kind::WritebackBegin
        | Kind::Reset
        | Kind::DeviceAdd
        | Kind::DeviceRemove => 1,
        Kind::ObjFree
        | Kind::ZspageFree
        | Kind::Free
        | Kind::ReadEnd
        | Kind::ObjWrite
        | Kind::CompactEnd
        | Kind::Compress
        | Kind::Decompress
        | Kind::WritebackEnd
        | Kind::WritebackDone
        | Kind::ReleaseSlot
        | Kind::ReadBackWork => 2,
        Kind::FixFullness
        | Kind::Putback
        | Kind::Malloc
        | Kind::ReadBegin
        | Kind::MapObject
        | Kind::ReadFromPool
        | Kind::SlotFree
        | Kind::WritebackEndio
        | Kind::ReadBackEndio => 3,
        Kind::Bio | Kind::WritebackScan => 4,
        Kind::PageChain => 5,
        Kind::ObjMalloc => 6,
    }
}

#[test]
fn every_word_of_every_record() {
    // What the newer kernel does not do the older one does.
    let runs = [generated(), generated_on(Profile::debian_6_12())];
    let has = |run: &Run, kind: Kind| {
        run.steps.iter().any(|(_, answer)| records(answer).iter().any(|record| record.kind == kind as u16))
    };
    for kind in Kind::ALL {
        let Some(run) = runs.iter().find(|run| has(run, *kind)) else {
            let rare = [Kind::ShrinkerScan, Kind::DeferredFree, Kind::PageMigrate, Kind::SlotFreeNotify];
            assert!(rare.contains(kind), "no {kind:?} in the run");
            continue;
        };
        for word in 0..words(*kind) {
            let name = format!("{kind:?}, word {word}");
            let fate = falsified(run, &name, |_, answer| {
                let mut changed = records(answer);
                let Some(record) = changed.iter_mut().find(|record| record.kind == *kind as u16) else {
                    return false;
                };
                // A birth cannot be falsified by its address: any new one is as good.
                let birth = matches!((kind, word), (Kind::PageChain, 0) | (Kind::ObjMalloc, 1));
                record.args[word] = if birth { 0x77 } else { record.args[word] ^ 1 };
                if birth {
                    record.args[2] ^= 1;
                }
                let first = records(answer)[0].seq;
                set_records(answer, &changed, first);
                true
            });
            assert_ne!(fate, Fate::Unnoticed, "{name}");
        }
    }
}

#[test]
fn every_event_and_their_order() {
    let run = generated();
    for kind in Kind::ALL {
        let occurs = run
            .steps
            .iter()
            .any(|(_, answer)| records(answer).iter().any(|record| record.kind == *kind as u16));
        if !occurs {
            continue;
        }
        let name = format!("{kind:?} left out");
        let fate = falsified(&run, &name, |_, answer| {
            let mut changed = records(answer);
            let Some(at) = changed.iter().position(|record| record.kind == *kind as u16) else {
                return false;
            };
            let first = changed[0].seq;
            changed.remove(at);
            set_records(answer, &changed, first);
            true
        });
        assert_ne!(fate, Fate::Unnoticed, "{name}");
        let name = format!("{kind:?} twice");
        let fate = falsified(&run, &name, |_, answer| {
            let mut changed = records(answer);
            let Some(at) = changed.iter().position(|record| record.kind == *kind as u16) else {
                return false;
            };
            let first = changed[0].seq;
            changed.insert(at, changed[at]);
            set_records(answer, &changed, first);
            true
        });
        assert_ne!(fate, Fate::Unnoticed, "{name}");
    }
    must_be_noticed(&run, "two events exchanged", |_, answer| {
        let mut changed = records(answer);
        let slot_free = Kind::SlotFree as u16;
        let Some(at) = changed.iter().position(|record| record.kind == slot_free) else { return false };
        if at + 1 >= changed.len() {
            return false;
        }
        let first = changed[0].seq;
        changed.swap(at, at + 1);
        set_records(answer, &changed, first);
        true
    });
    must_be_noticed(&run, "decompressed in the wrong context", |_, answer| {
        let mut changed = records(answer);
        let decompress = Kind::Decompress as u16;
        let Some(record) = changed.iter_mut().find(|record| record.kind == decompress) else { return false };
        record.context ^= 1;
        let first = records(answer)[0].seq;
        set_records(answer, &changed, first);
        true
    });
}

#[test]
fn losses_are_no_verdict() {
    let run = generated();
    must_be_unusable(&run, "a gap", |_, answer| {
        let changed = records(answer);
        if changed.len() < 4 {
            return false;
        }
        let bytes: Vec<u8> = changed[..2].iter().chain(&changed[3..]).flat_map(RawRecord::to_bytes).collect();
        answer.records = Some(Bytes(bytes));
        true
    });
    must_be_unusable(&run, "a record cut off", |_, answer| match &mut answer.records {
        Some(bytes) if !bytes.0.is_empty() => bytes.0.pop().is_some(),
        _ => false,
    });
    must_be_unusable(&run, "a dropped record", |_, answer| {
        answer.health.as_mut().map(|health| health.reserve_failures = 1).is_some()
    });
    must_be_unusable(&run, "a missed probe", |_, answer| {
        answer.health.as_mut().map(|health| health.recursion_misses = 1).is_some()
    });
    for lost in
        ["<4> records of the kernel log were overwritten", "<3> /dev/kmsg cannot be read any more: gone"]
    {
        must_be_unusable(&run, lost, |_, answer| {
            answer.kernel_log.push(lost.to_owned());
            true
        });
    }
    must_be_unusable(&run, "a splat", |_, answer| {
        answer.kernel_log.push("<4> WARNING: CPU: 0 PID: 1 at drivers/block/zram/zram_drv.c:1".to_owned());
        true
    });
}

/// What nobody looked at must not pass for agreement.
#[test]
fn a_blind_run_is_no_verdict() {
    let mut run = generated();
    must_be_unusable(&run, "no records", |_, answer| answer.records.take().is_some());
    must_be_unusable(&run, "no counters", |_, answer| answer.health.take().is_some());
    must_be_unusable(&run, "no slot table", |_, answer| {
        answer.devices.values_mut().any(|view| view.slots.take().is_some())
    });
    run.hello.coverage = None;
    must_be_unusable(&run, "no probes", |_, answer| {
        answer.records = None;
        answer.health = None;
        true
    });
}

#[test]
fn lengths_and_seconds() {
    let run = generated();
    let fate = falsified(&run, "a compressed length", |_, answer| {
        let mut changed = records(answer);
        let mut lengths = changed.iter_mut().filter(|record| record.kind == Kind::Compress as u16);
        let Some(record) = lengths.next() else { return false };
        record.args[1] -= 1;
        let first = records(answer)[0].seq;
        set_records(answer, &changed, first);
        true
    });
    assert!(matches!(fate, Fate::Noticed(_)), "{fate:?}");
    must_be_noticed(&run, "a second that cannot be", |op, answer| {
        let write = matches!((op, &answer.outcome), (Op::Write { .. }, Outcome::Ok(_)));
        if write {
            answer.clock = Boundary { before: 200_500_000_000, after: 200_600_000_000, tick: None };
        }
        write
    });
}

//! Whether the comparison can fail: one thing at a time is falsified in a run that agrees, and each
//! falsification must be noticed at the operation where it was made.

use std::collections::BTreeMap;

use zram_agent::protocol::{
    Answer, Boundary, Bytes, Data, Hello, Observation, Op, Outcome, READABLE, SlotRow, Text,
};
use zram_events::{Kind, RawRecord, raw::RECORD_BYTES};
use zram_model::{Profile, slot_flags};
use zram_verify::{checker::Checker, commands::serve_model, generate::operations};

struct Run {
    hello: Hello,
    steps: Vec<(Op, Observation)>,
}

/// A run of the model in the form in which an agent answers.
fn run(ops: Vec<Op>) -> Run {
    let input: String = ops.iter().map(|op| serde_json::to_string(op).unwrap() + "\n").collect();
    let mut output = Vec::new();
    serve_model::serve(Profile::debian_7_2(), input.as_bytes(), &mut output).unwrap();
    let mut answers =
        std::str::from_utf8(&output).unwrap().lines().map(|line| serde_json::from_str(line).unwrap());
    let Some(Answer::Hello(hello)) = answers.next() else { panic!("no greeting") };
    let observations: Vec<_> = answers
        .map(|answer| match answer {
            Answer::Observation(observation) => *observation,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(observations.len(), ops.len());
    Run { hello: *hello, steps: ops.into_iter().zip(observations).collect() }
}

fn generated() -> Run {
    run(operations(3, 1000).into_iter().flat_map(|program| program.ops).collect())
}

/// What became of a falsified answer.
#[derive(Debug, PartialEq)]
enum Fate {
    Noticed(String),
    Unusable(String),
    Unnoticed,
}

/// Falsifies the first answer to which the falsification applies, and checks up to there.
fn falsified(run: &Run, name: &str, falsify: impl Fn(&Op, &mut Observation) -> bool) -> Fate {
    let mut checker = Checker::new(Profile::debian_7_2(), &run.hello);
    for (op, answer) in &run.steps {
        let mut answer = answer.clone();
        let applied = falsify(op, &mut answer);
        let checked = match checker.check(op, answer) {
            Ok(checked) => checked,
            Err(trouble) => {
                assert!(applied, "{name}: {}", trouble.in_full());
                return Fate::Unusable(trouble.in_full());
            }
        };
        if applied {
            return match checked.differences.first() {
                Some(difference) => Fate::Noticed(format!("{:?} {}", difference.level, difference.field)),
                None => Fate::Unnoticed,
            };
        }
        assert_eq!(checked.differences, [], "{name}: the sound run differs");
    }
    panic!("{name}: applies to no answer of the run");
}

fn must_be_noticed(run: &Run, name: &str, falsify: impl Fn(&Op, &mut Observation) -> bool) {
    let fate = falsified(run, name, falsify);
    assert!(matches!(fate, Fate::Noticed(_)), "{name}: {fate:?}");
}

fn must_be_unusable(run: &Run, name: &str, falsify: impl Fn(&Op, &mut Observation) -> bool) {
    let fate = falsified(run, name, falsify);
    assert!(matches!(fate, Fate::Unusable(_)), "{name}: {fate:?}");
}

fn records(observation: &Observation) -> Vec<RawRecord> {
    let bytes = observation.records.as_ref().map_or(&[][..], |bytes| &bytes.0);
    bytes.as_chunks::<RECORD_BYTES>().0.iter().map(RawRecord::from_bytes).collect()
}

/// Puts records back, numbered so that none seems to be missing.
fn set_records(observation: &mut Observation, records: &[RawRecord], first: u64) {
    let bytes = (first..).zip(records).flat_map(|(seq, record)| RawRecord { seq, ..*record }.to_bytes());
    observation.records = Some(Bytes(bytes.collect()));
}

#[test]
fn a_sound_run_agrees() {
    let run = generated();
    let mut checker = Checker::new(Profile::debian_7_2(), &run.hello);
    for (op, answer) in &run.steps {
        assert_eq!(checker.check(op, answer.clone()).unwrap().differences, []);
    }
    assert_eq!(checker.finish(), []);
}

#[test]
fn outcomes_and_data() {
    let run = generated();
    must_be_noticed(&run, "value off by one", |op, answer| match &mut answer.outcome {
        Outcome::Ok(value) if matches!(op, Op::Read { .. }) => {
            *value += 1;
            true
        }
        _ => false,
    });
    must_be_noticed(&run, "another errno", |_, answer| match &mut answer.outcome {
        Outcome::Errno(errno) => {
            *errno = "EPERM".to_owned();
            true
        }
        Outcome::Ok(_) => false,
    });
    must_be_noticed(&run, "success in the place of failure", |_, answer| {
        let failed = matches!(answer.outcome, Outcome::Errno(_));
        if failed {
            answer.outcome = Outcome::Ok(0);
        }
        failed
    });
    must_be_noticed(&run, "another text", |op, answer| match (op, &mut answer.data) {
        (Op::State { .. }, Some(Data::Text(text))) if !text.is_empty() => {
            text.pop();
            true
        }
        _ => false,
    });
    must_be_noticed(&run, "no data", |_, answer| answer.data.take().is_some());
    must_be_noticed(&run, "a write that changed memory", |op, answer| {
        let plain = matches!(op, Op::Write { .. }) && answer.data.is_none();
        if plain {
            answer.data = Some(Data::Memory(Bytes(vec![0; 4096])));
        }
        plain
    });
}

#[test]
fn every_byte_of_memory() {
    let run = generated();
    for at in [0.0, 0.37, 1.0] {
        must_be_noticed(&run, &format!("a byte at {at} of the memory"), |op, answer| {
            match (op, &mut answer.data) {
                (Op::Read { layout, .. }, Some(Data::Memory(bytes)))
                    if !layout.is_plain() && bytes.0.len() > 4096 =>
                {
                    let last = bytes.0.len() - 1;
                    bytes.0[(last as f64 * at) as usize] ^= 1;
                    true
                }
                _ => false,
            }
        });
    }
    must_be_noticed(&run, "a page less", |_, answer| match &mut answer.data {
        Some(Data::Memory(bytes)) => {
            bytes.0.truncate(bytes.0.len() - 4096);
            true
        }
        _ => false,
    });
}

#[test]
fn every_attribute() {
    let run = generated();
    for name in READABLE {
        must_be_noticed(&run, name, |op, answer| {
            let Some(view) = answer.devices.values_mut().next() else { return false };
            let Some(Text::Read(text)) = view.attrs.get_mut(*name) else { return false };
            // Late enough that there is something to see.
            if !matches!(op, Op::Set { attr, .. } if attr == "writeback") {
                return false;
            }
            let last = text.pop();
            text.pop();
            text.push('7');
            text.extend(last);
            *text = text.replace("77", "78");
            true
        });
        must_be_noticed(&run, &format!("{name} unreadable"), |_, answer| {
            let Some(view) = answer.devices.values_mut().next() else { return false };
            view.attrs.insert((*name).to_owned(), Text::Failed { errno: "EIO".to_owned() });
            true
        });
        must_be_noticed(&run, &format!("{name} missing"), |_, answer| {
            answer.devices.values_mut().next().is_some_and(|view| view.attrs.remove(*name).is_some())
        });
    }
    must_be_noticed(&run, "a device less", |_, answer| answer.devices.pop_first().is_some());
    must_be_noticed(&run, "a device more", |_, answer| {
        let Some(view) = answer.devices.values().next().cloned() else { return false };
        answer.devices.insert(99, view);
        true
    });
}

#[test]
fn every_letter_of_block_state() {
    let run = generated();
    let change = |name: &str, change: fn(&str) -> String| {
        must_be_noticed(&run, name, |_, answer| {
            let Some(view) = answer.devices.values_mut().next() else { return false };
            match &mut view.block_state {
                Some(Text::Read(text)) if text.lines().count() > 4 => {
                    *text = change(text);
                    true
                }
                _ => false,
            }
        });
    };
    change("a line less", |text| text.split_inclusive('\n').skip(1).collect());
    change("the last line less", |text| {
        let lines: Vec<_> = text.split_inclusive('\n').collect();
        lines[..lines.len() - 1].concat()
    });
    change("a letter", |text| text.replacen(".....", "..i..", 1));
    change("a space", |text| text.replacen(' ', "", 1));
}

#[test]
fn every_field_of_the_slot_table() {
    let run = generated();
    let change = |name: &str, change: fn(&mut Vec<SlotRow>) -> bool| {
        must_be_noticed(&run, name, |_, answer| {
            let Some(view) = answer.devices.values_mut().next() else { return false };
            view.slots.as_mut().is_some_and(change)
        });
    };
    for (name, bit) in
        [("size", 1), ("SAME", slot_flags::SAME), ("HUGE", slot_flags::HUGE), ("IDLE", slot_flags::IDLE)]
    {
        must_be_noticed(&run, &format!("flag {name}"), |_, answer| {
            let Some(view) = answer.devices.values_mut().next() else { return false };
            let Some(row) = view.slots.as_mut().and_then(|rows| rows.first_mut()) else { return false };
            row.flags ^= bit;
            true
        });
    }
    change("access time", |rows| rows.last_mut().map(|row| row.time += 1).is_some());
    change("a row less", |rows| rows.pop().is_some());
    change("a row more", |rows| {
        let next = rows.last().map_or(0, |row| row.slot + 1);
        rows.push(SlotRow { slot: next, word: 0, flags: 0, time: 5 });
        true
    });
    change("another handle", |rows| {
        let handles: Vec<usize> = (0..rows.len())
            .filter(|n| rows[*n].flags & (slot_flags::SAME | slot_flags::WB) == 0 && rows[*n].flags != 0)
            .collect();
        let [first, second, ..] = handles[..] else { return false };
        let word = rows[first].word;
        rows[first].word = rows[second].word;
        rows[second].word = word;
        true
    });
    change("another block", |rows| {
        rows.iter_mut().find(|row| row.flags & slot_flags::WB != 0).map(|row| row.word += 1).is_some()
    });
    change("another fill word", |rows| {
        rows.iter_mut().find(|row| row.flags & slot_flags::SAME != 0).map(|row| row.word ^= 1).is_some()
    });
}

/// Words of a record that the vocabulary carries on, by kind.
fn words(kind: Kind) -> usize {
    match kind {
        Kind::ShrinkerScan | Kind::DeferredFree | Kind::PageMigrate | Kind::SlotFreeNotify => 0,
        Kind::PoolCreate => 0,
        Kind::PoolDestroy
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
    let run = generated();
    let mut seen: BTreeMap<u16, u64> = BTreeMap::new();
    for (_, answer) in &run.steps {
        for record in records(answer) {
            *seen.entry(record.kind).or_default() += 1;
        }
    }
    for kind in Kind::ALL {
        let Some(_) = seen.get(&(*kind as u16)) else {
            let rare = [Kind::ShrinkerScan, Kind::DeferredFree, Kind::PageMigrate, Kind::SlotFreeNotify];
            assert!(rare.contains(kind), "no {kind:?} in the run");
            continue;
        };
        for word in 0..words(*kind) {
            let name = format!("{kind:?}, word {word}");
            let fate = falsified(&run, &name, |_, answer| {
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
    must_be_unusable(&run, "a splat", |_, answer| {
        answer.kernel_log.push("<4> WARNING: CPU: 0 PID: 1 at drivers/block/zram/zram_drv.c:1".to_owned());
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
            answer.clock = Boundary { before: 200_500_000_000, after: 200_600_000_000 };
        }
        write
    });
}

#[test]
fn every_number_of_the_classes() {
    let run = generated();
    for field in 0..6 {
        must_be_noticed(&run, &format!("field {field} of a class"), |_, answer| {
            let Some(Data::Classes(classes)) = &mut answer.data else { return false };
            let class = &mut classes[17];
            match field {
                0 => class.nominal += 1,
                1 => class.index += 1,
                2 => class.size += 1,
                3 => class.objects += 1,
                4 => class.pages += 1,
                _ => class.stats[13] += 1,
            }
            true
        });
    }
    must_be_noticed(&run, "a class less", |_, answer| match &mut answer.data {
        Some(Data::Classes(classes)) => classes.pop().is_some(),
        _ => false,
    });
}

#[test]
fn every_block() {
    let run = generated();
    for at in [0, 2000, 4095] {
        for wanted in ["compressed", "untouched or raw"] {
            must_be_noticed(&run, &format!("byte {at} of a block, {wanted}"), |op, answer| {
                let compressed = answer.devices.values().next().is_some_and(|view| {
                    matches!(view.attrs.get("compressed_writeback"), Some(Text::Read(on)) if on == "1\n")
                });
                match (op, &mut answer.data) {
                    (Op::Blocks { .. }, Some(Data::Blocks(bytes)))
                        if compressed == (wanted == "compressed") && bytes.0.len() >= 4096 =>
                    {
                        bytes.0[at] ^= 1;
                        true
                    }
                    _ => false,
                }
            });
        }
    }
}

#[test]
fn the_names_of_attributes() {
    let run = generated();
    let (op, answer) = &run.steps[1];
    for change in [
        |names: &mut Vec<String>| names.retain(|name| name != "writeback"),
        |names: &mut Vec<String>| names.push("recompress".to_owned()),
        |names: &mut Vec<String>| names.push("brand_new".to_owned()),
    ] {
        let mut hello = run.hello.clone();
        change(&mut hello.attributes);
        let mut checker = Checker::new(Profile::debian_7_2(), &hello);
        checker.check(&run.steps[0].0, run.steps[0].1.clone()).unwrap();
        assert_eq!(checker.check(op, answer.clone()).unwrap().differences.len(), 1);
    }
}

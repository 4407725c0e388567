//! The executor on the model: the example programs of the documentation, and every operation.
#![expect(clippy::unwrap_used, reason = "a test whose program cannot be read has failed")]

use std::{fs, path::Path};

use zram_agent::{
    SimWorld, Trouble, execute,
    protocol::{
        Answer, BackingKind, Begin, Below, Content, Data, Hello, Layout, Observation, Op, Outcome, Piece,
        READABLE, Text, VERSION, guard_page,
    },
    serve::serve,
};
use zram_host::{SimHost, Simulated};
use zram_model::{Codec, Errno, PageBytes, Profile};

/// A stand-in for a compressor: what is left of a page without the run of one byte at its end. Its
/// lengths are right for no algorithm, and just as good for the paths through the driver.
fn trim(_codec: Codec, page: &PageBytes) -> Result<Vec<u8>, Errno> {
    let last = page[page.len() - 1];
    let end = page.iter().rposition(|byte| *byte != last).map_or(1, |at| at + 2);
    Ok(page[..end].to_vec())
}

type World = SimWorld<Simulated<fn(Codec, &PageBytes) -> Result<Vec<u8>, Errno>>>;

fn world() -> World {
    SimWorld::new(SimHost::new(Profile::debian_7_2(), Simulated::new(trim)))
}

fn run(program: &str) -> Vec<(Op, Observation)> {
    let mut world = world();
    let lines = program.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let ops = lines.map(|line| serde_json::from_str::<Op>(line).unwrap());
    (0..).zip(ops).map(|(n, op)| (op.clone(), execute(n, &op, &mut world).unwrap())).collect()
}

fn example(name: &str) -> Vec<(Op, Observation)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples");
    run(&fs::read_to_string(folder.join(name)).unwrap())
}

/// Outcomes in short, one per line.
fn outcomes(run: &[(Op, Observation)]) -> String {
    let line = |(op, observation): &(Op, Observation)| {
        let outcome = match &observation.outcome {
            Outcome::Ok(value) => value.to_string(),
            Outcome::Errno(name) => name.clone(),
        };
        format!("{}: {outcome}\n", op.name())
    };
    run.iter().map(line).collect()
}

#[test]
fn the_tour_of_the_documentation() {
    insta::assert_snapshot!(outcomes(&example("tour.ndjson")));
}

#[test]
fn compressed_writeback_of_the_documentation() {
    let run = example("compressed-writeback.ndjson");
    insta::assert_snapshot!(outcomes(&run));
    let page = |seed| Content::Text { seed }.bytes().to_vec();
    let data = |n: usize| run[n].1.data.clone().unwrap();
    let Data::Blocks(block) = data(11) else { panic!("no blocks") };
    // The stand-in leaves a text as it is, so the slot is huge, and its block is the page.
    assert_eq!(block.0, page(1));
    let Data::Memory(read) = data(12) else { panic!("no memory") };
    assert_eq!(read.0, page(1));
}

#[test]
fn observations_survive_json() {
    for (_, observation) in example("tour.ndjson") {
        let text = serde_json::to_string(&observation).unwrap();
        assert_eq!(serde_json::from_str::<Observation>(&text).unwrap(), observation);
    }
}

#[test]
fn every_readable_attribute_is_observed_after_every_operation() {
    for (_, observation) in example("tour.ndjson") {
        for view in observation.devices.values() {
            assert_eq!(view.attrs.len(), READABLE.len());
            assert!(view.attrs.values().all(|text| matches!(text, Text::Read(_))), "{view:?}");
        }
    }
}

#[test]
fn the_slot_table_is_there_once_there_are_slots() {
    let run = example("tour.ndjson");
    let slots = |n: usize| run[n].1.devices[&0].slots.clone();
    assert_eq!(slots(1), None);
    assert_eq!(slots(4), Some(vec![]));
    // Slot 0 holds zeros: the fill word 0, and a flag that says so.
    let rows = slots(5).unwrap();
    assert_eq!(rows.iter().map(|row| row.slot).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
    assert_eq!((rows[0].word, rows[1].word), (0, 0x0123_4567_89ab_cdef));
    assert_ne!(rows[0].flags, 0);
}

#[test]
fn block_state_is_whole_where_it_takes_several_reads() {
    let mut world = world();
    let mut run = |op| execute(0, &op, &mut world).unwrap();
    run(Op::Add {});
    run(Op::Set { dev: 0, attr: "disksize".into(), value: "16M".into() });
    let pages = vec![Content::Same { word: 1 }; 4000];
    let observation = run(Op::Write { dev: 0, slot: 3, pages, layout: Layout::default() });
    let Some(Text::Read(text)) = &observation.devices[&0].block_state else { panic!("no text") };
    let slots = text.lines().map(|line| line.split_whitespace().next().unwrap().parse().unwrap());
    assert_eq!(slots.collect::<Vec<u64>>(), (3..4003).collect::<Vec<_>>());
}

#[test]
fn a_program_begins_anew() {
    let program = r#"{"op":"begin","backing_pages":2}
{"op":"add"}
{"op":"add"}
{"op":"begin","backing_pages":0}
{"op":"add"}
{"op":"set","dev":0,"attr":"backing_dev","value":"$BACKING"}
{"op":"blocks","first":0,"count":1}"#;
    let run = run(program);
    assert_eq!(run[2].1.devices.len(), 2);
    assert!(run[3].1.devices.is_empty());
    assert_eq!(run[4].1.outcome, Outcome::Ok(0));
    assert_eq!(run[5].1.outcome, Outcome::Errno("ENOENT".into()));
    assert_eq!(run[6].1.outcome, Outcome::Errno("ENOENT".into()));
}

#[test]
fn a_read_brings_the_guard_bytes_around_it() {
    let program = r#"{"op":"begin","backing_pages":0}
{"op":"add"}
{"op":"set","dev":0,"attr":"disksize","value":"1M"}
{"op":"write","dev":0,"slot":0,"pages":[{"kind":"random","seed":5}]}
{"op":"read","dev":0,"slot":0,"count":1,"layout":[{"offset":0,"len":2048},{"offset":2048,"len":2048}]}
{"op":"read","dev":0,"slot":300,"count":1}"#;
    let run = run(program);
    let Some(Data::Memory(nothing_read)) = &run[5].1.data else { panic!("no memory") };
    assert_eq!((&run[5].1.outcome, &nothing_read.0), (&Outcome::Ok(0), &guard_page(0).to_vec()));
    // This kernel writes whole pages whatever the pieces are: the guard bytes show it.
    let Some(Data::Memory(read)) = &run[4].1.data else { panic!("no memory") };
    assert_eq!(read.0.len(), 8192);
    assert_ne!(read.0[2048..4096], guard_page(0)[2048..]);
}

#[test]
fn a_conversation_passes_over_comments_and_ends_when_told() {
    let hello = Hello {
        protocol: VERSION,
        kernel: "none".into(),
        bpf_object: None,
        attributes: vec![],
        backing_path: "/dev/ram0".into(),
        coverage: None,
        backing: vec![BackingKind::Ram],
        workloads: Vec::new(),
        failures: Vec::new(),
    };
    let mut said = Vec::new();
    let input =
        "# first\n{\"op\":\"begin\",\"backing_pages\":0}\n\n{\"op\":\"add\"}\n\u{4}\n{\"op\":\"add\"}\n";
    serve(hello.clone(), &mut world(), input.as_bytes(), &mut said).unwrap();
    let answers = String::from_utf8(said).unwrap();
    let answers = answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Answer>>();
    let [Answer::Hello(first), Answer::Observation(begun), Answer::Observation(added)] = &answers[..] else {
        panic!("{answers:?}")
    };
    assert_eq!((**first).clone(), hello);
    assert_eq!((begun.n, added.n), (0, 1));

    let mut said = Vec::new();
    let bad = serve(hello, &mut world(), "{\"op\":\"fly\"}\n".as_bytes(), &mut said).unwrap_err();
    assert!(format!("{bad:#}").contains("fly"), "{bad:#}");
}

#[test]
fn what_cannot_be_meant_is_trouble_and_no_answer() {
    let mut world = world();
    let zero = vec![Content::Zero];
    let layout = Layout(vec![Piece { offset: 0, len: 100 }]);
    for op in [
        Op::Write { dev: 0, slot: 0, pages: zero.clone(), layout },
        Op::Write { dev: 0, slot: u64::MAX, pages: zero, layout: Layout::default() },
        Op::Read { dev: 0, slot: 0, count: 5000, layout: Layout::default() },
        Op::Discard { dev: 0, slot: 0, count: u64::MAX },
        Op::Blocks { first: 0, count: 1 << 20 },
        Op::State { dev: 0, position: 0, bytes: u32::MAX },
        Op::Sleep { millis: u32::MAX },
    ] {
        let trouble = execute(0, &op, &mut world).unwrap_err();
        assert!(matches!(trouble, Trouble::Layout(_) | Trouble::TooMuch { .. }), "{op:?}: {trouble}");
    }
    let two = Begin {
        backing_pages: 8,
        backing_interrupts: true,
        backing_below: Some(Below::Loop),
        ..Begin::default()
    };
    let trouble = execute(2, &Op::Begin(two), &mut world).unwrap_err();
    assert!(matches!(trouble, Trouble::TwoDisks), "{trouble}");
}

#[test]
fn only_attributes_of_zram_are_answered_for() {
    let mut world = world();
    execute(0, &Op::Add {}, &mut world).unwrap();
    let get = |attr: &str| Op::Get { dev: 0, attr: attr.into() };
    let set = |attr: &str| Op::Set { dev: 0, attr: attr.into(), value: "1".into() };
    for op in [get("size"), get("uevent"), set("uevent"), set("ro"), get("queue")] {
        let trouble = execute(1, &op, &mut world).unwrap_err();
        assert!(matches!(trouble, Trouble::NotOfZram { .. }), "{op:?}: {trouble}");
    }
    for op in [get("no_such_attribute"), set("recompress"), get("max_comp_streams"), get("../zram0/size")] {
        let outcome = execute(1, &op, &mut world).unwrap().outcome;
        assert_eq!(outcome, Outcome::Errno("ENOENT".into()), "{op:?}");
    }
}

#[test]
fn a_device_too_large_to_look_at_is_refused_beforehand() {
    let mut world = world();
    execute(0, &Op::Add {}, &mut world).unwrap();
    let size = |value: &str| Op::Set { dev: 0, attr: "disksize".into(), value: value.into() };
    for value in ["1G", "50G", "268435457"] {
        let trouble = execute(1, &size(value), &mut world).unwrap_err();
        assert!(matches!(trouble, Trouble::TooLarge { dev: 0, .. }), "{value}: {trouble}");
        assert!(trouble.to_string().contains("at most 65536"), "{trouble}");
    }
    assert_eq!(execute(1, &size("256M"), &mut world).unwrap().outcome, Outcome::Ok(4));
}

/// The N-th and no other, of the operation after it and of none later; and all of them are counted.
#[test]
fn an_allocation_fails_where_it_is_said_to() {
    let write = |slot| {
        format!(
            r#"{{"op":"write","dev":0,"slot":{slot},"pages":[{{"kind":"random","seed":1}},{{"kind":"random","seed":2}}]}}"#
        )
    };
    let (one, two) = (write(0), write(2));
    let fail = |nth| format!(r#"{{"op":"fail","site":"zspage","nth":{nth}}}"#);
    let begin = "{\"op\":\"begin\",\"backing_pages\":0}\n{\"op\":\"add\"}\n{\"op\":\"set\",\"dev\":0,\"attr\":\"disksize\",\"value\":\"64K\"}";
    let ran = run(&[begin, &fail(2), &one, &two, &fail(3), &one].join("\n"));
    let answers: Vec<_> = ran[4..]
        .iter()
        .map(|(_, seen)| {
            (matches!(seen.outcome, Outcome::Ok(_)), seen.failed.map(|of| (of.asked, of.failed)))
        })
        .collect();
    assert_eq!(answers, [(false, Some((2, 1))), (true, None), (true, None), (true, Some((2, 0)))]);
}

#[test]
fn what_allocates_nothing_by_itself_is_not_made_to_fail() {
    for (fail, next) in [
        (r#"{"op":"fail","site":"handle","nth":0}"#, None),
        (r#"{"op":"fail","site":"handle","nth":1}"#, Some(r#"{"op":"begin","backing_pages":0}"#)),
        (r#"{"op":"fail","site":"handle","nth":1}"#, Some(r#"{"op":"trim","dev":0}"#)),
    ] {
        let mut world = world();
        let last = next.unwrap_or(fail);
        if next.is_some() {
            execute(0, &serde_json::from_str(fail).unwrap(), &mut world).unwrap();
        }
        let trouble = execute(1, &serde_json::from_str(last).unwrap(), &mut world).unwrap_err();
        assert!(matches!(trouble, Trouble::NothingToFail { .. }), "{last}: {trouble}");
    }
}

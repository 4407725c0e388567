//! Answers, attributes, `block_state`, memory.

use zram_agent::protocol::{Bytes, Data, Op, Outcome, READABLE, Text};
use zram_model::Profile;
use zram_verify::checker::Checker;

use crate::{generated, must_be_noticed};

#[test]
fn a_sound_run_agrees() {
    let run = generated();
    let mut checker = Checker::new(Profile::debian_7_2(), &run.hello).unwrap();
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
    must_be_noticed(&run, "no blocks", |op, answer| {
        matches!(op, Op::Blocks { .. }) && answer.data.take().is_some()
    });
    must_be_noticed(&run, "no bios", |op, answer| {
        matches!(op, Op::During { .. }) && answer.data.take().is_some()
    });
    must_be_noticed(&run, "another outcome of a bio", |_, answer| match &mut answer.data {
        Some(Data::Bios(bios)) if bios.len() > 1 => {
            bios[1].outcome = Outcome::Errno("EIO".to_owned());
            true
        }
        _ => false,
    });
    must_be_noticed(&run, "another byte read beside a pass", |_, answer| match &mut answer.data {
        Some(Data::Bios(bios)) => bios.iter_mut().filter_map(|bio| bio.memory.as_mut()).any(|memory| {
            memory.0[4095] ^= 1;
            true
        }),
        _ => false,
    });
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
fn every_complaint_that_is_due() {
    let run = generated();
    must_be_noticed(&run, "a complaint kept back", |_, answer| {
        let due = !answer.kernel_log.is_empty();
        answer.kernel_log.clear();
        due
    });
    let (_, complained) = run.steps.iter().find(|(_, answer)| !answer.kernel_log.is_empty()).unwrap();
    let due = complained.kernel_log.clone();
    must_be_noticed(&run, "a complaint that is not due", |_, answer| {
        answer.kernel_log.extend(due.iter().cloned());
        true
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
            let other = if text.pop() == Some('7') { '8' } else { '7' };
            text.push(other);
            text.extend(last);
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
        let mut checker = Checker::new(Profile::debian_7_2(), &hello).unwrap();
        checker.check(&run.steps[0].0, run.steps[0].1.clone()).unwrap();
        assert_eq!(checker.check(op, answer.clone()).unwrap().differences.len(), 1);
    }
}

//! The slot table, the classes, the blocks.

use zram_agent::protocol::{Data, Op, SlotRow, Text};
use zram_model::slot_flags;

use crate::{generated, must_be_noticed};

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
        rows.push(SlotRow { slot: next, word: 0, flags: 0, time: 5, nanoseconds: 0 });
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

//! Simpler forms of one operation, simplest first.

use zram_agent::protocol::{Bad, Begin, Content, Layout, Op};

/// Smaller, and without what is unusual.
fn simpler_begin(begin: &Begin, tries: &mut Vec<Op>) {
    for pages in [0, 1, begin.backing_pages / 2] {
        if pages < begin.backing_pages {
            tries.push(Op::Begin(Begin { backing_pages: pages, ..begin.clone() }));
        }
    }
    let plainer = [
        Begin { backing_delay_ms: 0, ..begin.clone() },
        Begin { backing_read_delay_ms: 0, ..begin.clone() },
        Begin { backing_interrupts: false, ..begin.clone() },
        Begin { backing_below: None, ..begin.clone() },
        Begin { backing_bad_from: None, backing_bad: Bad::default(), ..begin.clone() },
    ];
    tries.extend(plainer.into_iter().filter(|plainer| plainer != begin).map(Op::Begin));
}

/// What to try in the place of an operation.
pub(super) fn simpler(op: &Op) -> Vec<Op> {
    let mut tries = Vec::new();
    match op {
        Op::Begin(begin) => simpler_begin(begin, &mut tries),
        Op::During { dev, pass, after_ms, bios } => {
            let with = |bios| Op::During { dev: *dev, pass: pass.clone(), after_ms: *after_ms, bios };
            if bios.is_empty() {
                tries.push(Op::Set { dev: *dev, attr: "writeback".to_owned(), value: pass.clone() });
            }
            for left_out in 0..bios.len() {
                let mut fewer = bios.clone();
                fewer.remove(left_out);
                tries.push(with(fewer));
            }
        }
        Op::Together { dev, workers } => {
            for left_out in 0..workers.len() {
                let mut fewer = workers.clone();
                fewer.remove(left_out);
                tries.push(Op::Together { dev: *dev, workers: fewer });
            }
            for (worker, deeds) in workers.iter().enumerate() {
                for left_out in 0..deeds.len() {
                    let mut fewer = workers.clone();
                    fewer[worker].remove(left_out);
                    tries.push(Op::Together { dev: *dev, workers: fewer });
                }
            }
        }
        Op::Write { dev, slot, pages, layout } => write(*dev, *slot, pages, layout, &mut tries),
        Op::Read { dev, slot, count, layout } => {
            let read = |slot: u64, count: u32, layout: Layout| Op::Read { dev: *dev, slot, count, layout };
            if !layout.is_plain() {
                tries.push(read(*slot, *count, Layout::default()));
            }
            if *count > 1 {
                let half = count / 2;
                tries.push(read(*slot, half, Layout::default()));
                tries.push(read(slot + u64::from(half), count - half, Layout::default()));
            }
        }
        Op::Discard { dev, slot, count } if *count > 1 => {
            let half = count / 2;
            tries.push(Op::Discard { dev: *dev, slot: *slot, count: half });
            tries.push(Op::Discard { dev: *dev, slot: slot + half, count: count - half });
        }
        Op::ZeroOut { dev, slot, count } => {
            tries.push(Op::Discard { dev: *dev, slot: *slot, count: *count });
        }
        // An age needs time to go by; "all" does not.
        Op::Set { dev, attr, value } if attr == "idle" && value != "all" => {
            tries.push(Op::Set { dev: *dev, attr: attr.clone(), value: "all".to_owned() });
        }
        Op::Sleep { millis } if *millis > 1 => tries.push(Op::Sleep { millis: millis / 2 }),
        _ => {}
    }
    tries
}

fn write(dev: u32, slot: u64, pages: &[Content], layout: &Layout, tries: &mut Vec<Op>) {
    let with = |slot: u64, pages: Vec<Content>, layout: Layout| Op::Write { dev, slot, pages, layout };
    if !layout.is_plain() {
        tries.push(with(slot, pages.to_vec(), Layout::default()));
    }
    let half = pages.len() / 2;
    if half > 0 {
        tries.push(with(slot, pages[..half].to_vec(), Layout::default()));
        tries.push(with(slot + half as u64, pages[half..].to_vec(), Layout::default()));
    }
    for simple in [Content::Zero, Content::Text { seed: 1 }, Content::Random { seed: 1 }] {
        if pages.iter().any(|page| *page != simple) && !pages.iter().any(|page| rank(page) < rank(&simple)) {
            tries.push(with(slot, vec![simple; pages.len()], layout.clone()));
        }
    }
    // Page by page, where the others have to stay as they are.
    for (n, _) in pages.iter().enumerate().filter(|(_, page)| pages.len() > 1 && rank(page) > 0) {
        let mut single = pages.to_vec();
        single[n] = Content::Zero;
        tries.push(with(slot, single, layout.clone()));
    }
}

/// How simple a content is; a content is only ever replaced by one that is at least as simple.
fn rank(content: &Content) -> u8 {
    match content {
        Content::Zero => 0,
        Content::Text { seed: 1 } => 1,
        Content::Random { seed: 1 } => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise shrinking would go round in circles.
    #[test]
    fn simplifying_comes_to_an_end() {
        let mut op = Op::Write {
            dev: 0,
            slot: 0,
            pages: vec![Content::Random { seed: 9 }, Content::Zero],
            layout: Layout::default(),
        };
        for _ in 0..20 {
            match simpler(&op).pop() {
                Some(next) => op = next,
                None => return,
            }
        }
        panic!("still {op:?}");
    }
}

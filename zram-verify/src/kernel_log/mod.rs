//! What the kernel's log says: complaints that are an answer, and those after which nothing that follows can be trusted.
//!
//! A `WARNING` is a block of lines, from the cut to the end of its trace. The model says when one that it knows is
//! due ([`Complaint`]); such a block is recognised here by what complains and on whose behalf, and then
//! compared like any other answer. Every other line with a mark of the [deny list](DENY) ends the run without a verdict, but
//! for what the [allow list](ALLOW) lets pass for a reason.
//!
//! The scanner has tests of its own: stretches of logs in `tests/kernel-log`, each with what it should make of them.

mod allow;
mod deny;

use zram_model::Complaint;

pub use allow::{ALLOW, Allowance, Reason};
pub use deny::{DENY, LOSSES, Mark};

/// A complaint of the kernel's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Splat {
    /// What gave it away.
    pub mark: Mark,
    /// The line.
    pub line: String,
}

/// What is to be thought of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    Nothing,
    Allowed(Reason),
    Splat(Splat),
}

/// Judges a line.
fn judge(line: &str) -> Said {
    let Some(mark) = DENY.iter().copied().find(|mark| line.contains(mark.text)) else {
        return Said::Nothing;
    };
    match ALLOW.iter().find(|entry| entry.covers(mark, line)) {
        Some(entry) => Said::Allowed(entry.reason),
        None => Said::Splat(Splat { mark, line: line.to_owned() }),
    }
}

/// How a block begins and ends.
const CUT: &str = "[ cut here ]";
const END: &str = "---[ end trace";

/// A complaint that is an answer.
struct Expected {
    complaint: Complaint,
    /// What must stand in its block: the place, and on whose behalf.
    within: &'static [&'static str],
    /// What the line after it must say, where the place alone could be another's.
    after: Option<&'static str>,
}

const EXPECTED: &[Expected] = &[
    Expected {
        complaint: Complaint::VmallocOfNothing,
        // Until 6.9 without the suffix.
        within: &[" mm/vmalloc.c", " __vmalloc_node_range", " disksize_store"],
        after: None,
    },
    // zram_read_page is inlined: another warning of zram_submit_bio would name the same place.
    Expected {
        complaint: Complaint::ReadFailed,
        within: &[" drivers/block/zram/zram_drv.c", " zram_submit_bio"],
        after: Some(" zram: Decompression failed! err=-"),
    },
];

/// What a stretch of the log says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Complaints that the model knows, in their order.
    pub complaints: Vec<Complaint>,
    /// The first of all others.
    pub splat: Option<Splat>,
    /// Why lines with a mark were let pass, one reason per line.
    pub allowed: Vec<Reason>,
}

/// Reads a stretch of the log.
#[must_use]
pub fn hear(lines: &[String]) -> Heard {
    let mut heard = Heard::default();
    let mut rest = lines;
    while let Some(first) = rest.first() {
        let end = rest.iter().position(|line| line.contains(END));
        let block = match end {
            Some(end) if first.contains(CUT) => &rest[..=end],
            _ => &rest[..1],
        };
        match expected(block, rest.get(block.len())) {
            Some(complaint) => heard.complaints.push(complaint),
            None => heard.unexpected(block),
        }
        rest = &rest[block.len()..];
    }
    heard
}

impl Heard {
    fn unexpected(&mut self, block: &[String]) {
        for line in block {
            match judge(line) {
                Said::Nothing => {}
                Said::Allowed(reason) => self.allowed.push(reason),
                // The cut itself is the least telling line of a block.
                Said::Splat(splat) if self.splat.as_ref().is_none_or(|known| known.line.contains(CUT)) => {
                    self.splat = Some(splat);
                }
                Said::Splat(_) => {}
            }
        }
    }
}

/// The complaint whose block this is, before the line `after`. A second `WARNING` in it makes it another's.
fn expected(block: &[String], after: Option<&String>) -> Option<Complaint> {
    if block.iter().filter(|line| line.contains("WARNING:")).count() != 1 {
        return None;
    }
    // Kernels before 6.19 name processor and process first and the place after them; from then on it is the other way round.
    let says = |marks: &[&str]| marks.iter().all(|mark| block.iter().any(|line| line.contains(mark)));
    let follows = |mark: &str| after.is_some_and(|line| line.contains(mark));
    let is_it = |expected: &&Expected| says(expected.within) && expected.after.is_none_or(follows);
    EXPECTED.iter().find(is_it).map(|expected| expected.complaint)
}

/// The first line that says that part of the log is missing.
#[must_use]
pub fn first_loss(lines: &[String]) -> Option<&str> {
    lines.iter().map(String::as_str).find(|line| LOSSES.iter().any(|loss| line.contains(loss)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Debian's 7.2.13 prints it, without registers.
    const VMALLOC: &[&str] = &[
        "<6> ------------[ cut here ]------------",
        "<4> WARNING: mm/vmalloc.c:4037 at __vmalloc_node_range_noprof+0x9c4/0xa40, CPU#0: init/1",
        "<4> Call Trace:",
        "<4>  <TASK>",
        "<4>  __vmalloc_node_noprof+0x4c/0x70",
        "<4>  disksize_store+0x84/0x160 [zram]",
        "<4>  </TASK>",
        "<4> ---[ end trace 0000000000000000 ]---",
    ];

    fn log(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn a_complaint_that_is_due_is_an_answer() {
        let heard = hear(&log(VMALLOC));
        assert_eq!(heard, Heard { complaints: vec![Complaint::VmallocOfNothing], ..Heard::default() });
        let older = VMALLOC.iter().map(|line| match line.contains("WARNING") {
            true => "<4> WARNING: CPU: 0 PID: 1 at mm/vmalloc.c:3838 __vmalloc_node_range_noprof+0x7a2/0x820",
            false => *line,
        });
        assert_eq!(hear(&log(&older.collect::<Vec<_>>())), heard);
        let oldest = VMALLOC.iter().map(|line| match line.contains("WARNING") {
            true => "<4> WARNING: CPU: 0 PID: 1 at mm/vmalloc.c:3170 __vmalloc_node_range+0x806/0x880",
            false => *line,
        });
        assert_eq!(hear(&log(&oldest.collect::<Vec<_>>())), heard);
        let twice = hear(&log(&[VMALLOC, &["<6> zram: Added device: zram0"], VMALLOC].concat()));
        assert_eq!((twice.complaints.len(), twice.splat), (2, None));
    }

    #[test]
    fn its_like_is_none() {
        let without =
            |mark: &str| VMALLOC.iter().copied().filter(|line| !line.contains(mark)).collect::<Vec<_>>();
        let another = [VMALLOC, &["<4> WARNING: mm/slub.c:1 at kfree+0x1/0x2, CPU#0: init/1"]].concat();
        let within = [&VMALLOC[..7], &["<4> WARNING: mm/slub.c:1 at kfree+0x1/0x2"], &VMALLOC[7..]].concat();
        let nested = [&VMALLOC[..2], VMALLOC].concat();
        // By somebody else, never brought to its end, beside another, around another.
        for lines in [without("disksize_store"), without("end trace"), another, within, nested] {
            assert!(hear(&log(&lines)).splat.is_some(), "{lines:?}");
        }
        assert_eq!(hear(&log(&without("disksize_store"))).complaints, []);
        assert_eq!(hear(&log(&without("end trace"))).complaints, []);
    }

    #[test]
    fn the_line_after_the_cut_names_the_complaint() {
        let splat = hear(&log(&VMALLOC[..2])).splat;
        assert!(splat.is_some_and(|splat| splat.line.contains("vmalloc.c")));
        let alone = hear(&log(&VMALLOC[..1])).splat;
        assert_eq!(alone.map(|splat| splat.mark.kind), Some("WARNING"));
    }

    #[test]
    fn a_lost_log_is_no_silence() {
        for lost in [
            "<4> records of the kernel log were overwritten",
            "<3> /dev/kmsg cannot be read any more: Input/output error (os error 5)",
        ] {
            let lines = ["<6> zram: Added device: zram0".to_owned(), lost.to_owned()];
            assert_eq!(first_loss(&lines), Some(lost));
            assert_eq!(hear(&lines), Heard::default());
            assert_eq!(first_loss(&lines[..1]), None);
        }
    }
}

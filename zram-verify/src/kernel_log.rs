//! What the kernel's log says: complaints that are an answer, and those after which nothing that follows can be trusted.
//!
//! A `WARNING` is a block of lines, from the cut to the end of its trace. The model says when one that it knows is
//! due ([`Complaint`]); such a block is recognised here by what complains and on whose behalf, and then
//! compared like any other answer. Every other complaint ends the run without a verdict.

use zram_model::Complaint;

/// A complaint of the kernel's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Splat {
    /// What sort of complaint it is.
    pub kind: &'static str,
    /// The line.
    pub line: String,
}

/// Marks of a complaint, most telling first.
const MARKS: &[(&str, &str)] = &[
    ("BUG: KASAN:", "KASAN"),
    ("BUG: KCSAN:", "KCSAN"),
    ("BUG: KFENCE:", "KFENCE"),
    ("BUG: soft lockup", "soft lockup"),
    ("BUG: workqueue lockup", "workqueue lockup"),
    ("BUG: scheduling while atomic", "scheduling while atomic"),
    ("BUG: sleeping function called", "sleeping in atomic context"),
    ("BUG:", "BUG"),
    ("kernel BUG at", "BUG"),
    ("watchdog: BUG", "lockup"),
    ("hard LOCKUP", "hard lockup"),
    ("WARNING: CPU:", "WARNING"),
    ("WARNING: possible", "lockdep"),
    ("WARNING: suspicious RCU", "RCU"),
    ("WARNING:", "WARNING"),
    ("UBSAN:", "UBSAN"),
    ("Oops:", "Oops"),
    ("Oops -", "Oops"),
    ("general protection fault", "general protection fault"),
    ("Unable to handle kernel", "page fault"),
    ("unable to handle page fault", "page fault"),
    ("double fault:", "double fault"),
    ("stack segment:", "stack fault"),
    ("divide error:", "divide error"),
    ("invalid opcode:", "invalid opcode"),
    ("Kernel panic", "panic"),
    ("rcu: INFO:", "RCU stall"),
    ("detected stalls on CPUs", "RCU stall"),
    ("self-detected stall", "RCU stall"),
    ("blocked for more than", "hung task"),
    ("list_add corruption", "list corruption"),
    ("list_del corruption", "list corruption"),
    ("refcount_t:", "refcount"),
    ("Bad page state", "bad page state"),
    ("Bad page map", "bad page map"),
    ("Out of memory:", "out of memory"),
    ("oom-kill:", "out of memory"),
    ("page allocation failure", "allocation failure"),
    ("cut here ]", "WARNING"),
    ("hogged CPU", "workqueue hog"),
];

/// What the agent says in the log's place when it could not read all of it: a complaint may have been
/// in what is missing.
const LOSSES: &[&str] = &["records of the kernel log were overwritten", "/dev/kmsg cannot be read any more"];

/// Lines that carry a mark and mean no harm, each with the reason.
const HARMLESS: &[(&str, &str)] = &[
    // A hint about scheduling under an emulated CPU, printed by a healthy kernel.
    ("workqueue:", "hogged CPU"),
];

/// The complaint in a line, if it is one.
fn splat(line: &str) -> Option<Splat> {
    let kind = MARKS.iter().find(|(mark, _)| line.contains(mark)).map(|(_, kind)| *kind)?;
    let harmless = HARMLESS.iter().any(|(context, mark)| line.contains(context) && line.contains(mark));
    (!harmless).then(|| Splat { kind, line: line.to_owned() })
}

/// How a block begins and ends.
const CUT: &str = "[ cut here ]";
const END: &str = "---[ end trace";

/// Complaints that are an answer, each with what must stand in its block: the place, and on whose behalf.
const EXPECTED: &[(Complaint, &[&str])] =
    &[(Complaint::VmallocOfNothing, &[" mm/vmalloc.c", " __vmalloc_node_range_noprof", " disksize_store"])];

/// What a stretch of the log says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Complaints that the model knows, in their order.
    pub complaints: Vec<Complaint>,
    /// The first of all others.
    pub splat: Option<Splat>,
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
        match expected(block) {
            Some(complaint) => heard.complaints.push(complaint),
            None => heard.splat = heard.splat.or_else(|| block.iter().find_map(|line| splat(line))),
        }
        rest = &rest[block.len()..];
    }
    heard
}

/// The complaint whose block this is. A second `WARNING` in it makes it another's.
fn expected(block: &[String]) -> Option<Complaint> {
    if block.iter().filter(|line| line.contains("WARNING:")).count() != 1 {
        return None;
    }
    // Kernels before 6.19 name processor and process first and the place after them; from then on it is the other way round.
    let says = |marks: &[&str]| marks.iter().all(|mark| block.iter().any(|line| line.contains(mark)));
    EXPECTED.iter().find(|(_, marks)| says(marks)).map(|(complaint, _)| *complaint)
}

/// The first line that says that part of the log is missing.
#[must_use]
pub fn first_loss(lines: &[String]) -> Option<&str> {
    lines.iter().map(String::as_str).find(|line| LOSSES.iter().any(|loss| line.contains(loss)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_found() {
        for (line, kind) in [
            (
                "[    3.1] WARNING: CPU: 0 PID: 1 at drivers/block/zram/zram_drv.c:2101 zram_read_page+0x1/0x2",
                "WARNING",
            ),
            (
                "<4>[    3.1] WARNING: drivers/block/zram/zram_drv.c:2101 at zram_submit_bio+0x1/0x2, CPU#0: agent/1",
                "WARNING",
            ),
            ("[    3.1] ------------[ cut here ]------------", "WARNING"),
            ("[    3.1] BUG: unable to handle page fault for address: ffff888000000000", "BUG"),
            ("[    3.1] Oops: Oops: 0000 [#1] SMP", "Oops"),
            ("[    3.1] BUG: KASAN: slab-use-after-free in zram_writeback_endio+0x1/0x2", "KASAN"),
            ("[   33.1] watchdog: BUG: soft lockup - CPU#0 stuck for 26s!", "soft lockup"),
            ("[  123.1] INFO: task agent:1 blocked for more than 120 seconds.", "hung task"),
            ("[   23.1] rcu: INFO: rcu_preempt self-detected stall on CPU", "RCU stall"),
            ("[    3.1] UBSAN: shift-out-of-bounds in mm/zsmalloc.c:1:2", "UBSAN"),
            ("[    3.1] kernel BUG at mm/zsmalloc.c:100!", "BUG"),
            ("[    3.1] Out of memory: Killed process 5 (agent)", "out of memory"),
            (
                "[    3.1] general protection fault, probably for non-canonical address",
                "general protection fault",
            ),
        ] {
            assert_eq!(splat(line).map(|splat| splat.kind), Some(kind), "{line}");
        }
    }

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
        assert_eq!(heard, Heard { complaints: vec![Complaint::VmallocOfNothing], splat: None });
        let older = VMALLOC.iter().map(|line| match line.contains("WARNING") {
            true => "<4> WARNING: CPU: 0 PID: 1 at mm/vmalloc.c:3838 __vmalloc_node_range_noprof+0x7a2/0x820",
            false => *line,
        });
        assert_eq!(hear(&log(&older.collect::<Vec<_>>())), heard);
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

    #[test]
    fn ordinary_lines_are_not() {
        for line in [
            "<6>[    1.0] zram: Added device: zram0",
            "<6>[    1.0] zram0: detected capacity change from 0 to 512",
            "<3>[    1.0] zram: Decompression failed! err=-22, page=3",
            "<6>[    1.0] zram: Can't change algorithm for initialized device",
            "<6>[    1.0] workqueue: zram_deferred_decompress hogged CPU for >10000us 4 times, consider switching to WQ_UNBOUND",
            "<6>[    0.0] rcu: Hierarchical RCU implementation.",
        ] {
            assert_eq!(splat(line), None, "{line}");
        }
    }
}

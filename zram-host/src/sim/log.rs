//! What the kernel's log says of complaints: of each the lines that name it, without registers and addresses.

use std::collections::BTreeSet;

use zram_model::Complaint;

/// What the log says of [`Complaint::VmallocOfNothing`].
const VMALLOC_OF_NOTHING: &[&str] = &[
    "<6> ------------[ cut here ]------------",
    "<4> WARNING: mm/vmalloc.c at __vmalloc_node_range_noprof",
    "<4> Call Trace:",
    "<4>  __vmalloc_node_noprof",
    "<4>  disksize_store [zram]",
    "<4> ---[ end trace 0000000000000000 ]---",
];

/// What the log says of [`Complaint::ReadFailed`].
const READ_FAILED: &[&str] = &[
    "<6> ------------[ cut here ]------------",
    "<4> WARNING: drivers/block/zram/zram_drv.c at zram_submit_bio [zram]",
    "<4> Call Trace:",
    "<4> ---[ end trace 0000000000000000 ]---",
    "<3> zram: Decompression failed! err=-12",
];

/// The log of a kernel since its boot.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    /// Complaints so far: some are printed once.
    seen: BTreeSet<Complaint>,
    /// Lines that nobody has read yet.
    lines: Vec<String>,
}

impl Log {
    pub(super) fn complain(&mut self, complaint: Complaint) {
        let first = self.seen.insert(complaint);
        let lines = match complaint {
            Complaint::VmallocOfNothing if !first => return,
            Complaint::VmallocOfNothing => VMALLOC_OF_NOTHING,
            // A plain WARN_ON.
            Complaint::ReadFailed => READ_FAILED,
        };
        self.lines.extend(lines.iter().map(|line| (*line).to_owned()));
    }

    /// The lines since the last call.
    pub(super) fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_prints_once_is_printed_once() {
        for (complaint, lines, again) in
            [(Complaint::VmallocOfNothing, VMALLOC_OF_NOTHING, 0), (Complaint::ReadFailed, READ_FAILED, 1)]
        {
            let mut log = Log::default();
            log.complain(complaint);
            assert_eq!(log.lines, lines);
            log.complain(complaint);
            assert_eq!(log.lines.len(), lines.len() * (1 + again), "{complaint:?}");
        }
    }
}

//! What a machine lacks, said before anything is compared on it.
//!
//! Operations are made for what a machine has, and coverage asks for no more. So one that has little could agree without a word
//! about the rest: these are the words.

use zram_agent::protocol::{BackingKind, Hello, WorkKind};
use zram_model::Profile;

/// A sentence for each thing.
pub(super) fn lacks(hello: &Hello, profile: &Profile) -> Vec<String> {
    let kinds = BackingKind::ALL.iter().filter(|kind| !hello.backing.contains(kind));
    let mut sentences: Vec<String> = kinds.map(|kind| backing(*kind).to_owned()).collect();
    let kinds = WorkKind::ALL.iter().filter(|kind| !hello.workloads.contains(kind));
    sentences.extend(kinds.map(|kind| workload(*kind).to_owned()));
    if profile.behaviours.pages_without_bios && !hello.workloads.is_empty() {
        sentences.push(PAGES_WITHOUT_BIOS.to_owned());
    }
    if let Some(coverage) = &hello.coverage
        && !coverage.unobservable.is_empty()
    {
        let gaps = coverage.unobservable.iter().map(|gap| format!("{:?} ({})", gap.kind, gap.reason));
        sentences.push(format!(
            "the probes do not see these events here: {}",
            gaps.collect::<Vec<_>>().join("; ")
        ));
    }
    sentences
}

const PAGES_WITHOUT_BIOS: &str = "this kernel hands pages of swap and of the page cache to zram without a bio (zram_rw_page), which no probe sees: \
                                  no workload is followed, and no slot-free notification looked at";

fn backing(kind: BackingKind) -> &'static str {
    match kind {
        BackingKind::Ram => "this machine has no RAM disk (module brd): nothing can be written back",
        BackingKind::Delay => {
            "this machine has no device mapper with the target delay (module dm_delay): nothing is looked at while it is in flight"
        }
        BackingKind::Interrupts => {
            "this machine has no null block device (module null_blk): no completion in interrupt context is looked at"
        }
        BackingKind::Loop => {
            "this machine has no loop device (module loop): no completion comes from a worker at any moment"
        }
        BackingKind::Virtio => {
            "this machine has no disk for testing (virtio, serial number zram-rs-backing): no drive's own interrupt is looked at"
        }
        BackingKind::Flakey => {
            "this machine has no device mapper with a target flakey that fails reads (module dm_flakey, 6.12): no read-back fails"
        }
        BackingKind::Error => {
            "this machine has no device mapper with the target error (module dm_mod): no backing device fails"
        }
    }
}

fn workload(kind: WorkKind) -> &'static str {
    match kind {
        WorkKind::Swap => {
            "this machine has no swap, or no memory controller of cgroup v2 to bring it about: no slot-free notification is looked at"
        }
        WorkKind::Filesystem => "this machine has no ext4: no bio of a file system is looked at",
    }
}

#[cfg(test)]
mod tests {
    use zram_events::Kind;
    use zram_probe::{Coverage, Unobservable};

    use super::*;

    #[test]
    fn what_is_not_there_is_said() {
        let everything = Hello {
            protocol: 1,
            kernel: "7.2.0".into(),
            bpf_object: None,
            attributes: Vec::new(),
            backing_path: String::new(),
            backing: BackingKind::ALL.to_vec(),
            workloads: WorkKind::ALL.to_vec(),
            failures: Vec::new(),
            coverage: None,
        };
        assert_eq!(lacks(&everything, &Profile::debian_7_2()), [""; 0]);
        assert_eq!(lacks(&everything, &Profile::debian_6_1()), [PAGES_WITHOUT_BIOS]);
        let gap = Unobservable { kind: Kind::Putback, reason: "no such function".into() };
        let coverage = Coverage {
            kernel: String::new(),
            object_sha256: String::new(),
            attached: Vec::new(),
            unobservable: vec![gap],
            interrupts: false,
        };
        let little = Hello {
            backing: vec![BackingKind::Ram],
            workloads: vec![WorkKind::Swap],
            coverage: Some(coverage),
            ..everything
        };
        let [delay, error, interrupts, over_file, disk, one_way, files, probes] =
            &lacks(&little, &Profile::debian_7_2())[..]
        else {
            panic!("{:?}", lacks(&little, &Profile::debian_7_2()))
        };
        assert!(files.contains("ext4"));
        assert!(over_file.contains("loop") && disk.contains("virtio") && one_way.contains("dm_flakey"));
        assert!(delay.contains("dm_delay") && error.contains("error") && interrupts.contains("null_blk"));
        assert!(probes.contains("Putback (no such function)"), "{probes}");
    }
}

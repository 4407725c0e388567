//! The machine goes down, and the budget stays what it was.
//!
//! What is kept lies on a disk that outlives the boot. The power goes while zramd is being killed in the middle of a round, so that a grant may be open. The kernel
//! of the next boot knows nothing of what was written, and is one without pressure (`psi=0`), so that it is also seen that zramd does without.

use super::{CONFIG, PER_DAY, configure, round, said, sh, start, status, swap_over, written};
use crate::{
    backing::text,
    machine::{Machine, kernels, program},
};

/// What is kept is on the disk.
const KEPT: &str = "[paths]\nstate = \"/disk/zramd\"\n";

/// Of what a round may write.
const ROUND: u64 = 512 << 10;

fn boot_id(machine: &mut Machine) -> String {
    text(machine, "/proc/sys/kernel/random/boot_id")
}

#[test]
#[ignore = "boots virtual machines: run `cargo xtask programs`"]
fn a_budget_outlives_the_machine() {
    let folder = tempfile::tempdir().unwrap();
    // Passes are short, so that a round takes its time.
    let config = format!("{}{KEPT}", CONFIG.replace("every", "lock-hold = \"20ms\"\nevery"));
    for kernel in kernels() {
        let disk = folder.path().join(&kernel);
        let disk = disk.to_str().unwrap();
        let mut machine = Machine::boot(&kernel, &["--disk", disk]);
        let first_boot = boot_id(&mut machine);
        machine.prints(&[&program("mkdir"), "/disk"]);
        machine.prints(&[&program("mkfs.ext4"), "-q", "-E", "nodiscard", "/dev/vda"]);
        machine.prints(&[&program("mount"), "/dev/vda", "/disk"]);
        configure(&mut machine, &config);
        swap_over(&mut machine, "/disk/pages");
        start(&mut machine);
        round(&mut machine);
        // As soon as another round has written something.
        sh(
            &mut machine,
            "zramd run-now > /dev/null 2>&1 & stat=$(cat /sys/block/zram0/bd_stat)
            while [ \"$(cat /sys/block/zram0/bd_stat)\" = \"$stat\" ]; do :; done
            kill -9 $(cat /run/zramd/pid); wait",
        );
        let before = written(&mut machine);
        assert!(before > 0 && before < PER_DAY, "{kernel}: {before}");
        machine.crash();

        let mut machine = Machine::boot(&kernel, &["--disk", disk, "--append", "psi=0"]);
        assert_ne!(boot_id(&mut machine), first_boot);
        machine.prints(&[&program("mkdir"), "/disk"]);
        machine.prints(&[&program("mount"), "/dev/vda", "/disk"]);
        configure(&mut machine, &format!("{CONFIG}{KEPT}"));
        swap_over(&mut machine, "/disk/pages-of-another-boot");
        assert_eq!(written(&mut machine), 0, "{kernel}: another boot, another device");
        start(&mut machine);
        for _ in 0..8 {
            round(&mut machine);
        }
        let after = written(&mut machine);
        println!("{kernel}: {before} bytes before the machine went down, {after} after, of {PER_DAY}");
        assert!(before + after <= PER_DAY, "{kernel}: {before} and {after} of {PER_DAY}");
        // What nobody could say any more was no more than a round, and all else was to be had.
        assert!(
            before + after + ROUND >= PER_DAY - (64 << 10),
            "{kernel}: {before} and {after} of {PER_DAY}"
        );
        let spent = status(&mut machine)["budget"]["spent_bytes"].as_u64().unwrap();
        assert!(spent >= before + after && spent <= PER_DAY, "{kernel}: {before} and {after}: {spent}");

        // Nothing tells it of pressure, which it has said once, and is still wrong.
        let says = "it is not woken when tasks wait for memory";
        assert_eq!(said(&mut machine, says), 1, "{kernel}");
        let faults = status(&mut machine)["faults"].to_string();
        assert!(faults.contains(says), "{kernel}: {faults}");
        machine.end();
    }
}

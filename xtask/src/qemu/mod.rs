//! The emulator: the command line that makes it a test VM, and whether the machine can do better than emulate.

mod obtain;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) use obtain::ensure;

use clap::ValueEnum;

/// The emulator's program name.
pub(crate) const PROGRAM: &str = "qemu-system-x86_64";

/// Name of the virtio-serial port that carries the protocol; the agent looks for it in `/sys/class/virtio-ports`.
pub(crate) const PORT: &str = "zram-agent";

/// What the VM's disk says of itself: the agent takes none without it.
const DISK_SERIAL: &str = "zram-rs-backing";

/// Memory of the VM in MiB.
const MEMORY: u32 = 512;

/// The kernel's command line.
///
/// Determinism: no address randomization, no background compaction, no self-tests that take random time; warnings go to the console
/// (`loglevel=5`), since a splat must be seen. Any panic ends the VM at once (`panic=-1` asks for a reboot, `-no-reboot` refuses
/// it). `zram.num_devices=0` is for kernels with zram built in; modules get the same as a parameter.
const COMMAND_LINE: &str = "console=ttyS0 loglevel=5 panic=-1 oops=panic nokaslr mitigations=off tsc=reliable no_timer_check \
     cryptomgr.notests=1 sysctl.vm.compaction_proactiveness=0 zram.num_devices=0";

/// The agent's option to do without probes.
const NO_PROBES: &str = "--no-probes";

/// How guest instructions are executed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Accel {
    /// KVM where the processor has virtualization and /dev/kvm can be opened, else TCG
    #[default]
    Auto,
    /// The kernel's virtualization; fails where there is none
    Kvm,
    /// Emulation; works everywhere
    Tcg,
}

/// An emulator that can be started.
#[derive(Clone, Debug)]
pub(crate) struct Qemu {
    /// The program.
    pub(crate) program: PathBuf,
    /// What it needs to run from a folder it was not installed in.
    pub(crate) home: Option<Home>,
}

/// A QEMU that was unpacked rather than installed.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    /// Folders of shared libraries.
    pub(crate) libraries: Vec<PathBuf>,
    /// Folder of loadable parts of QEMU.
    pub(crate) modules: PathBuf,
    /// Folders of firmware.
    pub(crate) firmware: Vec<PathBuf>,
}

/// What one VM is made of.
pub(crate) struct Machine<'a> {
    /// A bootable kernel.
    pub(crate) kernel: &'a Path,
    /// The initramfs.
    pub(crate) initramfs: &'a Path,
    /// The unix socket that QEMU connects to for the agent's port.
    pub(crate) channel: &'a Path,
    /// The file that is the machine's disk.
    pub(crate) disk: &'a Path,
    /// Where the kernel's console goes.
    pub(crate) console: &'a Path,
    /// Words for the kernel beside its usual ones.
    pub(crate) words: &'a str,
    /// How instructions are executed.
    pub(crate) accel: Accel,
    /// Whether the agent attaches its probes.
    pub(crate) probes: bool,
}

impl Qemu {
    /// The QEMU in the path, if any.
    pub(crate) fn in_path() -> Option<Self> {
        crate::toolchain::in_path(PROGRAM).map(|program| Self { program, home: None })
    }

    /// The program, able to find its parts.
    fn bare(&self) -> Command {
        let mut command = Command::new(&self.program);
        if let Some(home) = &self.home {
            if let Ok(libraries) = std::env::join_paths(&home.libraries) {
                command.env("LD_LIBRARY_PATH", libraries);
            }
            command.env("QEMU_MODULE_DIR", &home.modules);
            for folder in &home.firmware {
                command.arg("-L").arg(folder);
            }
        }
        command
    }

    /// The command that runs a VM.
    pub(crate) fn command(&self, machine: &Machine<'_>) -> Command {
        let mut command = self.bare();
        command.args(["-M", "q35", "-smp", "2", "-m", &MEMORY.to_string()]);
        if machine.accel.uses_kvm() {
            command.args(["-accel", "kvm", "-cpu", "max"]);
        } else {
            // Kernels up to 6.12 crash at random when TCG offers cmpxchg16b.
            command.args(["-accel", "tcg,thread=multi", "-cpu", "max,cx16=off"]);
        }
        command.args([
            "-nodefaults",
            "-no-user-config",
            "-display",
            "none",
            "-monitor",
            "none",
            "-no-reboot",
        ]);
        command.arg("-kernel").arg(machine.kernel).arg("-initrd").arg(machine.initramfs);
        // The kernel passes on to its first program what it does not know itself.
        let probes = if machine.probes { "" } else { NO_PROBES };
        let words = [COMMAND_LINE, machine.words, probes];
        let words: Vec<&str> = words.into_iter().filter(|words| !words.is_empty()).collect();
        command.args(["-append", &words.join(" ")]);
        command.arg("-chardev").arg(with_path("file,id=console,path=", machine.console));
        command.args(["-serial", "chardev:console", "-device", "virtio-serial-pci"]);
        command.arg("-chardev").arg(with_path("socket,id=agent,path=", machine.channel));
        command.args(["-device", &format!("virtserialport,chardev=agent,name={PORT}")]);
        // Nobody needs it when the machine has ended.
        command
            .arg("-drive")
            .arg(with_path("if=none,id=backing,format=raw,cache=unsafe,file=", machine.disk));
        command.args(["-device", &format!("virtio-blk-pci,drive=backing,serial={DISK_SERIAL}")]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }
}

impl Accel {
    /// Its word on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Kvm => "kvm",
            Self::Tcg => "tcg",
        }
    }

    /// Whether this machine's virtualization takes part.
    pub(crate) fn uses_kvm(self) -> bool {
        match self {
            Self::Kvm => true,
            Self::Tcg => false,
            Self::Auto => kvm_usable(),
        }
    }
}

/// A cloud machine may offer `/dev/kvm` without hardware behind it, which then hangs rather than fails: the processor must
/// have the feature too.
fn kvm_usable() -> bool {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    has_virtualization(&cpuinfo)
        && std::fs::OpenOptions::new().read(true).write(true).open("/dev/kvm").is_ok()
}

fn has_virtualization(cpuinfo: &str) -> bool {
    cpuinfo
        .lines()
        .filter(|line| line.starts_with("flags"))
        .any(|line| line.split_whitespace().any(|flag| flag == "vmx" || flag == "svm"))
}

/// QEMU separates options by commas; a comma inside a value is written twice.
fn with_path(prefix: &str, path: &Path) -> String {
    format!("{prefix}{}", path.to_string_lossy().replace(',', ",,"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(accel: Accel) -> Command {
        let qemu = Qemu { program: PROGRAM.into(), home: None };
        qemu.command(&Machine {
            kernel: Path::new("/k"),
            initramfs: Path::new("/i"),
            channel: Path::new("/odd,name/agent"),
            disk: Path::new("/run/disk"),
            console: Path::new("/c"),
            words: "",
            accel,
            probes: true,
        })
    }

    #[test]
    fn the_machine_is_the_one_the_documentation_describes() {
        insta::assert_snapshot!(crate::child::shown(&machine(Accel::Tcg)).replace(" -", "\n  -"));
    }

    #[test]
    fn kernel_and_agent_are_told_more() {
        let qemu = Qemu { program: PROGRAM.into(), home: None };
        let path = Path::new("/x");
        let (accel, probes) = (Accel::Tcg, false);
        let shown = crate::child::shown(&qemu.command(&Machine {
            kernel: path,
            initramfs: path,
            channel: path,
            disk: path,
            console: path,
            words: "psi=0",
            accel,
            probes,
        }));
        assert!(shown.contains(" zram.num_devices=0 psi=0 --no-probes"), "{shown}");
        assert!(!crate::child::shown(&machine(Accel::Tcg)).contains("--no-probes"));
    }

    #[test]
    fn kvm_takes_the_processor_as_it_is() {
        let shown = crate::child::shown(&machine(Accel::Kvm));
        assert!(shown.contains("-accel kvm -cpu max ") && !shown.contains("tcg"), "{shown}");
    }

    #[test]
    fn a_device_node_without_a_processor_feature_is_not_enough() {
        assert!(has_virtualization("flags\t\t: fpu vmx de"));
        assert!(has_virtualization("flags\t\t: fpu svm"));
        assert!(!has_virtualization("flags\t\t: fpu vmxish svm_lock\nbugs: vmx"));
    }
}

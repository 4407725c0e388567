//! What goes wrong on real machines, from outside: each a status 2, one paragraph that says what to do, and nothing left behind.
#![expect(clippy::unwrap_used, reason = "a test whose stage cannot be set has failed")]

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A machine with nothing but the programs put into its path.
struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for below in ["bin", "tmp", "modules"] {
            fs::create_dir(folder.path().join(below)).unwrap();
        }
        Self { folder }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// A program in the path.
    fn program(&self, name: &str, script: &str) {
        let path = self.path("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn file(&self, name: &str, bytes: &[u8]) -> String {
        fs::write(self.path(name), bytes).unwrap();
        self.path(name).to_string_lossy().into_owned()
    }

    fn xtask(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command
            .args(arguments)
            .env("PATH", self.path("bin"))
            .env("ZRAM_RS_CACHE", self.path("cache"))
            .env("TMPDIR", self.path("tmp"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs to the expected failure and gives what was said.
    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.xtask(arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(output.stdout.is_empty(), "standard output belongs to the protocol");
        self.is_tidy();
        said
    }

    fn is_tidy(&self) {
        assert_eq!(files(&self.path("tmp")), Vec::<PathBuf>::new());
        // Nothing but locks: no entry, no half entry.
        let cached = files(&self.path("cache"));
        let is_lock = |path: &PathBuf| {
            path.ends_with("lock") || path.parent().is_some_and(|folder| folder.ends_with("locks"))
        };
        assert!(cached.iter().all(is_lock), "{cached:?}");
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(items) = fs::read_dir(folder) else { return Vec::new() };
    items
        .map(|item| item.unwrap().path())
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect()
}

/// The smallest ELF that passes for a kernel with a PVH entry, with `text` somewhere inside.
fn kernel(text: &str) -> Vec<u8> {
    let mut elf = vec![0; 64 + 56];
    let mut put = |at: usize, value: &[u8]| elf[at..at + value.len()].copy_from_slice(value);
    put(0, b"\x7fELF\x02\x01");
    put(0x20, &64u64.to_le_bytes());
    put(0x36, &56u16.to_le_bytes());
    put(0x38, &1u16.to_le_bytes());
    put(64, &4u32.to_le_bytes());
    put(64 + 8, &120u64.to_le_bytes());
    put(64 + 0x20, &24u64.to_le_bytes());
    for word in [4u32, 8, 18] {
        elf.extend(word.to_le_bytes());
    }
    elf.extend(b"Xen\0\0\0\0\0\0\0\0\0");
    elf.extend(text.as_bytes());
    elf.extend([0]);
    elf
}

/// A program that counts as static.
fn agent(machine: &Machine) -> String {
    machine.file("agent", b"\x7fELF\x02\x01")
}

#[test]
fn an_unknown_kernel_is_answered_with_the_known_ones() {
    let machine = Machine::new();
    for command in ["vm", "verify", "mutants"] {
        let said = machine.refused(&[command, "--kernel", "debian-0.1"]);
        assert!(said.contains("no kernel called debian-0.1") && said.contains("debian-7.2"), "{said}");
    }
}

#[test]
fn a_machine_without_apt_is_told_what_to_install_and_what_to_give() {
    let said = Machine::new().refused(&["vm"]);
    assert!(said.contains("there is no apt-get here"), "{said}");
    for way_out in
        ["--kernel-image PATH --modules DIR", "qemu-system-x86_64", "rustup component add rust-src"]
    {
        assert!(said.contains(way_out), "{way_out}: {said}");
    }
}

#[test]
fn without_qemu_and_without_apt_the_program_is_named() {
    let machine = Machine::new();
    let image = machine.file("image", &kernel("zram.num_devices"));
    let said = machine.refused(&["vm", "--kernel-image", &image, "--agent-binary", &agent(&machine)]);
    assert!(said.contains("qemu-system-x86_64 is neither in the path nor could it be fetched"), "{said}");
}

#[test]
fn a_kernel_without_zram_does_not_boot() {
    let machine = Machine::new();
    machine.program("qemu-system-x86_64", "echo booted >&2; exit 1");
    let image = machine.file("image", &kernel("no such thing"));
    let modules = machine.path("modules").to_string_lossy().into_owned();
    let said = machine.refused(&["vm", "--kernel-image", &image, "--modules", &modules]);
    assert!(
        said.contains("no zram built in") && said.contains("--modules") && !said.contains("booted"),
        "{said}"
    );
}

#[test]
fn a_file_that_is_no_kernel_or_not_there_is_named() {
    let machine = Machine::new();
    let image = machine.file("image", b"hello");
    assert!(machine.refused(&["vm", "--kernel-image", &image]).contains("not an x86 Linux kernel image"));
    let said = machine.refused(&["vm", "--kernel-image", "/no/such/kernel"]);
    assert!(said.contains("cannot read the kernel image /no/such/kernel"), "{said}");
}

#[test]
fn an_emulator_that_fails_is_quoted() {
    let machine = Machine::new();
    machine.program("qemu-system-x86_64", "echo 'q35: unsupported machine type' >&2; exit 1");
    let image = machine.file("image", &kernel("zram.num_devices"));
    let said = machine.refused(&["vm", "--kernel-image", &image, "--agent-binary", &agent(&machine)]);
    assert!(
        said.contains("QEMU did not start the VM") && said.contains("unsupported machine type"),
        "{said}"
    );
}

#[test]
fn a_console_that_could_not_be_read_again_is_refused() {
    let machine = Machine::new();
    machine.program("qemu-system-x86_64", "echo booted >&2; exit 1");
    let image = machine.file("image", &kernel("zram.num_devices"));
    let agent = agent(&machine);
    let said = machine.refused(&[
        "vm",
        "--kernel-image",
        &image,
        "--agent-binary",
        &agent,
        "--console",
        "/dev/stderr",
    ]);
    assert!(said.contains("ordinary file") && !said.contains("booted"), "{said}");
}

#[test]
fn a_file_of_operations_that_is_not_there_is_told_at_once() {
    let machine = Machine::new();
    for arguments in [["verify", "--replay=/no/such/file"], ["simulate", "/no/such/file"]] {
        let said = machine.refused(&arguments);
        assert!(said.contains("cannot read the operations in /no/such/file"), "{said}");
    }
}

#[test]
fn an_agent_that_cannot_run_is_refused() {
    let machine = Machine::new();
    machine.program("qemu-system-x86_64", "exit 0");
    let image = machine.file("image", &kernel("zram.num_devices"));
    let dynamic = env!("CARGO_BIN_EXE_xtask");
    let said = machine.refused(&["vm", "--kernel-image", &image, "--agent-binary", dynamic]);
    assert!(said.contains("dynamically linked") && said.contains("crt-static"), "{said}");
}

#[test]
fn signals_end_the_emulator_and_remove_its_files() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let machine = Machine::new();
        let pid_file = machine.path("pid");
        machine.program("qemu-system-x86_64", &format!("echo $$ > {}; exec sleep 600", pid_file.display()));
        let image = machine.file("image", &kernel("zram.num_devices"));
        let mut command =
            machine.xtask(&["vm", "--kernel-image", &image, "--agent-binary", &agent(&machine)]);
        let mut child = command.spawn().unwrap();
        let emulator = wait_for(|| fs::read_to_string(&pid_file).ok().filter(|text| text.ends_with('\n')));
        kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{said}");
        assert!(said.starts_with("interrupted"), "{said}");
        assert!(!Path::new("/proc").join(emulator.trim()).exists(), "the emulator survived {signal}");
        machine.is_tidy();
    }
}

#[test]
fn killing_the_program_kills_the_emulator() {
    let machine = Machine::new();
    let pid_file = machine.path("pid");
    machine.program("qemu-system-x86_64", &format!("echo $$ > {}; exec sleep 600", pid_file.display()));
    let image = machine.file("image", &kernel("zram.num_devices"));
    let mut child =
        machine.xtask(&["vm", "--kernel-image", &image, "--agent-binary", &agent(&machine)]).spawn().unwrap();
    let emulator = wait_for(|| fs::read_to_string(&pid_file).ok().filter(|text| text.ends_with('\n')));
    child.kill().unwrap();
    child.wait().unwrap();
    wait_for(|| match fs::read_to_string(format!("/proc/{}/stat", emulator.trim())) {
        // A zombie waits only for init to collect it.
        Ok(stat) => stat.contains(") Z").then_some(()),
        Err(_) => Some(()),
    });
}

fn wait_for<T>(mut condition: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "waited in vain");
        std::thread::sleep(Duration::from_millis(10));
    }
}

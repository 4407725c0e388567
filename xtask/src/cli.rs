//! What can be asked for on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::qemu::Accel;
use crate::vm::Choice;

/// Everything around zram-rs that is not `cargo build`.
///
/// The command to begin with is `cargo xtask verify`: it boots a real kernel in a virtual machine, drives its zram, runs the same
/// operations through the model, and says whether they agree. Whatever a command needs (QEMU, a kernel, a BPF
/// toolchain) it fetches by itself into a cache folder, without root and without installing packages.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, max_term_width = 110)]
#[command(after_help = "\
Environment:
  ZRAM_RS_CACHE   where downloads and built tools are kept (default: ~/.cache/zram-rs)
  TMPDIR          where a running VM keeps its files (default: /tmp)
  NO_COLOR        no colours, if set to anything

Examples:
  cargo xtask verify                                        is the model right about Linux?
  cargo xtask verify --all --html report.html               ... about every kernel within reach?
  cargo xtask simulate docs/examples/tour.ndjson            what would zram do? (no VM)
  cargo xtask test                                          may this change land?

Exit status: 0 all well; 1 a check failed; 2 it could not be carried out; 130 interrupted.")]
pub(crate) struct Cli {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Hold the model against live kernels
    ///
    /// Boots each kernel in a VM, drives its zram with generated operations, listens through eBPF probes, runs the same operations
    /// through the model, and compares. Status 1 on a divergence, with the shortest operation list that shows it and the
    /// command that repeats it. Status 2 if it could not be carried out, which is never counted as agreement.
    #[command(after_help = "\
Examples:
  cargo xtask verify
  cargo xtask verify --all --ops 12000 --html report.html
  cargo xtask verify --kernel debian-7.2 --seed 7 --ops 5000 --json report.json
  cargo xtask verify --agent 'ssh board sudo zram-agent serve'
  cargo xtask verify --kernel-image ~/linux/arch/x86/boot/bzImage --modules ~/linux
  cargo xtask verify --tree ~/linux                         build it first; the next time, what was edited")]
    Verify(Verify),

    /// Play a fixed table of attribute writes and compare with what was recorded
    ///
    /// Some hundreds of good and bad texts for every attribute, in every state of a device. Without a kernel: the model, against the
    /// records in tests/attributes, which takes no VM. With one: the kernel itself, against the record of its name; no probes are
    /// attached. Status 1 on a difference. --record writes the record instead.
    #[command(after_help = "\
Examples:
  cargo xtask attributes
  cargo xtask attributes --kernel debian-7.2
  cargo xtask attributes --kernel debian-6.12 --record tests/attributes/debian-6.12.txt")]
    Attributes(Attributes),

    /// Play the same operations to two kernels and find what differs between them
    ///
    /// No model is involved: every answer, event, slot and block of one kernel is compared with the other's. Each difference is made as
    /// small as it will go on both machines, printed with both timelines, and written to target/verify/diff-A-B; then the search goes on
    /// for different ones. `model:PROFILE` in the place of a kernel is the model. Status 1 if anything differs.
    #[command(after_help = "\
Examples:
  cargo xtask diff debian-6.12 debian-7.2
  cargo xtask diff debian-7.2 debian-7.3 --seed 7 --ops 4000 --findings 30 --json diff.json
  cargo xtask diff debian-7.2 model:debian-7.2")]
    Diff(Diff),

    /// Break one rule of the model at a time and see that each is caught
    ///
    /// The operations come from the recorded runs in tests/traces, which takes no VM; with --kernel or --kernel-image, from a run
    /// on that kernel, made first. Prints, per mutant, how many operations it took. A mutant that survives is a hole in the
    /// checks: status 1.
    #[command(after_help = "\
Examples:
  cargo xtask mutants
  cargo xtask mutants --only bucket-tail --only done-list-fifo
  cargo xtask mutants --record docs/track-record.md
  cargo xtask mutants --kernel debian-7.2 --seed 7")]
    Mutants(Mutants),

    /// Ask the model: run a file of operations through it and print what it would observe
    ///
    /// No VM and no kernel involved. The operation language is described in docs/operations.md.
    #[command(after_help = "\
Examples:
  cargo xtask simulate docs/examples/tour.ndjson
  cargo xtask simulate docs/examples/tour.ndjson | jq -c '[.n, .outcome]'
  printf '%s\\n' '{\"op\":\"begin\",\"backing_pages\":0}' '{\"op\":\"add\"}' | cargo xtask simulate -")]
    Simulate {
        /// A file of operations, one JSON object per line; `-` for standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,

        /// Which kernel the model is
        #[arg(long, value_name = "NAME")]
        profile: Option<String>,
    },

    /// Run the finished programs on live kernels
    ///
    /// Boots each kernel in a VM with zramctl-rs in it, and util-linux' zramctl of this machine beside it, and runs the tests in
    /// tests/tests/programs.rs there.
    #[command(after_help = "\
Examples:
  cargo xtask programs
  cargo xtask programs judges setup::
  cargo xtask programs --kernel custom-7.2")]
    Programs(Programs),

    /// Everything that must hold before a change lands
    ///
    /// Format, clippy, cargo-deny, tests, documentation, the committed BPF object, mutants, the programs on live kernels, and a live run of 1000 operations. A
    /// step that cannot take place, or did nothing, is red; only cargo-deny may be missing. The last line of standard output has
    /// the counts of tests.
    #[command(after_help = "\
Examples:
  cargo xtask test
  cargo xtask test 2>test.log        only the summary on the screen")]
    Test,

    /// Build the BPF object that is kept in the repository
    ///
    /// Needed after a change to zram-ebpf or to the record layout in zram-events; commit the result. Ordinary builds use the
    /// committed object and need no BPF toolchain.
    #[command(after_help = "\
Examples:
  cargo xtask bpf && git commit zram-probe/bpf
  cargo xtask bpf --check")]
    Bpf {
        /// Compare with the committed object instead of replacing it
        #[arg(long)]
        check: bool,
    },

    /// Fetch QEMU, a kernel and the BPF toolchain into the cache
    ///
    /// Implied by every command, as far as it needs them. Does nothing, and touches no network, when everything is there.
    #[command(after_help = "\
Examples:
  cargo xtask setup
  ZRAM_RS_CACHE=/srv/zram-rs cargo xtask setup        for a machine that is offline later")]
    Setup,

    /// List the kernels that --kernel knows
    ///
    /// With version, profile of the model, and what each can do, read from its own files once it is in the cache.
    Kernels {
        /// As JSON
        #[arg(long)]
        json: bool,
    },

    /// Boot a VM and connect standard input and output to the agent in it
    ///
    /// Plumbing: the verifier starts this once per VM. Lines of the protocol go in and out; everything else goes to standard
    /// error. When standard input ends the agent answers what came before, then powers the VM off. Status 2 if the VM died.
    #[command(after_help = "\
Examples:
  cargo xtask vm < docs/examples/tour.ndjson > observed.ndjson
  cargo xtask vm --console boot.log < /dev/null        does it boot? `tail -F boot.log` to watch")]
    Vm(Vm),
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) targets: Targets,

    /// Every kernel of the table; one that cannot be had is a line without a verdict
    #[arg(long, conflicts_with_all = ["kernel", "kernel_image", "tree"])]
    pub(crate) all: bool,

    /// A real machine: the command whose standard streams are those of `zram-agent serve` on it. It touches only zram devices
    /// that it adds itself
    #[arg(long, value_name = "COMMAND", conflicts_with_all = ["kernel", "kernel_image", "tree", "all", "accel"])]
    pub(crate) agent: Option<String>,

    /// Seed of the generated operations; the same seed gives the same operations [default: 1]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// How many operations to generate for each kernel [default: 2000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) ops: Option<u64>,

    /// Run the operations in this file, as a divergence leaves it, instead of generated ones
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seed", "ops"])]
    pub(crate) replay: Option<PathBuf>,

    /// Write the report to this file as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// Write the report to this file as HTML: one file that loads nothing
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,

    /// Record the run to this file; it can be checked again without a VM
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,

    /// Go on after a divergence
    #[arg(long)]
    pub(crate) keep_going: bool,

    /// How many kernels at a time [default: 1]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: Option<u16>,

    /// Seconds that an answer may take before the machine counts as hung [default: 90]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) patience: Option<u64>,

    /// Break this rule of the model, to see what a divergence looks like
    #[arg(long, value_name = "NAME")]
    pub(crate) mutant: Option<String>,

    /// How guest instructions are executed
    #[arg(long, value_enum, default_value_t)]
    pub(crate) accel: Accel,

    /// Say more; repeat for still more
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Args)]
pub(crate) struct Mutants {
    #[command(flatten)]
    pub(crate) targets: Targets,

    /// Seed of the generated operations [default: 1]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// How many operations to generate [default: 2000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) ops: Option<u64>,

    /// Only this mutant; repeatable
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Vec<String>,

    /// Write what became of each as a page to this file
    #[arg(long, value_name = "FILE", conflicts_with = "only")]
    pub(crate) record: Option<PathBuf>,

    /// How guest instructions are executed
    #[arg(long, value_enum, default_value_t)]
    pub(crate) accel: Accel,
}

#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// Two kernels of the table (see `cargo xtask kernels`), or `model:PROFILE`, which stands on the right
    #[arg(value_name = "KERNEL", num_args = 2, required = true)]
    pub(crate) kernels: Vec<String>,

    /// Seed of the generated operations [default: 1]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// How many operations to generate [default: 1500]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) ops: Option<u64>,

    /// How many differences to look for [default: 12]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) findings: Option<u64>,

    /// Run the operations in this file instead of generated ones
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seed", "ops"])]
    pub(crate) replay: Option<PathBuf>,

    /// Write the report to this file as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// How guest instructions are executed
    #[arg(long, value_enum, default_value_t)]
    pub(crate) accel: Accel,

    /// Show what agents and machines say
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Attributes {
    #[command(flatten)]
    pub(crate) kernel: OneKernel,

    /// Write what the kernel answers to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,

    /// Compare with this file [default: tests/attributes/NAME.txt]
    #[arg(long, value_name = "FILE", conflicts_with = "record")]
    pub(crate) with: Option<PathBuf>,

    /// How guest instructions are executed
    #[arg(long, value_enum, default_value_t)]
    pub(crate) accel: Accel,
}

#[derive(Debug, Default, Args)]
pub(crate) struct Targets {
    /// A kernel of the table (see `cargo xtask kernels`), repeatable; if none is named, those that are marked there
    #[arg(long, value_name = "NAME", conflicts_with = "kernel_image")]
    pub(crate) kernel: Vec<String>,

    #[command(flatten)]
    pub(crate) own: OwnKernel,

    /// A Linux source tree: it is built outside of itself, with what verification needs, and only what was edited is built again
    #[arg(long, value_name = "PATH", conflicts_with_all = ["kernel", "kernel_image"])]
    pub(crate) tree: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Vm {
    #[command(flatten)]
    pub(crate) kernel: OneKernel,

    /// Write the kernel's console to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) console: Option<PathBuf>,

    /// Let the agent attach no probes: no events and no slot table, on any kernel
    #[arg(long)]
    pub(crate) no_probes: bool,

    /// Use this static program as /init instead of building zram-agent
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) agent_binary: Option<PathBuf>,

    /// Put this file into the VM, under this path or its own; repeatable. A line {"run":["/PATH",...]} runs a program there
    #[arg(long, value_name = "FILE[=/PATH]")]
    pub(crate) with: Vec<String>,

    /// Load this module, too, with what it depends on; one that the kernel has built in is passed over; repeatable
    #[arg(long, value_name = "MODULE")]
    pub(crate) load: Vec<String>,

    /// Use this file as the machine's disk, which keeps what is written to it; it is made if it is not there
    #[arg(long, value_name = "FILE")]
    pub(crate) disk: Option<PathBuf>,

    /// Give the kernel these words, too; repeatable
    #[arg(long, value_name = "WORDS", allow_hyphen_values = true)]
    pub(crate) append: Vec<String>,

    /// How guest instructions are executed
    #[arg(long, value_enum, default_value_t)]
    pub(crate) accel: Accel,
}

#[derive(Debug, Default, Args)]
pub(crate) struct Programs {
    /// Only tests whose name has one of these in it
    #[arg(value_name = "FILTER")]
    pub(crate) filter: Vec<String>,

    /// A kernel of the table (see `cargo xtask kernels`), repeatable; if none is named, those that are marked there
    #[arg(long, value_name = "NAME")]
    pub(crate) kernel: Vec<String>,

    /// How guest instructions are executed
    #[arg(long, value_enum, default_value_t)]
    pub(crate) accel: Accel,
}

#[derive(Debug, Args)]
pub(crate) struct OneKernel {
    /// A kernel of the table (see `cargo xtask kernels`); the table's first if none is named
    #[arg(long, value_name = "NAME", conflicts_with = "kernel_image")]
    pub(crate) kernel: Option<String>,

    #[command(flatten)]
    pub(crate) own: OwnKernel,
}

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct OwnKernel {
    /// A kernel of your own: a bzImage, or a vmlinux with a PVH entry
    #[arg(long, value_name = "PATH")]
    pub(crate) kernel_image: Option<PathBuf>,

    /// Its modules: /lib/modules/RELEASE, a build folder, or an unpacked package; not needed if zram is built in
    #[arg(long, value_name = "DIR", requires = "kernel_image")]
    pub(crate) modules: Option<PathBuf>,
}

impl OwnKernel {
    /// The user's own kernel, if one was given.
    pub(crate) fn choice(&self) -> Option<Choice> {
        self.kernel_image.clone().map(|image| Choice::Own { image, modules: self.modules.clone() })
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definitions_agree_with_each_other() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_named_kernel_and_an_own_one_exclude_each_other() {
        let parse = |line: &str| Cli::try_parse_from(line.split(' ')).map_err(|error| error.kind());
        assert!(parse("xtask verify --kernel a --kernel b --seed 3").is_ok());
        assert!(parse("xtask verify --kernel-image i --modules m").is_ok());
        assert!(parse("xtask verify --tree t --ops 9").is_ok());
        assert_eq!(
            parse("xtask verify --tree t --kernel a").unwrap_err(),
            clap::error::ErrorKind::ArgumentConflict
        );
        assert!(parse("xtask verify --all --jobs 2").is_ok());
        for two in [
            "--all --kernel a",
            "--agent x --all",
            "--agent x --kernel a",
            "--agent x --kernel-image i",
            "--all --tree t",
        ] {
            let refused = parse(&format!("xtask verify {two}")).unwrap_err();
            assert_eq!(refused, clap::error::ErrorKind::ArgumentConflict, "{two}");
        }
        assert_eq!(
            parse("xtask verify --kernel a --kernel-image i").unwrap_err(),
            clap::error::ErrorKind::ArgumentConflict
        );
        assert_eq!(
            parse("xtask vm --modules m").unwrap_err(),
            clap::error::ErrorKind::MissingRequiredArgument
        );
        assert_eq!(parse("xtask verify --ops 0").unwrap_err(), clap::error::ErrorKind::ValueValidation);
    }
}

//! What may be asked of a kernel.
//!
//! Kernels differ in what they have: attributes, compressors, words that `writeback` understands, backing devices that
//! the machine can make. A generator that ignored this would spend most of an old kernel's operations on `ENOENT`; one
//! that looked at answers would no longer make the same operations twice. So what a kernel can do is settled before the
//! first operation, from its profile and its agent's greeting, and from nothing else. The same seed and the same
//! abilities make the same operations; two kernels are compared by those of [`Abilities::both`].
//!
//! What a kernel lacks is still tried now and then, since the errno of that is compared too. Only what it does not
//! survive is never tried: [`Deadly`].

use std::collections::BTreeSet;

use zram_agent::protocol::{BackingKind, Hello, WorkKind};
use zram_events::{Kind, Shortage};
use zram_model::{
    Kernel, Profile,
    behaviours::{ParamsTarget, WritebackCommand, WrittenBack},
};

use crate::{facts, follow};

/// What a kernel does not survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deadly {
    /// Looking at a device whose `disksize` was refused because of its compressor: before 7.2 it forgets its
    /// algorithm's name, and reading `comp_algorithm` compares with nothing (`docs/findings/algorithm-forgotten.md`).
    /// Every readable attribute is read after every operation.
    SizeRefusedByCompressor,
    /// A `disksize` with a window of deflate that zlib does not know: `zlib_deflate_workspacesize` stops the kernel, until zram
    /// looks at the number itself (`docs/findings/deflate-window.md`).
    DeflateWindow,
}

/// What a kernel has, as far as operations depend on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// Names of zram's attributes.
    pub attributes: BTreeSet<String>,
    /// Compressors that are built in.
    pub algorithms: BTreeSet<&'static str>,
    /// Whether there are several algorithms, by priority (`CONFIG_ZRAM_MULTI_COMP`).
    pub multi_comp: bool,
    /// What `writeback` understands.
    pub writeback_command: WritebackCommand,
    /// The name of the attribute that turns compressed writeback on, where that can be chosen.
    pub compressed_writeback: Option<&'static str>,
    /// What `algorithm_params` understands.
    pub params_target: ParamsTarget,
    /// Whether every compressor refuses levels that it does not have (with `disksize`).
    pub parameters_checked: bool,
    /// Whether there is `block_state`.
    pub block_state: bool,
    /// Whether slots have the time of their last access, and `idle` takes an age.
    pub access_times: bool,
    /// Compressed lengths from here on are stored raw, in bytes.
    pub huge_class_size: u64,
    /// Whether the largest sizes wrap to 0, of which the kernel complains.
    pub size_wraps: bool,
    /// Whether a slot that is away is still known as huge.
    pub huge_stays: bool,
    /// Kinds of event that the probes see.
    pub kinds: BTreeSet<Kind>,
    /// Whether records tell interrupts from tasks.
    pub interrupts: bool,
    /// Backing devices that the machine can make.
    pub backing: BTreeSet<BackingKind>,
    /// Workloads that the machine can carry.
    pub workloads: BTreeSet<WorkKind>,
    /// What can be made to fail there for want of memory.
    pub failures: BTreeSet<Shortage>,
    /// What the kernel does not survive.
    pub deadly: BTreeSet<Deadly>,
}

impl Abilities {
    /// Those of a kernel with this profile, on a machine that greets so.
    #[must_use]
    pub fn new(profile: &Profile, hello: &Hello) -> Self {
        let kinds = hello.coverage.iter().flat_map(|coverage| &coverage.attached);
        Self {
            kinds: kinds.map(|attached| attached.kind).collect(),
            interrupts: hello.coverage.as_ref().is_some_and(|coverage| coverage.interrupts),
            backing: hello.backing.iter().copied().collect(),
            workloads: hello
                .workloads
                .iter()
                .copied()
                .filter(|_| !profile.behaviours.pages_without_bios)
                .collect(),
            failures: hello.failures.iter().copied().collect(),
            ..Self::of(profile, hello.attributes.iter().cloned().collect())
        }
    }

    /// Those of a kernel as the profile describes it, on a machine that sees everything and can make any backing device.
    #[must_use]
    pub fn of_profile(profile: &Profile) -> Self {
        let attributes = facts::attributes_of(profile.clone()).into_iter().collect();
        Self::of(profile, attributes)
    }

    fn of(profile: &Profile, attributes: BTreeSet<String>) -> Self {
        let behaviours = &profile.behaviours;
        let compressed_writeback =
            behaviours.compressed_writeback_attribute().filter(|name| attributes.contains(*name));
        let mut deadly = BTreeSet::new();
        if behaviours.algorithm_forgotten {
            deadly.insert(Deadly::SizeRefusedByCompressor);
        }
        if behaviours.params_target != ParamsTarget::Loose && !behaviours.deflate_window_checked {
            deadly.insert(Deadly::DeflateWindow);
        }
        Self {
            multi_comp: profile.multi_comp && attributes.contains("recompress"),
            algorithms: profile.backends.iter().copied().collect(),
            writeback_command: behaviours.writeback_command,
            compressed_writeback,
            params_target: behaviours.params_target,
            parameters_checked: behaviours.parameters_checked,
            block_state: profile.memory_tracking,
            access_times: profile.entry_access_time,
            huge_class_size: u64::from(Kernel::new(profile.clone()).huge_class_size()),
            size_wraps: profile.disksize_wraps,
            huge_stays: behaviours.written_back != WrittenBack::Freed,
            attributes,
            kinds: Kind::ALL.iter().copied().collect(),
            interrupts: true,
            backing: BackingKind::ALL.iter().copied().collect(),
            workloads: WorkKind::ALL.iter().copied().collect(),
            failures: facts::failures_of(profile).into_iter().collect(),
            deadly,
        }
    }

    /// Those of the model in the kernel's place: all but workloads, whose bios only a kernel can choose.
    #[must_use]
    pub fn of_model(profile: &Profile) -> Self {
        Self { workloads: BTreeSet::new(), ..Self::of_profile(profile) }
    }

    /// What both of two kernels have, and what neither of them dies of: operations made from these make sense on either.
    #[must_use]
    pub fn both(&self, other: &Self) -> Self {
        fn common<T: Ord + Clone>(one: &BTreeSet<T>, two: &BTreeSet<T>) -> BTreeSet<T> {
            one.intersection(two).cloned().collect()
        }
        let same_name = self.compressed_writeback == other.compressed_writeback;
        Self {
            attributes: common(&self.attributes, &other.attributes),
            algorithms: common(&self.algorithms, &other.algorithms),
            multi_comp: self.multi_comp && other.multi_comp,
            // Whoever takes arguments takes the old words as well.
            writeback_command: match (self.writeback_command, other.writeback_command) {
                (WritebackCommand::Arguments, WritebackCommand::Arguments) => WritebackCommand::Arguments,
                (WritebackCommand::FirstWords, _) | (_, WritebackCommand::FirstWords) => {
                    WritebackCommand::FirstWords
                }
                _ => WritebackCommand::Word,
            },
            compressed_writeback: self.compressed_writeback.filter(|_| same_name),
            // The stricter takes what the looser takes, where it takes it at all.
            params_target: if self.knows_winbits() { other.params_target } else { self.params_target },
            parameters_checked: self.parameters_checked || other.parameters_checked,
            block_state: self.block_state && other.block_state,
            access_times: self.access_times && other.access_times,
            huge_class_size: self.huge_class_size.min(other.huge_class_size),
            size_wraps: self.size_wraps && other.size_wraps,
            huge_stays: self.huge_stays && other.huge_stays,
            kinds: common(&self.kinds, &other.kinds),
            interrupts: self.interrupts && other.interrupts,
            backing: common(&self.backing, &other.backing),
            workloads: common(&self.workloads, &other.workloads),
            failures: common(&self.failures, &other.failures),
            deadly: self.deadly.union(&other.deadly).copied().collect(),
        }
    }

    /// Whether there is an attribute of this name.
    #[must_use]
    pub fn has(&self, attribute: &str) -> bool {
        self.attributes.contains(attribute)
    }

    /// Whether slots can be written to a backing device.
    #[must_use]
    pub fn writeback(&self) -> bool {
        self.has("writeback") && self.has("backing_dev")
    }

    /// Whether `writeback` takes ranges and `type=`.
    #[must_use]
    pub fn arguments(&self) -> bool {
        self.writeback_command == WritebackCommand::Arguments
    }

    /// Whether a pass has several requests under way.
    #[must_use]
    pub fn batches(&self) -> bool {
        self.has("writeback_batch_size")
    }

    /// Whether `algorithm_params` knows `deflate.winbits`.
    #[must_use]
    pub fn knows_winbits(&self) -> bool {
        self.params_target != ParamsTarget::Loose
    }

    /// Whether slots can be compressed once more.
    #[must_use]
    pub fn recompression(&self) -> bool {
        self.multi_comp && self.algorithms.len() > 1
    }

    /// Whether the machine can make a backing device of this kind.
    #[must_use]
    pub fn makes(&self, kind: BackingKind) -> bool {
        self.backing.contains(&kind)
    }

    /// Whether the machine can carry such a workload, and the probes see enough of it to follow.
    #[must_use]
    pub fn follows(&self, kind: WorkKind) -> bool {
        self.workloads.contains(&kind) && self.sees(follow::NEEDED)
    }

    /// Whether this can be made to fail for want of memory.
    #[must_use]
    pub fn fails(&self, shortage: Shortage) -> bool {
        self.failures.contains(&shortage)
    }

    /// Whether the probes see all of these.
    #[must_use]
    pub fn sees(&self, kinds: &[Kind]) -> bool {
        kinds.iter().all(|kind| self.kinds.contains(kind))
    }

    /// Whether the kernel survives this.
    #[must_use]
    pub fn survives(&self, deed: Deadly) -> bool {
        !self.deadly.contains(&deed)
    }

    /// Of these compressors those that are built in.
    #[must_use]
    pub fn algorithms_of(&self, names: &[&'static str]) -> Vec<&'static str> {
        names.iter().copied().filter(|name| self.algorithms.contains(name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_kernel_has_less_and_says_so() {
        let old = Abilities::of_profile(&Profile::debian_6_12());
        assert!(!old.arguments() && !old.batches() && !old.recompression() && !old.knows_winbits());
        assert!(old.writeback() && old.block_state && old.compressed_writeback.is_none());
        assert!(!old.survives(Deadly::SizeRefusedByCompressor) && old.survives(Deadly::DeflateWindow));
        assert!(!Abilities::of_profile(&Profile::debian_6_18()).survives(Deadly::DeflateWindow));
        let new = Abilities::of_profile(&Profile::custom_7_2());
        assert!(new.arguments() && new.batches() && new.recompression() && new.knows_winbits());
        assert_eq!(new.compressed_writeback, Some("compressed_writeback"));
        assert_eq!(new.algorithms_of(&["zstd", "842", "no-such"]), ["zstd", "842"]);
    }

    #[test]
    fn two_kernels_have_in_common_what_both_have() {
        let old = Abilities::of_profile(&Profile::debian_6_12());
        let new = Abilities::of_profile(&Profile::debian_7_3());
        let both = old.both(&new);
        assert_eq!(both, new.both(&old));
        assert!(both.writeback() && !both.arguments() && !both.batches() && !both.has("max_comp_streams"));
        assert!(both.parameters_checked && !both.knows_winbits());
        assert!(!both.survives(Deadly::SizeRefusedByCompressor));
        assert_eq!(new.both(&new), new);
    }

    #[test]
    fn what_the_greeting_lacks_is_not_there() {
        let hello = Hello {
            protocol: zram_agent::protocol::VERSION,
            kernel: "7.2.0".to_owned(),
            bpf_object: None,
            attributes: vec!["writeback".to_owned(), "disksize".to_owned()],
            backing_path: String::new(),
            coverage: None,
            backing: vec![BackingKind::Ram],
            workloads: vec![WorkKind::Swap],
            failures: Vec::new(),
        };
        let abilities = Abilities::new(&Profile::custom_7_2(), &hello);
        assert!(!abilities.writeback() && !abilities.recompression() && !abilities.batches());
        assert!(abilities.compressed_writeback.is_none());
        assert!(!abilities.follows(WorkKind::Swap), "nothing is seen");
        assert!(abilities.makes(BackingKind::Ram) && !abilities.makes(BackingKind::Delay));
    }
}

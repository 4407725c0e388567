//! Whether probes could attach, as far as texts tell.

use nix::errno::Errno;

use super::{Ability, Feature, Machine, text};

/// Functions without which there is nothing to see: zram's way in, and zsmalloc's.
const FUNCTIONS: &[&str] = &["zram_submit_bio", "zs_malloc", "zs_free"];

pub(super) fn abilities(machine: &mut dyn Machine) -> Vec<Ability> {
    vec![root(machine), kernel_types(machine), functions(machine), lockdown(machine)]
}

fn root(machine: &mut dyn Machine) -> Ability {
    let feature = Feature::Root;
    let effective = text(machine, "/proc/self/status").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("Uid:"))?;
        line.split_whitespace().nth(1).map(str::to_owned)
    });
    match effective.as_deref() {
        Some("0") => Ability::yes(feature, "effective user 0"),
        Some(user) => Ability::no(feature, format!("effective user {user}: run it with sudo")),
        None => Ability::unknown(feature, "/proc/self/status does not say"),
    }
}

fn kernel_types(machine: &mut dyn Machine) -> Ability {
    let feature = Feature::KernelTypes;
    let names = machine.kernel_folder("/sys/kernel/btf").unwrap_or_default();
    let has = |name: &str| names.iter().any(|there| there == name);
    match (has("vmlinux"), has("zram")) {
        (true, true) => Ability::yes(feature, "/sys/kernel/btf has vmlinux and zram"),
        (true, false) => {
            Ability::yes(feature, "/sys/kernel/btf has vmlinux (zram is built in, or not loaded)")
        }
        _ => Ability::no(feature, "no /sys/kernel/btf/vmlinux: it takes CONFIG_DEBUG_INFO_BTF"),
    }
}

fn functions(machine: &mut dyn Machine) -> Ability {
    let feature = Feature::ProbedFunctions;
    const TRACEFS: &str = "/sys/kernel/tracing";
    const PATH: &str = "/sys/kernel/tracing/available_filter_functions";
    match text(machine, PATH) {
        Ok(text) => {
            let listed = |name: &str| text.lines().any(|line| line.split_whitespace().next() == Some(name));
            let missing: Vec<&str> = FUNCTIONS.iter().copied().filter(|name| !listed(name)).collect();
            if missing.is_empty() {
                Ability::yes(feature, format!("{PATH} has them"))
            } else {
                Ability::no(feature, format!("{PATH} has no {}: is zram loaded?", missing.join(", ")))
            }
        }
        Err(Errno::ENOENT) if machine.kernel_folder(TRACEFS).is_ok_and(|names| !names.is_empty()) => {
            Ability::no(feature, format!("no {PATH}: it takes CONFIG_DYNAMIC_FTRACE"))
        }
        Err(Errno::ENOENT) => {
            Ability::no(feature, format!("tracefs is not mounted: `mount -t tracefs none {TRACEFS}`"))
        }
        Err(Errno::EACCES | Errno::EPERM) => Ability::unknown(feature, "tracefs takes root"),
        Err(errno) => Ability::unknown(feature, format!("{PATH}: {}", errno.desc())),
    }
}

/// Only `confidentiality` keeps root from reading the kernel's memory; `integrity` keeps it from writing there.
fn lockdown(machine: &mut dyn Machine) -> Ability {
    let feature = Feature::NotLockedDown;
    let text = match text(machine, "/sys/kernel/security/lockdown") {
        Ok(text) => text,
        Err(Errno::ENOENT) => {
            return Ability::yes(feature, "this kernel has no lockdown, or does not show it");
        }
        Err(errno) => {
            return Ability::unknown(feature, format!("/sys/kernel/security/lockdown: {}", errno.desc()));
        }
    };
    let state = text.split_whitespace().find_map(|word| word.strip_prefix('[')?.strip_suffix(']'));
    match state {
        Some("confidentiality") => Ability::no(
            feature,
            "the kernel is locked down (confidentiality): eBPF may not read its memory. Boot without lockdown=confidentiality",
        ),
        Some(state) => Ability::yes(feature, format!("lockdown is {state}")),
        None => Ability::unknown(feature, "/sys/kernel/security/lockdown names no state"),
    }
}

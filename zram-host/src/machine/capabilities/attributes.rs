//! What zram itself can do: by its attributes, by the options the kernel was built with, by its release.

use nix::errno::Errno;

use super::{Ability, Capabilities, Feature, Machine, text};
use crate::{
    device::DeviceNumber,
    machine::{Resource, pressure},
};

/// Attributes of a device, of any kernel.
const ATTRIBUTES: &[&str] = &[
    "disksize",
    "initstate",
    "reset",
    "compact",
    "mem_limit",
    "mem_used_max",
    "idle",
    "max_comp_streams",
    "comp_algorithm",
    "algorithm_params",
    "recomp_algorithm",
    "recompress",
    "backing_dev",
    "writeback",
    "writeback_limit",
    "writeback_limit_enable",
    "writeback_batch_size",
    "compressed_writeback",
    "bd_stat",
    "mm_stat",
    "io_stat",
    "debug_stat",
];

/// Those that a device has. One that can only be written answers a read with `EACCES`, and changes nothing.
pub(super) fn present(machine: &mut dyn Machine, device: DeviceNumber) -> Vec<&'static str> {
    let mut is_there =
        |name: &&str| !matches!(machine.read_attr(device.0, name), Err(Errno::ENOENT | Errno::ENODEV));
    ATTRIBUTES.iter().copied().filter(|name| is_there(name)).collect()
}

/// How a feature shows.
struct Shown {
    feature: Feature,
    /// As an attribute.
    attribute: &'static str,
    /// The option that the kernel must be built with, without `CONFIG_`.
    option: Option<&'static str>,
    /// The first series that has it.
    since: (u32, u32),
}

const SHOWN: &[Shown] = &[
    Shown {
        feature: Feature::AlgorithmParameters,
        attribute: "algorithm_params",
        option: None,
        since: (6, 12),
    },
    Shown {
        feature: Feature::Recompression,
        attribute: "recomp_algorithm",
        option: Some("ZRAM_MULTI_COMP"),
        since: (6, 2),
    },
    Shown {
        feature: Feature::Writeback,
        attribute: "writeback",
        option: Some("ZRAM_WRITEBACK"),
        since: (4, 14),
    },
    Shown {
        feature: Feature::WritebackBatch,
        attribute: "writeback_batch_size",
        option: Some("ZRAM_WRITEBACK"),
        since: (6, 19),
    },
    Shown {
        feature: Feature::CompressedWriteback,
        attribute: "compressed_writeback",
        option: Some("ZRAM_WRITEBACK"),
        since: (7, 0),
    },
];

pub(super) fn abilities(machine: &mut dyn Machine, report: &Capabilities) -> Vec<Ability> {
    let mut abilities = vec![zram(machine, report)];
    abilities.extend(SHOWN.iter().map(|shown| shown.ability(report)));
    let writeback = abilities.iter().find(|ability| ability.feature == Feature::Writeback);
    abilities.push(ranges(report, writeback.and_then(|ability| ability.able)));
    let block_state = block_state(machine, report);
    abilities.push(access_times(report, &block_state));
    abilities.push(block_state);
    abilities.push(pool_classes(machine, report));
    abilities.push(match pressure(machine, Resource::Memory) {
        Ok(_) => Ability::yes(Feature::Pressure, "/proc/pressure/memory is there"),
        Err(error) => Ability::no(Feature::Pressure, error.to_string()),
    });
    abilities
}

fn zram(machine: &mut dyn Machine, report: &Capabilities) -> Ability {
    let feature = Feature::Zram;
    if report.device.is_some() || machine.kernel_folder("/sys/class/zram-control").is_ok() {
        return Ability::yes(feature, "the module is loaded, or built in");
    }
    let path = report.options.as_ref().map(|options| options.path.as_str()).unwrap_or_default();
    match report.options.as_ref().and_then(|options| options.is_on("ZRAM")) {
        Some(false) => Ability::no(feature, format!("the kernel is built without CONFIG_ZRAM ({path})")),
        Some(true) => Ability::no(feature, "the module is not loaded: `modprobe zram num_devices=0`"),
        None => Ability::no(
            feature,
            "the module is not loaded: `modprobe zram num_devices=0`, if this kernel has it",
        ),
    }
}

impl Shown {
    fn ability(&self, report: &Capabilities) -> Ability {
        let Self { feature, attribute, option, since: (major, minor) } = *self;
        let release = report.release.as_ref();
        let series = release.and_then(super::Release::series);
        if report.attributes.contains(&attribute) {
            return Ability::yes(feature, format!("the attribute {attribute} is there"));
        }
        let name = release.map(|release| release.0.as_str()).unwrap_or_default();
        if series.is_some_and(|series| series < (major, minor)) {
            return Ability::no(feature, format!("since Linux {major}.{minor}; this is {name}"));
        }
        let is_on = option.and_then(|option| report.options.as_ref()?.is_on(option));
        let path = report.options.as_ref().map(|options| options.path.as_str()).unwrap_or_default();
        match (option, is_on, report.device) {
            (Some(option), Some(false), _) => {
                Ability::no(feature, format!("the kernel is built without CONFIG_{option} ({path})"))
            }
            (Some(option), _, Some(device)) => Ability::no(
                feature,
                format!(
                    "{device} has no attribute {attribute}: it takes Linux {major}.{minor} and CONFIG_{option}"
                ),
            ),
            (None, _, Some(device)) => Ability::no(
                feature,
                format!("{device} has no attribute {attribute}: it takes Linux {major}.{minor}"),
            ),
            (Some(option), Some(true), None) if series.is_some() => {
                Ability::yes(feature, format!("Linux {name} with CONFIG_{option} ({path})"))
            }
            (None, _, None) if series.is_some() => Ability::yes(feature, format!("Linux {name} has it")),
            _ => Ability::unknown(feature, NO_DEVICE),
        }
    }
}

const NO_DEVICE: &str = "there is no device to look at, and no configuration of the kernel's to read: `zramctl-rs setup` adds a device";

/// `page_indexes=` has no attribute of its own: where there is writeback, the release tells.
fn ranges(report: &Capabilities, writeback: Option<bool>) -> Ability {
    let feature = Feature::WritebackRanges;
    let release = report.release.as_ref();
    match (writeback, release.and_then(|release| Some((&release.0, release.series()?)))) {
        (_, Some((name, series))) if series < (6, 16) => {
            Ability::no(feature, format!("page_indexes= since Linux 6.16; this is {name}"))
        }
        (Some(false), _) => Ability::no(feature, "there is no writeback"),
        (Some(true), Some(_)) => Ability::yes(feature, "page_indexes= since Linux 6.16"),
        (None, Some(_)) => {
            Ability::unknown(feature, "page_indexes= since Linux 6.16, where there is writeback")
        }
        (_, None) => Ability::unknown(feature, "the kernel's release is not known"),
    }
}

const TRACKING: &str = "ZRAM_MEMORY_TRACKING";

/// `block_state` of a device that is not set up is there, and answers `EINVAL`.
fn block_state(machine: &mut dyn Machine, report: &Capabilities) -> Ability {
    let feature = Feature::BlockState;
    let option = report.options.as_ref().and_then(|options| options.is_on(TRACKING));
    let without = || Ability::no(feature, format!("the kernel is built without CONFIG_{TRACKING}"));
    let Some(device) = report.device else {
        return match option {
            Some(true) => Ability::yes(feature, format!("CONFIG_{TRACKING}")),
            Some(false) => without(),
            None => Ability::unknown(feature, NO_DEVICE),
        };
    };
    match machine.block_state(device.0, 0, 4096) {
        Ok(_) | Err(Errno::EINVAL) => {
            Ability::yes(feature, format!("/sys/kernel/debug/zram/{device}/block_state can be read"))
        }
        Err(_) if option == Some(false) => without(),
        Err(Errno::EACCES | Errno::EPERM) => Ability::no(feature, "debugfs takes root"),
        Err(Errno::ENOENT)
            if machine.kernel_folder("/sys/kernel/debug").is_ok_and(|names| !names.is_empty()) =>
        {
            without()
        }
        Err(Errno::ENOENT) => {
            Ability::no(feature, "debugfs is not mounted: `mount -t debugfs none /sys/kernel/debug`")
        }
        Err(errno) => Ability::no(feature, format!("block_state of {device}: {}", errno.desc())),
    }
}

/// Nothing shows them but `block_state`, whose option selects theirs (Linux 6.8; before, it was the same one).
fn access_times(report: &Capabilities, block_state: &Ability) -> Ability {
    let feature = Feature::AccessTimes;
    let options = report.options.as_ref();
    let is_on = |name: &str| options.and_then(|options| options.is_on(name)).unwrap_or(false);
    let path = options.map(|options| options.path.as_str()).unwrap_or_default();
    if report.device.is_some() && block_state.able == Some(true) {
        Ability::yes(feature, "block_state has them")
    } else if is_on("ZRAM_TRACK_ENTRY_ACTIME") || is_on(TRACKING) {
        Ability::yes(feature, format!("CONFIG_ZRAM_TRACK_ENTRY_ACTIME ({path})"))
    } else if options.is_some() {
        Ability::no(feature, format!("the kernel is built without CONFIG_ZRAM_TRACK_ENTRY_ACTIME ({path})"))
    } else {
        Ability::unknown(
            feature,
            "neither block_state nor a configuration of the kernel's can be read; `zramctl-rs idle --older` would say",
        )
    }
}

fn pool_classes(machine: &mut dyn Machine, report: &Capabilities) -> Ability {
    let feature = Feature::PoolClasses;
    let is_on = report.options.as_ref().and_then(|options| options.is_on("ZSMALLOC_STAT"));
    let read = report.device.map(|device| {
        let path = format!("/sys/kernel/debug/zsmalloc/{device}/classes");
        text(machine, &path).map(|_| path)
    });
    match (read, is_on) {
        (Some(Ok(path)), _) => Ability::yes(feature, format!("{path} can be read")),
        (_, Some(false)) => Ability::no(feature, "the kernel is built without CONFIG_ZSMALLOC_STAT"),
        (_, Some(true)) => Ability::yes(feature, "CONFIG_ZSMALLOC_STAT: to root, of a device that is set up"),
        (Some(Err(Errno::EACCES | Errno::EPERM)), None) => Ability::unknown(feature, "debugfs takes root"),
        _ => Ability::unknown(
            feature,
            "no device that is set up shows them; they take CONFIG_ZSMALLOC_STAT, debugfs and root",
        ),
    }
}

//! Services that set zram up, and this project's daemon, which drives what is set up.

use zram_host::Machine;

use super::{Conflict, With, names, text};
use crate::severity::Severity;

/// A service.
struct Service {
    with: With,
    /// Who it is, in words.
    who: &'static str,
    /// Its name, as systemd's unit and as a script of init's.
    name: &'static str,
    /// Where its configuration is: a file, or a folder with files.
    configuration: &'static [&'static str],
}

const SERVICES: &[Service] = &[
    Service {
        with: With::ZramTools,
        who: "zram-tools",
        name: "zramswap",
        configuration: &["/etc/default/zramswap"],
    },
    Service {
        with: With::ZramInit,
        who: "zram-init",
        name: "zram-init",
        configuration: &["/etc/conf.d/zram-init", "/etc/modprobe.d/zram.conf"],
    },
    Service { with: With::ZramConfig, who: "zram-config", name: "zram-config", configuration: &[] },
    Service {
        with: With::GoZramd,
        who: "zramd (the program in Go, not this project's)",
        name: "zramd",
        configuration: &["/etc/default/zramd"],
    },
    Service {
        with: With::Zramd,
        who: "zramd (this project's daemon)",
        name: "zramd",
        configuration: &["/etc/zramd"],
    },
];

/// Folders of systemd's units, the strongest first.
const UNITS: [&str; 4] =
    ["/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];

/// Folders of what is started at boot: systemd's targets, and OpenRC's runlevels.
const AT_BOOT: [&str; 7] = [
    "/etc/systemd/system/multi-user.target.wants",
    "/etc/systemd/system/sysinit.target.wants",
    "/etc/systemd/system/swap.target.wants",
    "/etc/systemd/system/local-fs.target.wants",
    "/etc/systemd/system/default.target.wants",
    "/etc/runlevels/boot",
    "/etc/runlevels/default",
];

/// Those that are installed. A configuration that stayed behind when a program went away is none.
pub(super) fn conflicts(machine: &mut dyn Machine) -> Vec<Conflict> {
    SERVICES.iter().filter_map(|service| service.conflict(machine)).collect()
}

impl Service {
    fn conflict(&self, machine: &mut dyn Machine) -> Option<Conflict> {
        let unit = format!("{}.service", self.name);
        let script = format!("/etc/init.d/{}", self.name);
        // A unit that is masked is a link to /dev/null, which is empty.
        let unit_is_there = UNITS
            .iter()
            .find_map(|folder| text(machine, &format!("{folder}/{unit}")))
            .map(|text| !text.is_empty());
        let by_systemd = unit_is_there == Some(true);
        let by_init = unit_is_there.is_none() && text(machine, &script).is_some();
        if !by_systemd && !by_init {
            return None;
        }
        let configuration = self.configuration.iter().find(|path| is_there(machine, path));
        // Two programs have the name zramd: their configuration tells them apart.
        if matches!(self.with, With::GoZramd | With::Zramd) && configuration.is_none() {
            return None;
        }
        let name = if by_systemd { unit.as_str() } else { self.name };
        let at_boot = AT_BOOT.iter().any(|folder| names(machine, folder).iter().any(|there| there == name));
        let drives = self.with == With::Zramd;
        let does = match (at_boot, drives) {
            (false, _) => "is installed, and not started at boot",
            (true, false) => "sets zram up at boot",
            (true, true) => "marks idle pages, writes back and recompresses on the devices that are set up",
        };
        let from = configuration.map(|path| format!(", as {path} says")).unwrap_or_default();
        let disable = if by_systemd {
            format!("`systemctl disable --now {unit}`")
        } else {
            format!("`rc-update --all del {0}` and `rc-service {0} stop`", self.name)
        };
        Some(Conflict {
            with: self.with,
            severity: Severity::Note,
            sets_up: at_boot && !drives,
            says: format!("{} {does}{from} ({name}).", self.who),
            way_out: match configuration {
                Some(path) => {
                    let what = if drives { "that" } else { "zram" };
                    format!("leave {what} to it and change {path}; or {disable}")
                }
                None => disable,
            },
        })
    }
}

fn is_there(machine: &mut dyn Machine, path: &str) -> bool {
    machine.kernel_file(path).is_ok() || machine.kernel_folder(path).is_ok()
}

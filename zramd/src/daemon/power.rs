//! Whether the machine runs on battery: `/sys/class/power_supply` (`power_supply_show_property`).

use zram_host::Machine;

const FOLDER: &str = "/sys/class/power_supply";

/// Whether it does. `None`: it has no battery, or nothing says.
pub(super) fn on_battery(machine: &mut dyn Machine) -> Option<bool> {
    let names = machine.kernel_folder(FOLDER).ok()?;
    let (mut battery, mut mains) = (false, false);
    for name in names {
        let mut read = |property: &str| {
            let text = machine.kernel_file(&format!("{FOLDER}/{name}/{property}")).unwrap_or_default();
            String::from_utf8_lossy(&text).trim().to_owned()
        };
        match read("type").as_str() {
            // A mouse has one too, with scope "Device".
            "Battery" if read("scope") != "Device" => battery |= read("status") == "Discharging",
            "Mains" | "USB" => mains |= read("online") == "1",
            _ => {}
        }
    }
    (battery || mains).then_some(battery && !mains)
}

#[cfg(test)]
mod tests {
    use zram_codecs::Codecs;
    use zram_host::{SimHost, Simulated};
    use zram_model::Profile;

    use super::*;

    fn machine(files: &[(&str, &str)]) -> SimHost<Simulated<Codecs>> {
        let mut machine = SimHost::new(Profile::debian_7_2(), Simulated::new(Codecs::new()));
        for (path, text) in files {
            machine.set_kernel_file(&format!("{FOLDER}/{path}"), text);
        }
        machine
    }

    #[test]
    fn a_laptop_says() {
        let discharging =
            [("BAT0/type", "Battery\n"), ("BAT0/status", "Discharging\n"), ("AC/type", "Mains\n")];
        assert_eq!(on_battery(&mut machine(&discharging)), Some(true));
        let plugged = [
            ("BAT0/type", "Battery\n"),
            ("BAT0/status", "Charging\n"),
            ("AC/type", "Mains\n"),
            ("AC/online", "1\n"),
        ];
        assert_eq!(on_battery(&mut machine(&plugged)), Some(false));
        let mouse = [("hid/type", "Battery\n"), ("hid/status", "Discharging\n"), ("hid/scope", "Device\n")];
        assert_eq!(on_battery(&mut machine(&mouse)), None);
        assert_eq!(on_battery(&mut machine(&[])), None);
    }
}

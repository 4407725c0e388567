//! Which device.

use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};

/// A device's number: the `N` of `zramN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceNumber(pub u32);

impl DeviceNumber {
    /// The path of its node.
    #[must_use]
    pub fn node(self) -> String {
        format!("/dev/{self}")
    }
}

impl fmt::Display for DeviceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "zram{}", self.0)
    }
}

impl Serialize for DeviceNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A text that does not name a zram device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no zram device: give a name such as zram0 or /dev/zram0")]
pub struct NotADevice(String);

impl FromStr for DeviceNumber {
    type Err = NotADevice;

    /// `zram0` or `/dev/zram0`. No leading zeros or signs: the kernel's names have none.
    fn from_str(text: &str) -> Result<Self, NotADevice> {
        let wrong = || NotADevice(text.to_owned());
        let name = text.strip_prefix("/dev/").unwrap_or(text);
        let number = name.strip_prefix("zram").and_then(|number| number.parse().ok()).map(Self);
        number.filter(|number| number.to_string() == name).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths_are_devices_and_nothing_else_is() {
        assert_eq!("zram0".parse(), Ok(DeviceNumber(0)));
        assert_eq!("/dev/zram12".parse(), Ok(DeviceNumber(12)));
        for wrong in ["", "0", "zram", "zram01", "zram+1", "zram-1", "/dev/sda", "zram1 ", "zram99999999999"]
        {
            assert!(wrong.parse::<DeviceNumber>().is_err(), "{wrong}");
        }
    }
}

//! Which kernel: `/proc/sys/kernel/osrelease`.

use serde::{Serialize, Serializer};

use super::{Machine, text};

/// A kernel's release: `7.2.13+deb14-cloud-amd64`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release(pub String);

impl Release {
    /// Its first two numbers. `None`: it does not begin with such.
    #[must_use]
    pub fn series(&self) -> Option<(u32, u32)> {
        let (major, rest) = self.0.split_once('.')?;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        Some((major.parse().ok()?, rest[..end].parse().ok()?))
    }
}

impl Serialize for Release {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

pub(super) fn release(machine: &mut dyn Machine) -> Option<Release> {
    let text = text(machine, "/proc/sys/kernel/osrelease").ok()?;
    Some(Release(text.trim().to_owned())).filter(|release| !release.0.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_has_a_series() {
        for (text, series) in [
            ("7.2.13+deb14-cloud-amd64", Some((7, 2))),
            ("6.12.0-rc1", Some((6, 12))),
            ("7.0-rc3", Some((7, 0))),
            ("7", None),
            ("x.1", None),
            ("", None),
        ] {
            assert_eq!(Release(text.to_owned()).series(), series, "{text}");
        }
    }
}

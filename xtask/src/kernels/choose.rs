//! Which of the releases on offer to take.

use std::collections::BTreeMap;

use super::Packages;
use crate::apt::{Package, compare_versions};

/// A release and the packages that make it up.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Release {
    /// `uname -r`.
    pub(super) name: String,
    /// The packages' version.
    pub(super) version: String,
    /// What to download, in the table's order.
    pub(super) packages: Vec<Package>,
}

/// Beginnings of the names of all packages that may belong to the kernel.
pub(super) fn prefixes(kernel: &Packages) -> Vec<String> {
    kernel
        .packages
        .iter()
        .filter_map(|pattern| pattern.split_once("{release}"))
        .map(|(before, _)| format!("{before}{}", kernel.series))
        .collect()
}

/// The newest release of the series of which every package is on offer in one and the same version.
pub(super) fn newest(kernel: &Packages, offered: &[Package]) -> Option<Release> {
    let mut found: BTreeMap<(&str, &str), Vec<Option<&Package>>> = BTreeMap::new();
    for (position, pattern) in kernel.packages.iter().enumerate() {
        for package in offered {
            if let Some(release) = release(kernel, pattern, &package.name) {
                let slots = found
                    .entry((release, &package.version))
                    .or_insert_with(|| vec![None; kernel.packages.len()]);
                slots[position] = Some(package);
            }
        }
    }
    let complete = found.into_iter().filter_map(|((release, version), slots)| {
        let packages: Vec<Package> = slots.into_iter().map(|slot| slot.cloned()).collect::<Option<_>>()?;
        Some(Release { name: release.to_owned(), version: version.to_owned(), packages })
    });
    complete.max_by(|left, right| {
        compare_versions(&left.version, &right.version)
            .then_with(|| compare_versions(&left.name, &right.name))
    })
}

/// The release a package's name speaks of, if it is of this series and flavour.
fn release<'a>(kernel: &Packages, pattern: &str, name: &'a str) -> Option<&'a str> {
    let (before, after) = pattern.split_once("{release}")?;
    let release = name.strip_prefix(before)?.strip_suffix(after)?;
    let patch = release.strip_prefix(&kernel.series)?.strip_suffix(&kernel.flavour)?.strip_suffix('-')?;
    // 7.2 is the series of 7.2.13 and 7.2+deb14 but not of 7.20; `-rt` and the like are other flavours.
    let continues = patch.is_empty() || patch.starts_with(['.', '+', '~', '-']);
    let plain = patch.split('-').skip(1).all(|part| part.starts_with(|c: char| c.is_ascii_digit()));
    (continues && plain).then_some(release)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kernel(series: &str, packages: &[&str]) -> Packages {
        Packages {
            series: series.into(),
            flavour: "cloud-amd64".into(),
            suites: vec!["sid".into()],
            packages: packages.iter().map(|&pattern| pattern.to_owned()).collect(),
        }
    }

    fn package(name: &str, version: &str) -> Package {
        Package {
            name: name.into(),
            version: version.into(),
            size: 1,
            installed_size: 1,
            sha256: String::new(),
        }
    }

    fn pick(kernel: &Packages, offered: &[(&str, &str)]) -> Option<(String, String)> {
        let offered: Vec<_> = offered.iter().map(|(name, version)| package(name, version)).collect();
        newest(kernel, &offered).map(|release| (release.name, release.version))
    }

    const SPLIT: [&str; 2] = ["linux-binary-{release}", "linux-modules-{release}"];

    #[test]
    fn the_newest_complete_release_wins() {
        let kernel = kernel("7.2", &SPLIT);
        let offered = [
            ("linux-binary-7.2.9+deb13-cloud-amd64", "7.2.9-1~bpo13+1"),
            ("linux-modules-7.2.9+deb13-cloud-amd64", "7.2.9-1~bpo13+1"),
            ("linux-binary-7.2.12+deb14-cloud-amd64", "7.2.12-1"),
            ("linux-modules-7.2.12+deb14-cloud-amd64", "7.2.12-1"),
            // Binary not there yet.
            ("linux-modules-7.2.13+deb14-cloud-amd64", "7.2.13-1"),
            // Other series and flavours.
            ("linux-binary-7.20.1+deb14-cloud-amd64", "7.20.1-1"),
            ("linux-modules-7.20.1+deb14-cloud-amd64", "7.20.1-1"),
            ("linux-binary-7.2.14+deb14-rt-cloud-amd64", "7.2.14-1"),
            ("linux-modules-7.2.14+deb14-rt-cloud-amd64", "7.2.14-1"),
            ("linux-binary-unsigned-7.2.15+deb14-cloud-amd64", "7.2.15-1"),
        ];
        assert_eq!(pick(&kernel, &offered), Some(("7.2.12+deb14-cloud-amd64".into(), "7.2.12-1".into())));
    }

    #[test]
    fn packages_of_different_versions_are_not_mixed() {
        let kernel = kernel("7.2", &SPLIT);
        let offered = [
            ("linux-binary-7.2.12+deb14-cloud-amd64", "7.2.12-2"),
            ("linux-modules-7.2.12+deb14-cloud-amd64", "7.2.12-1"),
        ];
        assert_eq!(pick(&kernel, &offered), None);
    }

    #[test]
    fn older_kernels_come_in_one_package() {
        let one = ["linux-image-{release}"];
        let offered = [
            ("linux-image-6.12.95+deb13-cloud-amd64", "6.12.95-1"),
            ("linux-image-6.12.96+deb13-cloud-amd64-dbg", "6.12.96-1"),
            ("linux-image-6.12.96+deb13-cloud-amd64-unsigned", "6.12.96-1"),
            ("linux-image-6.1.0-37-cloud-amd64", "6.1.140-1"),
            ("linux-image-6.1.0-9-cloud-amd64", "6.1.27-1"),
            ("linux-image-6.1.0-38-rt-cloud-amd64", "6.1.147-1"),
        ];
        assert_eq!(
            pick(&kernel("6.12", &one), &offered),
            Some(("6.12.95+deb13-cloud-amd64".into(), "6.12.95-1".into()))
        );
        assert_eq!(
            pick(&kernel("6.1", &one), &offered),
            Some(("6.1.0-37-cloud-amd64".into(), "6.1.140-1".into()))
        );
    }

    #[test]
    fn names_are_asked_for_by_their_beginning() {
        assert_eq!(prefixes(&kernel("7.2", &SPLIT)), ["linux-binary-7.2", "linux-modules-7.2"]);
    }
}

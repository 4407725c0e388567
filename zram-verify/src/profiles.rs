//! Which profile stands for a kernel.

use std::collections::BTreeSet;

use zram_model::{Fit, Profile};

use crate::trace::MODEL_KERNEL;

/// A profile, and what must be said when it is not made for this kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The profile.
    pub profile: Profile,
    /// A remark for the report.
    pub remark: Option<String>,
}

/// The profile for a kernel release. A model in a kernel's place says itself which one it is.
#[must_use]
pub fn for_release(release: &str) -> Chosen {
    let model = release.strip_prefix(MODEL_KERNEL).map(str::trim).and_then(Profile::named);
    if let Some(profile) = model {
        return Chosen { profile, remark: None };
    }
    let zram_model::Chosen { profile, fit } = Profile::for_release(release);
    let remark = format!("Linux {release}: {fit}, {}", profile.name);
    let remark = (fit != Fit::Exact).then_some(remark);
    Chosen { profile, remark }
}

/// The profile for a kernel of this release with these attributes. Kernels of one release differ by configuration, and
/// that shows in what attributes there are.
#[must_use]
pub fn for_kernel(release: &str, attributes: &[String]) -> Chosen {
    let theirs: BTreeSet<&String> = attributes.iter().collect();
    let has_these = |profile: &Profile| {
        let ours = crate::facts::attributes_of(profile.clone());
        ours.iter().collect::<BTreeSet<_>>() == theirs
    };
    let mut of_its_series = Profile::all().into_iter().filter(|profile| is_series(release, profile.series));
    match of_its_series.find(has_these) {
        Some(profile) => Chosen { profile, remark: None },
        None => for_release(release),
    }
}

/// Whether a release is of a series: 7.2.13 of 7.2, and 7.20 not.
pub(crate) fn is_series(release: &str, series: &str) -> bool {
    release.strip_prefix(series).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// The profile of this name.
#[must_use]
pub fn by_name(name: &str) -> Option<Profile> {
    Profile::named(name)
}

/// The names of all profiles, for messages.
#[must_use]
pub fn names() -> String {
    Profile::all().iter().map(|profile| profile.name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_finds_its_series() {
        assert_eq!(for_release("7.2.13+deb14-cloud-amd64").remark, None);
        assert_eq!(for_release("7.2.13+deb14-cloud-amd64").profile.name, "debian-7.2");
        assert!(for_release("7.20.1").remark.is_some());
        assert!(for_release("9.0.0").remark.is_some_and(|remark| remark.contains("newest, debian-7.3")));
        let model = for_release("model debian-6.12");
        assert_eq!((model.profile.name, model.remark), ("debian-6.12", None));
    }
}

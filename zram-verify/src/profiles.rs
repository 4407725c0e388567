//! Which profile stands for a kernel.

use zram_model::Profile;

use crate::trace::MODEL_KERNEL;

/// Every profile, newest last.
fn all() -> Vec<Profile> {
    vec![Profile::debian_7_2()]
}

/// A profile, and what must be said when it is not made for this kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The profile.
    pub profile: Profile,
    /// A remark for the report.
    pub remark: Option<String>,
}

/// The profile for a kernel release: the one of its series, else the newest.
#[must_use]
pub fn for_release(release: &str) -> Chosen {
    let mut profiles = all();
    let matching = profiles.iter().position(|profile| {
        release
            .strip_prefix(profile.series)
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
    });
    match matching {
        Some(at) => Chosen { profile: profiles.swap_remove(at), remark: None },
        None => {
            let newest = profiles.pop().unwrap_or_else(Profile::debian_7_2);
            let remark = format!("no profile is made for Linux {release}; using the newest, {}", newest.name);
            let remark = (!release.starts_with(MODEL_KERNEL)).then_some(remark);
            Chosen { profile: newest, remark }
        }
    }
}

/// The profile of this name.
#[must_use]
pub fn by_name(name: &str) -> Option<Profile> {
    all().into_iter().find(|profile| profile.name == name)
}

/// The names of all profiles, for messages.
#[must_use]
pub fn names() -> String {
    all().iter().map(|profile| profile.name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_finds_its_series() {
        assert_eq!(for_release("7.2.13+deb14-cloud-amd64").remark, None);
        assert!(for_release("7.20.1").remark.is_some());
        assert!(for_release("9.0.0").remark.is_some_and(|remark| remark.contains("debian-7.2")));
    }
}

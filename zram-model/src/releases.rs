//! Which profile stands for which kernel.
//!
//! A release finds the profile of its series. For a series without one the nearest older is taken, since kernels
//! keep what they do until they change it, and a newer kernel than all gets the newest; either way the
//! answer says so, and whoever reports must pass that on.

use core::fmt;

use crate::profile::Profile;

/// A profile for a kernel, and how well it fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The profile.
    pub profile: Profile,
    /// How well it fits.
    pub fit: Fit,
}

/// How well a profile fits the kernel it was chosen for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fit {
    /// It is made for this series.
    Exact,
    /// No profile is made for this series: this is the nearest older one.
    NearestOlder,
    /// The kernel is older than every profile: this is the oldest.
    Oldest,
    /// The kernel is newer than every profile: this is the newest.
    Newest,
    /// The text names no kernel version: this is the newest.
    Unreadable,
}

impl fmt::Display for Fit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exact => "a profile is made for this series",
            Self::NearestOlder => "no profile is made for this series; using the nearest older one",
            Self::Oldest => "no profile is made for kernels this old; using the oldest",
            Self::Newest => "no profile is made for kernels this new; using the newest",
            Self::Unreadable => "this is no kernel version; using the newest profile",
        })
    }
}

impl Profile {
    /// The profiles of released kernels, oldest first.
    #[must_use]
    pub fn released() -> Vec<Self> {
        vec![
            Self::debian_6_1(),
            Self::debian_6_12(),
            Self::debian_6_17(),
            Self::debian_6_18(),
            Self::linux_6_19(),
            Self::linux_7_0(),
            Self::linux_7_1(),
            Self::debian_7_2(),
            Self::debian_7_3(),
        ]
    }

    /// Every profile: those of released kernels, then the others.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut all = Self::released();
        all.extend([
            Self::custom_6_19(),
            Self::custom_7_1(),
            Self::custom_7_2(),
            Self::seed_patch(),
            Self::proposed(),
        ]);
        all
    }

    /// The profile of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|profile| profile.name == name)
    }

    /// The profile for a kernel release such as `7.2.13+deb14-cloud-amd64`.
    #[must_use]
    pub fn for_release(release: &str) -> Chosen {
        let mut profiles = Self::released();
        let newest = profiles.len() - 1;
        let (at, fit) = match series(release) {
            None => (newest, Fit::Unreadable),
            Some(wanted) => {
                let known = |at: usize| series(profiles[at].series);
                let older = (0..profiles.len()).rev().find(|at| known(*at) <= Some(wanted));
                match older {
                    None => (0, Fit::Oldest),
                    Some(at) if known(at) == Some(wanted) => (at, Fit::Exact),
                    Some(at) if at == newest => (at, Fit::Newest),
                    Some(at) => (at, Fit::NearestOlder),
                }
            }
        };
        Chosen { profile: profiles.swap_remove(at), fit }
    }
}

/// The first two numbers of a release.
fn series(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(release: &str) -> (&'static str, Fit) {
        let Chosen { profile, fit } = Profile::for_release(release);
        (profile.name, fit)
    }

    #[test]
    fn a_release_finds_its_series() {
        assert_eq!(chosen("7.2.13+deb14-cloud-amd64"), ("debian-7.2", Fit::Exact));
        assert_eq!(chosen("6.1.0-50-cloud-amd64"), ("debian-6.1", Fit::Exact));
        assert_eq!(chosen("6.12.107"), ("debian-6.12", Fit::Exact));
        assert_eq!(chosen("6.18.15+deb13-cloud-amd64"), ("debian-6.18", Fit::Exact));
        assert_eq!(chosen("7.0.0-rc1"), ("linux-7.0", Fit::Exact));
        assert_eq!(chosen("7.3"), ("debian-7.3", Fit::Exact));
    }

    #[test]
    fn what_has_no_profile_gets_another_and_says_so() {
        assert_eq!(chosen("7.1.4"), ("linux-7.1", Fit::Exact));
        assert_eq!(chosen("6.16.12"), ("debian-6.12", Fit::NearestOlder));
        assert_eq!(chosen("6.6.30"), ("debian-6.1", Fit::NearestOlder));
        assert_eq!(chosen("5.10.223"), ("debian-6.1", Fit::Oldest));
        assert_eq!(chosen("7.20.1"), ("debian-7.3", Fit::Newest));
        assert_eq!(chosen("9.0.0"), ("debian-7.3", Fit::Newest));
        assert_eq!(chosen("the model"), ("debian-7.3", Fit::Unreadable));
        assert_eq!(chosen(""), ("debian-7.3", Fit::Unreadable));
    }

    #[test]
    fn names_are_unique_and_found_again() {
        for profile in Profile::all() {
            assert_eq!(Profile::named(profile.name), Some(profile));
        }
        assert_eq!(Profile::named("debian-7.20"), None);
    }

    #[test]
    fn released_profiles_are_in_order() {
        let all: Vec<_> = Profile::released().iter().map(|profile| series(profile.series)).collect();
        assert!(all.is_sorted() && all.iter().all(Option::is_some), "{all:?}");
    }
}

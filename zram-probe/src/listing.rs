//! The kernel's lists of its functions.
//!
//! BTF says what a function takes, not whether ftrace can patch it, nor whether a second function
//! has its name. `available_filter_functions` says both. Where tracefs is not mounted,
//! `/proc/kallsyms` still says the latter.

use std::{collections::BTreeMap, fs};

use crate::{failures, table::PROBES};

/// Where ftrace lists what it can patch; either may be mounted.
const TRACEABLE: [&str; 2] = [
    "/sys/kernel/tracing/available_filter_functions",
    "/sys/kernel/debug/tracing/available_filter_functions",
];

const SYMBOLS: &str = "/proc/kallsyms";

/// How often each function of interest occurs, by name and module.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    counts: BTreeMap<(String, Option<String>), usize>,
}

impl Listing {
    /// The best list that can be read. None may be: then the kernel has the last word when programs are attached.
    pub(crate) fn read() -> Self {
        if let Some(text) = TRACEABLE.iter().find_map(|path| fs::read_to_string(path).ok()) {
            return Self::of_ftrace(&text);
        }
        fs::read_to_string(SYMBOLS).map_or_else(|_| Self::default(), |text| Self::of_kallsyms(&text))
    }

    /// `name` or `name [module]` per line.
    fn of_ftrace(text: &str) -> Self {
        Self::collect(text.lines())
    }

    /// `address type name` or `address type name [module]` per line, functions of type `t` or `T`.
    fn of_kallsyms(text: &str) -> Self {
        Self::collect(text.lines().filter_map(|line| {
            let (_, rest) = line.split_once(' ')?;
            let (kind, name) = rest.split_once(' ')?;
            matches!(kind, "t" | "T").then_some(name)
        }))
    }

    fn collect<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        let wanted: Vec<&str> =
            PROBES.iter().flat_map(|probe| probe.targets).map(|target| target.symbol).collect();
        let wanted: Vec<&str> =
            wanted.into_iter().chain(failures::targets().map(|(_, target)| target.symbol)).collect();
        let mut counts = BTreeMap::new();
        for line in lines {
            let mut words = line.split_whitespace();
            let Some(name) = words.next().filter(|name| wanted.contains(name)) else { continue };
            let module = words.next().and_then(|word| word.strip_prefix('[')?.strip_suffix(']'));
            *counts.entry((name.to_owned(), module.map(str::to_owned))).or_insert(0) += 1;
        }
        Self { counts }
    }

    /// How many functions have this name in this module; 1 if there is no list to look into.
    pub(crate) fn copies(&self, name: &str, module: Option<&str>) -> usize {
        if self.counts.is_empty() {
            return 1;
        }
        self.counts.get(&(name.to_owned(), module.map(str::to_owned))).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ftrace_names_modules_in_brackets() {
        let listing = Listing::of_ftrace("zs_malloc\nobj_free\nobj_free\nslot_free [zram]\nschedule\n");
        assert_eq!(listing.copies("zs_malloc", None), 1);
        assert_eq!(listing.copies("obj_free", None), 2);
        assert_eq!(listing.copies("slot_free", Some("zram")), 1);
        assert_eq!(listing.copies("slot_free", None), 0);
    }

    #[test]
    fn kallsyms_has_data_too() {
        let text = "ffffffff81000000 T zs_malloc\nffffffff82000000 d zs_free\nffffffffc0000000 t slot_free\t[zram]\n";
        let listing = Listing::of_kallsyms(text);
        assert_eq!(listing.copies("zs_malloc", None), 1);
        assert_eq!(listing.copies("zs_free", None), 0);
        assert_eq!(listing.copies("slot_free", Some("zram")), 1);
    }

    #[test]
    fn without_a_list_nothing_is_doubted() {
        assert_eq!(Listing::default().copies("zs_malloc", None), 1);
    }
}

//! Having the N-th allocation of a kind fail: which kinds a kernel lets one choose, and the programs that do it.
//!
//! A kind of allocation is told by the function that it is made under, and by its size (`Row`); `zram-ebpf/src/failure.rs` says why
//! that is enough. A kernel has a kind if all programs for it load: the two functions that are answered in the allocators' place exist with
//! `CONFIG_FAILSLAB` and `CONFIG_FAIL_PAGE_ALLOC` alone, and whether they may be answered (`CONFIG_FUNCTION_ERROR_INJECTION`) only
//! the kernel says. So they are loaded when the probes are, and attached when a failure is asked for: where they are not attached,
//! nothing is different from a kernel without them.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    os::fd::{AsFd as _, OwnedFd},
};

use aya::{
    Ebpf,
    maps::{Array, MapData},
};
use serde::{Deserialize, Serialize};
use zram_events::{
    Shortage,
    layout::{Field, failure},
};

use crate::{
    error::ProbeError,
    facts::KernelBtf,
    load::Loader,
    plan::{Facts, Placement, module_of},
    probes::{map_error, take},
    sys,
    table::{Attach, Home, Hook, Target, Want},
};

const REQUEST: &str = "FAILURE";

/// Words of a request: see [`zram_events::layout::FailureRequest`].
const WORDS: usize = 8;

/// Bytes of a handle (`ZS_HANDLE_SIZE`, a macro).
const HANDLE: u32 = 8;

/// How many allocations of the kind an operation made, and how many of them failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// All of them, those that failed included.
    pub asked: u32,
    /// Those that failed: one at most.
    pub failed: u32,
}

/// How an allocation of the kind is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// `kmalloc` of this structure.
    Kmalloc(&'static str),
    /// `kmalloc` of so many bytes.
    KmallocBytes(u32),
    /// From a cache of this structure.
    Cache(&'static str),
    /// From a cache of objects of so many bytes.
    CacheBytes(u32),
    /// Pages that may lie in high memory.
    Page,
}

/// One kind of allocation.
struct Row {
    shortage: Shortage,
    home: Home,
    /// The function that it is made under.
    under: &'static str,
    by: By,
}

const fn row(shortage: Shortage, home: Home, under: &'static str, by: By) -> Row {
    Row { shortage, home, under, by }
}

use Home::{Zram, Zsmalloc};

const ROWS: &[Row] = &[
    row(Shortage::Device, Zram, "zram_add", By::Kmalloc("zram")),
    row(Shortage::Compressor, Zram, "zcomp_create", By::Kmalloc("zcomp")),
    row(Shortage::BackingPath, Zram, "backing_dev_store", By::KmallocBytes(4096)),
    row(Shortage::Handle, Zsmalloc, "zs_malloc", By::CacheBytes(HANDLE)),
    row(Shortage::Zspage, Zsmalloc, "zs_malloc", By::Cache("zspage")),
    row(Shortage::ZspagePage, Zsmalloc, "zs_malloc", By::Page),
    row(Shortage::ReadBack, Zram, "zram_submit_bio", By::Kmalloc("zram_rb_req")),
    row(Shortage::Candidates, Zram, "writeback_store", By::Kmalloc("zram_pp_ctl")),
    row(Shortage::Candidate, Zram, "writeback_store", By::Kmalloc("zram_pp_slot")),
    row(Shortage::WritebackControl, Zram, "writeback_store", By::Kmalloc("zram_wb_ctl")),
    row(Shortage::WritebackRequest, Zram, "writeback_store", By::Kmalloc("zram_wb_req")),
    row(Shortage::RecompressionCandidates, Zram, "recompress_store", By::Kmalloc("zram_pp_ctl")),
    row(Shortage::RecompressionCandidate, Zram, "recompress_store", By::Kmalloc("zram_pp_slot")),
];

const CACHE: Want = Want::To("kmem_cache");

const fn target(attach: Attach, program: &'static str, symbol: &'static str) -> Target {
    let hook = Hook { attach, program };
    Target { hook, symbol, params: &[], returns: Want::Any, fields: &[], bits: &[] }
}

/// Announces a `kmalloc`.
const ANNOUNCE: Target = Target {
    params: &[CACHE, Want::Number, Want::Number],
    returns: Want::Pointer,
    ..target(Attach::Fentry, "failing_kmalloc", "__kmalloc_cache_noprof")
};
/// Answers whether a slab's allocation fails.
const SLAB: Target = Target {
    params: &[CACHE, Want::Number],
    returns: Want::Number,
    fields: &[Field::CacheObjectSize],
    ..target(Attach::ModifyReturn, "fail_slab", "should_failslab")
};
/// Answers whether an allocation of pages fails.
const PAGE: Target = Target {
    params: &[Want::Number, Want::Number],
    returns: Want::Number,
    ..target(Attach::ModifyReturn, "fail_page", "should_fail_alloc_page")
};

/// The programs.
#[cfg(test)]
pub(crate) const PROGRAMS: [&str; 5] =
    ["failing_begin", "failing_end", ANNOUNCE.hook.program, SLAB.hook.program, PAGE.hook.program];

/// Functions that the programs go on.
pub(crate) fn targets() -> impl Iterator<Item = (Home, Target)> {
    let kernel = [ANNOUNCE, SLAB, PAGE].map(|target| (Home::Kernel, target));
    ROWS.iter().map(|row| (row.home, row.begin())).chain(kernel)
}

impl Row {
    /// Says that the function is entered.
    fn begin(&self) -> Target {
        target(Attach::Fentry, "failing_begin", self.under)
    }

    /// The programs that it needs, and where they go.
    fn targets(&self) -> Vec<Target> {
        let mut targets = vec![self.begin(), target(Attach::Fexit, "failing_end", self.under)];
        match self.by {
            By::Kmalloc(_) | By::KmallocBytes(_) => targets.extend([ANNOUNCE, SLAB]),
            By::Cache(_) | By::CacheBytes(_) => targets.push(SLAB),
            By::Page => targets.push(PAGE),
        }
        targets
    }

    /// What the request says of it.
    fn told(&self, btf: &KernelBtf<'_>) -> Result<(u32, u32), String> {
        let of = |structure: &str| {
            btf.size_of(self.home, structure).ok_or_else(|| format!("this kernel has no {structure}"))
        };
        Ok(match self.by {
            By::Kmalloc(structure) => (failure::KMALLOC, of(structure)?),
            By::KmallocBytes(bytes) => (failure::KMALLOC, bytes),
            By::Cache(structure) => (failure::CACHE, of(structure)?),
            By::CacheBytes(bytes) => (failure::CACHE, bytes),
            By::Page => (failure::PAGE, 0),
        })
    }
}

/// What is needed to have one kind fail.
struct Way {
    by: u32,
    size: u32,
    places: Vec<(&'static str, &'static str)>,
}

/// Failures that can be had on this kernel.
pub(crate) struct Failures {
    request: Array<MapData, [u32; WORDS]>,
    /// Loaded programs, by name and function.
    programs: BTreeMap<(&'static str, &'static str), OwnedFd>,
    ways: BTreeMap<Shortage, Result<Way, String>>,
    /// Programs in place. Not empty: a failure is asked for.
    links: Vec<OwnedFd>,
}

impl Failures {
    /// None at all.
    pub(crate) fn none(ebpf: &mut Ebpf) -> Result<Self, ProbeError> {
        let request = take(ebpf, REQUEST)?.try_into().map_err(map_error(REQUEST))?;
        Ok(Self { request, programs: BTreeMap::new(), ways: BTreeMap::new(), links: Vec::new() })
    }

    /// Loads what can be loaded.
    pub(crate) fn load(
        ebpf: &mut Ebpf,
        loader: &Loader<'_>,
        facts: &Facts,
        btf: &KernelBtf<'_>,
    ) -> Result<Self, ProbeError> {
        let mut failures = Self::none(ebpf)?;
        for row in ROWS {
            let way = failures.way(row, loader, facts, btf);
            failures.ways.insert(row.shortage, way);
        }
        Ok(failures)
    }

    fn way(
        &mut self,
        row: &Row,
        loader: &Loader<'_>,
        facts: &Facts,
        btf: &KernelBtf<'_>,
    ) -> Result<Way, String> {
        let (by, size) = row.told(btf)?;
        let targets = row.targets();
        // All are looked for before any is loaded: most kernels lack the last.
        let modules: Vec<Option<String>> =
            targets.iter().map(|target| module_of(facts, target)).collect::<Result<_, _>>()?;
        for (target, module) in targets.iter().zip(modules) {
            if let Entry::Vacant(entry) = self.programs.entry((target.hook.program, target.symbol)) {
                let placement = Placement { kind: None, symbol: target.symbol, module, hook: target.hook };
                entry.insert(loader.load(&placement).map_err(|error| error.to_string())?);
            }
        }
        let places = targets.iter().map(|target| (target.hook.program, target.symbol)).collect();
        Ok(Way { by, size, places })
    }

    /// Kinds that can be made to fail here.
    pub(crate) fn possible(&self) -> Vec<Shortage> {
        self.ways.iter().filter(|(_, way)| way.is_ok()).map(|(shortage, _)| *shortage).collect()
    }

    /// From now on the allocations of this kind that this process makes count, and the `nth` fails.
    pub(crate) fn begin(&mut self, shortage: Shortage, nth: u32) -> Result<(), ProbeError> {
        self.links.clear();
        let refused = |reason: String| ProbeError::NoFailure { shortage: shortage.name(), reason };
        let way = match self.ways.get(&shortage) {
            Some(Ok(way)) => way,
            Some(Err(reason)) => return Err(refused(reason.clone())),
            None => return Err(refused("it is in no list".into())),
        };
        let mut words = [0; WORDS];
        words[..4].copy_from_slice(&[std::process::id(), way.by, way.size, nth]);
        self.request.set(0, words, 0).map_err(map_error(REQUEST))?;
        for place in &way.places {
            let program =
                self.programs.get(place).ok_or_else(|| refused(format!("{} is not loaded", place.0)))?;
            let link = sys::attach(program.as_fd());
            self.links.push(link.map_err(|error| refused(format!("{} on {}: {error}", place.0, place.1)))?);
        }
        Ok(())
    }

    /// No more; how many there were. None: nothing was asked for.
    pub(crate) fn end(&mut self) -> Result<Option<Failed>, ProbeError> {
        if self.links.is_empty() {
            return Ok(None);
        }
        self.links.clear();
        let words = self.request.get(&0, 0).map_err(map_error(REQUEST))?;
        self.request.set(0, [0; WORDS], 0).map_err(map_error(REQUEST))?;
        Ok(Some(Failed { asked: words[6], failed: words[7] }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_exactly_one_row() {
        let kinds: Vec<Shortage> = ROWS.iter().map(|row| row.shortage).collect();
        assert_eq!(kinds, Shortage::ALL);
    }

    #[test]
    fn a_request_is_as_long_as_its_words() {
        assert_eq!(size_of::<zram_events::layout::FailureRequest>(), 4 * WORDS);
    }
}

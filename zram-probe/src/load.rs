//! Loading the object: maps through aya, programs one by one.

use std::{
    collections::{HashMap, HashSet},
    fs,
    os::fd::{AsFd as _, AsRawFd as _, OwnedFd},
};

use aya::{
    Ebpf, EbpfLoader,
    maps::{Map, MapData},
};
use aya_obj::{Object, generated::bpf_attach_type};
use zram_events::layout::Layout;

use crate::{
    error::ProbeError,
    facts::KernelBtf,
    plan::{Placement, Plan},
    sys,
    table::{Attach, Home},
};

/// The BPF programs, compiled from the crate `zram-ebpf`.
pub(crate) static OBJECT: &[u8] = aya::include_bytes_aligned!("../bpf/zram-probes.o");

/// The programs' copy of the layout.
const LAYOUT: &str = "LAYOUT";

/// One program in place. Dropping it detaches.
#[derive(Debug)]
pub(crate) struct Attached {
    pub(crate) placement: Placement,
    pub(crate) program: OwnedFd,
    _link: OwnedFd,
}

/// Makes the maps.
pub(crate) fn maps(layout: &Layout) -> Result<Ebpf, ProbeError> {
    let bytes = layout.to_bytes();
    EbpfLoader::new()
        .override_global(LAYOUT, &bytes[..], true)
        .load(OBJECT)
        .map_err(|source| ProbeError::Maps { source: Box::new(source) })
}

/// Loads and attaches the programs of a plan, in its order.
pub(crate) fn programs(
    ebpf: &Ebpf,
    layout: &Layout,
    plan: &Plan,
    btf: &KernelBtf<'_>,
) -> Result<Vec<Attached>, ProbeError> {
    let object = relocated(ebpf, layout)?;
    let mut modules: HashMap<&str, OwnedFd> = HashMap::new();
    for home in [Home::Zram, Home::Zsmalloc] {
        let name = home.module();
        if plan.placements.iter().any(|placement| placement.module.as_deref() == Some(name)) {
            let fd = sys::module_btf(name).map_err(|source| ProbeError::System {
                what: format!("finding the kernel's BTF of module {name}"),
                source,
                way_out: "run as root (CAP_SYS_ADMIN), with the module loaded",
            })?;
            modules.insert(name, fd);
        }
    }
    plan.placements.iter().map(|placement| program(&object, placement, btf, &modules)).collect()
}

/// The object with the layout written in, its references to maps and to its own functions resolved.
fn relocated(ebpf: &Ebpf, layout: &Layout) -> Result<Object, ProbeError> {
    let broken = |what: String| ProbeError::Object { what };
    let mut object = Object::parse(OBJECT).map_err(|error| broken(error.to_string()))?;
    let bytes = layout.to_bytes();
    object
        .patch_map_data(HashMap::from([(LAYOUT, (&bytes[..], true))]))
        .map_err(|error| broken(error.to_string()))?;
    let maps: Vec<(String, aya_obj::Map)> = object.maps.drain().collect();
    let mut descriptors = Vec::new();
    for (name, map) in &maps {
        let data = ebpf.map(name).and_then(data).ok_or_else(|| broken(format!("it has no map {name}")))?;
        descriptors.push((name.as_str(), data.fd().as_fd().as_raw_fd(), map));
    }
    let text: HashSet<usize> = object.functions.keys().map(|(section, _)| *section).collect();
    object.relocate_maps(descriptors.into_iter(), &text).map_err(|error| broken(error.to_string()))?;
    object.relocate_calls(&text).map_err(|error| broken(error.to_string()))?;
    Ok(object)
}

/// The kinds of map that the object has.
fn data(map: &Map) -> Option<&MapData> {
    match map {
        Map::Array(data) | Map::PerCpuArray(data) | Map::RingBuf(data) => Some(data),
        _ => None,
    }
}

fn program(
    object: &Object,
    placement: &Placement,
    btf: &KernelBtf<'_>,
    modules: &HashMap<&str, OwnedFd>,
) -> Result<Attached, ProbeError> {
    let name = placement.hook.program;
    let missing = || ProbeError::Object { what: format!("it has no program {name}") };
    let program = object.programs.get(name).ok_or_else(missing)?;
    let function = object.functions.get(&program.function_key()).ok_or_else(missing)?;
    let module = placement.module.as_deref();
    let refused = |source, log| ProbeError::Load {
        program: name,
        hook: placement.hook.attach.name(),
        symbol: placement.symbol,
        kernel: release(),
        source,
        log,
    };
    let id = btf.function(module, placement.symbol).ok_or_else(|| ProbeError::Object {
        what: format!("{} has left the kernel's BTF", placement.symbol),
    })?;
    let tracing = sys::Tracing {
        name,
        attach: match placement.hook.attach {
            Attach::Fentry => bpf_attach_type::BPF_TRACE_FENTRY,
            Attach::Fexit => bpf_attach_type::BPF_TRACE_FEXIT,
        },
        function: id,
        module: module.and_then(|module| modules.get(module)).map(|fd| fd.as_fd()),
        instructions: &function.instructions,
        license: &program.license,
    };
    let fd = sys::load(&tracing).map_err(|(source, log)| refused(source, log))?;
    let link = sys::attach(fd.as_fd())
        .map_err(|source| refused(source, "it loaded, but could not be attached".into()))?;
    Ok(Attached { placement: placement.clone(), program: fd, _link: link })
}

/// `uname -r`.
pub(crate) fn release() -> String {
    fs::read_to_string("/proc/sys/kernel/osrelease")
        .map_or_else(|_| "of unknown release".to_owned(), |text| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::table::PROBES;

    #[test]
    fn the_object_has_every_program_of_the_table_and_no_other() {
        let object = Object::parse(OBJECT).unwrap();
        let mut built: Vec<&str> = object.programs.keys().map(String::as_str).collect();
        let mut listed: Vec<&str> =
            PROBES.iter().flat_map(|probe| probe.targets).map(|target| target.hook.program).collect();
        built.sort_unstable();
        listed.sort_unstable();
        // One program may serve several functions.
        listed.dedup();
        assert_eq!(built, listed);
    }

    #[test]
    fn the_object_was_built_with_this_layout() {
        let mut object = Object::parse(OBJECT).unwrap();
        let bytes = Layout::ABSENT.to_bytes();
        object.patch_map_data(HashMap::from([(LAYOUT, (&bytes[..], true))])).unwrap();
    }

    #[test]
    fn the_sum_is_the_objects() {
        let sum: String = Sha256::digest(OBJECT).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(sum, crate::object_sha256());
    }
}

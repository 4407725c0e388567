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

/// The object, ready for its programs to be loaded one by one.
pub(crate) struct Loader<'a> {
    object: Object,
    modules: HashMap<&'static str, OwnedFd>,
    btf: &'a KernelBtf<'a>,
}

impl<'a> Loader<'a> {
    /// For programs on maps that were made, and on functions of the modules of this plan.
    pub(crate) fn new(
        ebpf: &Ebpf,
        layout: &Layout,
        plan: &Plan,
        btf: &'a KernelBtf<'a>,
    ) -> Result<Self, ProbeError> {
        let object = relocated(ebpf, layout)?;
        let mut modules = HashMap::new();
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
        Ok(Self { object, modules, btf })
    }

    /// Loads and attaches the programs of a plan, in its order.
    pub(crate) fn attach(&self, plan: &Plan) -> Result<Vec<Attached>, ProbeError> {
        let attached = plan.placements.iter().map(|placement| {
            let program = self.load(placement)?;
            let link = sys::attach(program.as_fd()).map_err(|source| {
                refused(placement, source, "it loaded, but could not be attached".into())
            })?;
            Ok(Attached { placement: placement.clone(), program, _link: link })
        });
        attached.collect()
    }

    /// Loads one program.
    pub(crate) fn load(&self, placement: &Placement) -> Result<OwnedFd, ProbeError> {
        let name = placement.hook.program;
        let missing = || ProbeError::Object { what: format!("it has no program {name}") };
        let program = self.object.programs.get(name).ok_or_else(missing)?;
        let function = self.object.functions.get(&program.function_key()).ok_or_else(missing)?;
        let module = placement.module.as_deref();
        let id = self.btf.function(module, placement.symbol).ok_or_else(|| ProbeError::Object {
            what: format!("{} has left the kernel's BTF", placement.symbol),
        })?;
        let tracing = sys::Tracing {
            name,
            attach: match placement.hook.attach {
                Attach::Fentry => bpf_attach_type::BPF_TRACE_FENTRY,
                Attach::Fexit => bpf_attach_type::BPF_TRACE_FEXIT,
                Attach::ModifyReturn => bpf_attach_type::BPF_MODIFY_RETURN,
            },
            function: id,
            module: module.and_then(|module| self.modules.get(module)).map(|fd| fd.as_fd()),
            instructions: &function.instructions,
            license: &program.license,
        };
        sys::load(&tracing).map_err(|(source, log)| refused(placement, source, log))
    }
}

/// The kernel did not take a program.
fn refused(placement: &Placement, source: std::io::Error, log: String) -> ProbeError {
    ProbeError::Load {
        program: placement.hook.program,
        hook: placement.hook.attach.name(),
        symbol: placement.symbol,
        kernel: release(),
        source,
        log,
    }
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

/// `uname -r`.
pub(crate) fn release() -> String {
    fs::read_to_string("/proc/sys/kernel/osrelease")
        .map_or_else(|_| "of unknown release".to_owned(), |text| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::{failures, table::PROBES};

    #[test]
    fn the_object_has_every_program_of_the_table_and_no_other() {
        let object = Object::parse(OBJECT).unwrap();
        let mut built: Vec<&str> = object.programs.keys().map(String::as_str).collect();
        let mut listed: Vec<&str> =
            PROBES.iter().flat_map(|probe| probe.targets).map(|target| target.hook.program).collect();
        listed.extend(failures::PROGRAMS);
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

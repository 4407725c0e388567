//! Reading a running kernel into [`Facts`] for the planner.

use std::{collections::BTreeMap, fs, io, path::Path};

use zram_events::layout::Layout;

use crate::{
    btf::{Btf, BtfError},
    error::ProbeError,
    failures,
    flags::FlagOrder,
    interrupts,
    listing::Listing,
    offsets,
    plan::{Facts, Function},
    table::{Home, PROBES},
};

/// BTF of the kernel and of its modules, as files.
const BTF_FOLDER: &str = "/sys/kernel/btf";

/// A folder per module, and per built-in part of the kernel that has parameters, as zram has.
const MODULES: &str = "/sys/module";

/// The kernel's BTF as bytes.
pub(crate) struct BtfFiles {
    kernel: Vec<u8>,
    zram: Option<Vec<u8>>,
    zsmalloc: Option<Vec<u8>>,
}

impl BtfFiles {
    pub(crate) fn read() -> Result<Self, ProbeError> {
        if !Path::new(MODULES).join(Home::Zram.module()).exists() {
            return Err(ProbeError::NotLoaded);
        }
        let kernel =
            fs::read(Path::new(BTF_FOLDER).join("vmlinux")).map_err(|source| ProbeError::System {
                what: format!("reading {BTF_FOLDER}/vmlinux"),
                source,
                way_out: "the kernel must be built with CONFIG_DEBUG_INFO_BTF, and sysfs mounted",
            })?;
        Ok(Self { kernel, zram: module(Home::Zram)?, zsmalloc: module(Home::Zsmalloc)? })
    }

    /// Hands the parsed BTF to `then`: the kernel's, zram's and zsmalloc's, the latter two being the
    /// kernel's where they are built in.
    pub(crate) fn with<T>(
        &self,
        then: impl FnOnce(&KernelBtf<'_>) -> Result<T, ProbeError>,
    ) -> Result<T, ProbeError> {
        let kernel = Btf::parse(&self.kernel, None).map_err(bad("vmlinux"))?;
        let zram = split(self.zram.as_deref(), &kernel, "zram")?;
        let zsmalloc = split(self.zsmalloc.as_deref(), &kernel, "zsmalloc")?;
        then(&KernelBtf { kernel: &kernel, zram: zram.as_ref(), zsmalloc: zsmalloc.as_ref() })
    }
}

fn split<'a>(
    bytes: Option<&'a [u8]>,
    kernel: &'a Btf<'a>,
    name: &'static str,
) -> Result<Option<Btf<'a>>, ProbeError> {
    bytes.map(|bytes| Btf::parse(bytes, Some(kernel)).map_err(bad(name))).transpose()
}

/// The BTF of a module; none if it is built in.
fn module(home: Home) -> Result<Option<Vec<u8>>, ProbeError> {
    let path = Path::new(BTF_FOLDER).join(home.module());
    // Only what was loaded has a state.
    let loaded = Path::new(MODULES).join(home.module()).join("initstate").exists();
    match fs::read(&path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !loaded => Ok(None),
        Err(source) => Err(ProbeError::System {
            what: format!("reading {}", path.display()),
            source,
            way_out: "the kernel must be built with CONFIG_DEBUG_INFO_BTF_MODULES, and the module for this very kernel",
        }),
    }
}

fn bad(name: &'static str) -> impl Fn(BtfError) -> ProbeError {
    move |source| ProbeError::Btf { name, source }
}

/// BTF of the parts that matter.
pub(crate) struct KernelBtf<'a> {
    kernel: &'a Btf<'a>,
    zram: Option<&'a Btf<'a>>,
    zsmalloc: Option<&'a Btf<'a>>,
}

impl KernelBtf<'_> {
    fn home(&self, home: Home) -> (&Btf<'_>, Option<&'static str>) {
        let module = match home {
            Home::Zram => self.zram,
            Home::Zsmalloc => self.zsmalloc,
            Home::Kernel => None,
        };
        module.map_or((self.kernel, None), |btf| (btf, Some(home.module())))
    }

    /// Bytes of a structure.
    pub(crate) fn size_of(&self, home: Home, structure: &str) -> Option<u32> {
        self.home(home).0.size_of(structure).ok().flatten()
    }

    /// The number of a function in the BTF of its module, or of the kernel.
    pub(crate) fn function(&self, module: Option<&str>, symbol: &str) -> Option<u32> {
        let btf = match module {
            Some("zram") => self.zram?,
            Some(_) => self.zsmalloc?,
            None => self.kernel,
        };
        btf.function(symbol)
    }

    fn layout(&self) -> Result<Layout, ProbeError> {
        let page = nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE).ok().flatten().unwrap_or(4096);
        let (zram, zsmalloc) = (self.home(Home::Zram).0, self.home(Home::Zsmalloc).0);
        offsets::layout(zram, zsmalloc, page as u32).map_err(bad("zram"))
    }

    /// Where the driver has a slot's flags.
    pub(crate) fn flags(&self) -> Result<FlagOrder, ProbeError> {
        FlagOrder::of(self.home(Home::Zram).0).map_err(bad("zram"))
    }

    /// Everything the planner asks about.
    pub(crate) fn facts(&self) -> Result<Facts, ProbeError> {
        let listing = Listing::read();
        let mut functions = BTreeMap::new();
        let probes = PROBES.iter().flat_map(|probe| probe.targets.iter().map(|target| (probe.home, *target)));
        for (home, target) in probes.chain(failures::targets()) {
            let (btf, module) = self.home(home);
            let Some(prototype) = btf.prototype(target.symbol).map_err(bad("zram"))? else { continue };
            let copies = listing.copies(target.symbol, module);
            let function = Function { module: module.map(str::to_owned), prototype: Some(prototype), copies };
            functions.insert(target.symbol.to_owned(), function);
        }
        let mut layout = self.layout()?;
        let interrupts = interrupts::locate(&mut layout, self.kernel);
        Ok(Facts { functions, layout, interrupts })
    }
}

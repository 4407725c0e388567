//! What a kernel can do, as it is told: by its attributes, its options, its release.
#![cfg(feature = "sim")]
#![expect(clippy::unwrap_used, reason = "a machine that cannot be set up is a failed test")]

use std::io::Write as _;

use zram_host::{
    DeviceNumber, LiveHost, Port as _, SimHost, Simulated,
    machine::{
        Capabilities, NoPressure, Resource, capabilities,
        capabilities::{Feature, NoDevice},
        memory, pressure, zswap,
    },
};
use zram_model::{Codec, Errno, PageBytes, Profile};

type Sim = SimHost<Simulated<fn(Codec, &PageBytes) -> Result<Vec<u8>, Errno>>>;

fn machine(profile: Profile) -> Sim {
    SimHost::new(profile, Simulated::new(|_, _| Ok(vec![0; 100])))
}

fn with_device(profile: Profile) -> Sim {
    let mut host = machine(profile);
    host.hot_add().unwrap();
    host
}

fn able(report: &Capabilities, feature: Feature) -> (Option<bool>, &str) {
    let ability = report.ability(feature).unwrap();
    (ability.able, &ability.why)
}

#[test]
fn a_device_shows_what_its_kernel_has() {
    let mut host = with_device(Profile::custom_7_2());
    let report = capabilities(&mut host, Some(DeviceNumber(0))).unwrap();
    assert_eq!(report.release.as_ref().unwrap().0, "7.2.0");
    assert_eq!(report.algorithms, ["lzo-rle", "lzo", "lz4", "lz4hc", "zstd", "deflate", "842"]);
    for ability in &report.abilities {
        assert_eq!(ability.able, Some(true), "{ability:?}");
    }
    // Those that can only be written are there too.
    assert!(report.attributes.contains(&"mem_limit") && report.attributes.contains(&"recompress"));
    assert!(!report.attributes.contains(&"max_comp_streams"));
    assert_eq!(capabilities(&mut host, Some(DeviceNumber(7))), Err(NoDevice(DeviceNumber(7))));
}

#[test]
fn an_older_or_smaller_kernel_says_why_not() {
    let mut host = with_device(Profile::debian_6_12());
    let report = capabilities(&mut host, None).unwrap();
    let (is, why) = able(&report, Feature::CompressedWriteback);
    assert_eq!((is, why), (Some(false), "since Linux 7.0; this is 6.12.0"));
    let (is, why) = able(&report, Feature::Recompression);
    assert_eq!(is, Some(false));
    assert!(why.contains("built without CONFIG_ZRAM_MULTI_COMP (/boot/config-6.12.0)"), "{why}");
    assert_eq!(able(&report, Feature::WritebackRanges).0, Some(false));
    assert_eq!(able(&report, Feature::Writeback).0, Some(true));

    let bare = Profile {
        writeback: false,
        memory_tracking: false,
        entry_access_time: false,
        ..Profile::debian_7_2()
    };
    let mut host = with_device(bare);
    let report = capabilities(&mut host, None).unwrap();
    assert_eq!(able(&report, Feature::WritebackRanges), (Some(false), "there is no writeback"));
    for feature in [Feature::Writeback, Feature::BlockState, Feature::AccessTimes, Feature::PoolClasses] {
        let (is, why) = able(&report, feature);
        assert_eq!(is, Some(false), "{feature:?}");
        assert!(why.contains("built without CONFIG_Z"), "{why}");
    }
    // Without the configuration the device itself still says no; of the times, nothing does.
    host.remove_kernel_file("/boot/config-7.2.0");
    let report = capabilities(&mut host, None).unwrap();
    assert_eq!(report.options, None);
    assert_eq!(
        able(&report, Feature::Writeback),
        (Some(false), "zram0 has no attribute writeback: it takes Linux 4.14 and CONFIG_ZRAM_WRITEBACK")
    );
    assert_eq!(able(&report, Feature::BlockState).0, Some(false));
    assert_eq!(able(&report, Feature::AccessTimes).0, None);
}

#[test]
fn without_a_device_the_options_say() {
    let mut host = machine(Profile::debian_7_2());
    let report = capabilities(&mut host, None).unwrap();
    assert_eq!((report.device, report.attributes.len()), (None, 0));
    assert_eq!(able(&report, Feature::CompressedWriteback).0, Some(true));
    assert_eq!(able(&report, Feature::Recompression).0, Some(false));
    assert_eq!(able(&report, Feature::BlockState).0, Some(true));
    host.remove_kernel_file("/boot/config-7.2.0");
    let report = capabilities(&mut host, None).unwrap();
    for feature in [Feature::CompressedWriteback, Feature::Recompression, Feature::BlockState] {
        assert_eq!(able(&report, feature).0, None, "{feature:?}");
    }
    // Not even the module.
    host.remove_kernel_file("/sys/class/zram-control/hot_remove");
    let report = capabilities(&mut host, None).unwrap();
    assert!(able(&report, Feature::Zram).1.contains("modprobe zram"));
}

#[test]
fn what_keeps_probes_away_is_named() {
    let mut host = with_device(Profile::debian_7_2());
    host.set_kernel_file("/proc/self/status", "Name:\tx\nUid:\t1000\t1000\t1000\t1000\n");
    host.set_kernel_file("/sys/kernel/security/lockdown", "none integrity [confidentiality]\n");
    host.set_kernel_file("/sys/kernel/tracing/available_filter_functions", "zs_malloc\nzs_free_other\n");
    host.remove_kernel_file("/sys/kernel/btf/vmlinux");
    let report = capabilities(&mut host, None).unwrap();
    for (feature, part) in [
        (Feature::Root, "user 1000"),
        (Feature::NotLockedDown, "confidentiality"),
        (Feature::ProbedFunctions, "has no zram_submit_bio, zs_free:"),
        (Feature::KernelTypes, "CONFIG_DEBUG_INFO_BTF"),
    ] {
        let (is, why) = able(&report, feature);
        assert_eq!(is, Some(false), "{feature:?}");
        assert!(feature.is_for_probes() && why.contains(part), "{why}");
    }
    host.remove_kernel_file("/sys/kernel/tracing/available_filter_functions");
    let report = capabilities(&mut host, None).unwrap();
    assert!(able(&report, Feature::ProbedFunctions).1.starts_with("tracefs is not mounted"));
    host.set_kernel_file("/sys/kernel/tracing/trace", "");
    let report = capabilities(&mut host, None).unwrap();
    assert!(able(&report, Feature::ProbedFunctions).1.ends_with("CONFIG_DYNAMIC_FTRACE"));
    host.set_kernel_file("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
    assert!(capabilities(&mut host, None).unwrap().is_able(Feature::NotLockedDown));
}

#[test]
fn a_running_kernel_shows_its_options_packed() {
    let root = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &[u8]| {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(b"#\nCONFIG_ZRAM=y\nCONFIG_ZRAM_WRITEBACK=y\n").unwrap();
    write("proc/config.gz", &packed.finish().unwrap());
    write("proc/sys/kernel/osrelease", b"7.2.0-test\n");
    write("boot/config-7.2.0-test", b"#\nCONFIG_ZRAM=m\n# CONFIG_ZRAM_WRITEBACK is not set\n");
    let mut host = LiveHost::rooted(root.path());
    let report = capabilities(&mut host, None).unwrap();
    assert_eq!(report.options.as_ref().unwrap().path, "/proc/config.gz");
    assert_eq!(able(&report, Feature::Writeback).0, Some(true));
    // What is no archive is passed over.
    write("proc/config.gz", b"nonsense");
    let report = capabilities(&mut host, None).unwrap();
    assert_eq!(report.options.as_ref().unwrap().path, "/boot/config-7.2.0-test");
    assert_eq!(able(&report, Feature::Writeback).0, Some(false));
}

#[test]
fn memory_pressure_and_zswap_are_read() {
    let mut host = machine(Profile::debian_7_2());
    let now = memory(&mut host).unwrap();
    assert_eq!((now.total, now.available, now.zswap), (8 << 30, Some(6 << 30), None));
    assert_eq!(pressure(&mut host, Resource::Io).unwrap().full.total, 0);
    host.remove_kernel_file("/proc/pressure/memory");
    let gone = pressure(&mut host, Resource::Memory).unwrap_err();
    assert_eq!(gone, NoPressure::NotMeasured { path: "/proc/pressure/memory" });
    assert!(gone.to_string().contains("psi=1"));

    assert!(!zswap(&mut host).unwrap().unwrap().enabled);
    host.set_kernel_file("/sys/module/zswap/parameters/enabled", "Y\n");
    host.set_kernel_file("/sys/module/zswap/parameters/compressor", "zstd\n");
    let on = zswap(&mut host).unwrap().unwrap();
    assert_eq!((on.enabled, on.compressor.as_deref(), on.max_pool_percent), (true, Some("zstd"), None));
    host.set_kernel_file("/sys/module/zswap/parameters/enabled", "maybe\n");
    assert!(zswap(&mut host).is_err());
    host.remove_kernel_file("/sys/module/zswap/parameters/enabled");
    assert_eq!(zswap(&mut host), Ok(None));
}

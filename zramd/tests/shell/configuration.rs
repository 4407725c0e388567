//! Which files count, and what is said about those that make no sense.

use std::{fs, time::Duration};

use nix::{sys::stat::Mode, unistd::mkfifo};
use zramd::{
    config::{Config, Devices, Loaded, Pages},
    units::{Permille, Units},
};

use crate::root::Root;

const MAIN: &str = "/etc/zramd/zramd.toml";

#[test]
fn without_files_there_are_the_defaults() {
    assert_eq!(Root::new().loaded(), Loaded::default());
    let root = Root::with(&[("/etc/zramd/other.toml", "x"), ("/etc/zramd/zramd.toml.d/README", "x")]);
    assert_eq!(root.loaded(), Loaded::default());
    // What an editor left behind.
    let root = Root::with(&[
        ("/etc/zramd/zramd.toml.d/.10-a.toml", "x"),
        ("/etc/zramd/zramd.toml.d/10-a.toml~", "x"),
        ("/etc/zramd/zramd.toml.d/10-a.toml.rpmsave", "x"),
    ]);
    assert_eq!(root.loaded(), Loaded::default());
}

#[test]
fn every_key_reaches_its_place() {
    let root = Root::with(&[(
        MAIN,
        r#"
devices = ["zram0", "/dev/zram2"]
memory-limit = "2G"
[idle]
min = "1h"
max = "2days"
[writeback]
enabled = false
huge = false
incompressible = false
compressible = false
per-day = "5G"
round-min = "1M"
round-max = "64M"
every = "30min"
reserve = "12.5%"
on-battery = false
lock-hold = "20ms"
[regret]
enabled = false
target = "1%"
horizon = "1h"
least = "50%"
most = "400%"
[[recompression]]
algorithm = "zstd"
pages = "huge-idle"
older = "3h"
threshold = 3000
max-pages = 10000
every = "2h"
[compaction]
enabled = false
waste = "30%"
least = "32M"
every = "3h"
[pressure]
memory-stall = "100ms"
memory-window = "1s"
cool-down = "2min"
io-busy = "30%"
io-calm = "5%"
[paths]
state = "/srv/state"
control = "/srv/control"
metrics = "/srv/metrics.prom"
metrics-socket = "/srv/metrics"
"#,
    )]);
    let Loaded { config, given, files } = root.loaded();
    let defaults = Config::default();
    assert_eq!(config.devices, Devices::Named(vec![zram_host::DeviceNumber(0), zram_host::DeviceNumber(2)]));
    assert_eq!(config.memory_limit, Some(2 << 30));
    assert_eq!((config.idle.min.as_secs(), config.idle.max.as_secs()), (3600, 2 * 86400));
    assert_eq!(config.writeback.reserve, Permille(125));
    assert_eq!(config.writeback.round_max, Units(16384));
    assert_eq!(config.writeback.lock_hold, Duration::from_millis(20));
    assert_eq!((config.regret.least, config.regret.most), (Permille(500), Permille(4000)));
    assert_eq!(config.recompression[0].pages, Pages::HugeIdle);
    assert_eq!(config.compaction.least, 32 << 20);
    assert_eq!(config.pressure.cool_down, Duration::from_secs(120));
    assert_eq!(config.paths.metrics_socket, Some("/srv/metrics".into()));
    assert_eq!(files, [root.below(MAIN)]);
    // Each of them, and none has its default.
    for key in zramd::config::keys::KEYS {
        assert!(given.contains_key(&key.full()), "{}", key.full());
        assert_ne!(key.shown(&config), key.shown(&defaults), "{}", key.full());
    }
}

#[test]
fn of_the_main_files_the_one_in_the_strongest_folder_counts() {
    let folders = ["/etc", "/run", "/usr/local/lib", "/usr/lib"];
    for strongest in 0..folders.len() {
        let root = Root::new();
        for (at, folder) in folders.iter().enumerate().skip(strongest) {
            root.put(&format!("{folder}/zramd/zramd.toml"), format!("[idle]\nmin = \"{}s\"\n", at + 100));
        }
        let wanted = u64::try_from(strongest).unwrap() + 100;
        assert_eq!(root.loaded().config.idle.min.as_secs(), wanted, "{strongest}");
        assert_eq!(root.loaded().files.len(), 1);
    }
    // A link to /dev/null hides it, as an empty file does.
    let root = Root::with(&[("/usr/lib/zramd/zramd.toml", "[idle]\nmin = \"99s\"\n")]);
    root.link(MAIN, "/dev/null");
    assert_eq!(root.loaded().config, Config::default());
}

#[test]
fn drop_ins_are_sorted_by_name_whatever_folder_they_are_in() {
    let root = Root::with(&[
        (
            "/usr/lib/zramd/zramd.toml",
            "[idle]\nmin = \"1min\"\nmax = \"1h\"\n[writeback]\nevery = \"1min\"\n",
        ),
        // Stronger than the main file, wherever that is, and weaker than what has a later name.
        ("/etc/zramd/zramd.toml.d/10-a.toml", "[idle]\nmin = \"2min\"\n[writeback]\nevery = \"2min\"\n"),
        ("/usr/lib/zramd/zramd.toml.d/20-b.toml", "[idle]\nmin = \"3min\"\n"),
        ("/run/zramd/zramd.toml.d/30-c.toml", "[compaction]\nenabled = false\n"),
    ]);
    let Loaded { config, given, files } = root.loaded();
    assert_eq!(config.idle.min, Duration::from_secs(180));
    assert_eq!(config.idle.max, Duration::from_secs(3600));
    assert_eq!(config.writeback.every, Duration::from_secs(120));
    assert!(!config.compaction.enabled);
    let place = |key: &str| root.plain(&given[key].to_string());
    assert_eq!(place("idle.min"), "/usr/lib/zramd/zramd.toml.d/20-b.toml:2:1");
    assert_eq!(place("idle.max"), "/usr/lib/zramd/zramd.toml:3:1");
    assert_eq!(place("writeback.every"), "/etc/zramd/zramd.toml.d/10-a.toml:4:1");
    assert!(!given.contains_key("writeback.huge"));
    let names: Vec<_> = files.iter().map(|file| file.file_name().unwrap().to_string_lossy()).collect();
    assert_eq!(names, ["zramd.toml", "10-a.toml", "20-b.toml", "30-c.toml"]);
}

#[test]
fn a_drop_in_hides_those_of_its_name_in_weaker_folders() {
    let root = Root::with(&[
        ("/usr/lib/zramd/zramd.toml.d/10-a.toml", "[idle]\nmin = \"1min\"\nmax = \"1h\"\n"),
        ("/run/zramd/zramd.toml.d/10-a.toml", "[idle]\nmin = \"2min\"\n"),
    ]);
    let config = root.loaded().config;
    // Hidden as a whole, not key by key.
    assert_eq!((config.idle.min.as_secs(), config.idle.max), (120, Config::default().idle.max));
    root.link("/etc/zramd/zramd.toml.d/10-a.toml", "/dev/null");
    assert_eq!(root.loaded().config, Config::default());
}

#[test]
fn a_list_replaces_a_list_and_an_empty_one_takes_it_away() {
    let root = Root::with(&[
        (MAIN, "[[recompression]]\nalgorithm = \"zstd\"\n[[recompression]]\nalgorithm = \"deflate\"\n"),
        ("/etc/zramd/zramd.toml.d/10.toml", "[[recompression]]\nalgorithm = \"lz4hc\"\n"),
    ]);
    let algorithms = |root: &Root| {
        root.loaded().config.recompression.iter().map(|tier| tier.algorithm.clone()).collect::<Vec<_>>()
    };
    assert_eq!(algorithms(&root), ["lz4hc"]);
    root.put("/etc/zramd/zramd.toml.d/20.toml", "recompression = []\n");
    assert!(algorithms(&root).is_empty());
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let root = Root::with(&[
        (
            MAIN,
            "devises = \"all\"\nmemory-limit = 0\nidle = 3\n[writeback]\nper_day = \"1G\"\nround-max = \"lots\"\nevery = 10\nhuge = \"yes\"\n\
             [writebak]\n[[recompression]]\nalgorithm = \"zstd\"\nthreshold = 5000\nbefore = 3\n",
        ),
        ("/etc/zramd/zramd.toml.d/10.toml", "[idle\nmin = \n"),
        ("/etc/zramd/zramd.toml.d/20.toml", "[idle]\nmin = \"30h\"\n"),
        ("/run/zramd/zramd.toml.d/30.toml", "[regret]\nleast = \"0%\"\nmost = \"50%\"\nleast = \"5%\"\n"),
    ]);
    insta::assert_snapshot!(root.wrong());
}

#[test]
fn each_rule_says_what_is_wrong_and_what_would_be_right() {
    let texts = [
        "[idle]\nmin = \"500ms\"",
        "[idle]\nmax = \"1min\"",
        "[idle]\nmin = \"2h\"\nmax = \"1h\"",
        "[writeback]\nper-day = \"0\"",
        "[writeback]\nround-max = \"0\"\nround-min = \"0\"",
        "[writeback]\nround-min = \"200M\"",
        "[writeback]\nper-day = \"50M\"",
        "[writeback]\nevery = \"0s\"",
        "[writeback]\nreserve = \"101%\"",
        "[writeback]\nlock-hold = \"11s\"",
        "[writeback]\nhuge = false\nincompressible = false\ncompressible = false",
        "[regret]\ntarget = \"100.1%\"",
        "[regret]\nhorizon = \"0s\"",
        "[regret]\nleast = \"0%\"",
        "[regret]\nmost = \"99%\"",
        "[compaction]\nwaste = \"200%\"",
        "[compaction]\nevery = \"1ms\"",
        "[pressure]\nmemory-window = \"11s\"",
        "[pressure]\nmemory-window = \"499ms\"",
        "[pressure]\nmemory-stall = \"0s\"",
        "[pressure]\nmemory-stall = \"3s\"",
        "[pressure]\nio-busy = \"0%\"\nio-calm = \"0%\"",
        "[pressure]\nio-calm = \"30%\"",
        "[[recompression]]\nalgorithm = \"zstd\"\nevery = \"1ms\"",
        "recompression = [{ algorithm = \"zstd\" }, { algorithm = \"zstd\" }]",
        "[paths]\nstate = \"/run/zramd/control\"",
        &format!("[paths]\ncontrol = \"/{}\"", "x".repeat(107)),
        &format!("[paths]\nmetrics-socket = \"/{}\"", "x".repeat(107)),
    ];
    let said: Vec<String> = texts.iter().map(|text| Root::with(&[(MAIN, text)]).wrong()).collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_rule_about_two_files_names_both() {
    let root = Root::with(&[
        ("/usr/lib/zramd/zramd.toml", "[idle]\nmax = \"3h\"\n\n\nmin = \"2h\"\n"),
        // The last that was read, in whichever line.
        ("/etc/zramd/zramd.toml.d/10.toml", "[idle]\n\nmax = \"1h\"\n"),
    ]);
    insta::assert_snapshot!(root.wrong());
}

#[test]
fn what_is_no_file_with_text_is_refused_and_does_not_block() {
    let root = Root::new();
    fs::create_dir_all(root.below(MAIN)).unwrap();
    root.put("/etc/zramd/zramd.toml.d/10.toml", b"a = \"\xff\"");
    root.put("/etc/zramd/zramd.toml.d/20.toml", vec![b'#'; (1 << 20) + 1]);
    root.link("/etc/zramd/zramd.toml.d/30.toml", "nowhere");
    mkfifo(&root.below("/etc/zramd/zramd.toml.d/40.toml"), Mode::S_IRWXU).unwrap();
    root.put("/run/zramd/zramd.toml.d", "no folder");
    root.put("/etc/zramd/zramd.toml.d/50.toml", "a\0b");
    insta::assert_snapshot!(root.wrong());
}

//! What is shipped beside the program.

use std::{collections::BTreeSet, process::Command};

use zramd::{commands::show_config::defaults, config::Loaded};

use crate::root::Root;

/// `zramd show-config --defaults > zramd/dist/zramd.toml` brings it up to date.
#[test]
fn the_shipped_configuration_has_every_key_with_its_default() {
    let shipped = include_str!("../../dist/zramd.toml");
    assert_eq!(shipped, defaults());
    let file = "/usr/lib/zramd/zramd.toml";
    // As it is, it changes nothing.
    let root = Root::with(&[(file, shipped)]);
    assert_eq!((root.loaded().config, root.loaded().given.len()), (Loaded::default().config, 0));
    // With every key's comment sign taken away, neither; but for the example of a tier, which is another form of one of them.
    let mut tier = false;
    let mut uncommented = String::new();
    for line in shipped.lines() {
        tier = (tier || line == "#[[recompression]]") && !line.is_empty();
        let key = line.strip_prefix('#').filter(|rest| !tier && !rest.is_empty() && !rest.starts_with(' '));
        uncommented += &format!("{}\n", key.unwrap_or(line));
    }
    let root = Root::with(&[(file, &uncommented)]);
    let loaded = root.loaded();
    assert_eq!(loaded.config, Loaded::default().config);
    assert_eq!(loaded.given.len(), zramd::config::keys::KEYS.len());
    // And the example of a tier is one.
    let example = shipped.split("#[[recompression]]\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let example: Vec<&str> = example
        .lines()
        .filter_map(|line| line.strip_prefix('#'))
        .filter(|line| !line.starts_with(' '))
        .collect();
    let root = Root::with(&[(file, &format!("[[recompression]]\n{}\n", example.join("\n")))]);
    let tier = &root.loaded().config.recompression[0];
    assert_eq!((tier.algorithm.as_str(), tier.threshold, tier.max_pages), ("zstd", Some(3000), Some(16384)));
}

const UNIT: &str = include_str!("../../dist/zramd.service");

/// What is said of a word in the unit, in all lines.
fn said(word: &str) -> Vec<&'static str> {
    UNIT.lines().filter_map(|line| line.strip_prefix(word)?.strip_prefix('=')).collect()
}

#[test]
fn the_unit_is_about_this_program() {
    assert_eq!(said("ExecStart"), ["/usr/bin/zramd run"]);
    assert_eq!(said("Type"), ["notify-reload"]);
    // Where the defaults have its state and its socket, so that systemd makes the folders.
    let paths = Loaded::default().config.paths;
    assert_eq!(paths.state, std::path::Path::new("/var/lib").join(said("StateDirectory")[0]));
    assert_eq!(
        paths.control.parent(),
        Some(std::path::Path::new("/run").join(said("RuntimeDirectory")[0]).as_path())
    );
    assert_eq!(said("OOMScoreAdjust"), [zramd::service::memory::OOM_SCORE.to_string()]);
    // The program wakes after half of it, and no more than once a minute.
    let watchdog = humantime::parse_duration(said("WatchdogSec")[0]).unwrap();
    assert!(watchdog.as_secs() >= 120);
    // It writes below this, and nowhere else.
    assert_eq!(said("ReadWritePaths"), ["/sys/devices/virtual"]);
    for word in ["RestrictNamespaces", "MemoryDenyWriteExecute", "NoNewPrivileges", "ProtectKernelTunables"] {
        assert_eq!(said(word), ["yes"], "{word}");
    }
}

/// 2.0 at most, by systemd's own measure. The limit is given in tenths.
#[test]
fn the_unit_may_do_little() {
    let mut analyze = Command::new("systemd-analyze");
    analyze.args(["security", "--offline=true", "--no-pager", "--threshold=20"]);
    analyze.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/dist/zramd.service"));
    match analyze.output() {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && text.contains("Overall exposure level"), "{text}");
        }
        // Where it is not, nothing can be measured; the words that matter most are asked for above.
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::NotFound),
    }
}

/// A word that systemd does not know is passed over, with a line in a log that nobody reads.
#[test]
fn the_unit_says_nothing_that_systemd_does_not_know() {
    let verify = Command::new("systemd-analyze")
        .args(["verify", "--man=no", concat!(env!("CARGO_MANIFEST_DIR"), "/dist/zramd.service")])
        .output();
    let Ok(output) = verify else { return };
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    let known = |line: &&str| {
        // Before systemd 253; and the program need not be installed here.
        !line.contains("service type, ignoring: notify-reload") && !line.contains("is not executable")
    };
    let of_ours: BTreeSet<&str> =
        complaints.lines().filter(|line| line.contains("zramd.service")).filter(known).collect();
    assert!(of_ours.is_empty(), "{of_ours:?}");
}

/// The calls of a group, by systemd's own list. `None`: there is none here.
fn group(name: &str) -> Option<BTreeSet<String>> {
    let listed =
        Command::new("systemd-analyze").args(["--no-pager", "syscall-filter", name]).output().ok()?;
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.status.success() && text.starts_with(name), "{name}: {text}");
    let mut calls = BTreeSet::new();
    for word in text.lines().skip(1).map(str::trim).filter(|word| !word.is_empty() && !word.starts_with('#'))
    {
        match word.starts_with('@') {
            true => calls.extend(group(word)?),
            false => _ = calls.insert(word.to_owned()),
        }
    }
    Some(calls)
}

/// A call that the filter does not let pass fails, in a daemon that has never met that. Those that it makes were counted on live kernels, where it is checked that
/// it makes no others (`cargo xtask programs daemon::faults`).
#[test]
fn the_filter_lets_every_call_pass() {
    let [wanted, unwanted] = &said("SystemCallFilter")[..] else { panic!("two lines") };
    let Some(mut pass) = group(wanted) else { return };
    for name in unwanted.strip_prefix('~').unwrap().split(' ') {
        let away = group(name).unwrap();
        pass.retain(|call| !away.contains(call));
    }
    let calls = include_str!("calls.txt");
    assert!(calls.lines().count() > 30, "{calls}");
    let kept: Vec<&str> = calls.lines().filter(|call| !pass.contains(*call)).collect();
    assert!(kept.is_empty(), "{kept:?} do not pass");
}

/// What there is stands in the documentation: keys with their defaults, metrics, fields, kinds of refusals.
#[test]
fn the_documentation_has_everything() {
    let page = include_str!("../../../docs/zramd.md");
    let config = Loaded::default().config;
    for key in zramd::config::keys::KEYS {
        let row = format!("| `{}` | `{}` |", key.full(), key.shown(&config));
        assert!(page.contains(&row), "{row}");
    }
    let metrics = zramd::metrics::render(&crate::statuses::status());
    let names = metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    for name in names {
        assert!(page.contains(&format!("`{name}`")), "{name}");
    }
    let status = serde_json::to_value(crate::statuses::status()).unwrap();
    let fields = status.as_object().unwrap().keys();
    let device = status["devices"][0].as_object().unwrap().keys();
    for field in fields.chain(device) {
        assert!(page.contains(&format!("`{field}`")), "{field}");
    }
    for kind in ["malformed", "version", "forbidden", "busy", "failed"] {
        assert!(page.contains(&format!("`{kind}`")), "{kind}");
    }
    for command in <zramd::cli::Cli as clap::CommandFactory>::command().get_subcommands() {
        assert!(page.contains(&format!("`{}`", command.get_name())), "{}", command.get_name());
    }
}

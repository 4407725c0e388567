//! Single looks, and recordings.

use std::{fs, path::Path};

use clap::Parser as _;
use insta::assert_snapshot;
use serde_json::Value;
use zramtop::{
    cli::Cli,
    once,
    source::{
        Attention, Source as _, SourceError,
        recording::{Recorder, Replay},
        sim::{Sim, Workload},
    },
    state::View,
};

use crate::fixtures::Watched;

fn prints(words: &str) -> anyhow::Result<String> {
    let cli = Cli::try_parse_from(format!("zramtop --once {words}").split_whitespace())?;
    let mut out = Vec::new();
    once::run(&cli, &mut out)?;
    Ok(String::from_utf8(out)?)
}

#[test]
fn a_look_as_text() {
    assert_snapshot!(prints("--sim --looks 2").unwrap());
    assert_eq!(prints("--sim zram9").unwrap_err().to_string(), "there is no zram9");
}

/// What is printed adds up.
#[test]
fn a_look_as_json() {
    let document: Value = serde_json::from_str(&prints("--sim=server --json").unwrap()).unwrap();
    assert_eq!(document["schema"], 1);
    let devices = document["devices"].as_array().unwrap();
    assert_eq!(devices.len(), 4);
    for device in devices {
        let slots = &device["slots"];
        let kinds: u64 = slots["kinds"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
        assert_eq!((slots["all"].as_u64(), slots["looked_at"].as_u64()), (Some(kinds), Some(kinds)));
        let ages = slots["ages"].as_array().unwrap().iter();
        let aged: u64 =
            ages.map(|age| age["in_memory"].as_u64().unwrap() + age["written_back"].as_u64().unwrap()).sum();
        let held = kinds - slots["kinds"]["free"].as_u64().unwrap();
        assert_eq!(aged + slots["age_unknown"].as_u64().unwrap(), held);
        assert_eq!(device["stored"].as_u64().unwrap(), held * 4096);
        let backing = device["backing"]["used"].as_u64().unwrap_or(0);
        assert_eq!(slots["flags"]["written_back"].as_u64().unwrap() * 4096, backing);
    }
}

fn record(path: &Path, looks: usize) {
    let mut recorder = Recorder::new(Sim::new(Workload::Phone, 5).unwrap(), path).unwrap();
    for _ in 0..looks {
        recorder.look(&Attention::default()).unwrap();
    }
}

/// A recording shows again what was seen: every view, at every moment.
#[test]
fn a_recording_shows_the_same_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ndjson");
    record(&path, 8);
    let mut seen = Watched::of(Sim::new(Workload::Phone, 5).unwrap());
    let mut played = Watched::of(Replay::open(&path).unwrap());
    assert!(played.state.about.as_ref().is_some_and(|about| about.what.starts_with("a.ndjson of phone")));
    played.state.about.clone_from(&seen.state.about);
    for step in 0..8 {
        for view in View::ALL {
            assert_eq!(played.shown(view, (120, 40)), seen.shown(view, (120, 40)), "{step} {view:?}");
        }
        if step < 7 {
            seen.step();
            played.step();
        }
    }
}

#[test]
fn a_recording_ends_where_it_was_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ndjson");
    record(&path, 3);
    let text = fs::read(&path).unwrap();
    fs::write(&path, &text[..text.len() - 100]).unwrap();
    let mut replay = Replay::open(&path).unwrap();
    let look = |replay: &mut Replay| replay.look(&Attention::default());
    assert!(look(&mut replay).is_ok());
    assert_eq!(replay.due(), Some(std::time::Duration::from_secs(1)));
    assert!(look(&mut replay).is_ok());
    assert_eq!(look(&mut replay), Err(SourceError::End));
    assert_eq!(look(&mut replay), Err(SourceError::End));
}

#[test]
fn what_is_no_recording_is_not_played() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes");
    let said = |text: &str| {
        fs::write(&path, text).unwrap();
        let failed = Replay::open(&path).and_then(|mut replay| Ok(replay.look(&Attention::default())?));
        failed.unwrap_err().to_string()
    };
    assert!(said("milk\n").contains("is no recording"));
    assert!(said("").contains("is no recording"));
    assert!(said("{\"zramtop\":9,\"source\":\"\"}\n").contains("is of version 9"));
    assert!(
        said("{\"zramtop\":1,\"source\":\"\"}\n{\"a\":1}\n")
            .contains("line 2 of the recording makes no sense")
    );
    assert!(Recorder::new(Sim::new(Workload::Fresh, 1).unwrap(), &path).is_err(), "nothing is overwritten");
}

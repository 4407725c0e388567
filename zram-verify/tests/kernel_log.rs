//! The scanner of the kernel's log, held against stretches of logs with known verdicts.
#![expect(clippy::unwrap_used, reason = "a case that cannot be read is a failed test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use zram_verify::kernel_log::{ALLOW, DENY, LOSSES, first_loss, hear};

/// A stretch of a log, and what it must be taken for.
#[derive(Debug)]
struct Case {
    place: String,
    expect: String,
    lines: Vec<String>,
}

/// The cases of all files. One begins where its verdict stands and ends at the next comment.
fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kernel-log");
    let mut cases = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let mut open: Option<Case> = None;
        for (number, line) in (1..).zip(fs::read_to_string(&path).unwrap().lines()) {
            if let Some(expect) = line.strip_prefix("# expect: ") {
                let place = format!("{name}:{number}");
                let case = Case { place, expect: expect.to_owned(), lines: Vec::new() };
                cases.extend(open.replace(case));
            } else if line.starts_with('#') {
                cases.extend(open.take());
            } else if let (Some(case), true) = (&mut open, line.starts_with('<')) {
                case.lines.push(line.to_owned());
            } else {
                assert!(line.is_empty(), "{name}:{number}: {line:?} belongs to no case");
            }
        }
        cases.extend(open);
    }
    cases
}

/// In the words of the files.
fn verdict(lines: &[String]) -> String {
    let heard = hear(lines);
    if let Some(splat) = heard.splat {
        return splat.mark.kind.to_owned();
    }
    if first_loss(lines).is_some() {
        return "lost".to_owned();
    }
    if !heard.complaints.is_empty() {
        return format!(
            "answer {}",
            heard.complaints.iter().map(|one| format!("{one:?}")).collect::<String>()
        );
    }
    if heard.allowed.is_empty() { "nothing".to_owned() } else { "nothing, allowed".to_owned() }
}

#[test]
fn every_case_is_taken_for_what_it_is() {
    let wrong: Vec<String> = cases()
        .iter()
        .filter(|case| verdict(&case.lines) != case.expect)
        .map(|case| format!("{}: {} and not {}", case.place, verdict(&case.lines), case.expect))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_mark_has_a_case_that_only_it_finds() {
    let found: BTreeSet<&str> =
        cases().iter().filter_map(|case| hear(&case.lines).splat).map(|splat| splat.mark.text).collect();
    let unproved: Vec<&str> =
        DENY.iter().map(|mark| mark.text).filter(|text| !found.contains(text)).collect();
    assert!(unproved.is_empty(), "no case in tests/kernel-log shows these marks at work: {unproved:?}");
}

#[test]
fn every_allowance_and_every_loss_has_a_case() {
    let cases = cases();
    let allowed: BTreeSet<&str> =
        cases.iter().flat_map(|case| hear(&case.lines).allowed).map(|reason| reason.sentence()).collect();
    for entry in ALLOW {
        assert!(allowed.contains(entry.reason.sentence()), "no case lets {entry:?} pass");
    }
    for loss in LOSSES {
        let shown = cases.iter().any(|case| case.lines.iter().any(|line| line.contains(loss)));
        assert!(shown, "no case shows {loss:?}");
    }
}

/// A mark that is hidden behind a more general one before it would never be found.
#[test]
fn no_mark_hides_another() {
    for (at, mark) in DENY.iter().enumerate() {
        let hidden = DENY[..at].iter().find(|earlier| mark.text.contains(earlier.text));
        assert_eq!(hidden, None, "{mark:?} is never reached");
    }
}

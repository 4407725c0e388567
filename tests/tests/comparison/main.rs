//! Whether the comparison can fail: one thing at a time is falsified in a run that agrees, and each
//! falsification must be noticed at the operation where it was made.
#![expect(clippy::unwrap_used, reason = "a run that cannot be made is a failed test")]

mod state;
mod stream;
mod surface;

use zram_agent::protocol::{Answer, Bytes, Hello, Observation, Op};
use zram_events::{RawRecord, raw::RECORD_BYTES};
use zram_model::Profile;
use zram_verify::{abilities::Abilities, checker::Checker, commands::serve_model, generate::operations};

struct Run {
    profile: Profile,
    hello: Hello,
    steps: Vec<(Op, Observation)>,
}

/// A run of the model in the form in which an agent answers.
fn run(profile: Profile, ops: Vec<Op>) -> Run {
    let input: String = ops.iter().map(|op| serde_json::to_string(op).unwrap() + "\n").collect();
    let mut output = Vec::new();
    serve_model::serve(profile.clone(), input.as_bytes(), &mut output).unwrap();
    let mut answers =
        std::str::from_utf8(&output).unwrap().lines().map(|line| serde_json::from_str(line).unwrap());
    let Some(Answer::Hello(hello)) = answers.next() else { panic!("no greeting") };
    let observations: Vec<_> = answers
        .map(|answer| match answer {
            Answer::Observation(observation) => *observation,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(observations.len(), ops.len());
    Run { profile, hello: *hello, steps: ops.into_iter().zip(observations).collect() }
}

fn generated() -> Run {
    generated_on(Profile::debian_7_2())
}

fn generated_on(profile: Profile) -> Run {
    let programs = operations(3, 1000, &Abilities::of_model(&profile));
    run(profile, programs.into_iter().flat_map(|program| program.ops).collect())
}

/// What became of a falsified answer.
#[derive(Debug, PartialEq)]
enum Fate {
    Noticed(String),
    Unusable(String),
    Unnoticed,
}

/// Falsifies the first answer to which the falsification applies, and checks up to there.
fn falsified(run: &Run, name: &str, falsify: impl Fn(&Op, &mut Observation) -> bool) -> Fate {
    let mut checker = match Checker::new(run.profile.clone(), &run.hello) {
        Ok(checker) => checker,
        Err(trouble) => return Fate::Unusable(trouble.in_full()),
    };
    for (op, answer) in &run.steps {
        let mut answer = answer.clone();
        let applied = falsify(op, &mut answer);
        let checked = match checker.check(op, answer) {
            Ok(checked) => checked,
            Err(trouble) => {
                assert!(applied, "{name}: {}", trouble.in_full());
                return Fate::Unusable(trouble.in_full());
            }
        };
        if applied {
            return match checked.differences.first() {
                Some(difference) => Fate::Noticed(format!("{:?} {}", difference.level, difference.field)),
                None => Fate::Unnoticed,
            };
        }
        assert_eq!(checked.differences, [], "{name}: the sound run differs");
    }
    panic!("{name}: applies to no answer of the run");
}

fn must_be_noticed(run: &Run, name: &str, falsify: impl Fn(&Op, &mut Observation) -> bool) {
    let fate = falsified(run, name, falsify);
    assert!(matches!(fate, Fate::Noticed(_)), "{name}: {fate:?}");
}

fn must_be_unusable(run: &Run, name: &str, falsify: impl Fn(&Op, &mut Observation) -> bool) {
    let fate = falsified(run, name, falsify);
    assert!(matches!(fate, Fate::Unusable(_)), "{name}: {fate:?}");
}

fn records(observation: &Observation) -> Vec<RawRecord> {
    let bytes = observation.records.as_ref().map_or(&[][..], |bytes| &bytes.0);
    bytes.as_chunks::<RECORD_BYTES>().0.iter().map(RawRecord::from_bytes).collect()
}

/// Puts records back, numbered so that none seems to be missing.
fn set_records(observation: &mut Observation, records: &[RawRecord], first: u64) {
    let bytes = (first..).zip(records).flat_map(|(seq, record)| RawRecord { seq, ..*record }.to_bytes());
    observation.records = Some(Bytes(bytes.collect()));
}

//! `serve-model`: the model in the place of a machine.
//!
//! Speaks the agent's protocol, so that the runner, the shrinker and the reports can be tried without
//! a virtual machine; with a rule broken, they can be seen to notice. The greeting says that it is a
//! model, and a trace of it says so too.

use std::io::{BufRead, Write};

use anyhow::{Context as _, Result};
use zram_agent::{
    SimWorld, execute,
    protocol::{Answer, BackingKind, Hello, Observation, Op, VERSION},
    serve::END,
};
use zram_model::Profile;

use crate::{disguise::Disguise, exact, facts, trace::MODEL_KERNEL};

/// Answers operations until there are no more.
///
/// # Errors
/// When the channel breaks.
pub fn serve(profile: Profile, input: impl BufRead, mut output: impl Write) -> Result<()> {
    let kernel = format!("{MODEL_KERNEL} {}", profile.name);
    let mut world = SimWorld::new(exact::host(profile.clone()));
    send(&mut output, &Answer::Hello(Box::new(hello(&kernel, profile))))?;
    let mut disguise = Disguise::new();
    for (n, line) in (0..).zip(input.lines()) {
        let line = line?;
        if line == END {
            break;
        }
        let answer = answer(n, &line, &mut world, &mut disguise);
        let given_up = matches!(answer, Answer::Trouble(_));
        send(&mut output, &answer)?;
        if given_up {
            break;
        }
    }
    Ok(())
}

fn answer(
    n: u64,
    line: &str,
    world: &mut SimWorld<zram_host::Simulated<exact::Exact>>,
    disguise: &mut Disguise,
) -> Answer {
    let op: Op = match serde_json::from_str(line) {
        Ok(op) => op,
        Err(error) => return Answer::Trouble(format!("operation {n} is none: {error}: {line}")),
    };
    if matches!(op, Op::Begin(_)) {
        disguise.begin();
    }
    match execute(n, &op, world) {
        Ok(mut observation) => foreign(&op, &observation).unwrap_or_else(|| {
            disguise.wear(&mut observation, &world.host_mut().take_threads());
            Answer::Observation(Box::new(observation))
        }),
        Err(trouble) => Answer::Trouble(format!("operation {n} cannot be carried out: {trouble}")),
    }
}

/// As the live agent: only devices that were added are touched.
fn foreign(op: &Op, observation: &Observation) -> Option<Answer> {
    let dev = op.dev()?;
    let known = observation.devices.contains_key(&dev);
    (!known).then(|| Answer::Trouble(format!("zram{dev} was not added by the test")))
}

fn hello(kernel: &str, profile: Profile) -> Hello {
    Hello {
        protocol: VERSION,
        kernel: kernel.to_owned(),
        bpf_object: None,
        failures: facts::failures_of(&profile),
        attributes: facts::attributes_of(profile),
        backing_path: zram_host::sim::BACKING.to_owned(),
        coverage: Some(Disguise::coverage(kernel)),
        // Nothing in it runs in an interrupt.
        backing: BackingKind::ALL.iter().copied().filter(|kind| *kind != BackingKind::Interrupts).collect(),
        workloads: Vec::new(),
    }
}

fn send(mut output: impl Write, answer: &Answer) -> Result<()> {
    let mut line = serde_json::to_vec(answer).context("putting an answer into JSON")?;
    line.push(b'\n');
    output.write_all(&line)?;
    Ok(output.flush()?)
}

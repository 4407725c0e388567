//! Files of operations, through the parser and the executor of `zram-verify simulate`.

use std::path::Path;

use zram_model::Profile;
use zram_verify::{
    abilities::Abilities, commands::simulate::simulate_from, generate::operations, op_file::parse,
};

use crate::fuzzer::{Shown, Target};

/// The target.
#[derive(Clone, Debug)]
pub struct Operations;

/// Profiles that the first byte of a file chooses among: the file's first line is a comment, if it is one.
fn profile(input: &[u8]) -> Profile {
    let mut all = Profile::all();
    let at = usize::from(input.first().copied().unwrap_or(0)) % all.len();
    // A table of slots is made for each device that is set up.
    Profile { memory: 1 << 22, ..all.swap_remove(at) }
}

impl Target for Operations {
    fn name(&self) -> &'static str {
        "operations"
    }

    /// The beginnings of generated programs.
    fn seeds(&self) -> Vec<Vec<u8>> {
        let text = |ops: &[zram_agent::protocol::Op]| {
            let lines: Vec<_> = ops.iter().filter_map(|op| serde_json::to_string(op).ok()).collect();
            format!("#\n{}\n", lines.join("\n")).into_bytes()
        };
        let kernels = [Profile::debian_6_12(), Profile::custom_7_2()];
        kernels
            .iter()
            .flat_map(|profile| operations(1, 600, &Abilities::of_model(profile)))
            .flat_map(|program| [text(&program.ops[..program.ops.len().min(30)])])
            .collect()
    }

    fn words(&self) -> Vec<Vec<u8>> {
        [
            "{\"op\":\"begin\",\"backing_pages\":8}\n",
            "{\"op\":\"begin\",\"backing_pages\":8,\"backing_delay_ms\":1}\n",
            "{\"op\":\"begin\",\"backing_pages\":8,\"backing_bad_from\":2}\n",
            "{\"op\":\"add\"}\n",
            "{\"op\":\"remove\",\"text\":\"0\"}\n",
            "{\"op\":\"set\",\"dev\":0,\"attr\":\"disksize\",\"value\":\"64K\"}\n",
            "{\"op\":\"set\",\"dev\":0,\"attr\":\"backing_dev\",\"value\":\"$BACKING\"}\n",
            "{\"op\":\"set\",\"dev\":0,\"attr\":\"compressed_writeback\",\"value\":\"1\"}\n",
            "{\"op\":\"set\",\"dev\":0,\"attr\":\"writeback\",\"value\":\"page_indexes=0-15\"}\n",
            "{\"op\":\"set\",\"dev\":0,\"attr\":\"writeback\",\"value\":\"type=idle\"}\n",
            "{\"op\":\"set\",\"dev\":0,\"attr\":\"idle\",\"value\":\"all\"}\n",
            "{\"op\":\"set\",\"dev\":0,\"attr\":\"compact\",\"value\":\"1\"}\n",
            "{\"op\":\"set\",\"dev\":0,\"attr\":\"mem_limit\",\"value\":\"8K\"}\n",
            "{\"op\":\"set\",\"dev\":0,\"attr\":\"writeback_limit_enable\",\"value\":\"1\"}\n",
            "{\"op\":\"set\",\"dev\":0,\"attr\":\"comp_algorithm\",\"value\":\"zstd\"}\n",
            "{\"op\":\"set\",\"dev\":0,\"attr\":\"reset\",\"value\":\"1\"}\n",
            "{\"op\":\"get\",\"dev\":0,\"attr\":\"mm_stat\"}\n",
            "{\"op\":\"read\",\"dev\":0,\"slot\":0,\"count\":4}\n",
            "{\"op\":\"discard\",\"dev\":0,\"slot\":0,\"count\":4}\n",
            "{\"op\":\"zero_out\",\"dev\":0,\"slot\":0,\"count\":4}\n",
            "{\"op\":\"hold\",\"dev\":0}\n",
            "{\"op\":\"release\",\"dev\":0}\n",
            "{\"op\":\"state\",\"dev\":0,\"position\":0,\"bytes\":4096}\n",
            "{\"op\":\"blocks\",\"first\":0,\"count\":4}\n",
            "{\"op\":\"classes\",\"dev\":0}\n",
            "\n",
            "\"",
            "{",
            "}",
            "[",
            "]",
            ",",
            "null",
        ]
        .iter()
        .map(|word| word.as_bytes().to_vec())
        .collect()
    }

    /// The file as it is; and if a line of it is no operation, once more without such lines, so that the executor
    /// gets its share.
    fn run(&self, input: &[u8], shown: &mut Shown) {
        let profile = profile(input);
        if simulate(input, profile.clone(), shown) {
            return;
        }
        let good = |line: &&[u8]| parse(Path::new("input"), *line).is_ok();
        let lines: Vec<_> = input.split(|byte| *byte == b'\n').filter(good).collect();
        simulate(&lines.join(&b'\n'), profile, shown);
    }
}

/// Whether the file could be carried out to its end.
fn simulate(text: &[u8], profile: Profile, shown: &mut Shown) -> bool {
    let mut output = Vec::new();
    let result = simulate_from(Path::new("input"), text, profile, &mut output);
    for line in output.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let answer: serde_json::Value = match serde_json::from_slice(line) {
            Ok(answer) => answer,
            Err(error) => panic!("an observation that cannot be read: {error}"),
        };
        let events = answer.get("events").and_then(|events| events.as_array());
        let names: Vec<_> = events.into_iter().flatten().filter_map(name_of).collect();
        for pair in names.windows(2) {
            shown.note(pair);
        }
        let outcome = answer.get("outcome").map(ToString::to_string).unwrap_or_default();
        shown.note(outcome.chars().filter(|c| !c.is_ascii_digit()).collect::<String>());
    }
    if let Err(error) = &result {
        // Which refusal, without what it is about: that stands in quotes.
        let text = format!("{error:#}");
        let text = text.split(['`', '"', '\n']).next().unwrap_or_default();
        shown.note(text.chars().filter(|c| !c.is_ascii_digit()).collect::<String>());
    }
    result.is_ok()
}

/// The name of an event in an observation: a word, or what `event` or the only key of an object says.
fn name_of(event: &serde_json::Value) -> Option<String> {
    let named = event.get("event").and_then(|name| name.as_str());
    let named = named.or_else(|| event.as_str()).map(str::to_owned);
    named.or_else(|| event.as_object()?.keys().next().cloned())
}

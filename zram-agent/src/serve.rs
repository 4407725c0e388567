//! The conversation: an operation per line in, an answer per line out, in order.
//!
//! Empty lines and lines that begin with `#` are passed over, so that a file of operations written for
//! people can be fed in as it is.
//!
//! The conversation ends with the input, or with a line that holds only the character EOT: a virtio
//! port has no end of file but the hanging up of the other side, after which nothing can be answered.
//!
//! The agent keeps no state of its own about it beyond a count, and gives up at the first line that
//! it cannot make sense of: an agent that guesses would be one more thing to verify.

use std::io::{BufRead, Write};

use anyhow::{Context as _, Result};

use crate::{
    execute,
    protocol::{Answer, Hello, Op, Run},
    world::World,
};

/// The line that ends the conversation: EOT.
pub const END: &str = "\u{4}";

/// Says hello, then answers operations until there are no more.
///
/// # Errors
/// When the channel breaks, a line is no operation, or the world fails. The caller says so to the
/// runner ([`trouble`]): it knows what else has to be told, and to whom.
pub fn serve<W: World>(
    hello: Hello,
    world: &mut W,
    input: impl BufRead,
    mut output: impl Write,
) -> Result<()> {
    send(&mut output, &Answer::Hello(Box::new(hello)))?;
    let mut n = 0;
    for line in input.lines() {
        let line = line.context("reading the next operation")?;
        if line == END {
            break;
        }
        if line.trim_start().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        if line.starts_with(Run::BEGINS) {
            let run: Run =
                serde_json::from_str(&line).with_context(|| format!("this runs nothing: {line}"))?;
            let ran = world.run(&run.run).with_context(|| format!("running {:?}", run.run))?;
            send(&mut output, &Answer::Ran(ran))?;
            continue;
        }
        let op: Op = serde_json::from_str(&line).with_context(|| format!("operation {n} is none: {line}"))?;
        let observation =
            execute(n, &op, world).with_context(|| format!("operation {n} cannot be carried out: {line}"))?;
        send(&mut output, &Answer::Observation(Box::new(observation)))?;
        n += 1;
    }
    Ok(())
}

/// Says that the agent cannot go on.
///
/// # Errors
/// When the channel is broken.
pub fn trouble(output: impl Write, reason: String) -> Result<()> {
    send(output, &Answer::Trouble(reason))
}

/// An error in one line, from the outside in. Some errors name their cause in their own words, and
/// some leave that to whoever prints the chain; a cause that was just named is not named again.
#[must_use]
pub fn reason(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for link in error.chain().map(ToString::to_string) {
        if text.ends_with(&link) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&link);
    }
    text
}

fn send(mut output: impl Write, answer: &Answer) -> Result<()> {
    let mut line = serde_json::to_vec(answer).context("putting an answer into JSON")?;
    line.push(b'\n');
    output.write_all(&line).and_then(|()| output.flush()).context("sending an answer")
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;
    use crate::Trouble;

    #[test]
    fn a_cause_is_named_once() {
        let trouble = Trouble::setup("opening it", std::io::Error::from_raw_os_error(2));
        let error = Err::<(), _>(trouble).context("operation 3 cannot be carried out").unwrap_err();
        let text = reason(&error);
        assert_eq!(text.matches("No such file").count(), 1, "{text}");
        assert!(text.starts_with("operation 3 cannot be carried out: opening it: No such file"), "{text}");
    }
}

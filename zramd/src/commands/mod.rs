//! The commands, a file each.

pub mod check_config;
mod decisions;
pub mod pause;
pub mod run;
pub mod run_now;
pub mod show_config;
pub mod simulate;
pub mod status;
pub mod why;

use std::{io::Write, path::PathBuf, time::Duration};

use serde::Serialize;

use zram_terminal::escape::escaped;

use crate::{
    cli::Socket,
    config::{Config, load},
};

/// The version of what `--json` prints: it goes up when a field changes its meaning or goes away, and stays when one is added.
const SCHEMA: u32 = 1;

/// Prints a document, with its version.
fn json(out: &mut dyn Write, document: &impl Serialize) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Versioned<'a, T> {
        schema: u32,
        #[serde(flatten)]
        document: &'a T,
    }
    serde_json::to_writer_pretty(&mut *out, &Versioned { schema: SCHEMA, document })?;
    writeln!(out)?;
    Ok(())
}

/// Where the daemon is asked. A configuration that is wrong must not keep anybody from asking the daemon, which may run with the one before.
fn path(socket: &Socket) -> PathBuf {
    let configured = || load(&socket.place.root).map_or_else(|_| Config::default(), |loaded| loaded.config);
    socket.socket.clone().unwrap_or_else(|| configured().paths.control)
}

/// A time as people say it: no more than two units.
fn time(seconds: u64) -> String {
    let coarse = match seconds {
        0..3600 => seconds,
        3600..86_400 => seconds / 60 * 60,
        _ => seconds / 3600 * 3600,
    };
    let text = humantime::format_duration(Duration::from_secs(coarse)).to_string();
    // As it is written in a configuration, where "m" is a minute and a month to different people.
    text.split(' ')
        .map(|part| part.strip_suffix('m').map_or_else(|| part.to_owned(), |n| format!("{n}min")))
        .collect::<Vec<_>>()
        .join(" ")
}

/// A text of somebody else's.
fn foreign(text: &str) -> String {
    escaped(text, false)
}

#[cfg(test)]
mod tests {
    use super::time;

    #[test]
    fn times_have_two_units_at_most() {
        for (seconds, text) in [
            (0, "0s"),
            (59, "59s"),
            (3599, "59min 59s"),
            (3601, "1h"),
            (7 * 3600 + 125, "7h 2min"),
            (86_400 + 3 * 3600 + 59, "1day 3h"),
        ] {
            assert_eq!(time(seconds), text);
        }
    }
}

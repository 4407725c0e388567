//! What can be asked for.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Parser;
use zram_host::DeviceNumber;
use zram_terminal::{Color, Output, Program, about::Shell, style};

use crate::{
    source::{
        Source,
        live::Live,
        recording::{Recorder, Replay},
        sim::{Sim, Workload},
    },
    state::{Glyphs, Look, Units},
};

/// See the slots of zram devices: what is in each, where the memory goes, what writeback does
///
/// Without options it looks at the running kernel. Slots take root, debugfs and CONFIG_ZRAM_MEMORY_TRACKING; what cannot be
/// seen says what it lacks. Press ? for keys.
#[derive(Debug, Parser)]
#[command(name = "zramtop", version, styles = style::help())]
#[command(after_help = "\
Examples:
  sudo zramtop                      all devices of the running kernel
  zramtop --sim                     a simulated machine: no root, no zram
  sudo zramtop --record day.ndjson  as usual, and every moment goes into a file
  zramtop --replay day.ndjson       played back: Space pauses, . goes a moment further
  sudo zramtop --once --json        a single look, for scripts

Exit status: 0 all well, 1 it could not be done, 2 the command line is wrong.")]
pub struct Cli {
    /// The device to look at first, as zram0 or /dev/zram0
    #[arg(value_name = "DEVICE")]
    pub device: Option<DeviceNumber>,

    /// Look at a simulated machine, which takes neither root nor zram
    #[arg(long, value_name = "WORKLOAD", num_args = 0..=1, require_equals = true, default_missing_value = "desktop", conflicts_with = "replay")]
    pub sim: Option<Workload>,

    /// The seed of the simulation: the same seed shows the same
    #[arg(long, value_name = "N", default_value_t = 1, requires = "sim")]
    pub seed: u64,

    /// Play a recording
    #[arg(long, value_name = "FILE")]
    pub replay: Option<PathBuf>,

    /// Record to a new file what is seen, for --replay
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    pub record: Option<PathBuf>,

    /// Seconds between two looks
    #[arg(short, long, value_name = "SECONDS", default_value_t = 1.0, value_parser = interval)]
    pub interval: f64,

    /// Begin paused: . goes one moment further
    #[arg(long)]
    pub paused: bool,

    /// Look once, all of every device, and print it
    #[arg(long)]
    pub once: bool,

    /// ... as an object of JSON
    #[arg(long, requires = "once", conflicts_with = "text")]
    pub json: bool,

    /// ... as text, which is the default
    #[arg(long, requires = "once")]
    pub text: bool,

    /// ... after so many looks, of which the last is printed: rates take two
    #[arg(long, value_name = "N", requires = "once", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub looks: u32,

    /// ... with sizes of objects and blocks on backing devices, which probes tell: takes root and a kernel with BTF
    #[arg(long, requires = "once")]
    pub sizes: bool,

    /// ... with how long reads and writes took from the first look to the last, which are at least two: takes root and a kernel with BTF
    #[arg(long, requires = "once")]
    pub latency: bool,

    /// How output looks
    #[command(flatten)]
    pub output: Output,

    /// Draw with ASCII: the letters that the kernel has for states. So it is where the locale is not UTF-8
    #[arg(long)]
    pub ascii: bool,

    /// Let the mouse choose cells and scroll; selecting text takes Shift then
    #[arg(long)]
    pub mouse: bool,

    /// Print what a shell needs to complete command lines, and end
    #[arg(long, value_name = "SHELL", exclusive = true)]
    pub completions: Option<Shell>,

    /// Print the manual page, and end
    #[arg(long, exclusive = true)]
    pub man: bool,
}

impl Program for Cli {
    fn output(&mut self) -> &mut Output {
        &mut self.output
    }
}

/// Seconds, from a tenth to an hour.
fn interval(text: &str) -> Result<f64, String> {
    let seconds: Option<f64> = text.parse().ok();
    seconds
        .filter(|seconds| (0.1..=3600.0).contains(seconds))
        .ok_or_else(|| format!("\"{text}\" is no time between looks: give seconds from 0.1 to 3600"))
}

/// How a source is made, in the thread in which it is to live.
#[derive(Clone, Debug)]
pub struct Wanted {
    sim: Option<(Workload, u64)>,
    replay: Option<PathBuf>,
    record: Option<PathBuf>,
}

impl Wanted {
    /// Makes it.
    ///
    /// # Errors
    /// When it cannot be had, in a sentence.
    pub fn make(self) -> anyhow::Result<Box<dyn Source>> {
        let source: Box<dyn Source> = match (self.sim, &self.replay) {
            (_, Some(path)) => Box::new(Replay::open(path)?),
            (Some((workload, seed)), None) => {
                Box::new(Sim::new(workload, seed).context("the simulation cannot begin")?)
            }
            (None, None) => Box::new(Live::new()),
        };
        Ok(match &self.record {
            Some(path) => Box::new(Recorder::new(source, path)?),
            None => source,
        })
    }
}

impl Cli {
    /// What is to be looked at.
    #[must_use]
    pub fn source(&self) -> Wanted {
        Wanted {
            sim: self.sim.map(|workload| (workload, self.seed)),
            replay: self.replay.clone(),
            record: self.record.clone(),
        }
    }

    /// How it is shown, where the environment says this.
    #[must_use]
    pub fn look(&self, environment: impl Fn(&str) -> Option<String>) -> Look {
        let is_set = |name: &str| environment(name).is_some_and(|value| !value.is_empty());
        let color = match self.output.color {
            Color::Auto => !is_set("NO_COLOR") && environment("TERM").as_deref() != Some("dumb"),
            Color::Always => true,
            Color::Never => false,
        };
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .filter_map(environment)
            .find(|value| !value.is_empty());
        // Where nobody says anything, terminals of these days are UTF-8.
        let is_utf8 = locale.is_none_or(|locale| {
            let locale = locale.to_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
        let glyphs = if self.ascii || !is_utf8 { Glyphs::Letters } else { Glyphs::Shapes };
        Look { color, glyphs, units: Units::Short }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_makes_sense() {
        Cli::command().debug_assert();
        let cli = Cli::try_parse_from(["zramtop", "--sim=phone", "zram1"]).unwrap();
        assert_eq!((cli.sim, cli.device), (Some(Workload::Phone), Some(DeviceNumber(1))));
        let cli = Cli::try_parse_from(["zramtop", "--sim"]).unwrap();
        assert_eq!(cli.sim, Some(Workload::Desktop));
        for wrong in [&["--json"][..], &["-i", "0"], &["sda"], &["--sim", "--replay=x"], &["--seed=3"]] {
            assert!(Cli::try_parse_from([&["zramtop"], wrong].concat()).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_environment_says_how_it_looks() {
        let look = |arguments: &[&str], variables: &[(&str, &str)]| {
            let cli = Cli::try_parse_from([&["zramtop"], arguments].concat()).unwrap();
            let look = cli.look(|name| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            });
            (look.color, look.glyphs)
        };
        assert_eq!(look(&[], &[]), (true, Glyphs::Shapes));
        assert_eq!(look(&[], &[("NO_COLOR", "1"), ("LANG", "C.UTF-8")]), (false, Glyphs::Shapes));
        assert_eq!(look(&[], &[("NO_COLOR", ""), ("LANG", "de_DE.utf8")]), (true, Glyphs::Shapes));
        assert_eq!(look(&["--color=always"], &[("NO_COLOR", "1"), ("LC_ALL", "C")]), (true, Glyphs::Letters));
        assert_eq!(look(&["--ascii"], &[("TERM", "dumb")]), (false, Glyphs::Letters));
    }
}

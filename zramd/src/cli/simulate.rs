//! `zramd simulate`: policies on a simulated machine.

use std::{fmt, path::PathBuf, str::FromStr, time::Duration};

use clap::Args;
use zram_host::size;

use super::Place;

/// What to simulate.
#[derive(Args, Clone, Debug)]
pub struct Simulate {
    /// Where the configuration of zramd is
    #[command(flatten)]
    pub place: Place,

    /// Name of a workload, or a file with a description (TOML) or a trace
    #[arg(long, short, value_name = "NAME|FILE", default_value = "phone")]
    pub workload: String,

    /// How many days
    #[arg(long, short, value_name = "N", default_value_t = 14, value_parser = clap::value_parser!(u64).range(1..=366))]
    pub days: u64,

    /// Which of all courses that chance can take
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// Which policies: zramd, mmd, chromeos, nothing, or an age such as 24h
    #[arg(
        long,
        short,
        value_name = "NAME",
        value_delimiter = ',',
        default_values_t = [Policy::Ours, Policy::Mmd, Policy::ChromeOs, Policy::Age(24), Policy::Age(1), Policy::Nothing]
    )]
    pub policy: Vec<Policy>,

    /// What may be written to the backing device in 24 hours, of the machine that the simulated one stands for; several: the policies are also
    /// compared where they have written as much. By default what is configured
    #[arg(long, value_name = "SIZE", value_delimiter = ',', value_parser = size::parse)]
    pub per_day: Vec<u64>,

    /// Print JSON
    #[arg(long)]
    pub json: bool,

    /// Draw how it went into this file, as SVG
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,

    /// Write the workload's steps into this file as a trace, and run nothing
    #[arg(long, value_name = "FILE", conflicts_with_all = ["json", "plot"])]
    pub record: Option<PathBuf>,
}

/// A policy by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// This program's.
    Ours,
    /// Android's mmd.
    Mmd,
    /// ChromeOS' swap_management.
    ChromeOs,
    /// Everything older than so many hours.
    Age(u32),
    /// No writeback.
    Nothing,
}

impl Policy {
    /// The age of one that has a fixed one.
    #[must_use]
    pub fn age(self) -> Option<Duration> {
        let Self::Age(hours) = self else { return None };
        Some(Duration::from_secs(u64::from(hours) * 3600))
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ours => f.write_str("zramd"),
            Self::Mmd => f.write_str("mmd"),
            Self::ChromeOs => f.write_str("chromeos"),
            Self::Age(hours) => write!(f, "{hours}h"),
            Self::Nothing => f.write_str("nothing"),
        }
    }
}

impl FromStr for Policy {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let hours = || name.strip_suffix('h')?.parse().ok().filter(|hours| (1..=10_000).contains(hours));
        match name {
            "zramd" => Ok(Self::Ours),
            "mmd" => Ok(Self::Mmd),
            "chromeos" => Ok(Self::ChromeOs),
            "nothing" => Ok(Self::Nothing),
            _ => hours().map(Self::Age).ok_or_else(|| {
                format!("\"{name}\" is no policy: zramd, mmd, chromeos, nothing, or hours such as 24h")
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        simulate: Simulate,
    }

    #[test]
    fn policies_are_read_as_they_are_printed() {
        for name in ["zramd", "mmd", "chromeos", "nothing", "24h", "1h"] {
            assert_eq!(name.parse::<Policy>().unwrap().to_string(), name);
        }
        for wrong in ["", "h", "0h", "24", "-1h", "Mmd", "99999h"] {
            assert!(wrong.parse::<Policy>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn arguments_are_what_they_say() {
        let of = |line: &str| Cli::try_parse_from(std::iter::once("zramd").chain(line.split_whitespace()));
        let simulate = of("--policy mmd,2h --per-day 256M,1G").unwrap().simulate;
        assert_eq!(simulate.policy, [Policy::Mmd, Policy::Age(2)]);
        assert_eq!(simulate.per_day, [256 << 20, 1 << 30]);
        assert_eq!(of("").unwrap().simulate.policy.len(), 6);
        assert!(of("--days 0").is_err());
        assert!(of("--record a --json").is_err());
        assert!(of("--per-day lots").is_err());
    }
}

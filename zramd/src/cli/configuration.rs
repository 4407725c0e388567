//! Running, and looking at the configuration.

use std::path::PathBuf;

use clap::Args;

/// Where the files of the configuration are.
#[derive(Clone, Debug, Args)]
pub struct Place {
    /// Read the configuration of the system below DIR
    #[arg(long, value_name = "DIR", default_value = "/", hide_default_value = true)]
    pub root: PathBuf,
}

/// How to run.
#[derive(Clone, Debug, Args)]
pub struct Run {
    /// Where the configuration is
    #[command(flatten)]
    pub place: Place,
}

/// How to check it.
#[derive(Clone, Debug, Args)]
pub struct CheckConfig {
    /// Where it is
    #[command(flatten)]
    pub place: Place,

    /// Print JSON: the files, and what is wrong
    #[arg(long)]
    pub json: bool,
}

/// How to show it.
#[derive(Clone, Debug, Args)]
pub struct ShowConfig {
    /// Where it is
    #[command(flatten)]
    pub place: Place,

    /// Show every key with its default and what it means, whatever the files say
    #[arg(long, conflicts_with_all = ["origin", "json"])]
    pub defaults: bool,

    /// Say of each value where it comes from
    #[arg(long, conflicts_with = "json")]
    pub origin: bool,

    /// Print JSON: the files, and each key with its value and origin
    #[arg(long)]
    pub json: bool,
}

//! What the program says about itself: completions and man pages.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// A shell that completes command lines.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Shell {
    /// bash
    Bash,
    /// zsh
    Zsh,
    /// fish
    Fish,
}

/// For whom to complete.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// Which pages, and where to.
#[derive(Debug, Args)]
pub struct Man {
    /// Write a page for the program and for each command into this folder, which must be there
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

//! `zram-fuzz`: see the library.

use std::{
    fs,
    io::Write as _,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use clap::{Parser, ValueEnum};
use zram_fuzz::{
    attributes::Attributes,
    fuzzer::{Fuzzer, Target},
    operations::Operations,
};

/// Looks for inputs that make the model or the simulator panic, hang or lose count.
#[derive(Debug, Parser)]
#[command(name = "zram-fuzz", version)]
struct Cli {
    /// What to feed.
    target: Which,
    /// For how long.
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// Where to begin: the same seed makes the same inputs.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Runs this input only: one that was found before.
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Which {
    /// Text written to every attribute, in every state of a device.
    Attributes,
    /// Files of operations, as `zram-verify simulate` takes them.
    Operations,
}

fn main() -> Result<ExitCode> {
    let cli = Cli::parse();
    match cli.target {
        Which::Attributes => run(Attributes, &cli),
        Which::Operations => run(Operations, &cli),
    }
}

fn run<T: Target>(target: T, cli: &Cli) -> Result<ExitCode> {
    let name = target.name();
    let mut fuzzer = Fuzzer::new(target, cli.seed);
    fuzzer.patience = Some(Duration::from_secs(60));
    let result = match &cli.input {
        Some(path) => {
            let input = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            fuzzer.try_input(input)
        }
        None => {
            let (began, time) = (Instant::now(), Duration::from_secs(cli.minutes.saturating_mul(60)));
            let mut told = Instant::now();
            fuzzer.run(|fuzzer| {
                if told.elapsed() > Duration::from_secs(30) {
                    told = Instant::now();
                    let (kept, shown) = fuzzer.progress();
                    eprintln!("{} inputs, {kept} kept, {shown} answers", fuzzer.executions);
                }
                began.elapsed() >= time
            })
        }
    };
    let (kept, shown) = fuzzer.progress();
    println!("{name}: {} inputs, {kept} kept, {shown} different answers", fuzzer.executions);
    let Err(finding) = result else { return Ok(ExitCode::SUCCESS) };
    let path = PathBuf::from(format!("zram-fuzz-{name}.input"));
    fs::write(&path, &finding.input).with_context(|| format!("cannot write {}", path.display()))?;
    let mut out = std::io::stdout();
    writeln!(out, "An input {}", finding.what)?;
    writeln!(out, "It is in {0}. Again: cargo run -p zram-fuzz -- {name} --input {0}", path.display())?;
    Ok(ExitCode::FAILURE)
}

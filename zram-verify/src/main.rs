//! `zram-verify`: holds the model of zram against kernels. See `docs/verify.md`.

mod cli;

use std::{
    fs,
    io::{self, BufWriter, Write},
    process::ExitCode,
};

use anyhow::{Context as _, Result};
use clap::Parser as _;
use zram_verify::{
    commands::{attributes, mutants, run, serve_model, simulate, trace},
    report::{Paint, Report, print_kernel, to_json},
};

use cli::{Cli, Command};

/// Exit status for what is no verdict: the test bench failed, or the command was not understood.
const TROUBLE: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match dispatch(cli.command) {
        Ok(status) => ExitCode::from(status),
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("zram-verify: {error:#}");
            ExitCode::from(TROUBLE)
        }
    }
}

/// Nobody reads any more: end quietly, as `head` expects.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}

fn dispatch(command: Command) -> Result<u8> {
    match command {
        Command::Run(arguments) => {
            let (json, verbose) = (arguments.json.clone(), arguments.verbose > 0);
            let report = run::run(&arguments.options())?;
            finish(&report, json.as_deref(), verbose)
        }
        Command::Trace(arguments) => {
            let report = trace::report(&arguments.file)?;
            finish(&report, arguments.json.as_deref(), arguments.verbose > 0)
        }
        Command::Simulate(arguments) => {
            let profile = arguments.profile.profile()?;
            simulate::simulate(&arguments.file, profile, BufWriter::new(io::stdout().lock()))?;
            Ok(0)
        }
        Command::ServeModel(arguments) => {
            serve_model::serve(arguments.profile()?, io::stdin().lock(), io::stdout().lock())?;
            Ok(0)
        }
        Command::Attributes(arguments) => {
            let compared = attributes::attributes(&arguments.options()?)?;
            io::stdout().write_all(attributes::report(&compared).as_bytes())?;
            Ok(u8::from(compared.iter().any(|one| !one.differences.is_empty())))
        }
        Command::Mutants(arguments) => {
            let fates = mutants::mutants(&arguments.options()?)?;
            io::stdout().write_all(mutants::table(&fates).as_bytes())?;
            Ok(u8::from(fates.iter().any(mutants::Fate::survived)))
        }
    }
}

/// Prints and writes a report; the exit status says the verdict even when nobody reads it.
fn finish(report: &Report, json: Option<&std::path::Path>, verbose: bool) -> Result<u8> {
    if let Some(path) = json {
        let text = serde_json::to_string_pretty(&to_json(report))? + "\n";
        fs::write(path, text).with_context(|| format!("cannot write the report to {}", path.display()))?;
    }
    match print(report, verbose) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error.into()),
        _ => {}
    }
    Ok(report.verdict().exit_status())
}

fn print(report: &Report, verbose: bool) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    for kernel in &report.kernels {
        print_kernel(&mut out, kernel, Paint::for_stdout(), verbose)?;
    }
    writeln!(out, "{}", report.closing_line())?;
    out.flush()
}

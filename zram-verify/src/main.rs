//! `zram-verify`: holds the model of zram against kernels. See `docs/verify.md`.

mod cli;

use std::{
    fs,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result};
use clap::Parser as _;
use zram_verify::{
    commands::{attributes, diff, mutants, record, run, serve_model, simulate, trace},
    diff::print as print_diff,
    interrupt::{self, EXIT_INTERRUPTED},
    report::{Paint, Report, print_kernel, print_matrix, to_html, to_json},
};

use cli::{Cli, Command};

/// Exit status for what is no verdict: the test bench failed, or the command was not understood.
const TROUBLE: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // Only these start machines; the others end where they are.
    let starts = matches!(
        cli.command,
        Command::Run(_) | Command::Mutants(_) | Command::Attributes(_) | Command::Diff(_)
    );
    let installed = if starts { interrupt::install() } else { Ok(()) };
    let done = installed.and_then(|()| dispatch(cli.command));
    if interrupt::is_asked_for() {
        eprintln!("interrupted; everything that was started has been stopped");
        return ExitCode::from(EXIT_INTERRUPTED);
    }
    match done {
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
            let files = Files { json: arguments.json.clone(), html: arguments.html.clone() };
            let verbose = arguments.verbose > 0;
            let report = run::run(&arguments.options())?;
            finish(&report, &files, verbose)
        }
        Command::Trace(arguments) => {
            let report = trace::report(&arguments.file)?;
            let files = Files { json: arguments.json, html: arguments.html };
            finish(&report, &files, arguments.verbose > 0)
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
        Command::Diff(arguments) => {
            let outcome = diff::diff(&arguments.options()?)?;
            let mut out = BufWriter::new(io::stdout().lock());
            match print_diff(&mut out, &outcome, Paint::for_stdout()).and_then(|()| out.flush()) {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error.into()),
                _ => {}
            }
            Ok(outcome.exit_status())
        }
        Command::Mutants(arguments) => {
            let file = arguments.record.clone();
            let fates = mutants::mutants(&arguments.options()?)?;
            if let (Some(path), false) = (file, interrupt::is_asked_for()) {
                fs::write(&path, record::page(&fates))
                    .with_context(|| format!("cannot write the track record to {}", path.display()))?;
            }
            io::stdout().write_all(mutants::table(&fates).as_bytes())?;
            Ok(u8::from(fates.iter().any(mutants::Fate::survived)))
        }
    }
}

/// Where else a report goes.
struct Files {
    json: Option<PathBuf>,
    html: Option<PathBuf>,
}

/// Prints and writes a report; the exit status says the verdict even when nobody reads it.
fn finish(report: &Report, files: &Files, verbose: bool) -> Result<u8> {
    let write = |path: &Path, text: String| {
        fs::write(path, text).with_context(|| format!("cannot write the report to {}", path.display()))
    };
    if let Some(path) = &files.json {
        write(path, serde_json::to_string_pretty(&to_json(report))? + "\n")?;
    }
    if let Some(path) = &files.html {
        write(path, to_html(report))?;
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
    print_matrix(&mut out, report, Paint::for_stdout())?;
    writeln!(out, "{}", report.closing_line())?;
    out.flush()
}

//! `zram-agent`: carries operations out, observes, and reports. See `docs/operations.md`.

use std::{io, process::ExitCode};

use anyhow::Result;
use zram_agent::{
    init, instruments,
    live::{LiveWorld, make_repeatable, modules::Source},
    occupant, serve,
};

const USAGE: &str = "\
Usage: zram-agent serve [--no-probes]

Reads operations from standard input, one JSON object per line, carries them out on this machine, and
writes an answer per line to standard output. Needs root and the module zram; touches only zram devices
that it adds itself, and loads brd for a backing device.

As process 1 of a virtual machine it takes the place of init, and speaks over the virtio port `zram-agent`.

  --no-probes   do not attach BPF programs: no events, no slot table
  --version     print the version
  --help        print this
";

fn main() -> ExitCode {
    let arguments = std::env::args().skip(1).collect::<Vec<_>>();
    let arguments = arguments.iter().map(String::as_str).collect::<Vec<_>>();
    if std::process::id() == 1 {
        // The kernel passes on words of its own command line that it does not know.
        init::run(!arguments.contains(&"--no-probes"));
    }
    let probe = match arguments[..] {
        ["occupy", pages] => {
            return ended("the occupant", occupant::run(pages));
        }
        ["ask", socket, text] => return ended("ask", instruments::ask(socket, text)),
        ["read-while", file, ref command @ ..] => {
            return ended("read-while", instruments::read_while(file, command));
        }
        ["serve"] => true,
        ["serve", "--no-probes"] => false,
        ["--help" | "-h"] => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        ["--version"] => {
            println!("zram-agent {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match on_this_machine(probe) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let reason = serve::reason(&error);
            eprintln!("zram-agent: {reason}");
            if let Err(error) = serve::trouble(io::stdout(), reason) {
                eprintln!("zram-agent: {}", serve::reason(&error));
            }
            ExitCode::FAILURE
        }
    }
}

fn ended(who: &str, how: Result<()>) -> ExitCode {
    match how {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("zram-agent: {who}: {}", serve::reason(&error));
            ExitCode::FAILURE
        }
    }
}

fn on_this_machine(probe: bool) -> Result<()> {
    make_repeatable()?;
    let mut world = LiveWorld::new(Source::Modprobe, probe)?;
    let served = world
        .hello()
        .map_err(Into::into)
        .and_then(|hello| serve::serve(hello, &mut world, io::stdin().lock(), io::stdout().lock()));
    // Tidy up whatever happened; the first failure is the one to report.
    let ended = world.end();
    served?;
    Ok(ended?)
}

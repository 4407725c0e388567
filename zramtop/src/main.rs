//! `zramtop`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    zramtop::main()
}

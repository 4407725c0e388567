//! `zramctl-rs`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    zramctl_rs::main()
}

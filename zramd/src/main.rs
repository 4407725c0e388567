//! `zramd`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    zramd::program::main()
}

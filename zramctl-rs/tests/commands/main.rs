//! What the commands do, on the model.
#![expect(clippy::unwrap_used, reason = "a machine that cannot be set up is a failed test")]

mod about;
mod backing;
mod bad_input;
mod changes;
mod conflicts;
mod device_file;
mod doctor;
mod judges;
mod looks;
mod machine;
mod program;
mod setup;
mod shows;
mod undo;
mod util_linux;
mod watch;

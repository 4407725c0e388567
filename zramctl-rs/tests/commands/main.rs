//! What the commands do, on the model.
#![expect(clippy::unwrap_used, reason = "a machine that cannot be set up is a failed test")]

mod about;
mod changes;
mod machine;
mod setup;
mod shows;
mod util_linux;
mod watch;

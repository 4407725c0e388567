//! What the commands do, on the model.
#![expect(clippy::unwrap_used, reason = "a machine that cannot be set up is a failed test")]

mod changes;
mod conflicts;
mod doctor;
mod judges;
mod machine;
mod setup;
mod shows;
mod util_linux;

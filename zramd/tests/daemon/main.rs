//! The daemon on a simulated machine.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod budget;
mod crashes;
mod faults;
mod machine;
mod rounds;

//! The finished programs on live kernels: `cargo xtask programs`.
//!
//! A virtual machine with our programs and util-linux' in it. Operations of the agent prepare devices and tell what their attributes
//! say; programs are run in between.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a machine that does not answer is a failed test"
)]

mod backing;
mod changes;
mod daemon;
mod judges;
mod machine;
mod probes;
mod selftests;
mod setup;
mod speed;
mod status;
mod top;

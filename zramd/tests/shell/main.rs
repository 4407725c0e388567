//! What is around the policy: configuration, the command line, the service.
#![expect(clippy::unwrap_used, reason = "a folder that cannot be made is a failed test")]

mod asked;
mod configuration;
mod handed_over;
mod measured;
mod root;
mod statuses;

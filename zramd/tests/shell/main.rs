//! What is around the policy: configuration, the command line, the service.
#![expect(clippy::unwrap_used, reason = "a folder that cannot be made is a failed test")]

mod about;
mod asked;
mod configuration;
mod handed_over;
mod measured;
mod notified;
mod program;
mod root;
mod shipped;
mod statuses;
mod whereabouts;

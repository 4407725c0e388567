//! Carries operations out on a machine and says what happened.
//!
//! * [`protocol`] is the language between runner and agent.
pub mod protocol;

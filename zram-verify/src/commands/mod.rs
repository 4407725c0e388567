//! What the program does, one command each.

pub mod attributes;
pub mod diff;
pub mod mutants;
pub mod record;
pub mod run;
pub mod serve_model;
pub mod simulate;
pub mod trace;

//! draft
pub mod agent;
pub mod checker;
pub mod codec;
pub mod compare;
pub mod coverage;
pub mod divergence;
mod facts;
pub mod generate;
pub mod kernel_log;
pub mod ledger;
mod model;
pub mod observed;
pub mod pages;
pub mod trace;
pub mod trouble;

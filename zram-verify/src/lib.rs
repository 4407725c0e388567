//! draft
pub mod agent;
pub mod codec;
pub mod compare;
pub mod divergence;
pub mod generate;
pub mod kernel_log;
pub mod ledger;
pub mod observed;
pub mod pages;
pub mod trouble;

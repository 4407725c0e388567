//! Holds the model of zram against kernels, and says whether they agree.
//!
//! The order of things: [`generate`] makes operations from a seed and the kernel's [`abilities`]; [`agent`] has a machine carry them
//! out; [`observed`] takes its answers apart; [`ledger`] feeds the model what the kernel's code does
//! not determine; [`checker`] has the model carry out the same and [`compare`]s. What differs is a
//! [`divergence`], made small by [`shrink`]; what was reached stands in [`coverage`]; [`report`] says it
//! all. A [`trace`] keeps a run so that it can be checked again without a machine, and [`attributes`] what a kernel said
//! to a fixed table of attribute writes. Where the kernel chooses what is done, as under memory pressure, `follow` reads it off. What no run can show, [`explore`] looks for in
//! every order of steps. [`diff`] holds two kernels against each other, without the model.
//!
//! Two principles run through it. Nothing that was not compared is counted as agreement: a lost
//! record, a dead machine or a complaint of the kernel's is trouble, never a verdict. And every
//! check must be able to fail: the mutants of the model say whether it does.
pub mod abilities;
pub mod agent;
pub mod attributes;
pub mod checker;
pub mod commands;
pub mod compare;
pub mod conversation;
pub mod coverage;
pub mod dictionary;
pub mod diff;
mod disguise;
pub mod divergence;
mod exact;
pub mod explore;
mod facts;
mod follow;
pub mod generate;
pub mod interrupt;
pub mod kernel_log;
pub mod ledger;
mod model;
mod moments;
pub mod observed;
pub mod op_file;
pub mod pages;
pub mod profiles;
pub mod report;
pub mod shrink;
mod together;
pub mod trace;
mod trouble;
mod within_page;

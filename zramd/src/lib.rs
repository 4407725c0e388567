//! `zramd`: drives idle marking, writeback and recompression of zram devices.
//!
//! The kernel can do all of it and does none of it by itself. What to do is decided in [`policy`], a pure function from what was observed to
//! actions; so that a policy can be held against weeks of a simulated machine in seconds. Everything around it observes, acts and
//! remembers, through [`zram_host::Machine`], so that it runs on the model as it runs on a kernel.
//!
//! * [`config`] is what the administrator wants.
//! * [`ledger`] is the budget: what was written and what may be; [`store`] keeps it on disk.
//! * [`daemon`] looks, decides, acts and remembers.
//! * [`control`] is how the daemon is asked and told, and [`metrics`] what it tells Prometheus.
//! * [`driver`] is what a machine needs of whoever drives its zram: when it is called, and when it wants to be.
//! * [`program`] is all of it: [`cli`] is what can be asked for, [`commands`] do it; how it meets people it shares with our other programs ([`zram_terminal`]).
//! * [`service`] is how it stands to systemd and to the machine.
//! * [`simulate`] is a computer to try policies on.
//! * [`units`] are amounts of pages and bytes, which must not be mistaken for each other.

#![deny(clippy::print_stderr, clippy::print_stdout)]

pub mod cli;
pub mod commands;
pub mod config;
pub mod control;
pub mod daemon;
pub mod driver;
pub mod ledger;
mod manual;
pub mod metrics;
pub mod policy;
pub mod program;
pub mod service;
pub mod simulate;
pub mod store;
pub mod units;

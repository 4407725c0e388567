//! Kernels: the table of those known, and the ones in the cache.

mod build;
mod choose;
mod install;
mod source;
mod sources;
mod table;
mod tools;
mod tree;

pub(crate) use install::{cached, damage, ensure};
pub(crate) use table::{Kernel, Table};
pub(crate) use tree::build as build_tree;

use table::{Origin, Packages, Source};

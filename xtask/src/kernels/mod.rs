//! Kernels: the table of those known, and the ones in the cache.

mod build;
mod capabilities;
mod choose;
mod install;
mod listing;
mod source;
mod sources;
mod table;
mod tools;
mod tree;

pub(crate) use capabilities::{Capabilities, version};
pub(crate) use install::{Installed, cached, damage, ensure};
pub(crate) use listing::list;
pub(crate) use table::{Kernel, Table};
pub(crate) use tree::build as build_tree;

use table::{Origin, Packages, Source};

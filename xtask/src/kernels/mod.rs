//! Kernels: the table of those known, and the ones in the cache.

mod choose;
mod install;
mod source;
mod table;
mod tools;

pub(crate) use install::{cached, damage, ensure};
pub(crate) use table::{Kernel, Table};
use table::{Origin, Packages, Source};

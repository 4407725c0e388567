//! The kernel's own description of its types (BTF), as far as probes need it.
//!
//! Three questions are asked of it: where a field lies, whether a function exists, and whether it
//! still takes the arguments that a program reads. Both crates that could answer were weighed:
//! `btf` has no support for split BTF, and a module's types are always split from the kernel's;
//! `btf-rs` has it, under the LGPL, which a statically linked agent under MIT or Apache cannot
//! carry without obligations for whoever ships it. The format is small, so this reads it itself.
//!
//! The bytes come from the kernel, but a reader that can be handed any file must not fall over:
//! every number is checked where it is used, nesting is bounded, and what is wrong is an error.
//!
//! * `parse`: from bytes to a table of types.
//! * `query`: fields, sizes, prototypes.

mod parse;
mod query;

pub use parse::{Btf, BtfError};
pub use query::{Member, Prototype, Shape};

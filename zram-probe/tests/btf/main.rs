//! The BTF reader and what is looked up with it, on blobs made by hand.

mod offsets;
mod reader;
mod synthetic;

//! What the example programs share.
//!
//! The programs ask the model of zram questions that would take a phone, a week and a patched kernel to ask of the real thing.
//! Everything that they print comes from the model's own accounting, read as an administrator reads it: from `mm_stat`,
//! `bd_stat` and the size classes. What goes in is made up, by rules written down in [`memory`] and in the
//! programs: put your own in their place. The same input gives the same output, to the byte, on every machine.
//!
//! * [`memory`] makes pages such as programs have.
//! * [`world`] is what the model needs around it: compressors, a clock, a disk.
//! * [`machine`] puts a model and a world together.
//! * [`table`] prints.

pub mod dice;
pub mod machine;
pub mod memory;
pub mod table;
pub mod world;

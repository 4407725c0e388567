//! draft
pub mod codec;
pub mod generate;

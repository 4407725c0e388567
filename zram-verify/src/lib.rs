//! draft
pub mod codec;

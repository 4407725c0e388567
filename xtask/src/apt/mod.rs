//! Packages of Debian's archive, without touching the machine they are fetched on.
//!
//! A second apt configuration lives in the cache: own lists, own downloads, own sources. The mirror, its signing key and any
//! proxy are the machine's own, so that whatever makes its `apt-get` work makes this work. Nothing is installed:
//! packages are downloaded, checked and unpacked into the cache. No root is needed for any of it.

mod archive;
mod fetch;
mod index;
mod source_package;
mod sources;
mod version;

pub(crate) use archive::Archive;
pub(crate) use fetch::unpack;
pub(crate) use index::Package;
pub(crate) use source_package::{SourcePackage, extract};
pub(crate) use version::compare as compare_versions;

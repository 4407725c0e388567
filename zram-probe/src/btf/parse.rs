//! From bytes to a table of types.
//!
//! Types are not decoded here: the kernel has some 150 000 of them and we want forty. One pass
//! notes where each begins and files the names of structures, enumerations and functions.

use std::collections::HashMap;

use thiserror::Error;

const MAGIC: u16 = 0xeb9f;
/// Bytes of the header as first defined; later ones append to it.
const HEADER_BYTES: usize = 24;
/// Bytes that every type begins with.
const TYPE_BYTES: usize = 12;

/// What is wrong with some BTF.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum BtfError {
    /// Not BTF, or of the other byte order.
    #[error("it does not begin with BTF's magic number in this machine's byte order")]
    Magic,
    /// It ends in the middle of something.
    #[error("it ends in the middle of {what}, at byte {at}")]
    Short {
        /// What was being read.
        what: &'static str,
        /// Where.
        at: usize,
    },
    /// A kind of type that we do not know, whose length is therefore unknown.
    #[error("type {id} is of unknown kind {kind}: this kernel is newer than the reader")]
    Kind {
        /// The type.
        id: u32,
        /// Its kind.
        kind: u32,
    },
    /// A reference to a type that does not exist.
    #[error("type {id} is referred to, but there is none")]
    NoType {
        /// The type.
        id: u32,
    },
    /// Types that contain each other without end.
    #[error("type {id} is nested deeper than any real one")]
    Depth {
        /// Where the search was given up.
        id: u32,
    },
}

/// What a type is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Ptr,
    Array,
    Struct,
    Union,
    Enum,
    Forward,
    /// `typedef`, `const`, `volatile`, `restrict`, a tag: another type under another name.
    Alias,
    Func,
    Prototype,
    Other,
}

/// One type, decoded as far as all types are alike.
#[derive(Clone, Copy, Debug)]
pub(super) struct Type<'a> {
    pub(super) kind: Kind,
    pub(super) name: u32,
    /// Number of members, parameters, …
    pub(super) count: usize,
    /// Whether members carry bit-field sizes.
    pub(super) kind_flag: bool,
    /// Size in bytes, or the type referred to.
    pub(super) size_or_type: u32,
    /// What follows: members, parameters, …
    pub(super) tail: &'a [u8],
}

/// A BTF blob; a module's is read together with the kernel's ("split BTF"), whose numbering of
/// types and strings it continues.
#[derive(Debug)]
pub struct Btf<'a> {
    base: Option<&'a Self>,
    data: &'a [u8],
    strings: &'a [u8],
    /// Where each type of our own begins, in `data`.
    starts: Vec<usize>,
    /// Number of the first of our own.
    first: u32,
    /// Offset that our first string has.
    first_string: u32,
    structs: HashMap<&'a [u8], u32>,
    functions: HashMap<&'a [u8], u32>,
    enums: HashMap<&'a [u8], u32>,
}

/// The 32-bit number at `at`.
pub(super) fn number(data: &[u8], at: usize, what: &'static str) -> Result<u32, BtfError> {
    let bytes = data.get(at..at.saturating_add(4)).ok_or(BtfError::Short { what, at })?;
    Ok(u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

/// The type at `at`, and where the next one begins.
fn decode(data: &[u8], at: usize, id: u32) -> Result<(Type<'_>, usize), BtfError> {
    let word = |n: usize| number(data, at + 4 * n, "a type");
    let (name, info, size_or_type) = (word(0)?, word(1)?, word(2)?);
    let count = (info & 0xffff) as usize;
    let number = (info >> 24) & 0x1f;
    let (kind, tail_bytes) = match number {
        1 => (Kind::Int, 4),
        2 => (Kind::Ptr, 0),
        3 => (Kind::Array, 12),
        4 => (Kind::Struct, 12 * count),
        5 => (Kind::Union, 12 * count),
        6 => (Kind::Enum, 8 * count),
        7 => (Kind::Forward, 0),
        8..=11 | 18 => (Kind::Alias, 0),
        12 => (Kind::Func, 0),
        13 => (Kind::Prototype, 8 * count),
        14 | 17 => (Kind::Other, 4),
        15 => (Kind::Other, 12 * count),
        16 => (Kind::Other, 0),
        19 => (Kind::Enum, 12 * count),
        kind => return Err(BtfError::Kind { id, kind }),
    };
    let end = at + TYPE_BYTES + tail_bytes;
    let tail = data.get(at + TYPE_BYTES..end).ok_or(BtfError::Short { what: "a type", at: data.len() })?;
    Ok((Type { kind, name, count, kind_flag: info >> 31 == 1, size_or_type, tail }, end))
}

impl<'a> Btf<'a> {
    /// Reads a blob; `base` is the kernel's when this is a module's.
    ///
    /// # Errors
    /// When the bytes are not BTF, or not well-formed.
    pub fn parse(bytes: &'a [u8], base: Option<&'a Self>) -> Result<Self, BtfError> {
        let magic = bytes.first_chunk::<2>().map(|magic| u16::from_ne_bytes(*magic));
        if magic != Some(MAGIC) {
            return Err(BtfError::Magic);
        }
        if bytes.len() < HEADER_BYTES {
            return Err(BtfError::Short { what: "the header", at: bytes.len() });
        }
        let field = |n: usize| number(bytes, 4 * n, "the header").map(|value| value as usize);
        let header = field(1)?;
        let section = |offset: usize, length: usize, what| {
            let start = header.saturating_add(offset);
            bytes.get(start..start.saturating_add(length)).ok_or(BtfError::Short { what, at: bytes.len() })
        };
        let data = section(field(2)?, field(3)?, "the types")?;
        let strings = section(field(4)?, field(5)?, "the strings")?;
        let mut btf = Self {
            base,
            data,
            strings,
            starts: Vec::new(),
            first: base.map_or(1, Self::end),
            first_string: base.map_or(0, Self::end_of_strings),
            structs: HashMap::new(),
            functions: HashMap::new(),
            enums: HashMap::new(),
        };
        btf.scan()?;
        Ok(btf)
    }

    fn scan(&mut self) -> Result<(), BtfError> {
        let mut at = 0;
        while at < self.data.len() {
            let id = self.end();
            let (ty, end) = decode(self.data, at, id)?;
            self.starts.push(at);
            at = end;
            let name = self.name(ty.name)?;
            let names = match ty.kind {
                Kind::Struct | Kind::Union => &mut self.structs,
                Kind::Func => &mut self.functions,
                Kind::Enum => &mut self.enums,
                _ => continue,
            };
            // A name that occurs twice keeps its first meaning, as in the kernel's own look-up.
            names.entry(name).or_insert(id);
        }
        Ok(())
    }

    /// One past the last type.
    fn end(&self) -> u32 {
        self.first.saturating_add(u32::try_from(self.starts.len()).unwrap_or(u32::MAX))
    }

    fn end_of_strings(&self) -> u32 {
        self.first_string.saturating_add(u32::try_from(self.strings.len()).unwrap_or(u32::MAX))
    }

    /// The string at an offset.
    pub(super) fn name(&self, offset: u32) -> Result<&'a [u8], BtfError> {
        if offset < self.first_string {
            return match self.base {
                Some(base) => base.name(offset),
                None => Ok(b""),
            };
        }
        let at = (offset - self.first_string) as usize;
        let short = BtfError::Short { what: "a name", at };
        let rest = self.strings.get(at..).ok_or(short.clone())?;
        let end = rest.iter().position(|byte| *byte == 0).ok_or(short)?;
        Ok(&rest[..end])
    }

    /// A type by its number.
    pub(super) fn ty(&self, id: u32) -> Result<Type<'a>, BtfError> {
        if id < self.first {
            return self.base.ok_or(BtfError::NoType { id })?.ty(id);
        }
        let start = self.starts.get((id - self.first) as usize).ok_or(BtfError::NoType { id })?;
        Ok(decode(self.data, *start, id)?.0)
    }

    /// The number of a structure or union by its name.
    pub(super) fn structure(&self, name: &str) -> Option<u32> {
        let own = self.structs.get(name.as_bytes()).copied();
        own.or_else(|| self.base?.structure(name))
    }

    /// The number of an enumeration by its name.
    pub(super) fn enumeration(&self, name: &str) -> Option<u32> {
        let own = self.enums.get(name.as_bytes()).copied();
        own.or_else(|| self.base?.enumeration(name))
    }

    /// The number of a function of this very blob, not of its base: what `attach_btf_id` names.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<u32> {
        self.functions.get(name.as_bytes()).copied()
    }
}

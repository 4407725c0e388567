//! What probes ask: fields, sizes, prototypes.

use std::fmt;

use super::{
    Btf, BtfError,
    parse::{Kind, Type, number},
};

/// More names for one type, or dimensions of one array, than any type of the kernel has.
const MAX_DEPTH: u32 = 32;

/// More unnamed structures within each other than any type of the kernel has.
const MAX_UNNAMED: u32 = 8;

/// A member on the way down a path.
struct Step {
    bit: u32,
    width: Option<u32>,
    ty: u32,
}

/// A field found by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Bits from the beginning of the structure.
    pub bit: u32,
    /// Bits, for a bit-field.
    pub width: Option<u32>,
    /// Bytes of its type.
    pub bytes: u32,
    /// Elements, for an array.
    pub elements: Option<u32>,
}

/// What a value is, as far as a program that reads registers cares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Nothing is returned.
    Void,
    /// An integer, a boolean or an enumeration.
    Number,
    /// A pointer to a structure or union of this name.
    Pointer(String),
    /// A pointer to something else.
    AnyPointer,
    /// Passed in a way that the programs do not read.
    Other,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Void => f.write_str("void"),
            Self::Number => f.write_str("number"),
            Self::Pointer(name) => write!(f, "{name} *"),
            Self::AnyPointer => f.write_str("pointer"),
            Self::Other => f.write_str("aggregate"),
        }
    }
}

/// What a function takes and returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prototype {
    /// Parameters, in order.
    pub params: Vec<Shape>,
    /// What it returns.
    pub returns: Shape,
}

impl fmt::Display for Prototype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (", self.returns)?;
        for (n, param) in self.params.iter().enumerate() {
            write!(f, "{}{param}", if n == 0 { "" } else { ", " })?;
        }
        f.write_str(")")
    }
}

impl<'a> Btf<'a> {
    /// The type itself, behind `typedef`, `const` and the like; none for `void`.
    fn plain(&self, mut id: u32) -> Result<Option<Type<'a>>, BtfError> {
        for _ in 0..MAX_DEPTH {
            if id == 0 {
                return Ok(None);
            }
            let ty = self.ty(id)?;
            if ty.kind != Kind::Alias {
                return Ok(Some(ty));
            }
            id = ty.size_or_type;
        }
        Err(BtfError::Depth { id })
    }

    fn bytes(&self, id: u32, depth: u32) -> Result<u32, BtfError> {
        if depth == MAX_DEPTH {
            return Err(BtfError::Depth { id });
        }
        let Some(ty) = self.plain(id)? else { return Ok(0) };
        Ok(match ty.kind {
            Kind::Int | Kind::Struct | Kind::Union | Kind::Enum => ty.size_or_type,
            Kind::Ptr => 8,
            Kind::Array => {
                let element = self.bytes(number(ty.tail, 0, "an array")?, depth + 1)?;
                element.saturating_mul(number(ty.tail, 8, "an array")?)
            }
            _ => 0,
        })
    }

    /// Bytes of a structure; none if there is no such structure.
    ///
    /// # Errors
    /// When the BTF is not well-formed.
    pub fn size_of(&self, structure: &str) -> Result<Option<u32>, BtfError> {
        self.structure(structure).map(|id| self.bytes(id, 0)).transpose()
    }

    /// The names of an enumeration with their values, of which only the low 32 bits are given; none if there is no such
    /// enumeration.
    ///
    /// # Errors
    /// When the BTF is not well-formed.
    pub fn enumerators(&self, enumeration: &str) -> Result<Vec<(String, u32)>, BtfError> {
        let Some(id) = self.enumeration(enumeration) else { return Ok(Vec::new()) };
        let ty = self.ty(id)?;
        // Those of 64 bits have the upper half behind the lower one.
        let bytes = ty.tail.len().checked_div(ty.count).unwrap_or(0);
        let one = |n: usize| {
            let name = self.name(number(ty.tail, bytes * n, "an enumerator")?)?;
            let value = number(ty.tail, bytes * n + 4, "an enumerator")?;
            Ok((String::from_utf8_lossy(name).into_owned(), value))
        };
        (0..ty.count).map(one).collect()
    }

    /// The field at `path` ("bi_iter.bi_sector") of a structure, through unnamed members; none if
    /// there is no such structure or field.
    ///
    /// # Errors
    /// When the BTF is not well-formed.
    pub fn member(&self, structure: &str, path: &str) -> Result<Option<Member>, BtfError> {
        let Some(mut id) = self.structure(structure) else { return Ok(None) };
        let (mut bit, mut width) = (0u32, None);
        for part in path.split('.') {
            let Some(found) = self.step(id, part.as_bytes(), 0)? else { return Ok(None) };
            bit = bit.saturating_add(found.bit);
            width = found.width;
            id = found.ty;
        }
        let elements = match self.plain(id)? {
            Some(ty) if ty.kind == Kind::Array => Some(number(ty.tail, 8, "an array")?),
            _ => None,
        };
        Ok(Some(Member { bit, width, bytes: self.bytes(id, 0)?, elements }))
    }

    /// One member, through unnamed ones.
    fn step(&self, id: u32, want: &[u8], depth: u32) -> Result<Option<Step>, BtfError> {
        if depth == MAX_UNNAMED {
            return Err(BtfError::Depth { id });
        }
        let Some(ty) = self.plain(id)? else { return Ok(None) };
        if !matches!(ty.kind, Kind::Struct | Kind::Union) {
            return Ok(None);
        }
        for n in 0..ty.count {
            let word = |w: usize| number(ty.tail, 12 * n + 4 * w, "a member");
            let (name, member, place) = (self.name(word(0)?)?, word(1)?, word(2)?);
            let (bit, width) = if ty.kind_flag { (place & 0xff_ffff, place >> 24) } else { (place, 0) };
            if name == want {
                return Ok(Some(Step { bit, width: (width != 0).then_some(width), ty: member }));
            }
            if name.is_empty()
                && let Some(inner) = self.step(member, want, depth + 1)?
            {
                return Ok(Some(Step { bit: bit.saturating_add(inner.bit), ..inner }));
            }
        }
        Ok(None)
    }

    fn shape(&self, id: u32) -> Result<Shape, BtfError> {
        let Some(ty) = self.plain(id)? else { return Ok(Shape::Void) };
        Ok(match ty.kind {
            Kind::Int | Kind::Enum => Shape::Number,
            Kind::Ptr => match self.plain(ty.size_or_type)? {
                Some(target) if matches!(target.kind, Kind::Struct | Kind::Union | Kind::Forward) => {
                    Shape::Pointer(String::from_utf8_lossy(self.name(target.name)?).into_owned())
                }
                _ => Shape::AnyPointer,
            },
            _ => Shape::Other,
        })
    }

    /// What a function of this blob takes and returns; none if there is no such function.
    ///
    /// # Errors
    /// When the BTF is not well-formed.
    pub fn prototype(&self, function: &str) -> Result<Option<Prototype>, BtfError> {
        let Some(id) = self.function(function) else { return Ok(None) };
        let proto = self.ty(id)?.size_or_type;
        let ty = self.ty(proto)?;
        if ty.kind != Kind::Prototype {
            return Err(BtfError::NoType { id: proto });
        }
        let params = (0..ty.count)
            .map(|n| self.shape(number(ty.tail, 8 * n + 4, "a parameter")?))
            .collect::<Result<_, _>>()?;
        Ok(Some(Prototype { params, returns: self.shape(ty.size_or_type)? }))
    }
}

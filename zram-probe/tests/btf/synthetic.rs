//! BTF made by hand, type by type.

/// Builds a blob.
pub(crate) struct Builder {
    types: Vec<u8>,
    strings: Vec<u8>,
    next: u32,
    first_string: u32,
}

/// Kinds by their number in the format.
pub(crate) const INT: u32 = 1;
pub(crate) const PTR: u32 = 2;
pub(crate) const ARRAY: u32 = 3;
pub(crate) const STRUCT: u32 = 4;
pub(crate) const UNION: u32 = 5;
pub(crate) const TYPEDEF: u32 = 8;
pub(crate) const FUNC: u32 = 12;
pub(crate) const FUNC_PROTO: u32 = 13;
pub(crate) const TYPE_TAG: u32 = 18;

impl Builder {
    /// The kernel's.
    pub(crate) fn kernel() -> Self {
        Self { types: Vec::new(), strings: vec![0], next: 1, first_string: 0 }
    }

    /// A module's, on top of another.
    pub(crate) fn module(base: &Self) -> Self {
        let first_string = base.first_string + base.strings.len() as u32;
        Self { types: Vec::new(), strings: vec![0], next: base.next, first_string }
    }

    pub(crate) fn string(&mut self, text: &str) -> u32 {
        if text.is_empty() {
            return 0;
        }
        let at = self.first_string + self.strings.len() as u32;
        self.strings.extend(text.bytes());
        self.strings.push(0);
        at
    }

    /// A type with raw words behind it; returns its number.
    pub(crate) fn raw(
        &mut self,
        name: &str,
        kind: u32,
        count: u32,
        flag: bool,
        size_or_type: u32,
        tail: &[u32],
    ) -> u32 {
        let name = self.string(name);
        let info = u32::from(flag) << 31 | kind << 24 | count;
        for word in [name, info, size_or_type].iter().chain(tail) {
            self.types.extend(word.to_ne_bytes());
        }
        self.next += 1;
        self.next - 1
    }

    pub(crate) fn int(&mut self, name: &str, bytes: u32) -> u32 {
        self.raw(name, INT, 0, false, bytes, &[bytes * 8])
    }

    pub(crate) fn pointer(&mut self, to: u32) -> u32 {
        self.raw("", PTR, 0, false, to, &[])
    }

    pub(crate) fn array(&mut self, of: u32, elements: u32) -> u32 {
        self.raw("", ARRAY, 0, false, 0, &[of, 0, elements])
    }

    /// Members: name, type, place (bit offset; with `flag` also width in the upper byte).
    pub(crate) fn aggregate(
        &mut self,
        kind: u32,
        name: &str,
        bytes: u32,
        flag: bool,
        members: &[(&str, u32, u32)],
    ) -> u32 {
        let tail: Vec<u32> =
            members.iter().flat_map(|(name, ty, place)| [self.string(name), *ty, *place]).collect();
        self.raw(name, kind, members.len() as u32, flag, bytes, &tail)
    }

    pub(crate) fn function(&mut self, name: &str, returns: u32, params: &[u32]) -> u32 {
        let tail: Vec<u32> = params.iter().flat_map(|ty| [0, *ty]).collect();
        let proto = self.raw("", FUNC_PROTO, params.len() as u32, false, returns, &tail);
        self.raw(name, FUNC, 0, false, proto, &[])
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend(0xeb9f_u16.to_ne_bytes());
        out.extend([1, 0]);
        let (types, strings) = (self.types.len() as u32, self.strings.len() as u32);
        for word in [24, 0, types, types, strings] {
            out.extend(u32::to_ne_bytes(word));
        }
        out.extend(&self.types);
        out.extend(&self.strings);
        out
    }
}

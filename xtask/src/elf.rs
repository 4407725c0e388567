//! As much of ELF as choosing a way to boot and an order to load needs: notes of an executable, sections of a module.
//!
//! 64-bit little-endian only, which is every machine this bench emulates.

/// A note type by which an x86 kernel says where it can be entered in 32-bit mode without a BIOS (PVH).
const XEN_ELFNOTE_PHYS32_ENTRY: u32 = 18;
const PT_INTERP: u32 = 3;
const PT_NOTE: u32 = 4;

/// An ELF file's bytes with its magic checked.
#[derive(Clone, Copy)]
pub(crate) struct Elf<'a>(&'a [u8]);

impl<'a> Elf<'a> {
    /// `None` unless it is a 64-bit little-endian ELF file.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        bytes.starts_with(b"\x7fELF\x02\x01").then_some(Self(bytes))
    }

    /// Whether QEMU can enter this kernel directly.
    pub(crate) fn has_pvh_entry(self) -> bool {
        self.program_headers().any(|(kind, content)| {
            kind == PT_NOTE
                && notes(content).any(|(owner, kind)| owner == b"Xen\0" && kind == XEN_ELFNOTE_PHYS32_ENTRY)
        })
    }

    /// Whether this program needs a dynamic linker.
    pub(crate) fn has_interpreter(self) -> bool {
        self.program_headers().any(|(kind, _)| kind == PT_INTERP)
    }

    /// The content of a section.
    pub(crate) fn section(self, wanted: &str) -> Option<&'a [u8]> {
        let table = usize::try_from(u64_at(self.0, 0x28)?).ok()?;
        let size = usize::from(u16_at(self.0, 0x3a)?);
        let count = usize::from(u16_at(self.0, 0x3c)?);
        let names_index = usize::from(u16_at(self.0, 0x3e)?);
        let header = |index: usize| self.0.get(table.checked_add(index.checked_mul(size)?)?..);
        let content = |header: &[u8]| span(self.0, u64_at(header, 0x18)?, u64_at(header, 0x20)?);
        let names = content(header(names_index)?)?;
        (0..count).filter_map(header).find_map(|header| {
            let name = names.get(usize::try_from(u32_at(header, 0)?).ok()?..)?;
            let name = name.split(|&byte| byte == 0).next()?;
            if name == wanted.as_bytes() { content(header) } else { None }
        })
    }

    fn program_headers(self) -> impl Iterator<Item = (u32, &'a [u8])> {
        let table = u64_at(self.0, 0x20).and_then(|at| usize::try_from(at).ok()).unwrap_or(usize::MAX);
        let size = u16_at(self.0, 0x36).map_or(0, usize::from);
        let count = u16_at(self.0, 0x38).map_or(0, usize::from);
        (0..count).filter_map(move |index| {
            let header = self.0.get(table.checked_add(index.checked_mul(size)?)?..)?;
            Some((u32_at(header, 0)?, span(self.0, u64_at(header, 0x08)?, u64_at(header, 0x20)?)?))
        })
    }
}

/// Owner (with its terminating zero) and type of each note.
fn notes(mut bytes: &[u8]) -> impl Iterator<Item = (&[u8], u32)> {
    std::iter::from_fn(move || {
        let owner_size = u32_at(bytes, 0)? as usize;
        let content_size = u32_at(bytes, 4)? as usize;
        let kind = u32_at(bytes, 8)?;
        let owner = bytes.get(12..12usize.checked_add(owner_size)?)?;
        let next = 12 + owner_size.next_multiple_of(4);
        bytes = bytes.get(next.checked_add(content_size.checked_next_multiple_of(4)?)?..).unwrap_or(&[]);
        Some((owner, kind))
    })
}

fn span(bytes: &[u8], start: u64, length: u64) -> Option<&[u8]> {
    let start = usize::try_from(start).ok()?;
    bytes.get(start..start.checked_add(usize::try_from(length).ok()?)?)
}

/// The little-endian number at `at`, if the bytes reach that far.
pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

/// The little-endian number at `at`, if the bytes reach that far.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
}

#[cfg(test)]
pub(crate) mod synthetic {
    //! ELF files small enough to write down.

    fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
        bytes[at..at + value.len()].copy_from_slice(value);
    }

    /// An executable with one note, owned by Xen, of the given type.
    pub(crate) fn kernel(note_type: u32) -> Vec<u8> {
        let mut elf = vec![0; 64 + 56];
        put(&mut elf, 0, b"\x7fELF\x02\x01");
        put(&mut elf, 0x20, &64u64.to_le_bytes());
        put(&mut elf, 0x36, &56u16.to_le_bytes());
        put(&mut elf, 0x38, &1u16.to_le_bytes());
        put(&mut elf, 64, &4u32.to_le_bytes());
        put(&mut elf, 64 + 8, &120u64.to_le_bytes());
        put(&mut elf, 64 + 0x20, &24u64.to_le_bytes());
        for word in [4u32, 8, note_type] {
            elf.extend(word.to_le_bytes());
        }
        elf.extend(b"Xen\0");
        elf.extend(0x100_0000u64.to_le_bytes());
        elf
    }

    /// A module with the given `.modinfo` strings.
    pub(crate) fn module(strings: &[&str]) -> Vec<u8> {
        let names = b"\0.shstrtab\0.modinfo\0";
        let info: Vec<u8> = strings.iter().flat_map(|text| text.bytes().chain([0])).collect();
        let mut elf = vec![0; 64];
        put(&mut elf, 0, b"\x7fELF\x02\x01");
        let names_at = elf.len() as u64;
        elf.extend(names);
        let info_at = elf.len() as u64;
        elf.extend(&info);
        let table = elf.len() as u64;
        for (name, at, size) in
            [(0u32, 0, 0), (1, names_at, names.len() as u64), (11, info_at, info.len() as u64)]
        {
            let mut header = vec![0; 64];
            put(&mut header, 0, &name.to_le_bytes());
            put(&mut header, 0x18, &at.to_le_bytes());
            put(&mut header, 0x20, &size.to_le_bytes());
            elf.extend(header);
        }
        put(&mut elf, 0x28, &table.to_le_bytes());
        put(&mut elf, 0x3a, &64u16.to_le_bytes());
        put(&mut elf, 0x3c, &3u16.to_le_bytes());
        put(&mut elf, 0x3e, &1u16.to_le_bytes());
        elf
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_note_is_told_from_others() {
        assert!(Elf::parse(&synthetic::kernel(18)).unwrap().has_pvh_entry());
        assert!(!Elf::parse(&synthetic::kernel(17)).unwrap().has_pvh_entry());
    }

    #[test]
    fn cut_files_are_refused_quietly() {
        let whole = synthetic::kernel(18);
        let module = synthetic::module(&["name=zram"]);
        for length in 0..whole.len() {
            if let Some(elf) = Elf::parse(&whole[..length]) {
                assert!(!elf.has_pvh_entry());
            }
        }
        for length in 0..module.len() - 40 {
            if let Some(elf) = Elf::parse(&module[..length]) {
                assert_eq!(elf.section(".modinfo"), None);
            }
        }
        assert_eq!(Elf::parse(&module).unwrap().section(".modinfo"), Some(&b"name=zram\0"[..]));
    }
}

//! Reading and writing objects (`zs_obj_read_begin`, `zs_obj_read_end`, `zs_obj_write`; before 44f764134964 `zs_map_object` and
//! `zs_unmap_object`).

use std::sync::Arc;

use zram_events::{Event, MapMode};

use super::{
    class_table::{ClassShape, HANDLE_SIZE},
    handle::{Handle, Location},
    pool::Pool,
    storage::{Objects, frames::Frames},
};
use crate::{context::Call, environment::Environment, mutation::Mutation, page::PageBytes, site::Site};

/// What a write says of an object's content. A pool takes from it what its storage keeps.
#[derive(Clone, Copy, Default)]
pub(crate) struct Written<'a> {
    /// The page that the object stands for, where there is one.
    pub(crate) page: Option<&'a PageBytes>,
    /// The bytes to be stored; what is missing is stored as zeros.
    pub(crate) bytes: &'a [u8],
}

/// What a read finds.
pub(crate) enum Found<'a> {
    /// The storage keeps sizes only, or was told only a size.
    Unknown,
    /// The page that the object stands for.
    Page(&'a Arc<PageBytes>),
    /// The bytes asked for, on one page or on two.
    Bytes([&'a [u8]; 2]),
}

impl Pool {
    /// Whether what was written to this object is kept.
    pub(crate) fn keeps(&self, handle: Handle) -> bool {
        match &self.objects {
            Objects::Words(_) => false,
            Objects::Pages(_, pages) => pages.get(handle.position().index()).is_some(),
            Objects::Frames(_) => true,
        }
    }

    /// The page that the object stands for, if pages are kept and this one was given.
    pub(crate) fn page(&self, handle: Handle) -> Option<&Arc<PageBytes>> {
        match &self.objects {
            Objects::Pages(_, pages) => pages.get(handle.position().index()),
            Objects::Words(_) | Objects::Frames(_) => None,
        }
    }

    /// Whether it is the objects' bytes that are kept.
    pub(crate) fn keeps_bytes(&self) -> bool {
        matches!(self.objects, Objects::Frames(_))
    }

    /// `zs_obj_write` of `len` bytes.
    pub(crate) fn write(
        &mut self,
        handle: Handle,
        len: u32,
        written: Written<'_>,
        site: Site,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        let Some(at) = self.locate(handle) else { return };
        call.locks.map(at.zspage, call.behaviours().preemptible_mapping);
        let shape = *self.shape(at.zspage);
        if call.behaviours().preemptible_mapping {
            call.emit(site, Event::ObjWrite { handle: handle.life(), len });
        } else {
            self.tell_mapped(at, handle, MapMode::Write, site, call);
        }
        match &mut self.objects {
            Objects::Words(_) => {}
            Objects::Pages(_, pages) => pages.set(handle.position().index(), written.page.map(Arc::from)),
            Objects::Frames(frames) => frames.put(frames.content(at, &shape, len), written.bytes),
        }
        if !call.behaviours().preemptible_mapping {
            call.emit(site, Event::UnmapObject { handle: handle.life() });
        }
        call.locks.unmap(at.zspage, call.behaviours().preemptible_mapping);
    }

    /// `zs_map_object` returns.
    fn tell_mapped(
        &self,
        at: Location,
        handle: Handle,
        mode: MapMode,
        site: Site,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        let shape = self.shape(at.zspage);
        let span = self.offset(at, shape) + shape.size > self.table.page_size();
        call.emit(site, Event::MapObject { handle: handle.life(), mode, span });
    }

    /// Where in its first page an object begins, header included.
    fn offset(&self, at: Location, shape: &ClassShape) -> u32 {
        (u64::from(shape.size) * u64::from(at.index) % u64::from(self.table.page_size())) as u32
    }

    /// The content goes with the handle.
    pub(super) fn forget_content(&mut self, handle: Handle) {
        if let Objects::Pages(_, pages) = &mut self.objects {
            pages.set(handle.position().index(), None);
        }
    }

    /// `zs_obj_read_begin`; none if the handle names no object.
    pub(crate) fn read_begin(
        &self,
        handle: Handle,
        len: u32,
        site: Site,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Option<Found<'_>> {
        let at = self.locate(handle)?;
        call.locks.map(at.zspage, call.behaviours().preemptible_mapping);
        let shape = self.shape(at.zspage);
        if call.behaviours().preemptible_mapping {
            let page_size = self.table.page_size();
            let offset = self.offset(at, shape);
            let header = if shape.huge() { 0 } else { HANDLE_SIZE };
            let span = if call.broken(Mutation::SpanByClassSize) {
                offset + header + shape.size > page_size
            } else if call.behaviours().span_by_length {
                offset + header + len > page_size
            } else {
                offset + shape.size > page_size
            };
            call.emit(site, Event::ReadBegin { handle: handle.life(), len: told(len, call), span });
        } else {
            self.tell_mapped(at, handle, MapMode::Read, site, call);
        }
        Some(match &self.objects {
            Objects::Words(_) => Found::Unknown,
            Objects::Pages(_, pages) => {
                pages.get(handle.position().index()).map_or(Found::Unknown, Found::Page)
            }
            Objects::Frames(frames) => {
                Found::Bytes(frames.content(at, shape, len).map(|piece| frames.bytes(piece)))
            }
        })
    }

    /// `zs_obj_read_end`
    pub(crate) fn read_end(
        &self,
        handle: Handle,
        len: u32,
        site: Site,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        if let Some(at) = self.locate(handle) {
            let handle = handle.life();
            let event = if call.behaviours().preemptible_mapping {
                Event::ReadEnd { handle, len: told(len, call) }
            } else {
                Event::UnmapObject { handle }
            };
            call.emit(site, event);
            call.locks.unmap(at.zspage, call.behaviours().preemptible_mapping);
        }
    }

    /// The first `len` bytes stored in an object, if bytes are kept.
    pub(crate) fn bytes(&self, handle: Handle, len: u32) -> Option<Vec<u8>> {
        let (frames, at, shape) = self.mapped(handle)?;
        Some(frames.content(at, shape, len).map(|piece| frames.bytes(piece)).concat())
    }

    /// For a pool that keeps bytes: its pages, and where among them the object is.
    pub(crate) fn mapped(&self, handle: Handle) -> Option<(&Frames, Location, &ClassShape)> {
        let at = self.locate(handle)?;
        match &self.objects {
            Objects::Frames(frames) => Some((frames, at, self.shape(at.zspage))),
            Objects::Words(_) | Objects::Pages(..) => None,
        }
    }

    /// As [`Pool::mapped`], to write to.
    pub(crate) fn mapped_mut(&mut self, handle: Handle) -> Option<(&mut Frames, Location, ClassShape)> {
        let at = self.locate(handle)?;
        let shape = *self.shape(at.zspage);
        match &mut self.objects {
            Objects::Frames(frames) => Some((frames, at, shape)),
            Objects::Words(_) | Objects::Pages(..) => None,
        }
    }
}

/// The length that a reader says it wants. Where the class size decides, it says none.
fn told(len: u32, call: &Call<'_, impl Environment + ?Sized>) -> u32 {
    if call.behaviours().span_by_length { len } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        context::Lives,
        profile::Profile,
        zsmalloc::{ClassTable, mapping::object_pool::Memory, storage::Storage},
    };

    #[test]
    fn bytes_survive_compaction_and_headers_name_their_owners() {
        let table = Arc::new(ClassTable::new(4096, 8, false));
        let (mut quiet, mut lives, profile) = (Memory, Lives::default(), Profile::debian_7_2());
        let mut call = Call::new(&mut quiet, &mut lives, &profile);
        let mut pool = Pool::create(&table, Storage::Bytes, &mut call).unwrap();
        let sizes = (0..600).map(|n| if n % 17 == 0 { 4096 } else { 40 + n * 13 % 3500 });
        let content = |n: u32, len: u32| (0..len).map(move |at| (at * 31 + n) as u8).collect::<Vec<_>>();
        let objects: Vec<_> =
            (0..).zip(sizes).map(|(n, len)| (n, len, pool.malloc(len, &mut call).unwrap())).collect();
        for (n, len, handle) in &objects {
            let (frames, at, shape) = pool.mapped_mut(*handle).unwrap();
            frames.put(frames.content(at, &shape, *len), &content(*n, *len));
        }
        let (gone, kept): (Vec<_>, Vec<_>) = objects.into_iter().partition(|(n, ..)| n % 3 != 0);
        for (_, _, handle) in gone {
            pool.free(handle, Site::FreeSlot, &mut call);
            assert!(pool.mapped(handle).is_none(), "a freed handle names nothing");
        }
        assert!(pool.compact(Site::Compact, &mut call) > 0);
        let mut spanning = 0;
        for (n, len, handle) in kept {
            let (frames, at, shape) = pool.mapped(handle).unwrap();
            let pieces = frames.content(at, shape, len);
            spanning += u32::from(pieces[1].len > 0);
            assert_eq!(pieces.map(|piece| frames.bytes(piece)).concat(), content(n, len));
            if !shape.huge() {
                let header = frames.pieces(at, shape, 0, HANDLE_SIZE)[0];
                assert_eq!(frames.bytes(header), (handle.word() | 1).to_le_bytes());
            }
        }
        assert!(spanning > 20, "{spanning} objects span two pages");
    }
}

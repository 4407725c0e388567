//! Every way to write an object and every way to read it.

use zram_model::{
    PageSize,
    mapping::{MapError, MapMode, Mapper, ObjectHandle, ObjectPool, SpanRule},
};

/// How an object is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteBy {
    MapReadWrite,
    MapWriteOnly,
    Introduced,
    Write,
}

/// How an object is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadBy {
    MapReadOnly,
    MapReadWrite,
    Read6_15,
    Read7_0,
    Pieces,
}

pub(crate) const WRITES: [WriteBy; 4] =
    [WriteBy::MapReadWrite, WriteBy::MapWriteOnly, WriteBy::Introduced, WriteBy::Write];

pub(crate) const READS: [ReadBy; 5] =
    [ReadBy::MapReadOnly, ReadBy::MapReadWrite, ReadBy::Read6_15, ReadBy::Read7_0, ReadBy::Pieces];

/// A pool, and a task for each rule.
pub(crate) struct Bench {
    pub(crate) pool: ObjectPool,
    /// As introduced.
    pub(crate) introduced: Mapper,
    /// From 6.15 to 6.19, and for the older interface.
    pub(crate) by_class: Mapper,
    /// From 7.0.
    pub(crate) by_length: Mapper,
    local_copy: Vec<u8>,
}

impl Bench {
    pub(crate) fn new(page_size: PageSize, chain_size: u32) -> Self {
        Self {
            pool: ObjectPool::new(page_size, chain_size).unwrap(),
            introduced: Mapper::new(page_size, SpanRule::Introduced),
            by_class: Mapper::new(page_size, SpanRule::ClassSizeReads),
            by_length: Mapper::new(page_size, SpanRule::Length),
            local_copy: vec![0; page_size.as_usize()],
        }
    }

    pub(crate) fn write(&mut self, by: WriteBy, handle: ObjectHandle, bytes: &[u8]) -> Result<(), MapError> {
        let mode = match by {
            WriteBy::MapReadWrite => MapMode::ReadWrite,
            WriteBy::MapWriteOnly => MapMode::WriteOnly,
            WriteBy::Introduced => return self.pool.obj_write(&mut self.introduced, handle, bytes),
            WriteBy::Write => return self.pool.obj_write(&mut self.by_length, handle, bytes),
        };
        let mut mapped = self.pool.map_object(&mut self.by_class, handle, mode)?;
        mapped.write(bytes)?;
        mapped.unmap();
        Ok(())
    }

    pub(crate) fn read(&mut self, by: ReadBy, handle: ObjectHandle, len: usize) -> Result<Vec<u8>, MapError> {
        let mode = match by {
            ReadBy::MapReadOnly => MapMode::ReadOnly,
            ReadBy::MapReadWrite => MapMode::ReadWrite,
            ReadBy::Pieces => {
                let pieces = self.pool.obj_read_sg_begin(&mut self.by_length, handle, len)?;
                let bytes = pieces.as_slice().concat();
                self.pool.obj_read_sg_end(&mut self.by_length, &pieces);
                return Ok(bytes);
            }
            ReadBy::Read6_15 | ReadBy::Read7_0 => {
                let mapper = if by == ReadBy::Read6_15 { &mut self.by_class } else { &mut self.by_length };
                let read = self.pool.obj_read_begin(mapper, handle, len, &mut self.local_copy)?;
                let bytes = read.to_vec();
                self.pool.obj_read_end(mapper, read);
                return Ok(bytes);
            }
        };
        let mapped = self.pool.map_object(&mut self.by_class, handle, mode)?;
        let bytes = mapped.bytes().get(..len).map(<[u8]>::to_vec);
        bytes.ok_or(MapError::TooLong { len, room: mapped.bytes().len() })
    }
}

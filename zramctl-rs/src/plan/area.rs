//! A swap area: its header in the first page of a device, and what was there before.

use nix::errno::Errno;
use zram_host::{
    Buffer, DeviceNumber, Iovec, Machine,
    swap::{HEADER_BYTES, write_header},
};

use crate::writer::open_in;

/// The first page of a device.
pub(super) type FirstPage = Box<[u8; HEADER_BYTES]>;

/// Writes the header of a swap area; what was there before.
pub(super) fn header(
    device: DeviceNumber,
    pages: u32,
    machine: &mut dyn Machine,
) -> anyhow::Result<FirstPage> {
    anyhow::ensure!(
        machine.page_size() == HEADER_BYTES as u64,
        "the pages of this machine have {} bytes, for which this program makes no swap area: mkswap does",
        machine.page_size()
    );
    let before = first_page(device, machine)?;
    let mut page = Box::new([0; HEADER_BYTES]);
    write_header(&mut page, pages);
    write_first_page(device, &page, machine)?;
    Ok(before)
}

/// Writes the first page of a device that nobody uses.
pub(super) fn write_first_page(
    device: DeviceNumber,
    page: &[u8; HEADER_BYTES],
    machine: &mut dyn Machine,
) -> anyhow::Result<()> {
    machine.write_first_page(device.0, page).map_err(|errno| match errno {
        Errno::EBUSY => anyhow::anyhow!("{}", open_in(device, machine)),
        errno => anyhow::anyhow!("cannot write the first page of {device}: {}", errno.desc()),
    })
}

fn first_page(device: DeviceNumber, machine: &mut dyn Machine) -> anyhow::Result<FirstPage> {
    // Twice the size, so that there is a whole page in it that begins where a page does.
    let mut memory = vec![0_u8; 2 * HEADER_BYTES];
    let start = memory.as_ptr().align_offset(HEADER_BYTES);
    let failed = |why: &str| anyhow::anyhow!("cannot read the first page of {device}: {why}");
    let page = memory.get_mut(start..).and_then(|memory| memory.first_chunk_mut::<HEADER_BYTES>());
    let page = page.ok_or_else(|| failed("there is no memory for it"))?;
    let pieces = [Iovec { start: 0, len: HEADER_BYTES }];
    match machine.read(device.0, 0, Buffer { arena: page, pieces: &pieces }) {
        Ok(HEADER_BYTES) => Ok(Box::new(*page)),
        Ok(_) => Err(failed("it was cut short")),
        Err(errno) => Err(failed(errno.desc())),
    }
}

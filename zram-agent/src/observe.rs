//! The state of every device, as a reader of sysfs, debugfs and the slot table sees it.

use std::collections::BTreeMap;

use nix::errno::Errno;

use crate::{
    protocol::{DeviceView, READABLE, READABLE_WHERE_THERE, Text},
    refusal::lookable,
    world::{Trouble, World},
};

/// Bytes of a slot.
const PAGE: u64 = 4096;

/// Buffer for reading `block_state`: some 1 600 lines. The driver allocates as much for each read.
const STATE_BUFFER: usize = 1 << 16;

/// A view of every device.
///
/// # Errors
/// When the devices cannot be listed, or a snapshot fails.
pub(crate) fn devices<W: World>(world: &mut W) -> Result<BTreeMap<u32, DeviceView>, Trouble> {
    let numbers = world.devices().map_err(|errno| Trouble::setup("listing the zram devices", errno))?;
    numbers.into_iter().map(|dev| Ok((dev, device(world, dev)?))).collect()
}

fn device<W: World>(world: &mut W, dev: u32) -> Result<DeviceView, Trouble> {
    let mut attrs = BTreeMap::new();
    for name in READABLE {
        attrs.insert((*name).to_owned(), text(world.read_attr(dev, name)));
    }
    for name in READABLE_WHERE_THERE {
        let read = world.read_attr(dev, name);
        if read != Err(Errno::ENOENT) {
            attrs.insert((*name).to_owned(), text(read));
        }
    }
    let slots = match slot_count(&attrs)? {
        Some(slots) => {
            lookable(dev, u64::from(slots))?;
            world.slot_table(dev, slots)?
        }
        None => None,
    };
    Ok(DeviceView { attrs, block_state: Some(text(block_state(world, dev))), slots })
}

/// Whether a device has a pool and a slot table: `ENODEV` when there is no such device, `ENODATA`
/// when it has no size yet.
pub(crate) fn initialised<W: World>(world: &mut W, dev: u32) -> Result<(), Errno> {
    match world.read_attr(dev, "initstate") {
        Ok(state) if state.trim_ascii_end() == b"1" => Ok(()),
        Ok(_) => Err(Errno::ENODATA),
        Err(Errno::ENOENT) => Err(Errno::ENODEV),
        Err(errno) => Err(errno),
    }
}

fn text(read: Result<Vec<u8>, Errno>) -> Text {
    match read {
        Ok(bytes) => Text::Read(String::from_utf8_lossy(&bytes).into_owned()),
        Err(errno) => Text::Failed { errno: format!("{errno:?}") },
    }
}

/// Slots of the device whose attributes these are; `None` when it is not initialised.
fn slot_count(attrs: &BTreeMap<String, Text>) -> Result<Option<u32>, Trouble> {
    let (Some(Text::Read(state)), Some(Text::Read(size))) = (attrs.get("initstate"), attrs.get("disksize"))
    else {
        return Ok(None);
    };
    if state.trim_end() != "1" {
        return Ok(None);
    }
    let pages = size.trim_end().parse::<u64>().ok().and_then(|bytes| u32::try_from(bytes / PAGE).ok());
    pages.map(Some).ok_or_else(|| Trouble::Unreadable {
        what: "disksize".into(),
        text: size.clone(),
        expected: "a number of bytes below 16 TiB",
    })
}

/// All of `block_state`. Slots that hold nothing have no line, so the next position is one past the
/// slot of the last line, and an empty read is the end.
fn block_state<W: World>(world: &mut W, dev: u32) -> Result<Vec<u8>, Errno> {
    let (mut all, mut position) = (Vec::new(), 0);
    loop {
        let part = world.block_state(dev, position, STATE_BUFFER)?;
        let last = String::from_utf8_lossy(&part)
            .lines()
            .last()
            .and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        all.extend_from_slice(&part);
        match last {
            Some(slot) if slot >= position => position = slot + 1,
            _ => return Ok(all),
        }
    }
}

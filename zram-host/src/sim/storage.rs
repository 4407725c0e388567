//! Files and the devices made of them on a simulated machine, and programs that make and mount file systems.
//!
//! Files have a size and what they begin with. A loop device or an encrypted one has only a size: what is on a backing device is kept by whoever simulates the
//! zram device. What the simulation is exact about is who is there and for how long: a device that was made here is gone when nobody has it open any
//! more.

use std::collections::{BTreeMap, BTreeSet};

use nix::errno::Errno;

use super::{SimHost, Surroundings};
use crate::{
    machine::Machine as _,
    port::{Buffer, Iovec, Port as _},
    storage::{Ended, Place, Room, Storage},
};

/// Bytes of a block.
const BLOCK: u64 = 4096;

/// Folders that are there.
const FOLDERS: [&str; 4] = ["/", "/mnt", "/var", "/var/lib"];

/// Where the signature of an ext4 file system is, and what it is.
const EXT4_MAGIC: (usize, [u8; 2]) = (0x438, [0x53, 0xef]);

const MOUNTS: &str = "/proc/self/mountinfo";

/// Everything that is stored.
#[derive(Clone, Debug)]
pub(super) struct Stores {
    room: Room,
    files: BTreeMap<String, File>,
    /// Symbolic links, and where they lead.
    links: BTreeMap<String, String>,
    /// By node.
    loops: BTreeMap<String, Loop>,
    /// By name.
    mapped: BTreeMap<String, Mapped>,
    mounted: BTreeMap<String, u32>,
    /// How often another process still has the turn when it is asked for.
    pub(super) others_turns: u32,
    /// How often a signal still comes while an area is taken out of use.
    pub(super) signals: u32,
}

#[derive(Clone, Debug)]
struct File {
    bytes: u64,
    begins: Vec<u8>,
    private: bool,
}

#[derive(Clone, Debug)]
struct Loop {
    /// The path of its file, which may be gone.
    file: String,
    bytes: u64,
    held: bool,
}

#[derive(Clone, Debug)]
struct Mapped {
    node: String,
    below: String,
    bytes: u64,
    held: bool,
}

impl Default for Stores {
    fn default() -> Self {
        Self {
            room: Room { total: 64 << 30, free: 32 << 30, in_memory: false },
            files: BTreeMap::new(),
            links: BTreeMap::new(),
            loops: BTreeMap::new(),
            mapped: BTreeMap::new(),
            mounted: BTreeMap::new(),
            others_turns: 0,
            signals: 0,
        }
    }
}

impl Stores {
    /// Pages of the device at this path, if it is one of these.
    pub(super) fn open(&self, path: &str) -> Option<Result<u64, zram_model::Errno>> {
        if self.mapped.values().any(|mapped| mapped.below == path) {
            return Some(Err(zram_model::Errno::EBUSY));
        }
        self.bytes(path).map(|bytes| Ok(bytes / BLOCK))
    }

    fn bytes(&self, node: &str) -> Option<u64> {
        let mapped = self.mapped.values().find(|mapped| mapped.node == node).map(|mapped| mapped.bytes);
        mapped.or_else(|| self.loops.get(node).map(|device| device.bytes))
    }

    /// A device over a file.
    fn attach(&mut self, file: &str, bytes: u64) -> Result<String, Errno> {
        if !file.is_empty() && self.loops.values().any(|device| device.file == file) {
            return Err(Errno::EBUSY);
        }
        let free = (0..).map(|n| format!("/dev/loop{n}")).find(|node| !self.loops.contains_key(node));
        let node = free.ok_or(Errno::ENODEV)?;
        self.loops.insert(node.clone(), Loop { file: file.to_owned(), bytes, held: true });
        Ok(node)
    }

    /// What nobody has open any more goes away. `open`: the paths of the backing devices.
    fn settle(&mut self, open: &BTreeSet<String>) {
        self.mapped.retain(|_, mapped| mapped.held || open.contains(&mapped.node));
        let below: BTreeSet<&String> = self.mapped.values().map(|mapped| &mapped.below).collect();
        self.loops.retain(|node, device| device.held || open.contains(node) || below.contains(node));
    }
}

impl<E: Surroundings> SimHost<E> {
    /// Puts a file of so many bytes there, which begins with these.
    pub fn put_file(&mut self, path: &str, bytes: u64, begins: &[u8]) {
        let file = File { bytes, begins: begins.to_vec(), private: true };
        self.seen.stores.files.insert(path.to_owned(), file);
    }

    /// Puts a symbolic link there.
    pub fn put_link(&mut self, path: &str, leads_to: &str) {
        self.seen.stores.links.insert(path.to_owned(), leads_to.to_owned());
    }

    /// Lets others read a file, too.
    pub fn publish_file(&mut self, path: &str) {
        if let Some(file) = self.seen.stores.files.get_mut(path) {
            file.private = false;
        }
    }

    /// From now on every folder is on a file system with this room.
    pub fn set_room(&mut self, room: Room) {
        self.seen.stores.room = room;
    }

    /// Another process sets devices up, and is asked for its turn in vain so many times.
    pub fn others_take_turns(&mut self, times: u32) {
        self.seen.stores.others_turns = times;
    }

    /// A signal comes each of the next times that a swap area is taken out of use.
    pub fn signal_at_swap_off(&mut self, times: u32) {
        self.seen.stores.signals = times;
    }

    /// Everything that is stored: files, loop devices, encrypted devices, by path or name.
    #[must_use]
    pub fn stored(&self) -> Vec<String> {
        let stores = &self.seen.stores;
        stores.files.keys().chain(stores.loops.keys()).chain(stores.mapped.keys()).cloned().collect()
    }

    /// To be called when zram may have closed a backing device.
    pub(super) fn settle_stores(&mut self) {
        let open = self.backing_devices();
        self.seen.stores.settle(&open);
    }

    /// What zram has open.
    fn backing_devices(&mut self) -> BTreeSet<String> {
        let open = self.devices.clone().into_iter().filter_map(|dev| self.read_attr(dev, "backing_dev").ok());
        open.map(|text| String::from_utf8_lossy(&text).trim_end().to_owned()).collect()
    }

    fn follows_no_link(&self, path: &str) -> Result<(), Errno> {
        if self.seen.stores.links.contains_key(path) { Err(Errno::ELOOP) } else { Ok(()) }
    }

    fn zram_of(&self, node: &str) -> Option<u32> {
        let number = node.strip_prefix("/dev/zram")?.parse().ok()?;
        self.exists(number).then_some(number)
    }

    /// Writes the signature of a file system into the first page.
    fn format(&mut self, node: &str) -> Result<Ended, Errno> {
        let Some(dev) = self.zram_of(node) else {
            return Ok(failed(&format!("{node}: No such file or directory")));
        };
        if self.held.get(&dev).is_some_and(|times| *times > 0) {
            return Ok(failed(&format!("{node} is apparently in use by the system")));
        }
        let mut page = vec![0; BLOCK as usize];
        let (at, magic) = EXT4_MAGIC;
        page[at..at + magic.len()].copy_from_slice(&magic);
        let pieces = [Iovec { start: 0, len: BLOCK as usize }];
        Ok(match self.write(dev, 0, Buffer { arena: &mut page, pieces: &pieces }) {
            Ok(_) => Ended { well: true, said: String::new() },
            Err(errno) => failed(&format!("{node}: {}", errno.desc())),
        })
    }

    fn mount(&mut self, words: &[&str]) -> Result<Ended, Errno> {
        let [options @ .., node, target] = words else { return Ok(failed("bad usage")) };
        let Some(dev) = self.zram_of(node) else {
            return Ok(failed(&format!("special device {node} does not exist")));
        };
        if !FOLDERS.contains(target) {
            return Ok(failed(&format!("mount point {target} does not exist")));
        }
        let system = options.iter().skip_while(|word| **word != "-t").nth(1).unwrap_or(&"ext4");
        self.hold(dev)?;
        self.seen.stores.mounted.insert((*target).to_owned(), dev);
        let mounts = String::from_utf8_lossy(&self.kernel_file(MOUNTS)?).into_owned();
        let id = 40 + mounts.lines().count();
        let line = format!("{mounts}{id} 1 254:{dev} / {target} rw - {system} {node} rw\n");
        self.set_kernel_file(MOUNTS, &line);
        Ok(Ended { well: true, said: String::new() })
    }

    /// Takes away what was mounted there last, whosever it is.
    fn unmount(&mut self, target: &str) -> Result<Ended, Errno> {
        let text = String::from_utf8_lossy(&self.kernel_file(MOUNTS)?).into_owned();
        let mut lines: Vec<&str> = text.lines().collect();
        let is_there = |line: &&str| line.split(' ').nth(4) == Some(target);
        let Some(at) = lines.iter().rposition(is_there) else {
            return Ok(failed(&format!("{target}: not mounted")));
        };
        let line = lines.remove(at);
        self.set_kernel_file(MOUNTS, &(lines.join("\n") + "\n"));
        let dev = self.seen.stores.mounted.get(target).copied();
        if let Some(dev) = dev.filter(|dev| line.split(' ').nth(2) == Some(&format!("254:{dev}"))) {
            self.seen.stores.mounted.remove(target);
            self.release(dev)?;
        }
        Ok(Ended { well: true, said: String::new() })
    }
}

fn failed(said: &str) -> Ended {
    Ended { well: false, said: said.to_owned() }
}

/// The folder that has this path.
fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| if folder.is_empty() { "/" } else { folder })
}

impl<E: Surroundings> Storage for SimHost<E> {
    /// Links are at the end of a path here, and lead to what is none.
    fn plain(&mut self, path: &str) -> Result<String, Errno> {
        let mut names = Vec::new();
        for name in path.split('/') {
            match name {
                "" | "." => {}
                ".." => drop(names.pop()),
                name => names.push(name),
            }
        }
        let path = format!("/{}", names.join("/"));
        let path = self.seen.stores.links.get(&path).cloned().unwrap_or(path);
        self.place(&path).map(|_| path)
    }

    fn place(&mut self, path: &str) -> Result<Place, Errno> {
        let stores = &self.seen.stores;
        let path = stores.links.get(path).map_or(path, String::as_str).to_owned();
        let path = path.as_str();
        if let Some(file) = stores.files.get(path) {
            return Ok(Place::File { bytes: file.bytes, private: file.private });
        }
        if let Some(bytes) = stores.bytes(path) {
            return Ok(Place::Disk(bytes));
        }
        if path == self.backing_path() && self.backing_pages() > 0 {
            return Ok(Place::Disk(self.backing_pages() * BLOCK));
        }
        if let Some(dev) = self.zram_of(path) {
            return Ok(Place::Disk(self.size(dev)?));
        }
        match path {
            path if FOLDERS.contains(&path) => Ok(Place::Folder),
            "/dev/null" | "/dev/zero" => Ok(Place::Other),
            _ => Err(Errno::ENOENT),
        }
    }

    fn peek(&mut self, path: &str, at: u64, bytes: &mut [u8]) -> Result<usize, Errno> {
        self.follows_no_link(path)?;
        let size = match self.place(path)? {
            Place::File { bytes, .. } | Place::Disk(bytes) => bytes,
            Place::Folder => return Err(Errno::EISDIR),
            Place::Other => return Err(Errno::EINVAL),
        };
        let there =
            usize::try_from(size.saturating_sub(at)).map_or(bytes.len(), |rest| rest.min(bytes.len()));
        let file = self.seen.stores.files.get(path).map(|file| file.begins.clone());
        let is_ours = path == self.backing_path();
        for (position, byte) in (at..).zip(&mut bytes[..there]) {
            *byte = match (&file, is_ours) {
                (Some(begins), _) => {
                    usize::try_from(position).ok().and_then(|at| begins.get(at)).copied().unwrap_or(0)
                }
                (None, true) => self.block(position / BLOCK)[(position % BLOCK) as usize],
                (None, false) => 0,
            };
        }
        Ok(there)
    }

    fn room(&mut self, folder: &str) -> Result<Room, Errno> {
        if FOLDERS.contains(&folder) { Ok(self.seen.stores.room) } else { Err(Errno::ENOENT) }
    }

    fn attach(&mut self, file: &str) -> Result<String, Errno> {
        self.follows_no_link(file)?;
        let stores = &mut self.seen.stores;
        let bytes = stores.files.get(file).ok_or(Errno::ENOENT)?.bytes;
        stores.attach(file, bytes)
    }

    fn attach_new(&mut self, path: &str, bytes: u64) -> Result<String, Errno> {
        let stores = &mut self.seen.stores;
        if !FOLDERS.contains(&folder(path)) {
            return Err(Errno::ENOENT);
        }
        if stores.files.contains_key(path) {
            return Err(Errno::EEXIST);
        }
        if stores.room.free < bytes {
            return Err(Errno::ENOSPC);
        }
        // Without a name it is nobody else's.
        stores.attach("", bytes)
    }

    fn encrypt(&mut self, below: &str, name: &str) -> Result<String, Errno> {
        let Place::Disk(bytes) = self.place(below)? else { return Err(Errno::ENOTBLK) };
        let open = self.backing_devices();
        let stores = &mut self.seen.stores;
        if open.contains(below) || stores.mapped.values().any(|mapped| mapped.below == below) {
            return Err(Errno::EBUSY);
        }
        if stores.mapped.contains_key(name) {
            return Err(Errno::EEXIST);
        }
        let taken = |node: &String| stores.mapped.values().any(|mapped| mapped.node == *node);
        let node = (0..).map(|n| format!("/dev/dm-{n}")).find(|node| !taken(node)).ok_or(Errno::ENODEV)?;
        let mapped = Mapped { node: node.clone(), below: below.to_owned(), bytes, held: true };
        stores.mapped.insert(name.to_owned(), mapped);
        Ok(node)
    }

    fn let_go(&mut self, node: &str) -> Result<(), Errno> {
        let stores = &mut self.seen.stores;
        let mapped = stores.mapped.values_mut().find(|mapped| mapped.node == node);
        let held = mapped.map(|mapped| &mut mapped.held);
        let held = held.or_else(|| stores.loops.get_mut(node).map(|device| &mut device.held));
        let held = held.filter(|held| **held).ok_or(Errno::EBADF)?;
        *held = false;
        self.settle_stores();
        Ok(())
    }

    /// What there is: `mkfs.ext4`, `mount` and `umount`.
    fn run(&mut self, words: &[&str]) -> Result<Ended, Errno> {
        match words {
            ["mkfs.ext4", .., node] => self.format(node),
            ["mount", words @ ..] => self.mount(words),
            ["umount", target] => self.unmount(target),
            _ => Err(Errno::ENOENT),
        }
    }
}

//! A bio served step by step, beside others.
//!
//! Bios of several tasks take no lock of the device: each slot has one, each size class has one, and between two of
//! them another task may come. So the path of a bio is cut where it holds no lock, or is about to take the next one. What
//! lies between two cuts nobody can see half done, since whoever would look needs the lock first; it begins with the
//! event that the first function under the lock reports. Between the cuts:
//!
//! | step | lock | first event |
//! |---|---|---|
//! | submission | – | `bio` |
//! | compression | a stream of the CPU's own | `compress` |
//! | `zs_malloc`, a zspage that has room | class | `obj_malloc` |
//! | `zs_malloc`, none has: a new one | – | `zspage_create` |
//! | … its first object | class | `obj_malloc` |
//! | filling the object | zspage, shared | `obj_write` |
//! | taking the slot | slot | `slot_free` |
//! | `zs_free` of what it held | slot and class | `obj_free` |
//! | reading the slot | slot | `read_begin` or `read_from_pool` |
//! | marking the access | slot | none |
//!
//! Two steps leave no trace of the moment at which they were taken. That no zspage had room is found out (`find_get_zspage`) before the
//! new one is made: any moment since the compression will do, so each is looked at ([`Task::look`]). And
//! `mem_used_max` is brought up to date with whatever the pool's size is at some moment before the object is filled, so it is
//! known only within bounds.
//!
//! It is the same code that serves a bio in one piece (`submit.rs`), put together from the same parts; a test holds one
//! against the other.

use zram_events::{BioOp, Event, SlotIndex};

use super::{
    codec::Priority,
    device::{Device, Live},
    slot::flag::WB,
    stats::add,
    submit::complaining,
    write::{COMPRESSED_SITES, HUGE_SITES, Sites, same_filled},
};
use crate::{
    bio::{Bio, BioStatus, Memory},
    context::Call,
    environment::Environment,
    errno::Errno,
    mutation::Mutation,
    profile::Profile,
    site::Site,
    zsmalloc::{Handle, alloc::WantedObject, handle::ZspageId, object::Written},
};

/// Sectors of a slot.
const SECTORS: u64 = 8;

/// What a task does next, as far as others may want to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It takes the slot, for something new or for nothing: [`Event::SlotFree`].
    Take(SlotIndex),
    /// It marks the slot as accessed: no event.
    Access(SlotIndex),
    /// It looks for room for an object: [`Event::ObjMalloc`] if it finds some, [`Event::ZspageCreate`] if not.
    Room,
    /// Something else: an event of its own.
    Step,
}

/// What a slot gets.
#[derive(Clone, Copy, Debug)]
enum Put {
    Fill(u64),
    Object { handle: Handle, size: u32 },
    Huge { handle: Handle, size: u32 },
    Nothing,
}

/// Where a task stands: what it does next.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Submit,
    Read,
    Compress,
    Room { wanted: WantedObject, size: u32, huge: bool },
    First { wanted: WantedObject, id: ZspageId, size: u32, huge: bool },
    Fill { handle: Handle, size: u32, huge: bool },
    Take(Put),
    Free(Handle),
    Access,
    Done,
}

/// A bio under way.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    bio: Bio,
    memory: Memory,
    stage: Stage,
    /// Which page of the bio.
    page: usize,
    /// Pages that failed, on kernels that then stay at the slot.
    behind: u32,
    /// The compressor's output, where it is kept.
    bytes: Vec<u8>,
    status: BioStatus,
    /// Whether, since it began to look for room, there was a moment without any.
    missed: bool,
    /// The least and the most that the pool's size can have been when it looked at it.
    size_seen: Option<(u64, u64)>,
}

impl Task {
    pub(crate) fn new(bio: Bio, memory: Memory) -> Self {
        let stage = if bio.size() == 0 { Stage::Done } else { Stage::Submit };
        Self {
            bio,
            memory,
            stage,
            page: 0,
            behind: 0,
            bytes: Vec::new(),
            status: BioStatus::OK,
            missed: false,
            size_seen: None,
        }
    }

    /// What comes next; none at the end.
    pub(crate) fn next(&self) -> Option<Next> {
        Some(match self.stage {
            Stage::Take(_) => Next::Take(self.slot()),
            Stage::Access => Next::Access(self.slot()),
            Stage::Room { .. } => Next::Room,
            Stage::Done => return None,
            _ => Next::Step,
        })
    }

    pub(crate) fn end(self) -> (Bio, Memory, BioStatus) {
        (self.bio, self.memory, self.status)
    }

    fn slot(&self) -> SlotIndex {
        SlotIndex((self.bio.sector / SECTORS) as u32 + self.page as u32 - self.behind)
    }

    /// Looks at the pool, as the kernel may at this moment; `least` and `most`: its size.
    pub(crate) fn look(&mut self, live: &Live<'_>, least: u64, most: u64) {
        match self.stage {
            Stage::Room { wanted, .. } => self.missed |= !live.disk.pool.has_room(wanted),
            Stage::Fill { .. } => {
                let (low, high) = self.size_seen.unwrap_or((least, most));
                self.size_seen = Some((low.min(least), high.max(most)));
            }
            _ => {}
        }
    }

    /// What it saw of the pool's size, if it has just taken note of it (`update_used_max`).
    pub(crate) fn take_size_seen(&mut self) -> Option<(u64, u64)> {
        if matches!(self.stage, Stage::Fill { .. }) { None } else { self.size_seen.take() }
    }
}

impl Live<'_> {
    /// Takes a task's next step. `new_zspage`: it is one of those that found no room, if that can be.
    pub(crate) fn step(
        &mut self,
        task: &mut Task,
        new_zspage: bool,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        match task.stage {
            Stage::Submit => {
                let (bytes, sector) = (task.bio.size(), task.bio.sector);
                call.emit(Site::Bio, Event::Bio { dev: self.dev, op: task.bio.op, sector, bytes });
                self.begin_page(task, call);
            }
            Stage::Read => self.step_read(task, call),
            Stage::Compress => self.step_compress(task, call),
            Stage::Room { wanted, size, huge } => {
                self.step_room(task, (wanted, size, huge), new_zspage, call);
            }
            Stage::First { wanted, id, size, huge } => {
                let again = call.broken(Mutation::LooksForRoomAgain);
                let room = again.then(|| self.disk.pool.take_from_existing(wanted, call)).flatten();
                let handle = room.unwrap_or_else(|| self.disk.pool.take_first(id, wanted, call));
                self.disk.pool.tell_malloc(size, Ok(handle), call);
                task.stage = Stage::Fill { handle, size, huge };
            }
            Stage::Fill { handle, size, huge } => self.step_fill(task, handle, size, huge, call),
            Stage::Take(put) => self.step_take(task, put, call),
            Stage::Free(handle) => {
                self.disk.pool.release(handle, call);
                self.slot_taken(task, call);
            }
            Stage::Access => {
                let kept = if task.bio.op == BioOp::Read {
                    Mutation::IdleKeptAfterRead
                } else {
                    Mutation::IdleKeptAfterWrite
                };
                self.mark_accessed(task.slot(), kept, call);
                self.next_page(task, call);
            }
            Stage::Done => {}
        }
    }

    fn begin_page(&self, task: &mut Task, call: &Call<'_, impl Environment + ?Sized>) {
        task.stage = match task.bio.op {
            BioOp::Read => Stage::Read,
            BioOp::Write => {
                let page = task.memory.page(task.page, call.profile.page_size).unwrap_or_default();
                same_filled(page, call).map_or(Stage::Compress, |fill| Stage::Take(Put::Fill(fill)))
            }
            _ => Stage::Take(Put::Nothing),
        };
    }

    fn next_page(&self, task: &mut Task, call: &Call<'_, impl Environment + ?Sized>) {
        task.page += 1;
        let pages = task.bio.size() / call.profile.page_size.bytes();
        if task.page < pages as usize {
            self.begin_page(task, call);
        } else {
            task.stage = Stage::Done;
        }
    }

    /// A page that could not be written.
    fn fail_write(&mut self, task: &mut Task, call: &mut Call<'_, impl Environment + ?Sized>) {
        add(&mut self.state.stats.failed_writes, 1);
        self.fail(task, Mutation::IdleKeptAfterWrite, call);
    }

    /// A page that failed ends the bio, but for older kernels.
    fn fail(&mut self, task: &mut Task, kept_idle: Mutation, call: &mut Call<'_, impl Environment + ?Sized>) {
        (task.status, task.stage) = (BioStatus::IO_ERROR, Stage::Done);
        if call.behaviours().failure_is_access {
            self.mark_accessed(task.slot(), kept_idle, call);
        }
        if call.behaviours().bio_goes_on {
            task.behind += 1;
            self.next_page(task, call);
        }
    }

    /// `zram_read_page` of a slot in memory.
    fn step_read(&mut self, task: &mut Task, call: &mut Call<'_, impl Environment + ?Sized>) {
        let (slot, at) = (task.slot(), task.page);
        let page_size = call.profile.page_size;
        let done = match task.memory.page_mut(at, page_size) {
            Some(page) => self.read_into(slot, page, call),
            None => Err(Errno::EINVAL),
        };
        if !self.keeps(slot) {
            call.env.undetermined(at);
        }
        if complaining(done, call).is_err() {
            add(&mut self.state.stats.failed_reads, 1);
            self.fail(task, Mutation::IdleKeptAfterRead, call);
        } else {
            task.stage = Stage::Access;
        }
    }

    fn step_compress(&mut self, task: &mut Task, call: &mut Call<'_, impl Environment + ?Sized>) {
        let codec = self.state.codec(Priority::PRIMARY);
        let page = task.memory.page(task.page, call.profile.page_size).unwrap_or_default();
        task.bytes.clear();
        let compressed = if self.disk.pool.keeps_bytes() {
            call.env.compress_into(codec, page, &mut task.bytes)
        } else {
            call.env.compress(codec, page)
        };
        let (result, len) = compressed.map_or_else(|errno| (errno.negative(), 0), |len| (0, len));
        call.emit(Site::Compress, Event::Compress { result, len });
        let Ok(len) = compressed else { return self.fail_write(task, call) };
        let huge = self.is_huge(len, call);
        let size = if huge { call.profile.page_size.bytes() } else { len };
        match self.disk.pool.want(size, call) {
            Ok(wanted) => {
                task.missed = false;
                task.stage = Stage::Room { wanted, size, huge };
            }
            Err(errno) => {
                self.disk.pool.tell_malloc(size, Err(errno), call);
                self.fail_write(task, call);
            }
        }
    }

    fn step_room(
        &mut self,
        task: &mut Task,
        (wanted, size, huge): (WantedObject, u32, bool),
        new_zspage: bool,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        let missed = task.missed && !call.broken(Mutation::RoomSeenLate);
        let found = if new_zspage && missed { None } else { self.disk.pool.take_from_existing(wanted, call) };
        task.stage = match found {
            Some(handle) => {
                self.disk.pool.tell_malloc(size, Ok(handle), call);
                Stage::Fill { handle, size, huge }
            }
            None => match self.disk.pool.zspage_for(wanted, call) {
                Some(id) => Stage::First { wanted, id, size, huge },
                None => {
                    self.disk.pool.tell_malloc(size, Err(Errno::ENOMEM), call);
                    return self.fail_write(task, call);
                }
            },
        };
    }

    fn step_fill(
        &mut self,
        task: &mut Task,
        handle: Handle,
        size: u32,
        huge: bool,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        let page = task.memory.page(task.page, call.profile.page_size);
        let bytes = if huge { page.unwrap_or_default() } else { &task.bytes };
        self.disk.pool.write(handle, size, Written { page, bytes }, sites(huge).write, call);
        let put = if huge { Put::Huge { handle, size } } else { Put::Object { handle, size } };
        task.stage = Stage::Take(put);
    }

    /// From taking the slot's lock on: the slot holds the new thing, and what it held is about to be freed.
    fn step_take(&mut self, task: &mut Task, put: Put, call: &mut Call<'_, impl Environment + ?Sized>) {
        let slot = task.slot();
        let site = match put {
            Put::Fill(_) => Site::SlotFreeSame,
            Put::Object { .. } => sites(false).free,
            Put::Huge { .. } => sites(true).free,
            Put::Nothing => Site::SlotFreeDiscard,
        };
        let object = self.vacate(slot, site, call);
        match put {
            Put::Fill(fill) => self.install_fill(slot, fill),
            Put::Object { handle, size } => self.install(slot, handle, size),
            Put::Huge { handle, size } => {
                self.install(slot, handle, size);
                self.install_huge(slot);
            }
            Put::Nothing => add(&mut self.state.stats.notify_free, 1),
        }
        match object.filter(|handle| self.disk.pool.tell_free(*handle, Site::FreeSlot, call)) {
            Some(handle) if call.broken(Mutation::FreedWithSlot) => {
                self.disk.pool.release(handle, call);
                self.slot_taken(task, call);
            }
            Some(handle) => task.stage = Stage::Free(handle),
            None => self.slot_taken(task, call),
        }
    }

    fn slot_taken(&self, task: &mut Task, call: &Call<'_, impl Environment + ?Sized>) {
        if task.bio.op == BioOp::Write {
            task.stage = Stage::Access;
        } else {
            self.next_page(task, call);
        }
    }
}

impl Device {
    /// Whether everything that a bio can meet here can be taken step by step.
    pub(crate) fn can_be_stepped(&self, profile: &Profile) -> Result<(), &'static str> {
        let Some(disk) = &self.disk else { return Err("the device has no size") };
        if profile.partial_io() {
            return Err("parts of larger pages are not read and written step by step");
        }
        if self.state.limit_pages != 0 {
            return Err("mem_limit looks at the pool's size at moments that leave no trace");
        }
        if disk.slots.iter().any(|slot| slot.has(WB)) {
            return Err("read-backs are not taken step by step beside other bios");
        }
        Ok(())
    }
}

fn sites(huge: bool) -> &'static Sites {
    if huge { &HUGE_SITES } else { &COMPRESSED_SITES }
}

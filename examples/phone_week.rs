//! A week of a phone's swap, replayed on the model.
//!
//!     cargo run --release -p zram-examples --example phone-week
//!
//! What is simulated, and by which rules:
//!
//! * **The phone**, at a scale of 1 to 64: 64 MiB for what applications allocate (4 GiB), as much zram, a disk of 16 MiB
//!   behind it (1 GiB). Multiply by 64 for a phone.
//! * **Its user** picks it up some fifty times a day, never at night, mostly in the evening, and opens a few of the sixteen
//!   applications each time: favourites often, others rarely. An application that is opened touches
//!   the part of its memory that it always needs, some of the rest, and grows a little.
//! * **The kernel around zram**: when memory is full, the application used longest ago gives up pages, those first that
//!   were touched longest ago. A page that comes back leaves its slot. When swap is nearly full, or the user updates the
//!   phone on Saturday night, applications are killed, and their slots freed.
//! * **zram** is the model of Linux 7.2, driven as Android drives it: at half past three, pages untouched for twelve hours
//!   are marked idle and written back, incompressible ones first, under a limit for each night; then the pool is compacted.
//!
//! Lengths come from a real LZ4. Each page that comes back is compared with the one that went out.
//!
//! Try: another `ALGORITHM`; a `NIGHTLY_LIMIT` of 200, or of 10000; an idle age of a day.

use std::{collections::BTreeSet, error::Error, fmt::Write};

use zram_examples::{
    dice::Dice,
    machine::{Bd, Machine},
    memory::{self, BROWSER, GAME, MANAGED, Mix, PAGE, PLAYER, SERVICE},
    table::{self, Table, bar, mib, ratio, share},
};
use zram_model::Profile;

const ALGORITHM: &str = "lz4";
/// Pages of memory for applications.
const MEMORY: usize = 16384;
/// Slots of the device.
const SLOTS: u32 = 16384;
/// Pages of the disk behind it.
const DISK: u64 = 4096;
/// Pages that may be written each night: 4 MiB, where a phone might allow 256.
const NIGHTLY_LIMIT: u64 = 1024;
/// Seconds after which a page is idle.
const IDLE_AGE: u32 = 12 * 3600;

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// How often the phone is picked up in each hour of the day, in a week.
const RHYTHM: [u32; 24] =
    [1, 0, 0, 0, 0, 0, 4, 14, 16, 12, 13, 12, 22, 18, 10, 9, 11, 16, 24, 28, 34, 40, 30, 12];

/// Name, pages, what they hold, how often it is opened (of a thousand), and how much of it every use touches, in percent.
const APPLICATIONS: [(&str, usize, Mix, u32, u64); 16] = [
    ("launcher", 900, MANAGED, 210, 70),
    ("messages", 1200, MANAGED, 190, 55),
    ("browser", 3600, BROWSER, 130, 35),
    ("mail", 1300, MANAGED, 90, 45),
    ("camera", 2200, PLAYER, 70, 60),
    ("photos", 2400, PLAYER, 60, 40),
    ("social", 2900, BROWSER, 90, 40),
    ("video", 2000, PLAYER, 45, 50),
    ("music", 1000, PLAYER, 35, 50),
    ("maps", 2600, GAME, 20, 45),
    ("game", 5200, GAME, 22, 50),
    ("puzzle", 2100, GAME, 14, 60),
    ("bank", 1200, MANAGED, 6, 60),
    ("travel", 1700, BROWSER, 4, 50),
    ("weather", 800, MANAGED, 12, 60),
    ("system services", 2600, SERVICE, 2, 20),
];

/// Where a page of an application is.
#[derive(Clone, Copy)]
enum Place {
    Memory,
    Slot(u32),
}

#[derive(Clone, Copy)]
struct Page {
    place: Place,
    touched: u32,
    /// Counts the times its content changed.
    version: u32,
}

#[derive(Default)]
struct Application {
    pages: Vec<Page>,
    used: u32,
}

#[derive(Clone, Copy, Default)]
struct Day {
    opened: u64,
    out: u64,
    back: u64,
}

struct Phone {
    machine: Machine,
    dice: Dice,
    applications: Vec<Application>,
    resident: usize,
    free: BTreeSet<u32>,
    day: Day,
    traffic: [u64; 24],
}

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> Outcome {
    Ok(table::show(&report()?)?)
}

fn report() -> Outcome<String> {
    let mut out = String::new();
    let mut phone = Phone::new()?;
    let mut table = Table::new(&[
        "day", "opened", "out", "in", "stored", "compr.", "ratio", "memory", "huge", "written", "read",
    ]);
    let mut before = Bd::default();
    for (number, name) in DAYS.iter().enumerate() {
        phone.live_a_day(number as u32)?;
        let (mm, bd) = (phone.machine.mm_stat()?, phone.machine.bd_stat()?);
        let day = std::mem::take(&mut phone.day);
        table.row(&[
            name,
            &day.opened,
            &day.out,
            &day.back,
            &mib(mm.orig_data_size),
            &mib(mm.compr_data_size),
            // What is on the disk counts as stored, but has nothing to be compressed in memory.
            &ratio(mm.orig_data_size - bd.count * PAGE as u64, mm.compr_data_size, 2),
            &mib(mm.mem_used_total),
            &mm.huge_pages,
            &(bd.writes - before.writes),
            &(bd.reads - before.reads),
        ]);
        before = bd;
    }
    writeln!(
        out,
        "A week of a phone's swap at 1:64 ({ALGORITHM}, {}), simulated\n",
        Profile::debian_7_2().name
    )?;
    write!(out, "{}", table.text())?;
    let text = "Pages that went out to swap and came in, that were written to the disk at night and read back from \
                there; and at midnight: MiB stored, compressed, and of memory used. What is on the disk counts as \
                stored; the ratio is of what is in memory.";
    write!(out, "\n{}", table::paragraph(text))?;
    phone.say_what_came_of_writeback(&mut out, before)?;
    phone.say_when(&mut out)?;
    Ok(out)
}

impl Phone {
    fn new() -> Outcome<Self> {
        let settings = [("comp_algorithm", ALGORITHM)];
        let machine = Machine::new(Profile::debian_7_2(), u64::from(SLOTS), DISK, &settings)?;
        let mut applications = Vec::new();
        applications.resize_with(APPLICATIONS.len(), Application::default);
        let (dice, free) = (Dice::new(7), (0..SLOTS).collect());
        Ok(Self { machine, dice, applications, resident: 0, free, day: Day::default(), traffic: [0; 24] })
    }

    fn live_a_day(&mut self, day: u32) -> Outcome {
        for hour in 0..24 {
            let start = day * 86_400 + hour * 3600;
            if hour == 3 {
                self.machine.world.now = start + 1800;
                self.night(day)?;
            }
            let times = u64::from(RHYTHM[hour as usize]);
            // A seventh of the week's, give or take what does not divide.
            let pickups = times / 7 + u64::from(self.dice.below(7) < times % 7);
            for pickup in 0..pickups {
                self.machine.world.now =
                    start + (3600 * pickup / pickups) as u32 + self.dice.below(60) as u32;
                for _ in 0..1 + self.dice.below(4) {
                    let weights = APPLICATIONS.map(|(_, _, _, often, _)| often);
                    let which = self.dice.weighted(&weights);
                    self.open(which)?;
                    self.machine.world.now += 20 + self.dice.below(200) as u32;
                }
            }
        }
        Ok(())
    }

    /// What the phone does while it charges.
    fn night(&mut self, day: u32) -> Outcome {
        if day == 5 {
            for which in 0..4 {
                self.kill(which)?;
            }
        }
        self.machine.set("idle", &IDLE_AGE.to_string())?;
        self.machine.set("writeback_limit", &NIGHTLY_LIMIT.to_string())?;
        self.machine.set("writeback_limit_enable", "1")?;
        for what in ["huge_idle", "idle"] {
            // When the limit is reached, this is an I/O error; when the disk is full, it is "no space". Neither is news here.
            let _ = self.machine.set("writeback", &format!("type={what}"));
        }
        self.machine.set("compact", "1")?;
        Ok(())
    }

    /// The user opens an application.
    fn open(&mut self, which: usize) -> Outcome {
        let (_, size, _, _, needed) = APPLICATIONS[which];
        let now = self.machine.world.now;
        self.day.opened += 1;
        self.applications[which].used = now;
        let started = self.applications[which].pages.len();
        // It starts with two thirds of what it grows to.
        let wanted = if started == 0 { size * 2 / 3 } else { (started + size / 50).min(size) };
        for _ in started..wanted {
            self.make_room(which)?;
            self.applications[which].pages.push(Page { place: Place::Memory, touched: now, version: 0 });
            self.resident += 1;
        }
        for number in 0..started {
            // The same part every time, and now and then something else.
            let always = Dice::of(&[which as u64, number as u64]).percent(needed);
            if !always && !self.dice.percent(6) {
                continue;
            }
            if let Place::Slot(slot) = self.applications[which].pages[number].place {
                self.make_room(which)?;
                self.swap_in(which, number, slot)?;
            }
            let changed = self.dice.percent(40);
            let page = &mut self.applications[which].pages[number];
            page.touched = now;
            page.version += u32::from(changed);
        }
        Ok(())
    }

    /// Makes sure that there is a page of memory to be had for an application.
    fn make_room(&mut self, favoured: usize) -> Outcome {
        while self.resident >= MEMORY {
            let Some(oldest) = self.oldest(favoured) else {
                return Err("one application fills the memory".into());
            };
            let mut coldest: Vec<usize> = (0..self.applications[oldest].pages.len())
                .filter(|number| matches!(self.applications[oldest].pages[*number].place, Place::Memory))
                .collect();
            coldest.sort_by_key(|number| self.applications[oldest].pages[*number].touched);
            for number in coldest.into_iter().take(256) {
                self.swap_out(oldest, number)?;
            }
            // Swap that is nearly full is the end of who was used longest ago.
            while self.free.len() < 512 {
                let victims = (0..self.applications.len()).filter(|at| *at != favoured);
                let swapped = victims.filter(|at| !self.applications[*at].pages.is_empty());
                let Some(victim) = swapped.min_by_key(|at| self.applications[*at].used) else { break };
                self.kill(victim)?;
            }
        }
        Ok(())
    }

    /// Which application with pages in memory was used longest ago.
    fn oldest(&self, favoured: usize) -> Option<usize> {
        let in_memory = |application: &Application| {
            application.pages.iter().any(|page| matches!(page.place, Place::Memory))
        };
        (0..self.applications.len())
            .filter(|at| *at != favoured && in_memory(&self.applications[*at]))
            .min_by_key(|at| self.applications[*at].used)
    }

    fn swap_out(&mut self, which: usize, number: usize) -> Outcome {
        let Some(slot) = self.free.pop_first() else { return Err("swap is full".into()) };
        let page = self.content(which, number);
        self.machine.write(slot, &page)?;
        self.applications[which].pages[number].place = Place::Slot(slot);
        self.resident -= 1;
        self.day.out += 1;
        self.tick();
        Ok(())
    }

    fn swap_in(&mut self, which: usize, number: usize, slot: u32) -> Outcome {
        let mut page = [0; PAGE];
        self.machine.read(slot, &mut page)?;
        if page != self.content(which, number) {
            return Err(format!("slot {slot} came back as another page").into());
        }
        self.machine.free(slot)?;
        self.free.insert(slot);
        self.applications[which].pages[number].place = Place::Memory;
        self.resident += 1;
        self.day.back += 1;
        self.tick();
        Ok(())
    }

    fn kill(&mut self, which: usize) -> Outcome {
        for page in std::mem::take(&mut self.applications[which].pages) {
            match page.place {
                Place::Memory => self.resident -= 1,
                Place::Slot(slot) => {
                    self.machine.free(slot)?;
                    self.free.insert(slot);
                }
            }
        }
        Ok(())
    }

    /// A page of an application: the same until the application changes it.
    fn content(&self, which: usize, number: usize) -> [u8; PAGE] {
        let (_, _, mix, ..) = &APPLICATIONS[which];
        let version = self.applications[which].pages[number].version;
        let mut page = [0; PAGE];
        memory::fill(mix, &mut Dice::of(&[which as u64, number as u64, u64::from(version)]), &mut page);
        page
    }

    fn tick(&mut self) {
        self.traffic[(self.machine.world.now / 3600 % 24) as usize] += 1;
    }

    fn say_what_came_of_writeback(&self, out: &mut String, bd: Bd) -> Outcome {
        // Each read-back is the last use of its block: a page that comes back leaves its slot.
        let unread = bd.writes.saturating_sub(bd.count + bd.reads);
        writeln!(
            out,
            "\n  Of {} pages written back ({} MiB of wear):",
            bd.writes,
            mib(bd.writes * PAGE as u64)
        )?;
        for (pages, fate) in [
            (bd.reads, "came back, each a read from the disk"),
            (unread, "were freed unread, when their application was killed"),
            (bd.count, "lie there still"),
        ] {
            writeln!(out, "  {pages:>6}  {:>5}  {fate}", share(pages, bd.writes))?;
        }
        Ok(())
    }

    fn say_when(&self, out: &mut String) -> Outcome {
        let most = self.traffic.iter().copied().max().unwrap_or(0);
        writeln!(out, "\n  Pages out and back, by the hour:")?;
        for (hour, pages) in self.traffic.iter().enumerate() {
            let line = format!("  {hour:>2} h  {pages:>6}  {}", bar(*pages, most, 50));
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same output on every machine, in 80 columns.
    #[test]
    fn it_says_the_same_every_time() {
        let report = report().unwrap();
        assert!(report.lines().all(|line| line.chars().count() <= 80), "{report}");
        insta::assert_snapshot!(report);
    }
}

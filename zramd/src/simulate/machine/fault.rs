//! A program touches a page.

use super::{World, lru::PageId, programs::Place, psi::Who, swap::Waited};

impl World {
    /// One access. What it has to wait for passes.
    pub(super) fn touch(&mut self, page: PageId, write: bool) {
        self.ledger.accesses += 1;
        if self.programs.pages[page.at()].place != Place::Memory {
            self.fault(page);
        }
        let about = &mut self.programs.pages[page.at()];
        about.young = true;
        if write {
            about.written.version = about.written.version.wrapping_add(1);
        }
    }

    fn fault(&mut self, page: PageId) {
        self.make_room();
        // Making room may have ended the page's own program, whose memory is new then.
        let about = &self.programs.pages[page.at()];
        let (place, file) = (about.place, about.file);
        let times = self.spec.times;
        let (waited, evicted) = match place {
            Place::Memory => return,
            Place::Swap(slot) => (self.swap_in(page, slot), true),
            Place::File => (self.read_file(), true),
            Place::Nowhere if file => (self.read_file(), false),
            Place::Nowhere => (Waited { memory: times.fault, disk: 0 }, false),
        };
        let pressed = self.arrives(page, evicted);
        if waited.disk > 0 {
            let now = self.awake();
            self.io_psi.wait(now, waited.disk, Who::All);
        }
        if pressed {
            self.wait(waited.memory, Who::All);
        } else {
            self.now += waited.memory;
        }
    }

    /// Files are read ahead: a page is an eighth of a request.
    fn read_file(&mut self) -> Waited {
        self.ledger.file_reads += 1;
        let times = self.spec.times;
        Waited { memory: times.fault + times.read / 8, disk: times.read / 8 }
    }
}

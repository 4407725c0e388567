//! Page migration: memory management moves a page of a zspage elsewhere (`zs_page_migrate`).
//!
//! The page's bytes are copied and the chain is built anew with the new page in the old one's place. Each
//! object keeps its zspage and its index, and so nothing that a user of the pool sees changes; in the
//! kernel the handles of the objects that begin on the page are given the new page's number. A reader
//! of any object of the zspage is in the way, and is not waited for.

use zram_events::{Event, ZspageLife};

use super::{handle::ZspageId, pool::Pool};
use crate::{contention::Contention, context::Call, environment::Environment, errno::Errno, site::Site};

impl Pool {
    /// The zspage that lives this life. Looked for among all: migration is rare.
    pub(crate) fn find_zspage(&self, life: ZspageLife) -> Option<ZspageId> {
        (0..).zip(&self.classes).find_map(|(class, of)| {
            let found = of.zspages.iter().position(|zspage| zspage.alive && zspage.life == life)?;
            Some(ZspageId { class, number: found as u32 })
        })
    }

    /// `zs_page_migrate` of page number `page` of a zspage.
    pub(crate) fn migrate_page(
        &mut self,
        id: ZspageId,
        page: u32,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        let shape = *self.shape(id);
        if page >= shape.pages {
            return Err(Errno::EINVAL);
        }
        let zspage = self.zspage(id).life;
        // Memory management locks the page before it asks.
        call.locks.lock_page(id, page);
        call.locks.lock_for_moving(id.class.into());
        let result = if call.env.contended(Contention::Reader { zspage }) {
            Err(Errno::EBUSY)
        } else {
            call.locks.write_zspage(id);
            self.objects.replace_page(id, &shape, page);
            call.emit(Site::PageChainMigration, Event::ZspageRechain { zspage });
            call.locks.unwrite_zspage(id);
            Ok(())
        };
        call.locks.unlock_after_moving(id.class.into());
        call.locks.unlock_page(id, page);
        let code = result.err().map_or(0, Errno::negative);
        call.emit(Site::PageMigrate, Event::PageMigrate { result: code });
        result
    }
}

//! Readers and writers of content, against those who move it.

use std::sync::Arc;

use zram_model::lock::{
    protocol::{Fault, FreeProtocol, Handle, Migration},
    zspage_lock::ZspageLock,
};

use crate::stage::{Processor, Rules, Tally, alive, both_locks, explore, filled, refused, thread, value};

const KEPT: Rules = Rules { protocol: FreeProtocol::PoolLock, fault: None };

/// A reader looks twice at its object, with all the time in the world in between, while its page is migrated.
pub(crate) fn reading_while_the_page_migrates<L: ZspageLock + 'static>(
    rules: Rules,
    tally: Tally,
) -> impl Fn() {
    move || {
        let pool = filled::<L>(rules, 3, 2, &[]);
        let reader = rules.spawn(&pool, |pool, task| {
            let reading = pool.read_begin(task, Handle(1))?;
            assert_eq!(reading.load(), value(1), "at first");
            task.may_sleep()?;
            thread::yield_now();
            assert_eq!(reading.load(), value(1), "after a sleep");
            reading.end()
        });
        rules.run(&pool, |pool, task| {
            let migration = pool.migrate(task, pool.frame_of(Handle(1))?)?;
            assert!(matches!(migration, Migration::Moved(_) | Migration::Busy), "{migration:?}");
            tally.count(migration == Migration::Busy);
            Ok(())
        });
        reader.join().unwrap();
        rules.run(&pool, |pool, task| pool.audit(task, &alive(&[0, 1])));
    }
}

/// The same with compaction, which moves objects and gives the page back.
pub(crate) fn reading_while_compaction_runs<L: ZspageLock + 'static>(
    rules: Rules,
    tally: Tally,
) -> impl Fn() {
    move || {
        let pool = filled::<L>(rules, 3, 4, &[1, 3]);
        let reader = rules.spawn(&pool, |pool, task| {
            let reading = pool.read_begin(task, Handle(2))?;
            assert_eq!(reading.load(), value(2), "at first");
            task.may_sleep()?;
            thread::yield_now();
            assert_eq!(reading.load(), value(2), "after a sleep");
            reading.end()
        });
        rules.run(&pool, |pool, task| {
            let compaction = pool.compact(task, 0)?;
            tally.count(compaction.busy);
            assert_eq!(compaction.moved, usize::from(!compaction.busy));
            Ok(())
        });
        reader.join().unwrap();
        rules.run(&pool, |pool, task| pool.audit(task, &alive(&[0, 2])));
    }
}

#[test]
fn a_migration_never_moves_a_page_under_a_reader() {
    fn check<L: ZspageLock + 'static>() {
        let tally = Tally::default();
        explore(reading_while_the_page_migrates::<L>(KEPT, tally.clone()));
        tally.assert_both();
    }
    both_locks!(check);
}

#[test]
fn compaction_never_moves_an_object_under_its_reader() {
    fn check<L: ZspageLock + 'static>() {
        let tally = Tally::default();
        explore(reading_while_compaction_runs::<L>(KEPT, tally.clone()));
        tally.assert_both();
    }
    both_locks!(check);
}

#[test]
fn what_is_written_moves_along() {
    fn check<L: ZspageLock + 'static>() {
        explore(|| {
            let pool = filled::<L>(KEPT, 3, 2, &[]);
            let writer = KEPT.spawn(&pool, |pool, task| pool.write(task, Handle(0), 9));
            KEPT.run(&pool, |pool, task| pool.migrate(task, pool.frame_of(Handle(0))?).map(drop));
            writer.join().unwrap();
            KEPT.run(&pool, |pool, task| pool.audit(task, &[(Handle(0), 9), (Handle(1), value(1))]));
        });
    }
    both_locks!(check);
}

/// One processor. The reader sleeps with the zspage locked, so that another task gets the processor; that one migrates, and
/// since it is atomic meanwhile, it keeps the processor until it is done.
pub(crate) fn sleeping_on_the_only_processor<L: ZspageLock + 'static>(
    rules: Rules,
    tally: Tally,
) -> impl Fn() {
    move || {
        let processor = Arc::new(Processor::default());
        let pool = filled::<L>(rules, 3, 2, &[]);
        let readers_processor = Arc::clone(&processor);
        let reader = rules.spawn(&pool, move |pool, task| {
            let running = readers_processor.run();
            let reading = pool.read_begin(task, Handle(0))?;
            task.may_sleep()?;
            drop(running);
            let running = readers_processor.run();
            assert_eq!(reading.load(), value(0));
            reading.end()?;
            drop(running);
            Ok(())
        });
        rules.run(&pool, |pool, task| {
            let running = processor.run();
            let migration = pool.migrate(task, pool.frame_of(Handle(0))?)?;
            tally.count(migration == Migration::Busy);
            drop(running);
            Ok(())
        });
        reader.join().unwrap();
        rules.run(&pool, |pool, task| pool.audit(task, &alive(&[0, 1])));
    }
}

#[test]
fn a_reader_may_sleep_because_the_writer_gives_up() {
    fn check<L: ZspageLock + 'static>() {
        let tally = Tally::default();
        explore(sleeping_on_the_only_processor::<L>(KEPT, tally.clone()));
        tally.assert_both();
        // A writer that waits never gets what it waits for: its waiting keeps the reader from running.
        let broken = Rules::broken(FreeProtocol::PoolLock, Fault::WriterWaits);
        let found = refused(sleeping_on_the_only_processor::<L>(broken, Tally::default()));
        assert!(found.contains("exceeded maximum number of branches"), "{found}");
    }
    both_locks!(check);
}

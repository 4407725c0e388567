//! Frees, by both protocols, against those who move objects.

use zram_model::lock::{
    protocol::{Handle, Migration},
    zspage_lock::ZspageLock,
};

use crate::stage::{PROTOCOLS, Rules, Tally, alive, both_locks, explore, filled};

/// Compaction moves handle 2 out of its zspage while `freed` is freed.
pub(crate) fn freeing_while_compaction_runs<L: ZspageLock + 'static>(
    rules: Rules,
    freed: usize,
    tally: Tally,
) -> impl Fn() {
    move || {
        let pool = filled::<L>(rules, 3, 4, &[1, 3]);
        let free = rules.spawn(&pool, move |pool, task| pool.free(task, Handle(freed)));
        rules.run(&pool, |pool, task| {
            let compaction = pool.compact(task, 0)?;
            tally.count(compaction.moved > 0);
            Ok(())
        });
        free.join().unwrap();
        rules.run(&pool, |pool, task| pool.audit(task, &alive(&[2 - freed])));
    }
}

/// A page migrates while one of its two objects is freed.
pub(crate) fn freeing_while_the_page_migrates<L: ZspageLock + 'static>(rules: Rules) -> impl Fn() {
    move || {
        let pool = filled::<L>(rules, 3, 2, &[]);
        let free = rules.spawn(&pool, |pool, task| pool.free(task, Handle(0)));
        rules.run(&pool, |pool, task| {
            let migration = pool.migrate(task, pool.frame_of(Handle(1))?)?;
            assert!(matches!(migration, Migration::Moved(_)), "{migration:?}");
            Ok(())
        });
        free.join().unwrap();
        rules.run(&pool, |pool, task| pool.audit(task, &alive(&[1])));
    }
}

/// The last object of a zspage is freed while its page migrates: either the zspage goes at once, or its page is locked, and
/// the worker has to come. The worker may come before the migration has ended.
pub(crate) fn freeing_the_last_while_the_page_migrates<L: ZspageLock + 'static>(
    rules: Rules,
    tally: Tally,
) -> impl Fn() {
    move || {
        let pool = filled::<L>(rules, 3, 1, &[]);
        let counted = tally.clone();
        let frame = pool.frame_of(Handle(0)).unwrap();
        let free = rules.spawn(&pool, move |pool, task| {
            pool.free(task, Handle(0))?;
            counted.count(pool.free_deferred(task)? > 0);
            Ok(())
        });
        rules.run(&pool, |pool, task| pool.migrate(task, frame).map(drop));
        free.join().unwrap();
        rules.run(&pool, |pool, task| pool.audit(task, &[]));
    }
}

#[test]
fn a_free_finds_its_object_wherever_compaction_put_it() {
    fn check<L: ZspageLock + 'static>() {
        for protocol in PROTOCOLS {
            for freed in [0, 2] {
                let tally = Tally::default();
                explore(freeing_while_compaction_runs::<L>(Rules::kept(protocol), freed, tally.clone()));
                tally.assert_both();
            }
        }
    }
    both_locks!(check);
}

#[test]
fn a_free_finds_its_object_wherever_migration_put_it() {
    fn check<L: ZspageLock + 'static>() {
        for protocol in PROTOCOLS {
            explore(freeing_while_the_page_migrates::<L>(Rules::kept(protocol)));
        }
    }
    both_locks!(check);
}

#[test]
fn a_zspage_that_ran_empty_under_migration_is_freed_by_the_worker() {
    fn check<L: ZspageLock + 'static>() {
        for protocol in PROTOCOLS {
            let tally = Tally::default();
            explore(freeing_the_last_while_the_page_migrates::<L>(Rules::kept(protocol), tally.clone()));
            tally.assert_both();
        }
    }
    both_locks!(check);
}

#[test]
fn reader_free_and_compaction_at_once() {
    fn check<L: ZspageLock + 'static>() {
        for protocol in PROTOCOLS {
            let rules = Rules::kept(protocol);
            explore(move || {
                let pool = filled::<L>(rules, 3, 4, &[3]);
                let reader = rules.spawn(&pool, |pool, task| {
                    let reading = pool.read_begin(task, Handle(2))?;
                    assert_eq!(reading.load(), 102);
                    reading.end()
                });
                let free = rules.spawn(&pool, |pool, task| pool.free(task, Handle(0)));
                rules.run(&pool, |pool, task| pool.compact(task, 0).map(drop));
                reader.join().unwrap();
                free.join().unwrap();
                rules.run(&pool, |pool, task| pool.audit(task, &alive(&[1, 2])));
            });
        }
    }
    both_locks!(check);
}

#[test]
fn allocation_and_compaction_keep_out_of_each_others_way() {
    fn check<L: ZspageLock + 'static>() {
        for protocol in PROTOCOLS {
            let rules = Rules::kept(protocol);
            explore(move || {
                let pool = filled::<L>(rules, 3, 5, &[1, 3, 4]);
                let malloc = rules.spawn(&pool, |pool, task| {
                    pool.malloc(task, Handle(4), 0, 104).map(|done| assert!(done))
                });
                rules.run(&pool, |pool, task| pool.compact(task, 0).map(drop));
                malloc.join().unwrap();
                rules.run(&pool, |pool, task| pool.audit(task, &alive(&[0, 2, 4])));
            });
        }
    }
    both_locks!(check);
}

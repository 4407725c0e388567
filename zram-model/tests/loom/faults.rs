//! Broken protocols: loom must find what is wrong with each, and with nothing but that.

use zram_model::lock::{
    Violation,
    protocol::{Bug, Fault, FreeProtocol, Handle},
    zspage_lock::{CountedLock, ZspageLock},
};

use crate::{
    frees::{
        freeing_the_last_while_the_page_migrates, freeing_while_compaction_runs,
        freeing_while_the_page_migrates,
    },
    readers::{reading_while_compaction_runs, reading_while_the_page_migrates},
    stage::{Rules, Tally, both_locks, filled, refused},
};

/// Whether what loom found is one of the ways in which this fault shows.
fn assert_found(found: &str, ways: &[&str]) {
    assert!(ways.iter().any(|way| found.contains(way)), "found something else: {found}");
}

#[test]
fn the_read_lock_must_be_taken_under_the_pool_lock() {
    fn check<L: ZspageLock + 'static>() {
        let rules = Rules::broken(FreeProtocol::PoolLock, Fault::ReadLockAfterPoolLock);
        let found = refused(reading_while_the_page_migrates::<L>(rules, Tally::default()));
        assert_found(&found, &["at first", "after a sleep", "belongs to no zspage"]);
        let found = refused(reading_while_compaction_runs::<L>(rules, Tally::default()));
        assert_found(&found, &["at first", "after a sleep", "belongs to no zspage", "was given back"]);
    }
    both_locks!(check);
}

#[test]
fn nobody_moves_what_has_readers() {
    fn check<L: ZspageLock + 'static>() {
        let rules = Rules::broken(FreeProtocol::PoolLock, Fault::MovesUnderReaders);
        let found = refused(reading_while_the_page_migrates::<L>(rules, Tally::default()));
        assert_found(&found, &["at first", "after a sleep"]);
        let found = refused(reading_while_compaction_runs::<L>(rules, Tally::default()));
        assert_found(&found, &["at first", "after a sleep", "which it does not hold", "needs zspage lock"]);
    }
    both_locks!(check);
}

#[test]
fn the_second_look_of_7_3_is_needed() {
    fn check<L: ZspageLock + 'static>() {
        let rules = Rules::broken(FreeProtocol::ClassInWord, Fault::NoSecondLook);
        let wrong = ["belongs to no zspage", "is not that of handle", "was given back", "inconsistent"];
        assert_found(&refused(freeing_while_the_page_migrates::<L>(rules)), &wrong);
        assert_found(&refused(freeing_while_compaction_runs::<L>(rules, 2, Tally::default())), &wrong);
    }
    both_locks!(check);
}

#[test]
fn without_the_class_in_the_word_7_3_would_need_the_pool_lock() {
    fn check<L: ZspageLock + 'static>() {
        let rules = Rules::broken(FreeProtocol::ClassInWord, Fault::ClassThroughPage);
        assert_found(&refused(freeing_while_the_page_migrates::<L>(rules)), &["belongs to no zspage"]);
    }
    both_locks!(check);
}

#[test]
fn the_pool_lock_comes_before_the_class_lock() {
    fn check<L: ZspageLock + 'static>() {
        let rules = Rules::broken(FreeProtocol::PoolLock, Fault::ClassBeforePool);
        assert_found(&refused(freeing_while_the_page_migrates::<L>(rules)), &["deadlock"]);
    }
    both_locks!(check);
}

#[test]
fn a_free_must_not_wait_for_a_page() {
    fn check<L: ZspageLock + 'static>() {
        let rules = Rules::broken(FreeProtocol::PoolLock, Fault::FreeWaitsForPage);
        let found = refused(freeing_the_last_while_the_page_migrates::<L>(rules, Tally::default()));
        assert_found(&found, &["deadlock"]);
    }
    both_locks!(check);
}

#[test]
fn the_worker_must_look_pages_up_under_the_zspage_lock() {
    fn check<L: ZspageLock + 'static>() {
        let rules = Rules::broken(FreeProtocol::PoolLock, Fault::WorkerIgnoresMigration);
        let found = refused(freeing_the_last_while_the_page_migrates::<L>(rules, Tally::default()));
        assert_found(&found, &["is given back and not locked"]);
    }
    both_locks!(check);
}

/// What is wrong with the order of locks needs no interleaving to be found: one task and its ledger will do, as with lockdep.
#[test]
fn the_ledger_finds_faults_of_order_without_a_second_task() {
    for fault in [Fault::WriterWaits, Fault::ClassBeforePool, Fault::FreeWaitsForPage] {
        loom::model(move || {
            let rules = Rules::broken(FreeProtocol::PoolLock, fault);
            let pool = filled::<CountedLock>(rules, 3, 1, &[]);
            let watched = zram_model::lock::task::Task::new();
            let outcome = match fault {
                Fault::FreeWaitsForPage => pool.free(&watched, Handle(0)),
                _ => pool.migrate(&watched, pool.frame_of(Handle(0)).unwrap()).map(drop),
            };
            let expected = match (fault, &outcome) {
                (Fault::WriterWaits, Err(Bug::Rule(Violation::WriterWaits(_)))) => true,
                (_, Err(Bug::Rule(Violation::Order { .. }))) => fault != Fault::WriterWaits,
                _ => false,
            };
            assert!(expected, "{fault:?}: {outcome:?}");
        });
    }
}

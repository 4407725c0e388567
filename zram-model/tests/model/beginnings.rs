//! What Linux 6.1 does that later kernels do not, each beside the first kernel that does otherwise.

use crate::world::{BioOp, Machine, PAGE, filled, page};
use zram_events::Event;
use zram_model::{Bio, BioStatus, Errno, Memory, Profile, Segment, SlotWord, slot_flags};

fn old() -> Profile {
    Profile::debian_6_1()
}

fn machine(profile: Profile) -> Machine {
    Machine::backed_as(profile, 8, 8, true)
}

/// The classes that are there: index, size, pages and objects of a zspage.
fn classes(profile: Profile) -> Vec<(u16, u32, u32, u32)> {
    let mut m = Machine::bare(profile);
    m.set_size(8);
    let classes = m.kernel.classes(m.dev).unwrap().into_iter();
    let distinct = classes.filter(|class| class.nominal == class.index);
    distinct.map(|class| (class.index, class.size, class.pages, class.objects)).collect()
}

#[test]
fn chains_of_up_to_four_pages_by_whole_per_cent() {
    let older = classes(old());
    let newer = classes(Profile { chain_size: 4, ..Profile::debian_6_12() });
    assert_ne!(older, newer);
    assert!(older.iter().all(|(_, _, pages, _)| *pages <= 4));
    // Of 4096 bytes 4080 are used, and of 8192 all but 32: 99 per cent either way.
    assert!(older.contains(&(13, 240, 1, 17)), "{older:?}");
}

/// `find_alloced_obj` and what follows are the same; what is taken out first is not.
#[test]
fn four_groups_and_a_source_that_is_taken_out_first() {
    let groups = |profile: Profile| {
        let mut m = Machine::bare(profile);
        m.set_size(64);
        for slot in 0..40 {
            m.fill(slot, &page(1000, slot));
        }
        m.events();
        for slot in [0, 1, 2, 20, 21, 22] {
            m.discard(slot, 1);
        }
        let fixed = m.events().into_iter().filter_map(|event| match event {
            Event::FixFullness { group, inuse, .. } => Some((group.0, inuse)),
            _ => None,
        });
        let fixed: Vec<_> = fixed.collect();
        m.put("compact", "1");
        let turns: Vec<_> = m.names().into_iter().filter(|name| *name != "obj_free").collect();
        (fixed, turns)
    };
    let (older, turns) = groups(old());
    // Three of four objects are almost empty, and so is everything below; one is no group of its own.
    assert!(older.iter().all(|(group, inuse)| *group == u8::from(*inuse > 0)), "{older:?}");
    assert_eq!(turns.first(), Some(&"compact_begin"));
    let (newer, _) = groups(Profile { chain_size: 4, ..Profile::debian_6_12() });
    assert!(newer.iter().any(|(group, _)| *group > 3), "{newer:?}");
}

#[test]
fn a_class_with_room_is_put_back_even_where_nothing_is_gained() {
    let turns = |profile: Profile| {
        let mut m = Machine::bare(profile);
        m.set_size(8);
        m.fill(0, &page(1000, 1));
        m.events();
        m.put("compact", "1");
        m.names()
    };
    assert_eq!(turns(old()), ["compact_begin", "putback", "compact_end"]);
    assert_eq!(turns(Profile::debian_6_12()), ["compact_begin", "compact_end"]);
}

#[test]
fn a_new_zspage_does_not_know_its_class() {
    for (profile, late) in [(old(), true), (Profile::debian_6_12(), false)] {
        let mut m = machine(profile);
        m.fill(0, &page(1000, 1));
        m.fill(1, &page(1000, 2));
        let known = |event: &Event| match event {
            Event::ObjMalloc { class, .. } => Some(class.0 != 0),
            _ => None,
        };
        let known: Vec<_> = m.events().iter().filter_map(known).collect();
        assert_eq!(known, [!late, true]);
    }
}

/// What the crypto interface has counts, whether zram lists it or not, and to the letter.
#[test]
fn any_compressor_of_the_kernel_will_do() {
    let mut m = Machine::bare(old());
    assert_eq!(m.text("comp_algorithm"), "lzo [lzo-rle] lz4 lz4hc zstd \n");
    m.put("comp_algorithm", "deflate\n");
    assert_eq!(m.text("comp_algorithm"), "lzo lzo-rle lz4 lz4hc zstd [deflate] \n");
    assert_eq!(m.write("comp_algorithm", "lz4\n\n"), Err(Errno::EINVAL));
    assert_eq!(m.write("comp_algorithm", &"x".repeat(200)), Err(Errno::EINVAL));
    m.put("disksize", "32K");
    m.put("reset", "1");
    assert_eq!(m.text("comp_algorithm"), "lzo lzo-rle lz4 lz4hc zstd [deflate] \n", "a reset keeps it");
    let mut m = Machine::bare(Profile::debian_6_12());
    assert_eq!(m.write("comp_algorithm", &"x".repeat(200)), Err(Errno::E2BIG));
    m.put("comp_algorithm", "zstd");
    m.put("disksize", "32K");
    m.put("reset", "1");
    assert_eq!(m.text("comp_algorithm"), "[lz4] lz4hc zstd deflate \n");
}

#[test]
fn what_is_no_whole_block_is_refused_and_counted() {
    for (profile, status, text) in [
        (old(), BioStatus::IO_ERROR, "       0        0        1        0\n"),
        (Profile::debian_6_12(), BioStatus::OK, "       0        0 0        0\n"),
    ] {
        let mut m = machine(profile);
        let segments = vec![Segment { page: 0, offset: 0, len: PAGE as u32 }];
        let bio = Bio { op: BioOp::Read, sector: 4, segments, bytes: 0 };
        let mut memory = Memory::of_pages([[0; PAGE]]);
        assert_eq!(m.kernel.submit(m.dev, &bio, &mut memory, &mut m.world), status);
        assert_eq!(m.text("io_stat"), text);
    }
}

#[test]
fn idle_marked_everything_and_unmarked_nothing() {
    for (profile, everything) in [(old(), true), (Profile::debian_6_12(), false)] {
        let mut m = machine(profile);
        m.world.now = 1000;
        m.fill(0, &page(600, 1));
        m.fill(1, &filled(7));
        m.fill(2, &page(600, 2));
        m.put("writeback", "page_index=2");
        m.put("idle", "all");
        let idle = |m: &Machine| [0, 1, 2].map(|slot| m.flags(slot) & slot_flags::IDLE != 0);
        assert_eq!(idle(&m), [true, everything, everything]);
        m.put("idle", "10");
        assert_eq!(idle(&m), [everything; 3], "the younger ones");
    }
}

/// A page of a bio that did not fit is an access of its slot, and the rest of the bio goes one slot too low.
#[test]
fn after_a_failed_page_the_others_go_into_the_wrong_slots() {
    let write = |profile: Profile| {
        let mut m = Machine::bare(profile);
        m.set_size(8);
        m.world.now = 1000;
        m.fill(0, &page(600, 1));
        m.put("mem_limit", "4K");
        m.world.now = 2000;
        // The first is in the way of the limit, the second takes no memory.
        let status = m.store(0, &[page(3000, 5), filled(7)]);
        let slots = m.kernel.slots(m.dev).unwrap();
        (status, [0, 1].map(|slot: usize| slots[slot].word), slots[0].access_time)
    };
    let (status, slots, accessed) = write(old());
    assert_eq!((status, slots, accessed), (BioStatus::IO_ERROR, [SlotWord::Fill(7), SlotWord::Empty], 2000));
    let (status, [kept, untouched], accessed) = write(Profile::debian_6_12());
    assert!(matches!(kept, SlotWord::Handle(_)));
    assert_eq!((status, untouched, accessed), (BioStatus::IO_ERROR, SlotWord::Empty, 1000));
}

#[test]
fn four_letters_say_what_a_slot_is() {
    for (profile, letters) in [(old(), ".... \n"), (Profile::debian_6_12(), "...... \n")] {
        let mut m = machine(profile);
        m.fill(0, &page(600, 1));
        let text = m.kernel.block_state(m.dev, 0, 4096).unwrap().0;
        let text = String::from_utf8(text).unwrap();
        assert!(text.ends_with(&format!(" {}\n", letters.trim_end())), "{text:?}");
    }
}

#[test]
fn a_backing_device_was_taken_twice() {
    let again = |profile| {
        let mut m = Machine::bare(profile);
        m.put("backing_dev", "/dev/backing");
        m.write("backing_dev", "/dev/backing").map(drop)
    };
    assert_eq!(again(old()), Ok(()));
    assert_eq!(again(Profile::debian_6_12()), Err(Errno::EBUSY));
}

#[test]
fn writeback_had_fewer_words() {
    let mut m = machine(old());
    m.fill(0, &page(600, 1));
    assert_eq!(m.write("writeback", "incompressible"), Err(Errno::EINVAL));
    m.put("writeback", "page_index=0");
    let mut m = machine(Profile::debian_6_12());
    m.put("writeback", "incompressible");
}

//! Devices come and go, and what the attributes say meanwhile.

use crate::world::{Machine, page};
use zram_events::{DeviceId, Event};
use zram_model::{Allocation, Errno, Profile};

fn remove(m: &mut Machine, text: &str) -> Result<usize, Errno> {
    m.kernel.write_control("hot_remove", text.as_bytes(), &mut m.world)
}

#[test]
fn numbers_are_given_anew_lowest_first() {
    let mut m = Machine::new(1);
    let add = |m: &mut Machine| m.kernel.read_control("hot_add", &mut m.world);
    assert_eq!(add(&mut m), Ok(b"1\n".to_vec()));
    assert_eq!(add(&mut m), Ok(b"2\n".to_vec()));
    assert_eq!(remove(&mut m, "1\n"), Ok(2));
    assert_eq!(add(&mut m), Ok(b"1\n".to_vec()));
    m.world.refuse = Some(|what| what == Allocation::Device);
    assert_eq!(add(&mut m), Err(Errno::ENOMEM));
}

#[test]
fn what_the_class_refuses() {
    let mut m = Machine::new(1);
    for (text, errno) in [
        ("", None),
        ("x", Some(Errno::EINVAL)),
        ("\n", Some(Errno::EINVAL)),
        ("-1", Some(Errno::EINVAL)),
        ("-2147483649", Some(Errno::ERANGE)),
        ("2147483647", Some(Errno::ENODEV)),
        ("2147483648", Some(Errno::ERANGE)),
        ("7", Some(Errno::ENODEV)),
        ("0x0", Some(Errno::EINVAL)),
        ("+0 ", Some(Errno::EINVAL)),
    ] {
        assert_eq!(remove(&mut m, text), errno.map_or(Ok(0), Err), "{text:?}");
    }
    m.kernel.open(m.dev).unwrap();
    m.events();
    assert_eq!(remove(&mut m, "0"), Err(Errno::EBUSY));
    assert_eq!(m.events(), [Event::DeviceRemove { result: -16 }]);
    m.kernel.close(m.dev).unwrap();
    assert_eq!(remove(&mut m, "+0\n"), Ok(3));
    assert_eq!(remove(&mut m, "0"), Err(Errno::ENODEV));
    assert_eq!(m.kernel.read_control("hot_remove", &mut m.world), Err(Errno::EACCES));
    assert_eq!(m.kernel.write_control("hot_add", b"1", &mut m.world), Err(Errno::EACCES));
    assert_eq!(m.kernel.read_control("hot", &mut m.world), Err(Errno::ENOENT));
    assert_eq!(m.kernel.write_control("hot", b"1", &mut m.world), Err(Errno::ENOENT));
}

#[test]
fn a_device_that_is_open_is_neither_reset_nor_removed() {
    let mut m = Machine::new(2);
    m.fill(0, &page(600, 1));
    m.kernel.open(m.dev).unwrap();
    assert_eq!(m.write("reset", "1"), Err(Errno::EBUSY));
    assert_eq!(m.write("reset", "0"), Err(Errno::EINVAL));
    for (name, text) in [
        ("idle", "all"),
        ("compact", "1"),
        ("mem_limit", "1M"),
        ("writeback_limit", "5"),
        ("mem_used_max", "0"),
    ] {
        m.put(name, text);
    }
    assert_eq!(m.write("disksize", "1M"), Err(Errno::EBUSY));
    m.kernel.close(m.dev).unwrap();
    m.put("reset", "1");
    assert_eq!(m.kernel.close(m.dev), Err(Errno::EINVAL));
}

#[test]
fn nobody_opens_a_device_that_is_being_reset() {
    let mut m = Machine::new(2);
    m.fill(0, &page(600, 1));
    assert_eq!(m.kernel.begin_reset(m.dev, b"70000"), Err(Errno::ERANGE));
    m.kernel.begin_reset(m.dev, b"1\n").unwrap();
    assert_eq!(m.kernel.open(m.dev), Err(Errno::EBUSY));
    assert_eq!(m.write("reset", "1"), Err(Errno::EBUSY));
    assert_eq!(m.kernel.begin_reset(m.dev, b"1"), Err(Errno::EBUSY));
    // What does not need it closed goes on.
    m.put("compact", "1");
    assert_eq!(m.write("disksize", "1M"), Err(Errno::EBUSY));
    assert_eq!(m.text("initstate"), "1\n");
    m.kernel.finish_reset(m.dev, &mut m.world).unwrap();
    assert_eq!(m.text("initstate"), "0\n");
    m.kernel.open(m.dev).unwrap();
    assert_eq!(m.kernel.finish_reset(m.dev, &mut m.world), Err(Errno::EINVAL));
}

#[test]
fn a_size_given_to_a_device_on_its_way_out_is_taken_back() {
    let mut m = Machine::new(2);
    m.fill(0, &page(600, 1));
    m.events();
    let dev = m.kernel.begin_removal(b"0", &mut m.world).unwrap();
    assert_eq!(m.kernel.open(dev), Err(Errno::EBUSY));
    assert_eq!(m.write("reset", "1"), Err(Errno::EBUSY));
    assert_eq!(m.kernel.block_state(dev, 0, 100), Err(Errno::ENOENT));
    m.put("disksize", "4096");
    m.kernel.finish_removal(dev, &mut m.world).unwrap();
    let names = m.names();
    let expected = [
        "reset",
        "slot_free",
        "free",
        "obj_free",
        "fix_fullness",
        "zspage_free",
        "slot_free",
        "pool_destroy",
        "pool_create",
        "reset",
        "slot_free",
        "pool_destroy",
        "device_remove",
    ];
    assert_eq!(names, expected);
    assert_eq!(m.kernel.read_attr(dev, "initstate"), Err(Errno::ENOENT));
    assert_eq!(m.kernel.finish_removal(dev, &mut m.world), Err(Errno::ENODEV));
}

#[test]
fn a_removal_waits_for_a_reset() {
    for in_time in [true, false] {
        let mut m = Machine::new(1);
        m.events();
        m.kernel.begin_reset(m.dev, b"1").unwrap();
        let dev = m.kernel.begin_removal(b"0", &mut m.world).unwrap();
        assert_eq!(m.names(), Vec::<&str>::new(), "the reset is the other's to do");
        if in_time {
            m.kernel.finish_reset(dev, &mut m.world).unwrap();
            assert_eq!(m.kernel.open(dev), Err(Errno::EBUSY));
        }
        m.kernel.finish_removal(dev, &mut m.world).unwrap();
        assert_eq!(m.names(), ["reset", "slot_free", "pool_destroy", "reset", "device_remove"]);
    }
    let mut m = Machine::new(1);
    assert_eq!(m.kernel.finish_removal(DeviceId(0), &mut m.world), Err(Errno::EINVAL));
}

#[test]
fn attributes_are_there_as_the_kernel_was_built() {
    let names = |profile: Profile| {
        let m = Machine::bare(profile);
        m.kernel.attributes().map(|(name, ..)| name).collect::<Vec<_>>()
    };
    let all = names(Profile { multi_comp: true, ..Profile::debian_7_2() });
    assert_eq!(all.len(), 21);
    let debian = names(Profile::debian_7_2());
    let missing: Vec<_> = all.iter().filter(|name| !debian.contains(name)).copied().collect();
    assert_eq!(missing, ["recomp_algorithm", "recompress"]);
    let small = names(Profile { writeback: false, ..Profile::debian_7_2() });
    let missing: Vec<_> = debian.iter().filter(|name| !small.contains(name)).copied().collect();
    let expected = [
        "bd_stat",
        "backing_dev",
        "writeback",
        "writeback_limit",
        "writeback_limit_enable",
        "writeback_batch_size",
        "compressed_writeback",
    ];
    assert_eq!(missing, expected);
}

#[test]
fn without_access_times_only_all_can_be_marked_and_the_times_stay_zero() {
    let mut m = Machine::bare(Profile { entry_access_time: false, ..Profile::debian_7_2() });
    m.put("disksize", "8192");
    m.fill(0, &page(600, 1));
    assert_eq!(m.write("idle", "5"), Err(Errno::EINVAL));
    m.put("idle", "all");
    let (state, _) = m.kernel.block_state(m.dev, 0, 100).unwrap();
    assert_eq!(String::from_utf8(state).unwrap(), "           0            0.000000 ...i..\n");
    let untracked = Machine::bare(Profile { memory_tracking: false, ..Profile::debian_7_2() });
    assert_eq!(untracked.kernel.block_state(untracked.dev, 0, 100), Err(Errno::ENOENT));
}

#[test]
fn a_buffer_larger_than_memory_is_refused_before_anything_is_looked_at() {
    let m = Machine::bare(Profile::debian_7_2());
    assert_eq!(m.kernel.block_state(m.dev, 0, 1 << 29), Err(Errno::EINVAL));
    assert_eq!(m.kernel.block_state(m.dev, 0, (1 << 29) + 1), Err(Errno::ENOMEM));
}

#[test]
fn a_path_that_does_not_fit_a_page_cannot_be_shown() {
    for (len, fits) in [(4094, true), (4095, false)] {
        let mut m = Machine::bare(Profile::debian_7_2());
        m.world.shown = Some(format!("/{}", "d".repeat(len - 1)));
        m.put("backing_dev", "/dev/backing");
        let shown = m.kernel.read_attr(m.dev, "backing_dev");
        assert_eq!(shown.map(|text| text.len()), if fits { Ok(len + 1) } else { Err(Errno::ENAMETOOLONG) });
    }
}

#[test]
fn the_path_is_copied_before_anything_is_checked() {
    let mut m = Machine::new(1);
    assert_eq!(m.write("backing_dev", "/dev/backing"), Err(Errno::EBUSY));
    m.world.refuse = Some(|what| what == Allocation::BackingPath);
    assert_eq!(m.write("backing_dev", "/dev/backing"), Err(Errno::ENOMEM));
}

#[test]
fn the_clock_counts_suspended_time_and_wraps() {
    let mut m = Machine::new(3);
    m.fill(0, &page(600, 1));
    // An hour of sleep: the clock is that of the boot, which goes on meanwhile.
    m.world.now += 3600;
    m.fill(1, &page(600, 2));
    m.put("idle", "3599");
    let idle = |m: &Machine| {
        let (state, _) = m.kernel.block_state(m.dev, 0, 1000).unwrap();
        String::from_utf8(state).unwrap().lines().map(|line| line.ends_with("...i..")).collect::<Vec<_>>()
    };
    assert_eq!(idle(&m), [true, false]);
    // After 2^32 seconds what was used last looks as if it were used in the future: never idle by age.
    m.world.now = u32::MAX;
    m.fill(0, &page(600, 1));
    m.world.now = 100;
    m.fill(1, &page(600, 2));
    m.world.now = 1000;
    m.put("idle", "10");
    assert_eq!(idle(&m), [false, true]);
    m.put("idle", "1001");
    assert_eq!(
        idle(&m),
        [false, true],
        "the cutoff wraps to the last second, and that is when slot 0 was used"
    );
    m.put("idle", "1000");
    assert_eq!(idle(&m), [true, true]);
}

#[test]
fn a_lost_trylock_is_counted_and_nothing_freed() {
    let mut m = Machine::new(1);
    m.fill(0, &page(600, 1));
    m.events();
    let slot = zram_events::SlotIndex(0);
    m.kernel.slot_free_notify(m.dev, slot, true, &mut m.world).unwrap();
    assert_eq!(m.names(), ["slot_free_notify"]);
    assert_eq!(m.text("debug_stat"), "version: 1\n0        1\n");
    m.kernel.slot_free_notify(m.dev, slot, false, &mut m.world).unwrap();
    assert_eq!((m.numbers("io_stat")[3], m.numbers("mm_stat")[0]), (2, 0));
    assert_eq!(m.text("debug_stat"), "version: 1\n0        1\n");
}

//! The text interface: what each write is answered, and what each read prints.

use crate::world::{Machine, PAGE, page};
use zram_model::{Errno, Profile};

fn bare() -> Machine {
    Machine::bare(Profile::debian_7_2())
}

/// Writes to a device without a size; each on a fresh device.
#[test]
fn writes_before_disksize() {
    let long_name = "x".repeat(127);
    let too_long = "x".repeat(128);
    let table: &[(&str, &str, Result<(), Errno>)] = &[
        ("disksize", "0", Err(Errno::EINVAL)),
        ("disksize", "", Ok(())),
        ("disksize", "\n", Err(Errno::EINVAL)),
        ("disksize", "-4096", Err(Errno::EINVAL)),
        ("disksize", "1", Ok(())),
        ("disksize", "1Mgarbage", Ok(())),
        ("disksize", "0x10000", Ok(())),
        ("disksize", "18446744073709551615", Err(Errno::ENOMEM)),
        ("disksize", "16E", Err(Errno::ENOMEM)),
        ("disksize", "8E", Err(Errno::ENOMEM)),
        ("reset", "1", Ok(())),
        ("reset", "0", Err(Errno::EINVAL)),
        ("reset", "x", Err(Errno::EINVAL)),
        ("reset", "-1", Err(Errno::EINVAL)),
        ("reset", "65536", Err(Errno::ERANGE)),
        ("compact", "1", Err(Errno::EINVAL)),
        ("mem_limit", "K", Err(Errno::EINVAL)),
        ("mem_limit", "0", Ok(())),
        ("mem_limit", "1G trailing", Ok(())),
        ("mem_used_max", "0", Ok(())),
        ("mem_used_max", "1", Err(Errno::EINVAL)),
        ("mem_used_max", "99999999999999999999", Err(Errno::EINVAL)),
        ("idle", "all", Err(Errno::EINVAL)),
        ("idle", "5", Err(Errno::EINVAL)),
        ("comp_algorithm", "zstd", Ok(())),
        ("comp_algorithm", "zstd\n", Ok(())),
        ("comp_algorithm", "zstd\n\n", Err(Errno::EINVAL)),
        ("comp_algorithm", "lzo", Err(Errno::EINVAL)),
        ("comp_algorithm", &long_name, Err(Errno::EINVAL)),
        ("comp_algorithm", &too_long, Err(Errno::E2BIG)),
        ("backing_dev", "/dev/backing", Ok(())),
        ("backing_dev", "/dev/empty\n", Err(Errno::EINVAL)),
        ("backing_dev", "/etc/passwd\n", Err(Errno::ENOTBLK)),
        ("backing_dev", "/nowhere\n", Err(Errno::ENOENT)),
        ("backing_dev", "/dev/backing\n\n", Err(Errno::ENOENT)),
        ("writeback", "all", Err(Errno::EINVAL)),
        ("writeback_limit", "18446744073709551615", Ok(())),
        ("writeback_limit", "18446744073709551616", Err(Errno::EINVAL)),
        ("writeback_limit", "0x10", Err(Errno::EINVAL)),
        ("writeback_limit_enable", "2", Ok(())),
        ("writeback_limit_enable", "y", Err(Errno::EINVAL)),
        ("writeback_batch_size", "0", Err(Errno::EINVAL)),
        ("writeback_batch_size", "4294967295", Ok(())),
        ("writeback_batch_size", "4294967296", Err(Errno::EINVAL)),
        ("compressed_writeback", "yes", Ok(())),
        ("compressed_writeback", "2", Err(Errno::EINVAL)),
        ("algorithm_params", "level=3", Ok(())),
        ("algorithm_params", "level", Err(Errno::EINVAL)),
        ("algorithm_params", "level=x", Err(Errno::EINVAL)),
        ("algorithm_params", "level=2147483648", Err(Errno::ERANGE)),
        ("algorithm_params", "unknown=1", Ok(())),
        ("algorithm_params", "unknown=", Err(Errno::EINVAL)),
        ("algorithm_params", "priority=0 level=1", Ok(())),
        ("algorithm_params", "priority=1", Err(Errno::EINVAL)),
        ("algorithm_params", "priority=-1", Err(Errno::EINVAL)),
        ("algorithm_params", "algo=lz4 level=1", Ok(())),
        ("algorithm_params", "algo=zstd level=1", Err(Errno::EINVAL)),
        ("algorithm_params", "algo=zstd priority=0", Err(Errno::EINVAL)),
        ("algorithm_params", "dict=/dict", Ok(())),
        ("algorithm_params", "dict=/missing", Err(Errno::EINVAL)),
        ("algorithm_params", "dict=/empty", Err(Errno::EINVAL)),
        ("algorithm_params", " \n", Ok(())),
        ("initstate", "1", Err(Errno::EACCES)),
        ("mm_stat", "1", Err(Errno::EACCES)),
        ("recompress", "type=idle", Err(Errno::ENOENT)),
        ("nonsense", "1", Err(Errno::ENOENT)),
    ];
    for (name, text, expected) in table {
        let mut m = bare();
        assert_eq!(m.write(name, text), expected.map(|()| text.len()), "{name} = {text:?}");
    }
}

#[test]
fn writes_after_disksize() {
    let table: &[(&str, &str, Result<(), Errno>)] = &[
        ("disksize", "8K", Err(Errno::EBUSY)),
        ("disksize", "0", Err(Errno::EINVAL)),
        ("comp_algorithm", "zstd", Err(Errno::EBUSY)),
        ("comp_algorithm", "lzo", Err(Errno::EINVAL)),
        ("backing_dev", "/nowhere", Err(Errno::EBUSY)),
        ("compressed_writeback", "1", Err(Errno::EBUSY)),
        ("compressed_writeback", "maybe", Err(Errno::EINVAL)),
        ("algorithm_params", "level=1", Err(Errno::EBUSY)),
        ("algorithm_params", "level=x", Err(Errno::EINVAL)),
        ("algorithm_params", "priority=9", Err(Errno::EBUSY)),
        ("idle", "all\n", Ok(())),
        ("idle", "010", Ok(())),
        ("idle", "08", Err(Errno::EINVAL)),
        ("idle", "4294967296", Err(Errno::EINVAL)),
        ("idle", "-1", Err(Errno::EINVAL)),
        ("idle", "ALL", Err(Errno::EINVAL)),
        ("compact", "whatever", Ok(())),
        ("writeback", "type=idle", Err(Errno::ENODEV)),
        ("writeback", "nonsense", Err(Errno::ENODEV)),
        ("writeback_limit", "3", Ok(())),
        ("mem_limit", "10M", Ok(())),
        ("reset", "1\n", Ok(())),
    ];
    for (name, text, expected) in table {
        let mut m = Machine::new(4);
        assert_eq!(m.write(name, text), expected.map(|()| text.len()), "{name} = {text:?}");
    }
}

#[test]
fn writeback_commands() {
    let table: &[(&str, Result<(), Errno>)] = &[
        ("idle", Ok(())),
        ("huge", Ok(())),
        ("huge_idle\n", Ok(())),
        ("incompressible", Ok(())),
        ("type=idle", Ok(())),
        ("type=all", Err(Errno::EINVAL)),
        ("type=", Err(Errno::EINVAL)),
        ("all", Err(Errno::EINVAL)),
        ("huge=", Ok(())),
        (" \n", Ok(())),
        ("nonsense=1", Ok(())),
        ("nonsense", Err(Errno::EINVAL)),
        ("nonsense=1 type=idle", Ok(())),
        ("type=idle nonsense", Ok(())),
        ("page_index=3", Ok(())),
        ("page_index=4", Err(Errno::ERANGE)),
        ("page_index=x", Err(Errno::EINVAL)),
        ("page_index=", Err(Errno::EINVAL)),
        ("page_index", Err(Errno::EINVAL)),
        ("page_index=18446744073709551616", Err(Errno::ERANGE)),
        ("page_indexes=0-3", Ok(())),
        ("page_indexes=0-4", Err(Errno::ERANGE)),
        ("page_indexes=3-0", Err(Errno::ERANGE)),
        ("page_indexes=3", Err(Errno::EINVAL)),
        ("page_indexes=0-3-", Err(Errno::EINVAL)),
        ("\"page_index=1\"", Ok(())),
        ("page_index=\"1\"", Ok(())),
        ("page_index=1 type=nonsense", Err(Errno::EINVAL)),
    ];
    for (text, expected) in table {
        let mut m = Machine::backed(4, 8, false);
        m.fill(1, &page(600, 1));
        assert_eq!(m.write("writeback", text), expected.map(|()| text.len()), "{text:?}");
    }
}

#[test]
fn reads_are_refused_where_the_file_has_no_read() {
    let m = bare();
    let read = |name| m.kernel.read_attr(m.dev, name);
    for name in ["reset", "compact", "mem_limit", "mem_used_max", "idle", "writeback", "algorithm_params"] {
        assert_eq!(read(name), Err(Errno::EACCES), "{name}");
    }
    assert_eq!(read("recomp_algorithm"), Err(Errno::ENOENT));
    let without = Machine::bare(Profile { writeback: false, ..Profile::debian_7_2() });
    assert_eq!(without.kernel.read_attr(without.dev, "bd_stat"), Err(Errno::ENOENT));
}

#[test]
fn a_long_write_is_cut_and_a_nul_ends_the_text() {
    let mut m = Machine::backed(4, 8, false);
    let long = format!("type=idle{}", " ".repeat(5000));
    assert_eq!(m.write("writeback", &long), Ok(4096));
    let mut cut = vec![b' '; 4090];
    cut.extend_from_slice(b"type=idle");
    // The cut leaves "type=i".
    assert_eq!(m.kernel.write_attr(m.dev, "writeback", &cut, &mut m.world), Err(Errno::EINVAL));
    assert_eq!(m.write("writeback_limit", "12\x00garbage"), Ok(10));
    assert_eq!(m.text("writeback_limit"), "12\n");
}

#[test]
fn backing_devices_are_opened_exclusively() {
    let mut m = bare();
    m.put("backing_dev", "/dev//backing\n");
    assert_eq!(m.text("backing_dev"), "/dev/backing\n");
    assert_eq!(m.write("backing_dev", "/dev/backing\n"), Err(Errno::EBUSY));
    let second = m.kernel.hot_add(&mut m.world).unwrap();
    assert_eq!(m.kernel.write_attr(second, "backing_dev", b"/dev/backing", &mut m.world), Err(Errno::EBUSY));
    m.put("backing_dev", "/dev/other");
    assert_eq!(m.kernel.write_attr(second, "backing_dev", b"/dev/backing", &mut m.world), Ok(12));
}

#[test]
fn refused_parameters_are_forgotten_before_the_dictionary_is_read() {
    let mut m = bare();
    m.put("comp_algorithm", "deflate");
    m.put("algorithm_params", "level=77");
    assert_eq!(m.write("algorithm_params", "dict=/missing"), Err(Errno::EINVAL));
    // Level 77 would have made this fail.
    m.put("disksize", "8K");
    for (dictionary, expected) in [("/dict", Ok(2)), ("/tiny", Err(Errno::EINVAL))] {
        let mut m = bare();
        m.put("algorithm_params", &format!("dict={dictionary}"));
        assert_eq!(m.write("disksize", "8K"), expected);
    }
}

#[test]
fn text_of_every_attribute() {
    let mut m = Machine::backed(16, 8, true);
    for slot in 0..6 {
        m.fill(slot, &page(600 + slot as u32, slot));
    }
    m.fill(6, &page(4000, 6));
    m.fill(7, &[0xaa; PAGE]);
    m.put("mem_limit", "1M");
    m.put("writeback", "page_indexes=4-6");
    m.load(4, 1);
    m.discard(0, 3);
    m.put("idle", "all");
    let mut text = String::new();
    for (name, readable, writable) in m.kernel.attributes() {
        let mode = match (readable, writable) {
            (true, true) => "rw",
            (true, false) => "r",
            _ => "w",
        };
        text.push_str(&format!("{name} ({mode})\n"));
        if readable {
            text.push_str(&m.text(name).replace('\n', "$\n"));
        }
    }
    let (state, _) = m.kernel.block_state(m.dev, 0, 4096).unwrap();
    text.push_str(&String::from_utf8(state).unwrap());
    insta::assert_snapshot!(text);
}

/// The kernel complains of a slot table of nothing, and of no other size that cannot be had; mended, it refuses.
#[test]
fn a_disksize_that_wraps() {
    let ask = |disksize_wraps, text: &str| {
        let mut m = Machine::bare(Profile { disksize_wraps, ..Profile::debian_7_2() });
        (m.write("disksize", text), m.world.complaints.len())
    };
    for text in ["18446744073709551615", "16E", "18446744073709547521"] {
        assert_eq!(ask(true, text), (Err(Errno::ENOMEM), 1), "{text}");
        assert_eq!(ask(false, text), (Err(Errno::EINVAL), 0), "{text}");
    }
    for text in ["18446744073709547520", "1E"] {
        assert_eq!(ask(true, text), (Err(Errno::ENOMEM), 0), "{text}");
        assert_eq!(ask(false, text), (Err(Errno::ENOMEM), 0), "{text}");
    }
}

//! What happens on the model is shown as it would be of a kernel.

use zram_host::Port as _;

use crate::machine::{Sim, fill, machine, prints};

/// A machine of which everybody knows what has happened so far.
fn quiet() -> Sim {
    let mut host = machine();
    host.take_events();
    host
}

/// Writes, overwrites, reads back and compacts.
pub(crate) fn busy() -> Sim {
    let mut host = quiet();
    fill(&mut host, 0, 12);
    fill(&mut host, 0, 13);
    fill(&mut host, 1, 6);
    host.write_attr(0, "writeback", b"page_indexes=12-13").unwrap();
    host.write_attr(0, "compact", b"1").unwrap();
    host.discard(0, 12 << 12, 4096).unwrap();
    host.write_attr(2, "reset", b"1").unwrap();
    host
}

#[test]
fn everything_is_a_line() {
    insta::assert_snapshot!(prints(&mut busy(), "watch --for 1"));
}

#[test]
fn what_is_asked_for_is_shown() {
    let what = |words: &str| {
        let text = prints(&mut busy(), &format!("watch --for 1 {words}"));
        // Without time and task, one space between words.
        let words = |line: &str| line.split_whitespace().skip(2).collect::<Vec<_>>().join(" ");
        text.lines().skip(1).map(words).collect::<Vec<_>>()
    };
    let writes = ["zram0 12 write 4096 bytes", "zram0 13 write 4096 bytes", "zram1 6 write 4096 bytes"];
    assert_eq!(what("--kind write"), writes);
    assert_eq!(what("--kind write zram1"), writes[2..]);
    assert_eq!(what("--kind write --slot 7-12"), writes[..1]);
    assert_eq!(what("--kind write --count 2"), writes[..2]);
    assert_eq!(what("--kind discard,device").len(), 2);
    assert!(what("--kind compact").last().unwrap().starts_with("- - compaction of pool 0 freed"));
    let allocator = what("--kind allocator");
    assert!(allocator.iter().any(|line| line.contains("malloc handle ")), "{allocator:?}");
    assert!(what("").iter().all(|line| !line.contains("zspage")));
    let mut host = busy();
    let wrong = prints(&mut host, "watch --count 1");
    assert!(wrong.contains("zram0"), "{wrong}");
}

#[test]
fn json_lines_say_the_same_and_how_it_ended() {
    let text = prints(&mut busy(), "watch --kind write,writeback --json --for 1");
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (last, lines) = lines.split_last().unwrap();
    assert_eq!(
        *last,
        serde_json::json!({"schema": 1, "end": true, "printed": lines.len(), "lost": 0, "unseen": []})
    );
    insta::assert_snapshot!(text);
    let back: Vec<u64> = lines
        .iter()
        .filter(|line| line["event"] == "writeback_endio")
        .map(|line| line["slot"].as_u64().unwrap())
        .collect();
    assert_eq!(back, [13, 12]);
}

#[test]
fn without_probes_it_says_what_is_missing() {
    let mut host = busy();
    host.without_probes("the kernel must be built with CONFIG_DEBUG_INFO_BTF");
    assert_eq!(
        prints(&mut host, "watch"),
        "zramctl-rs: nothing can be watched: the kernel must be built with CONFIG_DEBUG_INFO_BTF\n"
    );
}

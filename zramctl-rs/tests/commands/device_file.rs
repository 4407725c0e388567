//! Setting up what a file says.

use zram_host::Port as _;

use crate::{
    machine::prints,
    setup::{all_there_is, seen},
};

pub(crate) const A_FILE: &str = r#"
[[device]]
name = "zram1"
size = "min(ram / 2, 1G)"
algorithm = "zstd"
recompress = ["deflate"]
memory = "512M"
swap = { priority = 100 }

[device.backing]
path = "/var/zram"
size = "1M"
encrypt = true
compressed-writeback = true
writeback-limit = "10G"

[[device]]
size = "64M"
algorithm = "zstd"
mount = { at = "/mnt", options = "noatime" }
"#;

#[test]
fn a_file_of_devices_is_set_up_whole_or_not_at_all() {
    let mut machine = all_there_is();
    machine.hot_add().unwrap();
    machine.hot_add().unwrap();
    machine.put_file("/etc/zram.toml", A_FILE.len() as u64, A_FILE.as_bytes());
    let words = "setup --file /etc/zram.toml";
    insta::assert_snapshot!("setup_file", prints(&mut machine, &format!("{words} --dry-run")));
    insta::assert_snapshot!("setup_file_json", prints(&mut machine, &format!("{words} --dry-run --json")));
    assert_eq!(prints(&mut machine, words), "/dev/zram1\n/dev/zram0\n");
    assert_eq!(
        prints(&mut machine, "list --raw -n -o NAME,DISKSIZE,USE"),
        "/dev/zram0 64M ext4\\x20/mnt\n/dev/zram1 1G swap\\x20100\n"
    );

    // The second fails: the first is taken back.
    let mut machine = all_there_is();
    machine.hot_add().unwrap();
    machine.hot_add().unwrap();
    let broken = A_FILE.replace("at = \"/mnt\"", "at = \"/mnt\", file-system = \"odd\"");
    machine.put_file("/etc/zram.toml", broken.len() as u64, broken.as_bytes());
    let before = seen(&mut machine);
    let text = prints(&mut machine, words);
    assert!(
        text.contains("zram0 could not be set up, and is as it was: there is no program mkfs.odd"),
        "{text}"
    );
    assert_eq!(seen(&mut machine), before);
}

#[test]
fn what_is_wrong_in_a_file_is_said_with_its_line() {
    let mut machine = all_there_is();
    let mut said = |text: &str| {
        machine.put_file("/etc/zram.toml", text.len() as u64, text.as_bytes());
        prints(&mut machine, "setup --file /etc/zram.toml")
    };
    insta::assert_snapshot!("setup_file_unknown_key", said("[[device]]\nsize = \"1G\"\nprority = 5\n"));
    insta::assert_snapshot!("setup_file_no_size", said("[[device]]\nsize = \"many\"\n"));
    assert!(
        said("[[device]]\nsize = \"1G\"\nswap = {}\nmount = { at = \"/mnt\" }\n")
            .contains("swap or mounted, not both")
    );
    assert!(
        said("[[device]]\nsize = \"1G\"\nmount = { at = \"mnt\" }\n").contains("\"mnt\" is no absolute path")
    );
    assert!(
        said("[[device]]\nsize = \"1G\"\nalgorithm-params = \"level=1\"\n").contains("needs an algorithm")
    );
    assert!(
        said("[[device]]\nsize = \"1G\"\nbacking = { path = \"/var/x\", keep-free = \"1G\" }\n")
            .contains("it needs size")
    );
    assert!(
        said("[[device]]\nsize = \"1G\"\nbacking = { path = \"/var/x\", batch-size = 0 }\n")
            .contains("0 requests are none, or more than Linux counts")
    );
    assert!(
        said("[[device]]\nsize = \"1G\"\nswap = { priority = 40000 }\n")
            .contains("priorities go from 0 to 32767, and 40000 is none")
    );
    let twice = "[[device]]\nname = \"zram0\"\nsize = \"1G\"\n";
    assert!(said(&format!("{twice}{twice}")).contains("has zram0 twice"));
    let backed = "[[device]]\nsize = \"1G\"\nbacking = { path = \"/var/x\", size = \"20G\" }\n";
    assert!(said(&format!("{backed}{backed}")).contains("has /var/x behind two devices"));
    // There is room for each of them, but not for both.
    let text = said(&format!("{backed}{}", backed.replace("/var/x", "/var/y")));
    assert!(text.contains("a file of 20G would leave 0B of 12G in /var"), "{text}");
    let mounted = |at: &str| format!("[[device]]\nsize = \"64M\"\nmount = {{ at = \"{at}\" }}\n");
    let text = said(&(mounted("/mnt") + &mounted("/mnt/")));
    assert!(text.contains("two devices are to be mounted on /mnt"), "{text}");
    let many = "recompress = [\"zstd\", \"lz4\", \"lz4hc\", \"deflate\"]";
    assert!(said(&format!("[[device]]\nsize = \"1G\"\n{many}\n")).contains("more than the three"));
    assert!(said("device = []\n").contains("names no device"));
    assert!(said("").contains("missing field `device`"));
    assert!(
        prints(&mut machine, "setup --file /etc/none")
            .contains("cannot read /etc/none: No such file or directory")
    );
}

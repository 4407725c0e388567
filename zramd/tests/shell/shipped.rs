//! What is shipped beside the program.

use zramd::{commands::show_config::defaults, config::Loaded};

use crate::root::Root;

/// `zramd show-config --defaults > zramd/dist/zramd.toml` brings it up to date.
#[test]
fn the_shipped_configuration_has_every_key_with_its_default() {
    let shipped = include_str!("../../dist/zramd.toml");
    assert_eq!(shipped, defaults());
    let file = "/usr/lib/zramd/zramd.toml";
    // As it is, it changes nothing.
    let root = Root::with(&[(file, shipped)]);
    assert_eq!((root.loaded().config, root.loaded().given.len()), (Loaded::default().config, 0));
    // With every key's comment sign taken away, neither; but for the example of a tier, which is another form of one of them.
    let mut tier = false;
    let mut uncommented = String::new();
    for line in shipped.lines() {
        tier = (tier || line == "#[[recompression]]") && !line.is_empty();
        let key = line.strip_prefix('#').filter(|rest| !tier && !rest.is_empty() && !rest.starts_with(' '));
        uncommented += &format!("{}\n", key.unwrap_or(line));
    }
    let root = Root::with(&[(file, &uncommented)]);
    let loaded = root.loaded();
    assert_eq!(loaded.config, Loaded::default().config);
    assert_eq!(loaded.given.len(), zramd::config::keys::KEYS.len());
    // And the example of a tier is one.
    let example = shipped.split("#[[recompression]]\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let example: Vec<&str> = example
        .lines()
        .filter_map(|line| line.strip_prefix('#'))
        .filter(|line| !line.starts_with(' '))
        .collect();
    let root = Root::with(&[(file, &format!("[[recompression]]\n{}\n", example.join("\n")))]);
    let tier = &root.loaded().config.recompression[0];
    assert_eq!((tier.algorithm.as_str(), tier.threshold, tier.max_pages), ("zstd", Some(3000), Some(16384)));
}

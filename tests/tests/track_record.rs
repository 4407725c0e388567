//! The page that says which mistakes are found is of the mutants that there are.

use zram_model::Mutation;
use zram_verify::commands::record::mutants_of;

#[test]
fn every_mutant_has_its_row() {
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/track-record.md")).unwrap();
    let names: Vec<_> = Mutation::ALL.iter().map(|mutation| mutation.name()).collect();
    assert_eq!(mutants_of(&page), names, "make it anew: cargo xtask mutants --record docs/track-record.md");
    assert!(!page.contains("survived**") && !page.contains("not told"), "a mutant survived when it was made");
}

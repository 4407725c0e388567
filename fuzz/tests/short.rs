//! A short run of each target: as many inputs as a few seconds allow.

use zram_fuzz::{
    attributes::Attributes,
    fuzzer::{Fuzzer, Target},
    operations::Operations,
};

fn inputs<T: Target>(target: T, count: u64, answers: usize) {
    let mut fuzzer = Fuzzer::new(target, 1);
    let result = fuzzer.run(|fuzzer| fuzzer.executions >= count);
    assert_eq!(result, Ok(()));
    let (kept, shown) = fuzzer.progress();
    assert!(shown >= answers, "{kept} inputs showed only {shown} different answers");
}

#[test]
fn attributes() {
    inputs(Attributes, 50_000, 300);
}

#[test]
fn operations() {
    inputs(Operations, 2_000, 60);
}

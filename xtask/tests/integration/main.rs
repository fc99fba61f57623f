//! The checkout keeps its own rules: `cargo xtask tidy` as a test.

use std::path::Path;

use xtask::tidy;

#[test]
fn the_checkout_is_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the checkout");
    let findings = tidy::check(root).expect("the checkout can be read");
    let texts: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(texts.is_empty(), "{} findings:\n{}", texts.len(), texts.join("\n"));
}

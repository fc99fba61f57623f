//! No `unwrap` outside tests: a node that stops must say why.

use super::Finding;
use super::tree::Tree;

const FIX: &str = "return a typed error, or use expect with the invariant that makes it impossible";

/// Finds calls of `unwrap` in product code.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, source) in tree.sources() {
        for (index, window) in source.tokens.windows(3).enumerate() {
            let [before, name, after] = window else { continue };
            let called = before.is_mark('.') || before.is_mark(':');
            if called && name.is_name("unwrap") && !source.is_test(index) {
                let what = if after.is_mark('(') {
                    "unwrap outside tests"
                } else {
                    "unwrap passed on outside tests"
                };
                findings.push(Finding::new(path, name.line, what, FIX));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::check_rule;

    fn check(text: &str, expected: &[&str]) {
        check_rule(super::check, &[("a/src/b.rs", text)], expected);
    }

    #[test]
    fn only_tests_may_unwrap() {
        check("fn a() {\n b.unwrap() }", &["a/src/b.rs:2 unwrap outside tests"]);
        check("fn a() { b.map(Option::unwrap) }", &["a/src/b.rs:1 unwrap passed on outside tests"]);
        check("fn a() { b.unwrap_or(1) } // c.unwrap()", &[]);
        check("#[cfg(test)] mod tests { fn a() { b.unwrap() } }", &[]);
        check("#[tokio::test] async fn a() { b.unwrap() }", &[]);
    }
}

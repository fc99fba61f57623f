//! No test sleeps: a test that waits for a time is slow on a fast machine and wrong on a slow one.

use super::Finding;
use super::tree::Tree;

const FIX: &str = "wait for the event itself (a channel, a line of output, a status) with a deadline";

/// Finds `thread::sleep` in test code.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, source) in tree.sources() {
        for (index, names) in source.paths() {
            let sleeps = names.windows(2).any(|window| window == ["thread", "sleep"]);
            if sleeps && source.is_test(index) {
                let line = source.tokens.get(index).map_or(1, |token| token.line);
                findings.push(Finding::new(path, line, "a test sleeps", FIX));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::check_rule;

    #[test]
    fn only_tests_may_not_sleep() {
        let sleep = "fn a() {\n std::thread::sleep(b) }";
        check_rule(
            super::check,
            &[("a/tests/integration/main.rs", sleep)],
            &["a/tests/integration/main.rs:2 a test sleeps"],
        );
        let import = "#[cfg(test)] mod tests { use std::thread::{sleep, spawn}; }";
        check_rule(super::check, &[("a/src/b.rs", import)], &["a/src/b.rs:1 a test sleeps"]);
        check_rule(super::check, &[("a/src/b.rs", sleep)], &[]);
        let files = [("a/src/b.rs", "#[cfg(test)] mod c;"), ("a/src/b/c.rs", sleep)];
        check_rule(super::check, &files, &["a/src/b/c.rs:2 a test sleeps"]);
    }
}

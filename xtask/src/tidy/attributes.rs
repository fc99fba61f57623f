//! No `#[allow]`, `#[ignore]` or `#[should_panic]`: each hides something without a reason that is checked.

use super::Finding;
use super::tokens::Token;
use super::tree::Tree;

const BANS: [(&str, &str); 3] = [
    ("allow", "write #[expect(…, reason = \"…\")], which reports when it is not needed"),
    ("ignore", "make the test fast and sure enough to run every time, or delete it"),
    ("should_panic", "catch the failure where it happens and assert what it says"),
];

/// Finds the attributes, also inside `cfg_attr`.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, source) in tree.sources() {
        for attribute in source.attributes() {
            let tokens = source.tokens.get(attribute).unwrap_or_default();
            let names: Vec<&str> = tokens.iter().filter_map(Token::name).collect();
            let conditional = names.first() == Some(&"cfg_attr");
            let line = tokens.first().map_or(1, |token| token.line);
            for (name, fix) in BANS {
                let used = names.first() == Some(&name) || (conditional && names.contains(&name));
                findings.extend(used.then(|| Finding::new(path, line, format!("attribute {name}"), fix)));
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
    fn attributes_that_hide_are_found() {
        check("#[allow(dead_code)]\nfn a() {}", &["a/src/b.rs:1 attribute allow"]);
        check("\n#![allow(dead_code)]", &["a/src/b.rs:2 attribute allow"]);
        check("#[cfg_attr(test, allow(dead_code))]", &["a/src/b.rs:1 attribute allow"]);
        check("#[test]\n#[ignore = \"slow\"]\nfn a() {}", &["a/src/b.rs:2 attribute ignore"]);
        check("#[should_panic]", &["a/src/b.rs:1 attribute should_panic"]);
        check("#[expect(dead_code, reason = \"#[allow]\")] // #[allow]\nlet allow = 1;", &[]);
    }
}

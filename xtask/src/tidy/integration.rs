//! One integration binary per package, at `tests/integration/main.rs`: each more links the world again.

use super::Finding;
use super::tree::Tree;

const FIX: &str = "make it a module of tests/integration/main.rs";

/// Finds integration binaries beside that one.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in &tree.packages {
        let tests = format!("{}tests/", package.folder());
        for (path, _) in tree.sources() {
            let Some(rest) = path.strip_prefix(&tests) else { continue };
            let binary =
                !rest.contains('/') || (rest.ends_with("/main.rs") && rest.matches('/').count() == 1);
            if binary && rest != "integration/main.rs" {
                findings.push(Finding::new(path, 1, "a second integration binary", FIX));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::check_rule;

    #[test]
    fn there_is_one_binary() {
        let manifest = ("a/Cargo.toml", "[package]\nname = \"a\"");
        let one = [manifest, ("a/tests/integration/main.rs", ""), ("a/tests/integration/b.rs", "")];
        check_rule(super::check, &one, &[]);
        let more = [manifest, ("a/tests/b.rs", ""), ("a/tests/c/main.rs", "")];
        let expected =
            ["a/tests/b.rs:1 a second integration binary", "a/tests/c/main.rs:1 a second integration binary"];
        check_rule(super::check, &more, &expected);
    }
}

//! No source file that nothing compiles: each is a crate root or is declared as a module.

use super::Finding;
use super::source::declared_modules;
use super::tree::Tree;

/// Finds source files that no `mod` names.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let declared = declared_modules(tree.sources());
    let dead =
        tree.sources().filter(|(path, _)| !root(path) && !declared.contains(path.trim_end_matches(".rs")));
    dead.map(|(path, _)| {
        Finding::new(path, 1, "no module declares this file", "declare it with `mod`, or delete it")
    })
    .collect()
}

fn root(path: &str) -> bool {
    let parts: Vec<&str> = path.rsplit('/').collect();
    match parts.as_slice() {
        ["lib.rs" | "main.rs", "src", ..] | ["build.rs", ..] => true,
        ["main.rs", _, "tests" | "benches" | "examples" | "bin", ..] => true,
        [_, "tests" | "benches" | "examples" | "fuzz_targets", package, ..] => *package != "src",
        [_, "bin", "src", ..] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::check_rule;

    #[test]
    fn a_file_is_a_root_or_declared() {
        let lib = ("a/src/lib.rs", "mod b; #[cfg(test)] mod tests;");
        let fine =
            [lib, ("a/src/b.rs", "mod c;"), ("a/src/b/c.rs", ""), ("a/src/tests.rs", ""), ("a/build.rs", "")];
        check_rule(super::check, &fine, &[]);
        let roots = [("a/src/main.rs", ""), ("a/src/bin/b.rs", ""), ("a/tests/integration/main.rs", "")];
        check_rule(super::check, &roots, &[]);
        let dead = [lib, ("a/src/b.rs", ""), ("a/src/tests.rs", ""), ("a/src/c.rs", "")];
        check_rule(super::check, &dead, &["a/src/c.rs:1 no module declares this file"]);
    }
}

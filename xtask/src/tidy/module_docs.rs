//! Every module opens with `//!`: what it is, who calls it, its invariant.

use super::Finding;
use super::tree::Tree;

const FIX: &str = "open it with //! and say what it is, who calls it and what always holds";

/// Finds source files that do not begin with a module doc.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let sources = tree.texts().filter(|(path, _)| path.ends_with(".rs"));
    let silent = sources.filter(|(_, text)| {
        let first = text.lines().find(|line| !line.trim().is_empty());
        first.and_then(|line| line.strip_prefix("//!")).is_none_or(|doc| doc.trim().is_empty())
    });
    silent.map(|(path, _)| Finding::new(path, 1, "the module does not open with //!", FIX)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::check_rule;

    #[test]
    fn the_first_line_is_the_doc() {
        check_rule(super::check, &[("a.rs", "//! Says it.\nuse b;"), ("c.md", "")], &[]);
        for text in ["use b;\n//! Late.", "", "//!\nuse b;", "/// Not of the module."] {
            check_rule(super::check, &[("a.rs", text)], &["a.rs:1 the module does not open with //!"]);
        }
    }
}

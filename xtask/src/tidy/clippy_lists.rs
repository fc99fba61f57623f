//! A nested `clippy.toml` replaces the root one, so it must repeat all that the root says.

use toml::{Table, Value};

use super::Finding;
use super::tree::Tree;

const ROOT: &str = "clippy.toml";

/// The packages whose code has no clock, entropy, thread or socket, and so need a list of their own.
const NESTED: [&str; 3] =
    ["sync-protocol/core/clippy.toml", "edge-node/core/clippy.toml", "hub/core/clippy.toml"];

/// Finds nested lists that leave out an entry of the root list, and cores without a list.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(root) = tree.text(ROOT) else { return Vec::new() };
    let root = match root.parse::<Table>() {
        Ok(root) => root,
        Err(error) => return vec![Finding::new(ROOT, 1, error.message(), "make it TOML")],
    };
    let mut findings = Vec::new();
    for (path, text) in tree.texts().filter(|(path, _)| path.ends_with("/clippy.toml")) {
        match text.parse::<Table>() {
            Ok(nested) => findings.extend(left_out(&root, &nested).map(|entry| {
                let what = format!("does not repeat {entry} of the root list, which it replaces");
                Finding::new(path, 1, what, format!("copy the entry from {ROOT}"))
            })),
            Err(error) => findings.push(Finding::new(path, 1, error.message(), "make it TOML")),
        }
    }
    let absent = NESTED.into_iter().filter(|path| tree.text(path).is_none());
    findings.extend(
        absent.map(|path| {
            Finding::new(path, 1, "a core has no list of its own", "copy the list of another core")
        }),
    );
    findings
}

fn left_out<'a>(root: &'a Table, nested: &'a Table) -> impl Iterator<Item = String> + 'a {
    root.iter().flat_map(move |(key, value)| match (value, nested.get(key)) {
        (Value::Array(entries), Some(Value::Array(repeated))) => {
            let missing = entries.iter().filter(|entry| !repeated.contains(entry));
            missing.map(|entry| format!("{key}: {}", title(entry))).collect()
        }
        (value, other) if other == Some(value) => Vec::new(),
        _ => vec![key.clone()],
    })
}

fn title(entry: &Value) -> String {
    entry.get("path").unwrap_or(entry).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::check_rule;
    use super::{NESTED, ROOT};

    fn check(root: &str, nested: &str, expected: &[&str]) {
        let mut files = vec![(ROOT, root)];
        files.extend(NESTED.map(|path| (path, root)));
        files.push(("a/clippy.toml", nested));
        check_rule(super::check, &files, expected);
    }

    #[test]
    fn a_nested_list_repeats_the_root_list() {
        let root = "lines = 70\nbans = [{ path = \"a::b\", reason = \"c\" }]";
        check(root, root, &[]);
        check(root, "bans = [{ path = \"a::b\", reason = \"c\" }, { path = \"d\" }]\nlines = 70", &[]);
        check(
            root,
            "lines = 80\nbans = []",
            &[
                "a/clippy.toml:1 does not repeat bans: \"a::b\" of the root list, which it replaces",
                "a/clippy.toml:1 does not repeat lines of the root list, which it replaces",
            ],
        );
    }

    #[test]
    fn every_core_has_a_list() {
        let files = [(ROOT, ""), (NESTED[0], ""), (NESTED[1], "")];
        check_rule(super::check, &files, &["hub/core/clippy.toml:1 a core has no list of its own"]);
    }
}

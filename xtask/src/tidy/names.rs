//! No `mod.rs`, and no file or package that is named after nothing: such places become the program.

use super::Finding;
use super::tree::Tree;

const EMPTY_PACKAGES: [&str; 8] =
    ["util", "utils", "common", "types", "errors", "prelude", "helpers", "shared"];

const EMPTY_FILES: [&str; 6] = ["util.rs", "utils.rs", "common.rs", "helpers.rs", "helper.rs", "misc.rs"];

/// Finds files and packages with such names.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        if name == "mod.rs" {
            findings.push(Finding::new(
                &file.path,
                1,
                "a mod.rs",
                "name the file after the module: foo.rs beside foo/",
            ));
        }
        if EMPTY_FILES.contains(&name) {
            let fix = "move each part to the module whose idea it serves";
            findings.push(Finding::new(&file.path, 1, "a file named after no idea", fix));
        }
    }
    for package in &tree.packages {
        if package.name.split(['-', '_']).any(|part| EMPTY_PACKAGES.contains(&part)) {
            let what = format!("package {} is named after no idea", package.name);
            let fix = "what edge and hub share is sync: put it there, or with its only user";
            findings.push(Finding::new(&package.manifest, 1, what, fix));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::check_rule;

    #[test]
    fn names_say_something() {
        check_rule(super::check, &[("a/src/b/mod.rs", "")], &["a/src/b/mod.rs:1 a mod.rs"]);
        check_rule(super::check, &[("a/src/util.rs", "")], &["a/src/util.rs:1 a file named after no idea"]);
        let manifest = ("a/Cargo.toml", "[package]\nname = \"dayshift-common\"");
        check_rule(
            super::check,
            &[manifest],
            &["a/Cargo.toml:1 package dayshift-common is named after no idea"],
        );
        check_rule(super::check, &[("a/src/limits.rs", ""), ("a/src/utility.rs", "")], &[]);
    }
}

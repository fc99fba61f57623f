//! No text of the checkout names a place of one machine or the host of a package registry.
//!
//! The strings are put together here, so that this file does not find itself.

use super::Finding;
use super::tree::Tree;

const MACHINE_FOLDERS: [&str; 4] = ["work", "root", "home", "Users"];

const HOSTS: [&[&str]; 9] = [
    &["static", "crates", "io"],
    &["index", "crates", "io"],
    &["registry", "npmjs", "org"],
    &["files", "pythonhosted", "org"],
    &["deb", "debian", "org"],
    &["static", "rust-lang", "org"],
    &["proxy", "golang", "org"],
    &["archive", "ubuntu", "com"],
    &["npm", "pkg", "github", "com"],
];

/// Finds them in every text but real input data.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let folders: Vec<String> = MACHINE_FOLDERS.iter().map(|folder| format!("/{folder}/")).collect();
    let hosts: Vec<String> = HOSTS.iter().map(|parts| parts.join(".")).collect();
    let mut findings = Vec::new();
    for (path, text) in tree.texts().filter(|(path, _)| !path.split('/').any(|part| part == "data")) {
        for (index, line) in text.lines().enumerate() {
            if folders.iter().any(|folder| names_folder(line, folder)) {
                let fix = "write it relative to the checkout, or take it as an argument";
                findings.push(Finding::new(path, index + 1, "a path of one machine", fix));
            }
            if hosts.iter().any(|host| line.contains(host)) {
                let fix = "leave the host to the configuration of cargo, npm or apt";
                findings.push(Finding::new(path, index + 1, "the host of a package registry", fix));
            }
        }
    }
    findings
}

/// Whether an absolute path into `folder` stands in the line; `a/work/b` is none.
fn names_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(start, _)| {
        let before = line.get(..start).and_then(|before| before.chars().next_back());
        before.is_none_or(|char| {
            !char.is_alphanumeric() && !['_', '-', '.', '/', '}', '*', '~', ')'].contains(&char)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::check_rule;

    #[test]
    fn places_of_one_machine_are_found() {
        let path = ["", "home", "ann", "x"].join("/");
        for text in [path.clone(), format!("see\n{path}"), format!("(\"{path}\")")] {
            let expected = format!("a.md:{} a path of one machine", text.lines().count());
            check_rule(super::check, &[("a.md", &text)], &[&expected]);
        }
        for text in [format!("docs{path}"), format!("https://example.org{path}"), "/homework/x".to_owned()] {
            check_rule(super::check, &[("a.md", &text)], &[]);
        }
        check_rule(super::check, &[("data/a.csv", &path)], &[]);
    }

    #[test]
    fn registry_hosts_are_found() {
        let host = ["https://index", "crates", "io/x"].join(".");
        check_rule(super::check, &[("a.toml", &host)], &["a.toml:1 the host of a package registry"]);
        check_rule(super::check, &[("a.toml", "https://crates.io/crates/x")], &[]);
    }
}

//! Who may depend on whom, and which package alone names which outside package.
//!
//! Dependencies of tests are free; those of the product follow the table.

use std::collections::BTreeSet;

use super::Finding;
use super::manifest::{Dependency, Package};
use super::tree::Tree;

/// What one package may depend on.
struct Row {
    package: &'static str,
    ours: &'static [&'static str],
    /// Outside packages that no other package may name.
    owned: &'static [&'static str],
}

const fn row(package: &'static str, ours: &'static [&'static str], owned: &'static [&'static str]) -> Row {
    Row { package, ours, owned }
}

/// How the table calls all packages under plugins/shipped.
const GUEST: &str = "shipped guests";

/// The table of ARCHITECTURE.md.
const TABLE: &[Row] = &[
    row("sync-protocol", &[], &["automerge"]),
    row("sync-store", &["sync-protocol"], &["rusqlite", "libsqlite3-sys"]),
    row("sync-quic", &["sync-protocol"], &["quinn", "quinn-proto", "rustls", "tokio-rustls"]),
    row("edge-core", &["sync-protocol", "sync-store"], &[]),
    row("hub-core", &["sync-protocol", "sync-store"], &[]),
    row("plugin-host", &["edge-core"], &["wasmtime"]),
    row("enrolment", &["sync-protocol"], &["rcgen", "x509-parser"]),
    row(
        "dayshift",
        &["enrolment", "plugin-host", "plugin-sdk", "sync-store", "edge-core", "hub-core", "sync-protocol"],
        &["ureq", "reqwest"],
    ),
    row(
        "edge-node",
        &[
            "edge-core",
            "plugin-host",
            "sync-store",
            "sync-quic",
            "enrolment",
            "sync-protocol",
            "http-face",
            "pages",
        ],
        &["notify", "ureq"],
    ),
    row(
        "hub",
        &["hub-core", "sync-store", "sync-quic", "enrolment", "sync-protocol", "http-face", "pages"],
        &["tokio-postgres", "deadpool-postgres", "postgres"],
    ),
    row("http-face", &[], &[]),
    row("pages", &["sync-protocol"], &[]),
    row("plugin-sdk", &[], &["wit-bindgen"]),
    row(GUEST, &["plugin-sdk"], &["wit-bindgen"]),
    row("simulations", &["sync-protocol", "sync-store", "edge-core", "hub-core"], &[]),
    row("xtask", &[], &[]),
    row("coverage-regions", &[], &["llvm_profparser"]),
];

impl Row {
    fn text(&self) -> String {
        let list = |names: &[&str]| if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
        format!(
            "| {} | may depend on: {} | alone names: {} |",
            self.package,
            list(self.ours),
            list(self.owned)
        )
    }
}

/// Finds dependencies that the table does not have.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let own: BTreeSet<&str> = tree.packages.iter().map(|package| package.name.as_str()).collect();
    let mut findings = Vec::new();
    for package in &tree.packages {
        let title = if package.manifest.contains("plugins/shipped/") { GUEST } else { &package.name };
        let Some(row) = TABLE.iter().find(|row| row.package == title) else {
            let what = format!("package {title} has no row in the dependency table");
            let fix =
                "add a row here and in ARCHITECTURE.md, with a decision record that says why a package more";
            findings.push(Finding::new(&package.manifest, 1, what, fix));
            continue;
        };
        let wrong =
            package.dependencies.iter().filter_map(|dependency| fault(row, package, dependency, &own));
        findings.extend(wrong);
    }
    findings
}

fn fault(row: &Row, package: &Package, dependency: &Dependency, own: &BTreeSet<&str>) -> Option<Finding> {
    let name = dependency.name.as_str();
    let ours = own.contains(name) || TABLE.iter().any(|row| row.package == name);
    if ours && !row.ours.contains(&name) {
        let what = format!("{} depends on {name}; the table says {}", row.package, row.text());
        let fix =
            "move the code to where the table allows it, or pass what is needed as an argument or a trait";
        return Some(Finding::new(&package.manifest, dependency.line, what, fix));
    }
    let owners: Vec<&Row> = TABLE.iter().filter(|row| row.owned.contains(&name)).collect();
    if owners.is_empty() || owners.iter().any(|owner| owner.package == row.package) {
        return None;
    }
    let rows: Vec<String> = owners.iter().map(|owner| owner.text()).collect();
    let what = format!("{} names {name}; the table says {}", row.package, rows.join(" "));
    let fix = format!("go through {}", owners.first().map_or("its owner", |owner| owner.package));
    Some(Finding::new(&package.manifest, dependency.line, what, fix))
}

#[cfg(test)]
mod tests {
    use super::super::check_rule;

    fn check(path: &str, text: &str, expected: &[&str]) {
        check_rule(super::check, &[(path, text)], expected);
    }

    const CORE: &str = "[package]\nname = \"hub-core\"\n";

    #[test]
    fn the_table_decides() {
        let path = "hub/core/Cargo.toml";
        check(path, &format!("{CORE}[dependencies]\nsync-store.workspace = true\nserde = \"1\""), &[]);
        check(
            path,
            &format!("{CORE}[dependencies]\nserde = \"1\"\nedge-core.workspace = true"),
            &[
                "hub/core/Cargo.toml:5 hub-core depends on edge-core; the table says | hub-core | may depend on: \
             sync-protocol, sync-store | alone names: nothing |",
            ],
        );
        check(
            path,
            &format!("{CORE}[target.'cfg(unix)'.dependencies]\nsql = {{ package = \"rusqlite\" }}"),
            &["hub/core/Cargo.toml:4 hub-core names rusqlite; the table says | sync-store | may depend on: \
             sync-protocol | alone names: rusqlite, libsqlite3-sys |"],
        );
        check(path, &format!("{CORE}[dev-dependencies]\nedge-core.workspace = true"), &[]);
    }

    #[test]
    fn a_package_without_a_row_is_found() {
        let text = "[package]\nname = \"extras\"";
        check(
            "extras/Cargo.toml",
            text,
            &["extras/Cargo.toml:1 package extras has no row in the dependency table"],
        );
        let guest = "[package]\nname = \"fair-share\"\n[dependencies]\nplugin-sdk = { path = \"../../sdk\" }";
        check("plugins/shipped/fair-share/Cargo.toml", guest, &[]);
    }
}

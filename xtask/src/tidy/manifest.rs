//! The packages of the checkout, read from their manifests.

use anyhow::Context;
use toml::{Table, Value};

/// One package and what its product code depends on.
#[derive(Debug)]
pub(super) struct Package {
    pub(super) name: String,
    /// The path of its `Cargo.toml`.
    pub(super) manifest: String,
    /// Normal and build dependencies; tests may depend on what they like.
    pub(super) dependencies: Vec<Dependency>,
}

/// One dependency of a package.
#[derive(Debug)]
pub(super) struct Dependency {
    /// The name of the package, also where it is renamed.
    pub(super) name: String,
    pub(super) line: usize,
}

impl Package {
    /// Reads a manifest; None if it is virtual.
    pub(super) fn parse(path: &str, text: &str) -> anyhow::Result<Option<Self>> {
        let manifest: Table = text.parse()?;
        let Some(package) = manifest.get("package") else { return Ok(None) };
        let name = package.get("name").and_then(Value::as_str).context("the package has no name")?;
        let mut dependencies = Vec::new();
        let targets = manifest.get("target").and_then(Value::as_table);
        let tables = targets.into_iter().flat_map(Table::values).filter_map(Value::as_table);
        for table in tables.chain([&manifest]) {
            for key in ["dependencies", "build-dependencies"] {
                for (alias, detail) in table.get(key).and_then(Value::as_table).into_iter().flatten() {
                    let name = detail.get("package").and_then(Value::as_str).unwrap_or(alias).to_owned();
                    dependencies.push(Dependency { name, line: line_of(text, alias) });
                }
            }
        }
        Ok(Some(Self { name: name.to_owned(), manifest: path.to_owned(), dependencies }))
    }

    /// The folder of the package, with a slash at its end unless it is the root.
    pub(super) fn folder(&self) -> &str {
        self.manifest.trim_end_matches("Cargo.toml")
    }
}

fn line_of(text: &str, alias: &str) -> usize {
    let names = |line: &str| {
        let rest = line.trim_start().strip_prefix(alias);
        rest.is_some_and(|rest| rest.trim_start().starts_with(['=', '.']))
            || line.ends_with(&format!(".{alias}]"))
    };
    text.lines().position(names).map_or(1, |index| index + 1)
}

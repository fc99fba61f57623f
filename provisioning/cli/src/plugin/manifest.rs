//! `dayshift-plugin.toml`: what a reviewer reads of a plugin, held against what it says itself.

use anyhow::{Context as _, bail};
use edge_core::filter::Column;
use plugin_host::{Description, OnFailure};
use serde::Deserialize;
use std::{fs, path::Path};

/// The file's name in a project.
pub(super) const FILE: &str = "dayshift-plugin.toml";

/// A plugin's manifest.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) name: String,
    version: String,
    kind: Kind,
    contract: String,
    columns: Vec<String>,
    on_failure: Failure,
    /// Where the component goes, relative to the project.
    #[serde(default)]
    pub(super) out: Option<String>,
    /// Files and folders whose hashes are written beside the component.
    #[serde(default = "own_sources")]
    pub(super) sources: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Filter,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Failure {
    NoOpinion,
    Hide,
}

fn own_sources() -> Vec<String> {
    ["Cargo.toml", "src", "sdk", "contract"].map(str::to_owned).into()
}

fn list(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

impl Manifest {
    /// Reads the manifest of the project in `dir`.
    pub(super) fn read(dir: &Path) -> anyhow::Result<Self> {
        let path = dir.join(FILE);
        let text = fs::read_to_string(&path).with_context(|| {
            format!("{} cannot be read; `dayshift plugin new` makes a project", path.display())
        })?;
        let manifest: Self =
            toml::from_str(&text).with_context(|| format!("{} is malformed", path.display()))?;
        if manifest.contract != "1.0" {
            bail!("{}: contract is {}, this tool builds 1.0", path.display(), manifest.contract);
        }
        Ok(manifest)
    }

    /// Compares the manifest with what the component says.
    pub(super) fn check(&self, said: &Description) -> anyhow::Result<()> {
        let Kind::Filter = self.kind;
        let on_failure = match self.on_failure {
            Failure::NoOpinion => OnFailure::NoOpinion,
            Failure::Hide => OnFailure::Hide,
        };
        let mut given: Vec<_> = said.columns.iter().map(Column::name).collect();
        let mut declared: Vec<_> = self.columns.iter().map(String::as_str).collect();
        given.sort_unstable();
        declared.sort_unstable();
        let word = |on_failure| match on_failure {
            OnFailure::NoOpinion => "no-opinion",
            OnFailure::Hide => "hide",
        };
        for (what, here, there) in [
            ("name", self.name.clone(), said.name.clone()),
            ("version", self.version.clone(), said.version.clone()),
            ("columns", list(&declared), list(&given)),
            ("on_failure", word(on_failure).to_owned(), word(said.on_failure).to_owned()),
        ] {
            if here != there {
                bail!("{what} is {here} in {FILE} and {there} in the code: make them agree");
            }
        }
        Ok(())
    }
}

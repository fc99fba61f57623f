//! `dayshift-plugin.toml`: what a reviewer reads of a plugin, held against what it says itself.

use anyhow::{Context as _, bail};
use edge_core::filter::Column;
use plugin_host::{Admitter, Description, Guest, OnFailure, OnSilence};
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
    /// Of a filter alone.
    #[serde(default)]
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
    Admit,
}

/// The first two are a filter's, the others an admission plugin's.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Failure {
    NoOpinion,
    Hide,
    Admit,
    Refuse,
}

impl Failure {
    const fn word(self) -> &'static str {
        match self {
            Self::NoOpinion => "no-opinion",
            Self::Hide => "hide",
            Self::Admit => "admit",
            Self::Refuse => "refuse",
        }
    }
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

    /// Whether the project is of a plugin that says who may take a place.
    pub(super) const fn is_admit(&self) -> bool {
        matches!(self.kind, Kind::Admit)
    }

    /// Compares the manifest with what the component says.
    pub(super) fn check(&self, guest: &Guest) -> anyhow::Result<()> {
        match (guest, &self.kind) {
            (Guest::Filter(plugin), Kind::Filter) => self.check_filter(plugin.description()),
            (Guest::Admit(plugin), Kind::Admit) => self.check_admitter(plugin),
            (Guest::Filter(_), Kind::Admit) => bail!("kind is admit in {FILE}, and the code is a filter"),
            (Guest::Admit(_), Kind::Filter) => bail!("kind is filter in {FILE}, and the code admits workers"),
        }
    }

    fn check_filter(&self, said: &Description) -> anyhow::Result<()> {
        let on_failure = match said.on_failure {
            OnFailure::NoOpinion => Failure::NoOpinion,
            OnFailure::Hide => Failure::Hide,
        };
        let mut given: Vec<_> = said.columns.iter().map(Column::name).collect();
        let mut declared: Vec<_> = self.columns.iter().map(String::as_str).collect();
        given.sort_unstable();
        declared.sort_unstable();
        agree(&[
            ("name", self.name.clone(), said.name.clone()),
            ("version", self.version.clone(), said.version.clone()),
            ("columns", list(&declared), list(&given)),
            ("on_failure", self.on_failure.word().to_owned(), on_failure.word().to_owned()),
        ])
    }

    fn check_admitter(&self, plugin: &Admitter) -> anyhow::Result<()> {
        if !self.columns.is_empty() {
            bail!("{FILE} names columns, which only a filter reads");
        }
        let on_failure = match plugin.on_failure() {
            OnSilence::Admit => Failure::Admit,
            OnSilence::Refuse => Failure::Refuse,
        };
        agree(&[
            ("name", self.name.clone(), plugin.name().to_owned()),
            ("version", self.version.clone(), plugin.version().to_owned()),
            ("on_failure", self.on_failure.word().to_owned(), on_failure.word().to_owned()),
        ])
    }
}

/// Each what, as the manifest says it and as the code does.
fn agree(both: &[(&str, String, String)]) -> anyhow::Result<()> {
    for (what, here, there) in both {
        if here != there {
            bail!("{what} is {here} in {FILE} and {there} in the code: make them agree");
        }
    }
    Ok(())
}

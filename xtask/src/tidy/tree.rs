//! The files of the checkout, held in memory, so that a rule can be tried on a few lines of text.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};

use super::manifest::Package;
use super::source::{self, Source};

/// Files above this size are known by their size only.
const TEXT_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// One file of the checkout.
#[derive(Debug)]
pub(super) struct File {
    pub(super) path: String,
    pub(super) bytes: u64,
    /// None if it is not UTF-8 or too large to be text.
    pub(super) text: Option<String>,
    /// Only of `.rs` files.
    pub(super) source: Option<Source>,
}

/// All files that are tracked or would be.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) files: Vec<File>,
    pub(super) packages: Vec<Package>,
}

impl Tree {
    /// Reads the files that git tracks, and new ones that it does not ignore.
    pub(super) fn read(root: &Path) -> anyhow::Result<Self> {
        let mut files = Vec::new();
        for path in listed(root)? {
            let place = root.join(&path);
            let Ok(metadata) = fs::symlink_metadata(&place) else { continue };
            if !metadata.is_file() {
                continue;
            }
            let bytes = metadata.len();
            let content = if bytes <= TEXT_BYTES_MAX {
                fs::read(&place).with_context(|| format!("cannot read {path}"))?
            } else {
                Vec::new()
            };
            let text = if bytes <= TEXT_BYTES_MAX { String::from_utf8(content).ok() } else { None };
            files.push(File { path, bytes, text, source: None });
        }
        Self::with_files(files)
    }

    /// A tree of the texts given.
    #[cfg(test)]
    pub(super) fn of(texts: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| File {
            path: (*path).to_owned(),
            bytes: text.len().try_into().unwrap(),
            text: Some((*text).to_owned()),
            source: None,
        };
        Self::with_files(texts.iter().map(file).collect()).unwrap()
    }

    fn with_files(mut files: Vec<File>) -> anyhow::Result<Self> {
        for file in &mut files {
            if file.path.ends_with(".rs") {
                file.source = file.text.as_deref().map(Source::parse);
            }
        }
        source::mark_test_files(&mut files);
        let mut packages = Vec::new();
        for file in files.iter().filter(|file| file.path.ends_with("Cargo.toml")) {
            let text = file.text.as_deref().unwrap_or_default();
            packages.extend(
                Package::parse(&file.path, text).with_context(|| format!("cannot read {}", file.path))?,
            );
        }
        Ok(Self { files, packages })
    }

    /// The Rust files with their tokens.
    pub(super) fn sources(&self) -> impl Iterator<Item = (&str, &Source)> {
        self.files.iter().filter_map(|file| Some((file.path.as_str(), file.source.as_ref()?)))
    }

    /// The text files.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().filter_map(|file| Some((file.path.as_str(), file.text.as_deref()?)))
    }

    /// The text of one file.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.texts().find_map(|(name, text)| (name == path).then_some(text))
    }

    /// The paths of all files and of all folders that hold one.
    pub(super) fn places(&self) -> BTreeSet<&str> {
        let mut places = BTreeSet::from([""]);
        for file in &self.files {
            places.insert(&file.path);
            places.extend(file.path.match_indices('/').filter_map(|(index, _)| file.path.get(..index)));
        }
        places
    }
}

fn listed(root: &Path) -> anyhow::Result<BTreeSet<String>> {
    let output = Command::new("git")
        .current_dir(root)
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .output()
        .context("cannot start git ls-files")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "git ls-files: {}", errors.trim());
    let names = String::from_utf8(output.stdout).context("a file name is not UTF-8")?;
    Ok(names.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

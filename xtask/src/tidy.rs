//! The rules that keep the code readable, each a small file with its own table of cases.
//!
//! `cargo xtask tidy` prints the findings; the integration test of this package fails on any. A rule reads a
//! [`tree::Tree`] held in memory and touches neither disk nor network.

use std::fmt;
use std::path::Path;
use std::process::ExitCode;

use crate::out;
use crate::workspace::Workspace;

mod attributes;
mod blobs;
mod clippy_lists;
mod cores;
mod dead_files;
mod dependencies;
mod integration;
mod lengths;
mod links;
mod manifest;
mod module_docs;
mod names;
mod sleeps;
pub(crate) mod source;
mod tokens;
mod tree;
mod unwraps;
mod words;

use tree::Tree;

/// One place that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, relative to the root folder.
    pub path: String,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What to do instead.
    pub fix: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}\n    fix: {}", self.path, self.line, self.what, self.fix)
    }
}

impl Finding {
    fn new(path: &str, line: usize, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into(), fix: fix.into() }
    }
}

type Rule = fn(&Tree) -> Vec<Finding>;

const RULES: &[Rule] = &[
    attributes::check,
    blobs::check,
    clippy_lists::check,
    cores::check,
    dead_files::check,
    dependencies::check,
    integration::check,
    lengths::check,
    links::check,
    module_docs::check,
    names::check,
    sleeps::check,
    unwraps::check,
    words::check,
];

/// Applies every rule to the checkout at `root` and returns the findings in order of place.
pub fn check(root: &Path) -> anyhow::Result<Vec<Finding>> {
    let tree = Tree::read(root)?;
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(&tree)).collect();
    findings.sort();
    Ok(findings)
}

/// Prints the findings and fails if there is one.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<ExitCode> {
    let findings = check(workspace.root())?;
    for finding in &findings {
        out::line(&finding.to_string());
    }
    out::line(&format!("tidy: {} rules, {} findings", RULES.len(), findings.len()));
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Asserts what one rule finds in a tree written as `(path, text)`; each expectation is `path:line what`.
#[cfg(test)]
fn check_rule(rule: Rule, files: &[(&str, &str)], expected: &[&str]) {
    let found = rule(&Tree::of(files));
    let found: Vec<String> =
        found.iter().map(|finding| format!("{}:{} {}", finding.path, finding.line, finding.what)).collect();
    assert_eq!(found, expected, "in {files:#?}");
}

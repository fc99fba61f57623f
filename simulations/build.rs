//! Tells the program which commit it was built from, so that a trace and a row of the track record can say so.
//!
//! It runs again only where the sources do that are compiled again in any case: a commit of something else builds nothing
//! anew. Without git, or outside of a checkout, the commit is unknown.

use std::process::Command;

/// What decides how a run goes.
const SOURCES: [&str; 8] = [
    "src",
    "scenarios",
    "../sync-protocol/core/src",
    "../sync-protocol/store/src",
    "../edge-node/core/src",
    "../hub/core/src",
    "../Cargo.toml",
    "../Cargo.lock",
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
    }
    let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) else { return };
    let changed = git(&[&["status", "--porcelain", "--"], &SOURCES[..]].concat());
    let mark = if changed.is_none_or(|changed| changed.is_empty()) { "" } else { "+changes" };
    println!("cargo::rustc-env=DAYSHIFT_COMMIT={commit}{mark}");
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .arg("--no-optional-locks")
        .args(arguments)
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

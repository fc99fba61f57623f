//! `cargo xtask openapi`: keeps docs/openapi equal to what the servers say of themselves.

use std::process::ExitCode;

use anyhow::{Context, bail, ensure};

use crate::golden::{self, Mode, Outcome};
use crate::out;
use crate::workspace::Workspace;

/// The folder of the committed descriptions.
pub(crate) const FOLDER: &str = "docs/openapi";

const SERVERS: [&str; 2] = ["edge-node", "hub"];

/// Asks both servers for their description and compares or updates the committed files.
pub(crate) fn run(workspace: &Workspace, mode: Mode) -> anyhow::Result<ExitCode> {
    workspace.build()?;
    let mut stale = Vec::new();
    for server in SERVERS {
        let name = format!("{FOLDER}/{server}.json");
        let outcome =
            golden::settle(&workspace.root().join(&name), describe(workspace, server)?.as_bytes(), mode)?;
        match outcome {
            Outcome::Same => out::line(&format!("{name}: up to date")),
            Outcome::Written => out::line(&format!("{name}: written")),
            Outcome::Stale => stale.push(name),
        }
    }
    if !stale.is_empty() {
        bail!("{} differ from the servers; fix: cargo xtask openapi, then commit", stale.join(", "));
    }
    Ok(ExitCode::SUCCESS)
}

fn describe(workspace: &Workspace, server: &str) -> anyhow::Result<String> {
    let output = workspace.command(workspace.binary(server)).arg("openapi").output();
    let output = output.with_context(|| format!("cannot start {server} openapi"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{server} openapi: {}", errors.trim());
    let description: serde_json::Value = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("{server} openapi printed something that is not JSON"))?;
    Ok(format!("{description:#}\n"))
}

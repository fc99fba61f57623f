//! `cargo xtask demo`: builds the three programs, then becomes `dayshift demo`.

use std::os::unix::process::CommandExt;
use std::process::ExitCode;

use anyhow::anyhow;

use crate::workspace::Workspace;

/// The packages whose programs the demo starts.
pub(crate) const DEMO_PACKAGES: [&str; 3] = ["hub", "edge-node", "dayshift"];

/// Replaces this process by the demo, so that signals and the exit code are the demo's own.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<ExitCode> {
    workspace.build(&DEMO_PACKAGES)?;
    let program = workspace.binary("dayshift");
    let mut command = std::process::Command::new(&program);
    let error = command.arg("demo").args(arguments).exec();
    Err(anyhow!(error).context(format!("cannot start {} demo", program.display())))
}

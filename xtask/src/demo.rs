//! `cargo xtask demo`: builds the three programs, then becomes `dayshift demo`.

use std::os::unix::process::CommandExt;
use std::process::ExitCode;

use anyhow::anyhow;

use crate::workspace::Workspace;

/// Replaces this process by the demo, so that signals and the exit code are the demo's own.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> anyhow::Result<ExitCode> {
    workspace.build()?;
    let program = workspace.binary("dayshift");
    let mut command = std::process::Command::new(&program);
    let error = command.arg("demo").args(arguments).exec();
    Err(anyhow!(error).context(format!("cannot start {} demo", program.display())))
}

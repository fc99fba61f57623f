//! `simulate live`: the same promises, held by real processes. The run is `dayshift live`, of the program beside this one.

use anyhow::{Context, ensure};
use std::{
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

/// How many processes are killed, and in which order.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many processes are killed.
    #[arg(long, default_value_t = 20)]
    kills: u64,
    /// Varies what goes wrong, and when.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print the result alone, without the progress bar.
    #[arg(long)]
    json: bool,
}

/// Becomes `dayshift live`, whose exit code and last line are then this command's.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let own = std::env::current_exe().context("the path of this program")?;
    let program = beside(&own)?;
    let mut command = Command::new(&program);
    command.args(["live", "--kills", &args.kills.to_string(), "--seed", &args.seed.to_string()]);
    if args.json {
        command.arg("--json");
    }
    Err(command.exec()).with_context(|| format!("start {}", program.display()))
}

fn beside(own: &Path) -> anyhow::Result<PathBuf> {
    let program = own.with_file_name("dayshift");
    ensure!(program.is_file(), "no program {}; build it: cargo build --workspace --bins", program.display());
    Ok(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_not_built_is_named_with_the_way_to_build_it() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let missing = beside(&folder.join("simulate")).unwrap_err().to_string();
        assert!(
            missing.contains("dayshift") && missing.contains("cargo build --workspace --bins"),
            "{missing}"
        );
    }
}

//! Where the checkout and its build directory are, asked of cargo once per command.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

/// Builds every program.
pub(crate) const BUILD: [&str; 3] = ["build", "--workspace", "--bins"];

/// How variables begin that cargo sets for the program of a package.
const OF_ONE_PACKAGE: [&str; 3] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"];

/// The checkout that a command works on.
#[derive(Debug)]
pub struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// Finds the workspace of the current directory.
    pub fn locate() -> anyhow::Result<Self> {
        let output = Command::new(cargo())
            .args(["metadata", "--offline", "--no-deps", "--format-version", "1"])
            .output()
            .context("cannot start cargo metadata")?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "cargo metadata: {}", errors.trim());
        let metadata: serde_json::Value =
            serde_json::from_slice(&output.stdout).context("cannot read the answer of cargo metadata")?;
        let path = |key: &str| {
            let text = metadata.get(key).and_then(serde_json::Value::as_str);
            text.map(PathBuf::from).with_context(|| format!("cargo metadata gives no {key}"))
        };
        Ok(Self { root: path("workspace_root")?, target: path("target_directory")? })
    }

    /// The folder of the root manifest.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The build directory, wherever the environment put it.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// The path of a program built with the only profile, whether or not it was built yet.
    pub(crate) fn binary(&self, name: &str) -> PathBuf {
        self.target.join("debug").join(name)
    }

    /// A command that runs in the root folder.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        command
    }

    /// A cargo command that runs in the root folder, as a shell would run it.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = self.command(cargo());
        // The cargo that started this program told it of its package. Build scripts that look at that, such as ring's, would
        // run again, and everything behind them be compiled once more.
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| OF_ONE_PACKAGE.iter().any(|begin| name.starts_with(begin))) {
                command.env_remove(name);
            }
        }
        command
    }

    /// Builds every program with the only profile, with live output. All packages together, as the tests do: a smaller
    /// set has other features of its dependencies, and the largest of them would be compiled twice.
    pub(crate) fn build(&self) -> anyhow::Result<()> {
        let status = self.cargo().args(BUILD).status().context("cannot start cargo build")?;
        ensure!(status.success(), "the build failed, see above");
        Ok(())
    }
}

fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Whether a program of this name is on the search path.
pub(crate) fn on_path(program: &str) -> bool {
    let Some(path) = std::env::var_os("PATH") else { return false };
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_hears_nothing_of_the_package_that_calls_it() {
        let command = Workspace::locate().unwrap().cargo();
        let is_removed =
            |wanted: &str| command.get_envs().any(|(name, value)| name == wanted && value.is_none());
        assert!(is_removed("CARGO_MANIFEST_DIR") && is_removed("CARGO_PKG_NAME"));
        assert!(!is_removed("PATH") && !is_removed("CARGO_TARGET_DIR"));
    }
}

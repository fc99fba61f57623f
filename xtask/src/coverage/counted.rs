//! Builds the tests with counters, runs them and reads the counts.
//!
//! All of it lies in `target/coverage`: only the packages that are measured are compiled with counters, what they depend
//! on is compiled as everywhere, and the build that tests and demo share is left alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use super::lines::{self, Regions};
use crate::child::{self, Line};
use crate::out;
use crate::workspace::Workspace;

/// The packages whose tests count: the cores and their simulations, without sockets and without the compiler of plugins.
const PACKAGES: [&str; 5] = ["sync-protocol", "sync-store", "hub-core", "edge-core", "simulations"];

/// The package that reads what compiler and run time wrote.
const TOOL: &str = "xtask/coverage/Cargo.toml";

/// From nothing, SQLite included, on a machine that does other things too.
const BUILD_MAX: Duration = Duration::from_secs(1_200);

/// One program of tests; the longest takes a minute.
const TESTS_MAX: Duration = Duration::from_secs(600);

/// Runs the tests and gives the regions of each file, by its path in the checkout.
pub(super) fn count(workspace: &Workspace) -> anyhow::Result<BTreeMap<String, Regions>> {
    let folder = workspace.target().join("coverage");
    let profiles = folder.join("profiles");
    build_tool(workspace, &folder)?;
    let tests = build_tests(workspace, &folder)?;
    if profiles.exists() {
        fs::remove_dir_all(&profiles).with_context(|| format!("cannot remove {}", profiles.display()))?;
    }
    for (index, test) in tests.iter().enumerate() {
        out::note(&format!("   tests {} of {}: {}", index + 1, tests.len(), test.name));
        test.run(&profiles)?;
    }
    let mut tool = workspace.command(tool_program(&folder, "coverage-regions"));
    tool.arg(workspace.root()).arg(&profiles).args(tests.iter().map(|test| &test.program));
    let output = tool.stderr(Stdio::inherit()).output().context("cannot start coverage-regions")?;
    ensure!(output.status.success(), "coverage-regions failed, see above");
    let text = String::from_utf8(output.stdout).context("coverage-regions wrote no text")?;
    lines::read(&text).context("coverage-regions wrote a line that is none")
}

fn tool_program(folder: &Path, name: &str) -> PathBuf {
    folder.join("tool/debug").join(name)
}

fn build_tool(workspace: &Workspace, folder: &Path) -> anyhow::Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--locked", "--manifest-path", TOOL]).env("CARGO_TARGET_DIR", folder.join("tool"));
    finish("the build of coverage-regions", &mut cargo).context(
        "coverage-regions reads what rustc's counters write and is built from crates.io; without a network, put \
         the packages of xtask/coverage/Cargo.lock into cargo's cache first",
    )
}

fn finish(name: &str, command: &mut Command) -> anyhow::Result<()> {
    let deadline = Instant::now() + BUILD_MAX;
    // What is printed is the report alone; all else is progress.
    let take = |line| {
        let (Line::Out(text) | Line::Err(text)) = line;
        out::note(&text);
    };
    ensure!(child::run(name, command, Some(deadline), take)?, "{name} failed, see above");
    Ok(())
}

/// A program of tests.
struct Tests {
    name: String,
    program: PathBuf,
    /// Where cargo would start it.
    folder: PathBuf,
}

fn build_tests(workspace: &Workspace, folder: &Path) -> anyhow::Result<Vec<Tests>> {
    let cargo = || {
        let mut cargo = workspace.cargo();
        cargo.args(["test", "--no-run", "--lib", "--tests"]);
        cargo.args(PACKAGES.iter().flat_map(|package| ["--package", package]));
        cargo.env("CARGO_TARGET_DIR", folder.join("tests"));
        cargo.env("RUSTC_WORKSPACE_WRAPPER", tool_program(folder, "instrument"));
        // Counters are placed before the optimiser runs: the level changes how long it takes, and no figure.
        cargo.env("CARGO_PROFILE_DEV_OPT_LEVEL", "1");
        cargo
    };
    finish("the build of the tests", &mut cargo())?;
    let output = cargo().args(["--message-format", "json"]).output().context("cannot start cargo test")?;
    let text = String::from_utf8(output.stdout).context("cargo test wrote no text")?;
    let tests: Vec<Tests> = text.lines().filter_map(program).collect();
    ensure!(output.status.success() && !tests.is_empty(), "cargo test names no program");
    Ok(tests)
}

fn program(message: &str) -> Option<Tests> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    // Integration tests have the programs of their package built too.
    if !message.get("profile")?.get("test")?.as_bool()? {
        return None;
    }
    let program = PathBuf::from(message.get("executable")?.as_str()?);
    let folder = Path::new(message.get("manifest_path")?.as_str()?).parent()?.to_owned();
    let target = message.get("target")?.get("name")?.as_str()?.to_owned();
    let package = folder.parent()?.file_name()?.to_str()?;
    Some(Tests { name: format!("{package}/{}: {target}", folder.file_name()?.to_str()?), program, folder })
}

impl Tests {
    fn run(&self, profiles: &Path) -> anyhow::Result<()> {
        let file = self.program.file_name().context("the program of tests has no name")?;
        let mut command = Command::new(&self.program);
        command.current_dir(&self.folder).env("CARGO_MANIFEST_DIR", &self.folder);
        command.env("LLVM_PROFILE_FILE", profiles.join(file).join("%p.profraw"));
        let mut said = Vec::new();
        let passed =
            child::run(&self.name, &mut command, Some(Instant::now() + TESTS_MAX), |line| said.push(line));
        if !matches!(passed, Ok(true)) {
            said.iter().for_each(child::pass_on);
        }
        ensure!(passed?, "the tests of {} failed, see above", self.name);
        let summary = said.iter().find_map(|line| match line {
            Line::Out(text) => text.strip_prefix("test result: "),
            Line::Err(_) => None,
        });
        out::note(&format!("   {}", summary.unwrap_or_default()));
        Ok(())
    }
}

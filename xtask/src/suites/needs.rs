//! What suites need from the machine beyond a Rust toolchain, how to see it and how to install it.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::child;
use crate::out;
use crate::workspace::{Workspace, on_path};

/// The browser suite, run by node.
pub(super) const BROWSER_SUITE: &str = "xtask/browser/kiosk.mjs";
/// The suite of a whole working day, run by node.
pub(super) const DAY_SUITE: &str = "xtask/browser/day.mjs";
/// The suite of the example app, run by node.
pub(super) const APP_SUITE: &str = "xtask/browser/local_app.mjs";
/// The suite of the page that shows a simulated run, run by node.
pub(super) const TRACE_SUITE: &str = "xtask/browser/trace.mjs";
/// The suite that holds both servers against their descriptions, run by node.
pub(super) const CONTRACT_SUITE: &str = "xtask/browser/contract.mjs";

/// One version, so that one seed asks the same wherever it runs.
const SCHEMATHESIS: &str = "schemathesis==4.32.5";

const WASM_TARGET: &str = "wasm32-unknown-unknown";

const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// One thing that a suite needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Need {
    Node,
    Chromium,
    /// Glyphs for Chinese: without them a page is measured with empty boxes.
    Fonts,
    Playwright,
    /// The rules of accessibility that every page is held to.
    Axe,
    /// What speaks the pages that read themselves aloud.
    Speech,
    Python,
    Schemathesis,
    WasmTarget,
}

impl Need {
    /// How the report calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Node => "node and npm",
            Self::Chromium => "chromium",
            Self::Fonts => "fonts-noto-cjk",
            Self::Playwright => "playwright-core",
            Self::Axe => "axe-core",
            Self::Speech => "espeak-ng",
            Self::Python => "python3 with venv",
            Self::Schemathesis => "schemathesis",
            Self::WasmTarget => WASM_TARGET,
        }
    }

    /// Whether the machine has it.
    pub(super) fn is_met(self, workspace: &Workspace) -> bool {
        match self {
            Self::Node => on_path("node") && on_path("npm"),
            Self::Chromium => BROWSERS.into_iter().any(on_path),
            Self::Fonts => answers(&["fc-list", ":lang=zh", "file"]),
            Self::Playwright => modules(workspace).join("playwright-core/package.json").is_file(),
            Self::Axe => modules(workspace).join("axe-core/axe.min.js").is_file(),
            Self::Speech => on_path("espeak-ng"),
            Self::Python => on_path("python3") && answers(&["python3", "-c", "import ensurepip; print(1)"]),
            Self::Schemathesis => schemathesis(workspace).is_file(),
            Self::WasmTarget => {
                let mut command = workspace.command("rustc");
                let output = command.args(["--print", "target-libdir", "--target", WASM_TARGET]).output();
                let folder = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
                folder.is_ok_and(|folder| !folder.is_empty() && PathBuf::from(folder).is_dir())
            }
        }
    }

    fn install(self, workspace: &Workspace) -> anyhow::Result<()> {
        match self {
            Self::Node => apt(workspace, &["nodejs", "npm"]),
            Self::Chromium => apt(workspace, &["chromium"]),
            Self::Fonts => apt(workspace, &["fonts-noto-cjk", "fontconfig"]),
            // npm takes away what an installation without a manifest does not name: both are named each time.
            Self::Playwright | Self::Axe => {
                let folder = browser_folder(workspace);
                fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
                let mut npm = workspace.command("npm");
                npm.args(["install", "--no-save", "--prefix"])
                    .arg(folder)
                    .args(["playwright-core", "axe-core"]);
                succeed("npm install", &mut npm)
            }
            Self::Speech => apt(workspace, &["espeak-ng"]),
            Self::Python => apt(workspace, &["python3", "python3-venv"]),
            Self::Schemathesis => {
                let folder = python_folder(workspace);
                let mut venv = workspace.command("python3");
                succeed("python3 -m venv", venv.args(["-m", "venv"]).arg(&folder))?;
                let mut pip = workspace.command(folder.join("bin/pip"));
                succeed(
                    "pip install",
                    pip.args(["install", "--quiet", "--disable-pip-version-check", SCHEMATHESIS]),
                )
            }
            Self::WasmTarget => {
                let mut rustup = workspace.command("rustup");
                succeed("rustup target add", rustup.args(["target", "add", WASM_TARGET]))
            }
        }
    }
}

/// Installs what is missing and gives those needs that are missing still, with the time spent and the reason.
pub(super) fn install<'a>(
    workspace: &Workspace,
    wanted: impl Iterator<Item = &'a Need>,
) -> impl Iterator<Item = (&'static str, Duration, anyhow::Error)> {
    let missing: BTreeSet<Need> = wanted.copied().filter(|need| !need.is_met(workspace)).collect();
    missing.into_iter().filter_map(|need| {
        let started = Instant::now();
        out::note(&format!("\n=== install {}", need.name()));
        let installed = need.install(workspace).and_then(|()| {
            ensure!(need.is_met(workspace), "installed, and yet it is not found");
            Ok(())
        });
        installed.err().map(|error| (need.name(), started.elapsed(), error.context("cannot be installed")))
    })
}

/// Tells a suite where its modules, its browser and the built programs are.
pub(crate) fn describe(workspace: &Workspace, command: &mut Command) {
    command.env("DAYSHIFT_BROWSER_MODULES", modules(workspace));
    command.env("DAYSHIFT_PROGRAMS", workspace.binary(""));
    command.env("DAYSHIFT_SCHEMATHESIS", schemathesis(workspace));
    if let Some(browser) = BROWSERS.into_iter().find(|browser| on_path(browser)) {
        command.env("DAYSHIFT_BROWSER", browser);
    }
}

/// Where tests leave the pages that they render for the suite that looks at them, emptied first.
pub(super) fn empty_rendered(workspace: &Workspace) -> anyhow::Result<()> {
    let folder = rendered(workspace);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))
}

/// The folder of rendered pages.
pub(super) fn rendered(workspace: &Workspace) -> PathBuf {
    workspace.target().join("rendered")
}

fn browser_folder(workspace: &Workspace) -> PathBuf {
    workspace.target().join("browser")
}

fn modules(workspace: &Workspace) -> PathBuf {
    browser_folder(workspace).join("node_modules")
}

fn python_folder(workspace: &Workspace) -> PathBuf {
    workspace.target().join("schemathesis")
}

fn schemathesis(workspace: &Workspace) -> PathBuf {
    python_folder(workspace).join("bin/schemathesis")
}

fn apt(workspace: &Workspace, packages: &[&str]) -> anyhow::Result<()> {
    succeed("apt-get update", as_root(workspace)?.arg("update"))?;
    succeed("apt-get install", as_root(workspace)?.args(["install", "-y"]).args(packages))
}

/// `apt-get`, through sudo unless this is root already.
fn as_root(workspace: &Workspace) -> anyhow::Result<Command> {
    let output = Command::new("id").arg("-u").output().context("cannot start id")?;
    let mut command = if output.stdout.trim_ascii() == b"0" {
        workspace.command("apt-get")
    } else {
        let mut sudo = workspace.command("sudo");
        sudo.args(["-n", "apt-get"]);
        sudo
    };
    command.env("DEBIAN_FRONTEND", "noninteractive");
    Ok(command)
}

fn succeed(name: &str, command: &mut Command) -> anyhow::Result<()> {
    ensure!(child::stream(name, command, |_| ())?, "{name} failed, see above");
    Ok(())
}

/// Whether a program says anything at all.
fn answers(words: &[&str]) -> bool {
    let Some((program, arguments)) = words.split_first() else { return false };
    let output = Command::new(program).args(arguments).stderr(Stdio::null()).output();
    output.is_ok_and(|output| !output.stdout.trim_ascii().is_empty())
}

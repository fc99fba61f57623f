//! `cargo xtask plugins`: keeps the committed components of plugins/shipped equal to what their sources give.
//!
//! `dayshift plugin build FOLDER --out FILE.wasm` builds one component and writes the hash of its sources
//! beside it as `FILE.sources`; both are committed, so that a node can be built without the wasm target.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};

use crate::child;
use crate::golden::{self, Mode, Outcome};
use crate::out;
use crate::workspace::Workspace;

/// The folder of the shipped guests, one folder each.
pub(crate) const FOLDER: &str = "plugins/shipped";

const COMMITTED: [&str; 2] = ["wasm", "sources"];

/// Builds every shipped guest and compares or updates its committed files.
pub(crate) fn run(workspace: &Workspace, mode: Mode) -> anyhow::Result<ExitCode> {
    let names = shipped(workspace.root())?;
    workspace.build()?;
    let built = workspace.target().join("plugins");
    fs::create_dir_all(&built).with_context(|| format!("cannot create {}", built.display()))?;
    let mut stale = Vec::new();
    for (index, name) in names.iter().enumerate() {
        out::note(&format!("plugin {} of {}: {name}", index + 1, names.len()));
        let component = built.join(format!("{name}.wasm"));
        build(workspace, name, &component)?;
        for extension in COMMITTED {
            let path = built.join(format!("{name}.{extension}"));
            let generated = fs::read(&path).with_context(|| {
                format!("dayshift plugin build of {name} did not write {}", path.display())
            })?;
            let committed = format!("{FOLDER}/{name}.{extension}");
            let known = fs::read(workspace.root().join(&committed)).unwrap_or_default();
            let outcome = if mode == Mode::Check && same_sources(extension, &known, &generated) {
                Outcome::Same
            } else {
                golden::settle(&workspace.root().join(&committed), &generated, mode)?
            };
            match outcome {
                Outcome::Same => out::line(&format!("{committed}: up to date")),
                Outcome::Written => out::line(&format!("{committed}: written")),
                Outcome::Stale => stale.push(committed),
            }
        }
    }
    if !stale.is_empty() {
        bail!("{} differ from their sources; fix: cargo xtask plugins, then commit", stale.join(", "));
    }
    Ok(ExitCode::SUCCESS)
}

/// The names of the shipped guests, in order.
pub(crate) fn shipped(root: &Path) -> anyhow::Result<Vec<String>> {
    let folder = root.join(FOLDER);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {FOLDER}"))? {
        let path = entry.with_context(|| format!("cannot read {FOLDER}"))?.path();
        if path.join("Cargo.toml").is_file() {
            names.extend(path.file_name().and_then(|name| name.to_str()).map(str::to_owned));
        }
    }
    names.sort();
    Ok(names)
}

/// Whether two builds come from the same sources. rustc names symbols after the folder of a package, so the bytes of a
/// component differ by checkout though not by behaviour: of components the length is compared, of lists the sources.
fn same_sources(extension: &str, known: &[u8], generated: &[u8]) -> bool {
    if extension == "wasm" {
        return known.len() == generated.len();
    }
    let sources = |list: &[u8]| {
        let text = String::from_utf8_lossy(list).into_owned();
        text.lines().filter(|line| !line.ends_with("  component")).map(str::to_owned).collect::<Vec<_>>()
    };
    sources(known) == sources(generated)
}

fn build(workspace: &Workspace, name: &str, component: &Path) -> anyhow::Result<()> {
    let mut command = workspace.command(workspace.binary("dayshift"));
    command.args(["plugin", "build"]).arg(format!("{FOLDER}/{name}")).arg("--out").arg(component);
    let succeeded = child::stream(name, &mut command, |_| ())?;
    ensure!(succeeded, "dayshift plugin build {FOLDER}/{name} failed, see above");
    Ok(())
}

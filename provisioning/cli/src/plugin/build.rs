//! Compiles a project to WebAssembly, encodes the component and tries it in the host.

use super::manifest::{FILE, Manifest};
use anyhow::{Context as _, bail};
use plugin_host::{Guest, Host, Metering, Settings};
use std::{
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use wit_component::ComponentEncoder;

const TARGET: &str = "wasm32-unknown-unknown";

/// Builds the project in `dir` into `out`, or where its manifest says, and returns the component.
pub(super) fn run(dir: &Path, out: Option<&Path>) -> anyhow::Result<Vec<u8>> {
    let manifest = Manifest::read(dir)?;
    let dir = dir.canonicalize().with_context(|| format!("no folder {}", dir.display()))?;
    require_target()?;
    let core = compile(&dir)?;
    let component = encode(&core)?;
    let host = Host::new(Metering::Off)?;
    let guest =
        Guest::load(&host, &component, Settings::default()).context("a node would refuse this plugin")?;
    manifest.check(&guest)?;

    let named = manifest.out.clone().unwrap_or_else(|| format!("{}.wasm", manifest.name));
    let out = out.map_or_else(|| dir.join(named), Path::to_path_buf);
    fs::write(&out, &component).with_context(|| format!("cannot write {}", out.display()))?;
    let list = out.with_extension("sources");
    fs::write(&list, source_hashes(&dir, &manifest, &component)?)
        .with_context(|| format!("cannot write {}", list.display()))?;
    writeln!(io::stdout(), "{}: {} bytes", out.display(), component.len())?;
    Ok(component)
}

/// Installs the target where it is missing.
fn require_target() -> anyhow::Result<()> {
    let printed = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .context("rustc is not installed; see https://rustup.rs")?;
    if Path::new(String::from_utf8_lossy(&printed.stdout).trim()).is_dir() {
        return Ok(());
    }
    writeln!(io::stderr(), "the target {TARGET} is missing; rustup target add {TARGET}")?;
    let is_added =
        Command::new("rustup").args(["target", "add", TARGET]).status().is_ok_and(|status| status.success());
    if !is_added {
        bail!(
            "the target {TARGET} could not be installed: run `rustup target add {TARGET}` where \
             rustup reaches its server, or install your system's package of the Rust standard \
             library for WebAssembly"
        );
    }
    Ok(())
}

/// Runs cargo and returns the core module.
fn compile(dir: &Path) -> anyhow::Result<Vec<u8>> {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")))
        .unwrap_or_default();
    // Panic messages would carry the builder's paths into the component, and differ by machine.
    let root = dir.ancestors().nth(3).unwrap_or(dir);
    let remap = [(&*home, "cargo"), (root, "repo"), (dir, "plugin")]
        .map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()))
        .join("\x1f")
        // A guest's own stack is zeroed and mapped for every call; the default is a mebibyte.
        + "\x1f-Clink-arg=-zstack-size=131072";
    let output = Command::new("cargo")
        .args(["build", "--lib", "--release", "--target", TARGET])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(dir)
        .env("CARGO_ENCODED_RUSTFLAGS", remap)
        .stderr(Stdio::inherit())
        .output()
        .context("cargo is not installed; see https://rustup.rs")?;
    if !output.status.success() {
        bail!("the plugin does not compile; cargo has said why");
    }
    let path = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["reason"] == "compiler-artifact")
        .filter_map(|message| Some(message["filenames"].as_array()?.clone()))
        .flatten()
        .filter_map(|name| name.as_str().map(PathBuf::from))
        .rfind(|path| path.extension().is_some_and(|extension| extension == "wasm"))
        .context("cargo made no .wasm: Cargo.toml needs `crate-type = [\"cdylib\"]` under [lib]")?;
    fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
}

fn encode(core: &[u8]) -> anyhow::Result<Vec<u8>> {
    ComponentEncoder::default()
        .validate(true)
        .module(core)
        .and_then(|mut encoder| encoder.encode())
        .context(
            "no component can be made of the module: does src/lib.rs call `plugin_sdk::filter!` or `plugin_sdk::admit!`, \
             and one of them only?",
        )
}

/// One line a file, the component's last: BLAKE3, two spaces, path from the project.
fn source_hashes(dir: &Path, manifest: &Manifest, component: &[u8]) -> anyhow::Result<String> {
    let mut lines = String::new();
    let mut paths = vec![FILE.to_owned()];
    for source in &manifest.sources {
        list(dir, source, &mut paths).with_context(|| format!("cannot list {source}"))?;
    }
    paths.sort();
    for path in paths {
        let bytes = fs::read(dir.join(&path)).with_context(|| format!("cannot read {path}"))?;
        writeln!(lines, "{}  {path}", blake3::hash(&bytes))?;
    }
    writeln!(lines, "{}  component", blake3::hash(component))?;
    Ok(lines)
}

fn list(dir: &Path, source: &str, paths: &mut Vec<String>) -> io::Result<()> {
    if !dir.join(source).is_dir() {
        paths.push(source.to_owned());
        return Ok(());
    }
    for entry in dir.join(source).read_dir()? {
        list(dir, &format!("{source}/{}", entry?.file_name().to_string_lossy()), paths)?;
    }
    Ok(())
}

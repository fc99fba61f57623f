//! Reads a folder of components; when to read it again is the caller's affair.

use crate::{
    engine::Host,
    limits::COMPONENT_BYTES_MAX,
    plugin::{Plugin, Refusal},
};
use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

/// Loads `*.wasm` of one folder and compiles again only what has changed.
#[derive(Debug)]
pub struct PluginFolder {
    host: Host,
    dir: PathBuf,
    loaded: BTreeMap<OsString, Arc<Plugin>>,
}

/// What a folder holds, both lists in the order of file names.
#[derive(Debug, Default)]
pub struct Scan {
    /// Plugins that may be put into a chain.
    pub loaded: Vec<Arc<Plugin>>,
    /// Files that were refused, with the reasons.
    pub refused: Vec<RefusedFile>,
}

/// A file that is not loaded.
#[derive(Debug)]
pub struct RefusedFile {
    /// Where it is.
    pub path: PathBuf,
    /// Why it is not loaded.
    pub refusal: Refusal,
}

impl PluginFolder {
    /// A folder that has not been read yet.
    #[must_use]
    pub fn new(host: &Host, dir: impl Into<PathBuf>) -> Self {
        Self { host: host.clone(), dir: dir.into(), loaded: BTreeMap::new() }
    }

    /// Reads the folder; a folder that does not exist is an empty one.
    ///
    /// A plugin whose bytes are those of the last scan is the same `Arc` as before. Blocks for
    /// tens of milliseconds for each new component.
    ///
    /// # Errors
    /// When the folder itself cannot be listed.
    pub fn scan(&mut self) -> io::Result<Scan> {
        let mut scan = Scan::default();
        let mut loaded = BTreeMap::new();
        for path in list(&self.dir)? {
            let name = path.file_name().unwrap_or_default().to_owned();
            match self.load(&path, self.loaded.get(&name)) {
                Ok(plugin) => {
                    scan.loaded.push(Arc::clone(&plugin));
                    loaded.insert(name, plugin);
                }
                Err(refusal) => scan.refused.push(RefusedFile { path, refusal }),
            }
        }
        self.loaded = loaded;
        Ok(scan)
    }

    fn load(&self, path: &Path, before: Option<&Arc<Plugin>>) -> Result<Arc<Plugin>, Refusal> {
        let bytes = read(path).map_err(Refusal::Unreadable)?;
        match before {
            Some(plugin) if blake3::hash(&bytes) == *plugin.hash() => Ok(Arc::clone(plugin)),
            Some(_) | None => Plugin::load(&self.host, &bytes).map(Arc::new),
        }
    }
}

fn list(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match dir.read_dir() {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte more than allowed, so that a file that is too large is refused as such, not cut.
    File::open(path)?.take(COMPONENT_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

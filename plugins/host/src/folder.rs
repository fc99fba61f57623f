//! Reads a folder of components; when to read it again is the caller's affair.

use crate::{
    admitter::Admitter,
    code::Code,
    engine::Host,
    limits::{COMPONENT_BYTES_MAX, SETTINGS_BYTES_MAX},
    plugin::{Plugin, Refusal},
    settings::Settings,
};
use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

/// Loads `*.wasm` of one folder, each with the settings of a `*.toml` beside it, and compiles again only what has changed.
#[derive(Debug)]
pub struct PluginFolder {
    host: Host,
    dir: PathBuf,
    loaded: BTreeMap<OsString, Guest>,
}

/// A component by what it exports.
#[derive(Clone, Debug)]
pub enum Guest {
    /// Keeps or hides jobs in searches.
    Filter(Arc<Plugin>),
    /// Says who may take a place.
    Admit(Arc<Admitter>),
}

impl Guest {
    /// Loads a component of either kind.
    ///
    /// # Errors
    /// A [`Refusal`] that says what the author or the operator can change.
    pub fn load(host: &Host, bytes: &[u8], settings: Settings) -> Result<Self, Refusal> {
        match Admitter::of(Code::compile(host, bytes)?, settings) {
            Ok(admitter) => admitter.map(|admitter| Self::Admit(Arc::new(admitter))),
            Err((code, settings)) if settings.is_empty() => {
                Plugin::of(code).map(|plugin| Self::Filter(Arc::new(plugin)))
            }
            Err(_) => Err(Refusal::BadSettings("a filter has none; remove the file".to_owned())),
        }
    }

    fn hash(&self) -> &[u8; 32] {
        match self {
            Self::Filter(plugin) => plugin.hash(),
            Self::Admit(admitter) => admitter.hash(),
        }
    }

    /// The same code under these settings, where they changed.
    fn under(&self, settings: Settings) -> Option<Result<Self, Refusal>> {
        match self {
            Self::Filter(_) => settings.is_empty().then(|| Ok(self.clone())),
            Self::Admit(admitter) if *admitter.settings() == settings => Some(Ok(self.clone())),
            Self::Admit(admitter) => {
                Some(admitter.under(settings).map(|admitter| Self::Admit(Arc::new(admitter))))
            }
        }
    }
}

/// What a folder holds, each list in the order of file names.
#[derive(Debug, Default)]
pub struct Scan {
    /// Plugins that may be put into a chain.
    pub loaded: Vec<Arc<Plugin>>,
    /// Plugins that say who may take a place.
    pub admitters: Vec<Arc<Admitter>>,
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
    /// A plugin whose bytes and settings are those of the last scan is the same `Arc` as before. An admission plugin whose
    /// files are refused now stays as it was. Blocks for tens of milliseconds for each new component.
    ///
    /// # Errors
    /// When the folder itself cannot be listed.
    pub fn scan(&mut self) -> io::Result<Scan> {
        let mut scan = Scan::default();
        let mut loaded = BTreeMap::new();
        for path in list(&self.dir)? {
            let name = path.file_name().unwrap_or_default().to_owned();
            let before = self.loaded.get(&name);
            let guest = match self.load(&path, before) {
                Ok(guest) => Some(guest),
                Err(refusal) => {
                    scan.refused.push(RefusedFile { path, refusal });
                    // A slip in a file is no reason to sign up whom a rule in force keeps out.
                    before.filter(|guest| matches!(guest, Guest::Admit(_))).cloned()
                }
            };
            match &guest {
                Some(Guest::Filter(plugin)) => scan.loaded.push(Arc::clone(plugin)),
                Some(Guest::Admit(admitter)) => scan.admitters.push(Arc::clone(admitter)),
                None => {}
            }
            loaded.extend(guest.map(|guest| (name, guest)));
        }
        self.loaded = loaded;
        Ok(scan)
    }

    fn load(&self, path: &Path, before: Option<&Guest>) -> Result<Guest, Refusal> {
        let bytes = read(path, COMPONENT_BYTES_MAX).map_err(Refusal::Unreadable)?;
        let settings = settings_of(path)?;
        before
            .filter(|guest| blake3::hash(&bytes) == *guest.hash())
            .and_then(|guest| guest.under(settings.clone()))
            .unwrap_or_else(|| Guest::load(&self.host, &bytes, settings))
    }
}

/// What the operator has set beside a component.
fn settings_of(component: &Path) -> Result<Settings, Refusal> {
    let bytes = match read(&component.with_extension("toml"), SETTINGS_BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Settings::default()),
        Err(error) => return Err(Refusal::BadSettings(error.to_string())),
    };
    let text = String::from_utf8(bytes).map_err(|_| Refusal::BadSettings("they are no text".to_owned()))?;
    Settings::parse(&text).map_err(Refusal::BadSettings)
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

fn read(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte more than allowed, so that a file that is too large is refused as such, not cut.
    File::open(path)?.take(most as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

//! Committed files that a program generates: one comparison for all of them.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context;

/// What to do with a committed file that differs from the generated one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Report it.
    Check,
    /// Write the generated one.
    Update,
}

impl From<bool> for Mode {
    fn from(check: bool) -> Self {
        if check { Self::Check } else { Self::Update }
    }
}

/// What became of one committed file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was equal already.
    Same,
    /// It was written.
    Written,
    /// It differs, or is not there, and was left alone.
    Stale,
}

/// Compares `path` with `generated` and acts by `mode`.
pub(crate) fn settle(path: &Path, generated: &[u8], mode: Mode) -> anyhow::Result<Outcome> {
    let committed = match fs::read(path) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    if committed.as_deref() == Some(generated) {
        return Ok(Outcome::Same);
    }
    if mode == Mode::Check {
        return Ok(Outcome::Stale);
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    fs::write(path, generated).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Outcome::Written)
}

#[cfg(test)]
mod tests {
    use super::{Mode, Outcome, settle};

    #[test]
    fn a_stale_file_is_reported_then_written_then_same() {
        let folder = std::env::temp_dir().join(format!("xtask-golden-{}", std::process::id()));
        let path = folder.join("a.json");
        assert_eq!(settle(&path, b"1", Mode::Check).unwrap(), Outcome::Stale);
        assert_eq!(settle(&path, b"1", Mode::Update).unwrap(), Outcome::Written);
        assert_eq!(settle(&path, b"1", Mode::Check).unwrap(), Outcome::Same);
        assert_eq!(settle(&path, b"2", Mode::Check).unwrap(), Outcome::Stale);
        std::fs::remove_dir_all(folder).unwrap();
    }
}

//! A node's folder is held by one process at a time: two that sell from it would be two machines with one name.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

const LOCK_FILE: &str = "lock";

/// The right to act for the node of a folder, as long as this value lives. It ends with its process, however that ends.
#[derive(Debug)]
pub struct FolderHold {
    /// `None` on a disk that cannot be written: then nobody can run there either.
    _file: Option<File>,
}

/// Why a folder could not be held.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    /// A node runs on it.
    #[error("a node runs on {}; stop it first", .0.display())]
    InUse(PathBuf),
    /// The lock file could not be opened.
    #[error("cannot open {}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl FolderHold {
    /// Holds the folder, unless another process does.
    pub fn take(folder: &Path) -> Result<Self, HoldError> {
        let path = folder.join(LOCK_FILE);
        let file = match OpenOptions::new().write(true).create(true).truncate(false).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => {
                return Ok(Self { _file: None });
            }
            Err(source) => return Err(HoldError::File { path, source }),
        };
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: Some(file) }),
            Err(TryLockError::WouldBlock) => Err(HoldError::InUse(folder.to_owned())),
            Err(TryLockError::Error(source)) => Err(HoldError::File { path, source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_held_once() {
        let folder = std::env::temp_dir().join(format!("dayshift-hold-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let hold = FolderHold::take(&folder).unwrap();
        assert!(matches!(FolderHold::take(&folder), Err(HoldError::InUse(_))));
        drop(hold);
        drop(FolderHold::take(&folder).unwrap());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}

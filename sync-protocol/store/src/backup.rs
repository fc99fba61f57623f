//! Copies of database files that stand for one moment each, and the lock that tells whether a hub uses a folder.
//!
//! A backup is taken beside the running hub; the lock is held by the hub and by whoever puts files in its folder.

use crate::error::StoreError;
use rusqlite::{Connection, OpenFlags};
use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::Path,
};

/// Why a database file could not be copied.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the copy could not be synced to the disk")]
    Io(#[source] io::Error),
}

/// Copies the database at `from`, which may be in use, into the new file `to`: one consistent picture, synced.
pub fn back_up(from: &Path, to: &Path) -> Result<(), BackupError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let copy = || -> Result<(), StoreError> {
        let connection = Connection::open_with_flags(from, flags)?;
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        let to = to.to_str().ok_or(StoreError::BadRow("a path that is not UTF-8"))?;
        connection.execute("VACUUM INTO ?1", [to])?;
        Ok(())
    };
    copy()?;
    File::open(to).and_then(|file| file.sync_all()).map_err(BackupError::Io)
}

/// The right to use a data folder, for as long as this value lives; the system takes it back when the process ends.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Takes the lock by its file; `None` where another process has it.
    pub fn take(path: &Path) -> io::Result<Option<Self>> {
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

//! A small pool of reader connections: reads never pass through the event loop.

use crate::limits::READERS_KEPT;
use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};
use sync_store::{OpenOptions, ShardTx, SqliteShard, StoreError};

/// The pool.
#[derive(Debug)]
pub(crate) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<SqliteShard>>,
}

impl Readers {
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), idle: Mutex::new(Vec::new()) }
    }

    /// Runs `work` on one consistent picture of the database.
    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&mut dyn ShardTx) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut reader = match kept {
            Some(reader) => reader,
            None => OpenOptions::new(&self.path).open()?,
        };
        let result = reader.read(work);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < READERS_KEPT {
            idle.push(reader);
        }
        result
    }
}

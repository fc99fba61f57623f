//! A small pool of reader handles: reads never pass through the event loop.

use crate::limits::READERS_KEPT;
use std::sync::{Mutex, OnceLock, PoisonError};
use sync_store::{OpenStore, ShardStore, ShardTx, StoreError};

/// The pool. It remembers the first damage that a reader met: from then on the node signs nobody up.
pub(crate) struct Readers {
    open: OpenStore,
    idle: Mutex<Vec<Box<dyn ShardStore>>>,
    damage: OnceLock<String>,
}

impl Readers {
    pub(crate) fn new(open: OpenStore) -> Self {
        Self { open, idle: Mutex::new(Vec::new()), damage: OnceLock::new() }
    }

    /// What the first reader found that met a damaged row or file.
    pub(crate) fn damage(&self) -> Option<&str> {
        self.damage.get().map(String::as_str)
    }

    /// Runs `work` on one consistent picture of the database.
    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&mut dyn ShardTx) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let result = self.try_read(work);
        if let Err(error) = &result
            && error.is_corrupt()
        {
            self.damage.get_or_init(|| {
                tracing::error!(error = error as &dyn std::error::Error, "a read met a damaged database");
                error.to_string()
            });
        }
        result
    }

    fn try_read<T>(
        &self,
        work: impl FnOnce(&mut dyn ShardTx) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut reader = match kept {
            Some(reader) => reader,
            None => (self.open)()?,
        };
        let result = reader.read(work);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < READERS_KEPT {
            idle.push(reader);
        }
        result
    }
}

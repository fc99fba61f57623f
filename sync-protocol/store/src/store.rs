//! A whole store, whatever the engine: transactions, pictures for reading, upkeep.
//!
//! Programs open an engine once, at their start, and from there on hold a [`ShardStore`]. The trait is object-safe; the
//! methods on `dyn ShardStore` give work a result of its own.

use crate::{error::StoreError, shard::ShardTx};
use std::sync::Arc;

/// Work in one open transaction, called once.
pub type Work<'a> = &'a mut dyn FnMut(&mut dyn ShardTx) -> Result<(), StoreError>;

/// One open handle on a store. Handles on the same store see what any of them has committed.
pub trait ShardStore: Send + std::fmt::Debug {
    /// Runs `work` in one durable transaction; an error undoes all of it.
    fn transact_with(&mut self, work: Work<'_>) -> Result<(), StoreError>;
    /// Runs `work` on one consistent picture of the store; its writes are undone.
    fn read_with(&mut self, work: Work<'_>) -> Result<(), StoreError>;
    /// Gives back what the engine holds beside its data, such as a write-ahead log.
    fn checkpoint(&mut self) -> Result<(), StoreError>;
    /// Reads everything: the engine's own structure, the checksum of every row, the chain of every own log.
    fn quick_check(&mut self) -> Result<(), StoreError>;
}

/// Opens another handle on the same store.
pub type OpenStore = Arc<dyn Fn() -> Result<Box<dyn ShardStore>, StoreError> + Send + Sync>;

impl dyn ShardStore + '_ {
    /// Runs `work` in one durable transaction; an error undoes all of it.
    pub fn transact<T>(
        &mut self,
        work: impl FnOnce(&mut dyn ShardTx) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        once(work, |work| self.transact_with(work))
    }

    /// Runs `work` on one consistent picture of the store; its writes are undone.
    pub fn read<T>(
        &mut self,
        work: impl FnOnce(&mut dyn ShardTx) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        once(work, |work| self.read_with(work))
    }
}

/// Hands work with a result to an engine that knows only work without one.
pub(crate) fn once<T>(
    work: impl FnOnce(&mut dyn ShardTx) -> Result<T, StoreError>,
    run: impl FnOnce(Work<'_>) -> Result<(), StoreError>,
) -> Result<T, StoreError> {
    let (mut work, mut made) = (Some(work), None);
    run(&mut |tx| {
        let work = work.take().ok_or(StoreError::BadRow("work was run twice"))?;
        made = Some(work(tx)?);
        Ok(())
    })?;
    made.ok_or(StoreError::BadRow("work was not run"))
}

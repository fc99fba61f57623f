//! The hub's seals: what it tells nodes of rights, seats and texts comes back to it under them after a restore.

use super::Shard;
use sync_protocol::{
    documents::{Document, JobFields, Value},
    ids::{JobId, TopicId},
    seats::{JobText, Seal, SealKey},
};
use sync_store::{ShardTx, StoreError};

const KEY: &str = "seal";

/// Keeps `fresh` as the key of this file's seals, unless it has one: a file has one for life, and so have its backups.
pub fn keep_seal(tx: &mut dyn ShardTx, fresh: &[u8; 32]) -> Result<(), StoreError> {
    if tx.meta(KEY)?.is_none() { tx.put_meta(KEY, fresh) } else { Ok(()) }
}

impl Shard<'_> {
    pub(super) fn seal_key(&mut self) -> Result<SealKey, StoreError> {
        let bytes = self.tx.meta(KEY)?.and_then(|bytes| bytes.try_into().ok());
        bytes.map(SealKey).ok_or(StoreError::BadRow("the key of this file's seals"))
    }

    /// What the hub writes of the text of a job that it made, with the seal of all of it.
    pub(super) fn sealed<'a>(
        &mut self,
        job: JobId,
        topic: TopicId,
        document: &Document,
        fields: &[(&'a str, Value)],
    ) -> Result<Vec<(&'a str, Value)>, StoreError> {
        let mut text = document.values_with(fields);
        text.remove(JobFields::SEALED);
        let seal = Value::Bytes(self.seal_key()?.text(job, topic, &text).0.to_vec());
        let unsealed = fields.iter().filter(|(name, _)| *name != JobFields::SEALED).cloned();
        Ok(unsealed.chain([(JobFields::SEALED, seal)]).collect())
    }

    /// The text that a node gives back, if the hub wrote it so.
    pub(super) fn is_own_text(
        &mut self,
        job: JobId,
        topic: TopicId,
        text: &JobText,
    ) -> Result<bool, StoreError> {
        let mut text = text.clone();
        let seal = match text.remove(JobFields::SEALED) {
            Some(Value::Bytes(bytes)) => bytes.try_into().ok().map(Seal),
            Some(Value::Text(_) | Value::Int(_) | Value::Bool(_) | Value::Null) | None => None,
        };
        Ok(self.seal_key()?.holds_text(seal, job, topic, &text))
    }
}

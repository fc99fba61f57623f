//! The public keys that sign in tenants' names, as each vshard's file keeps them: evidence is merged by the same keys, whenever.

use super::Shard;
use sync_protocol::ids::TopicId;
use sync_store::{ShardTx, StoreError};

fn key(topic: TopicId) -> String {
    format!("tenant_sign_keys/{}", topic.0)
}

/// Keeps what the directory says of topics: public keys of their tenants, the present one first. Called in the transaction
/// of a merge, so that no edit is judged by keys that were replaced before it came.
pub fn know_tenants(tx: &mut dyn ShardTx, topics: &[(TopicId, Vec<u8>)]) -> Result<(), StoreError> {
    for (topic, keys) in topics {
        if tx.meta(&key(*topic))?.unwrap_or_default() != *keys {
            tx.put_meta(&key(*topic), keys)?;
        }
    }
    Ok(())
}

/// The public keys of the tenant of a topic; none where its key was made by an earlier version.
pub(super) fn keys_of(shard: &mut Shard<'_>, topic: TopicId) -> Result<Vec<u8>, StoreError> {
    Ok(shard.tx.meta(&key(topic))?.unwrap_or_default())
}

//! Contacts of an incarnation with the hub, kept so that an older copy of its disk is known at its first word.

use sync_protocol::{
    contact::OlderDisk,
    ids::{VshardId, Writer},
};
use sync_store::{ShardTx, StoreError};

/// Where the contacts of a node are kept.
#[must_use]
pub fn contacts_vshard(writer: Writer) -> VshardId {
    VshardId::of_node(writer.node)
}

/// A node shows the number that its disk holds. Returns the number of this contact, which it may be told once this
/// transaction is durable.
pub fn meet(tx: &mut dyn ShardTx, writer: Writer, shown: u64) -> Result<Result<u64, OlderDisk>, StoreError> {
    let vshard = contacts_vshard(writer);
    match tx.contacts(vshard, writer)?.meet(shown) {
        Ok(contacts) => {
            tx.put_contacts(vshard, writer, contacts)?;
            Ok(Ok(contacts.given))
        }
        Err(older) => Ok(Err(older)),
    }
}

/// A node says that it holds a number durably.
pub fn held(tx: &mut dyn ShardTx, writer: Writer, number: u64) -> Result<(), StoreError> {
    let vshard = contacts_vshard(writer);
    let contacts = tx.contacts(vshard, writer)?;
    tx.put_contacts(vshard, writer, contacts.holds(number))
}

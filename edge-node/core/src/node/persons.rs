//! Enrolment and erasure: what a batch does with the sealed rows of persons. It never opens them.

use super::Batch;
use crate::person::Class;
use sync_protocol::{
    erasure::{EraseOrder, ErasureBody, ErasureReceipt},
    ids::WorkerId,
};
use sync_store::{ErasureRow, Kept, StoreError};

/// Sealed rows of a person, new or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonChange {
    pub worker: WorkerId,
    /// The wrapped key as the change was made under; none for a person who is not known. Where another one is stored by
    /// now, somebody else was faster, or the person was erased.
    pub known: Option<Kept>,
    /// The sealed proof that was stored when the change was asked for: where it is another by now, the PIN was changed or
    /// ended meanwhile, and who asked must prove it again. None where the change does not rest on it.
    pub proof: Option<Vec<u8>>,
    /// The key to store, as it was or fresh.
    pub wrapped: Vec<u8>,
    pub rows: Vec<(Class, Vec<u8>)>,
    /// Hash of the token of a new card; the one before is void.
    pub card: Option<[u8; 32]>,
}

/// Why a change is not kept.
#[derive(Debug, thiserror::Error)]
pub enum PersonRefusal {
    #[error("the profile was changed or erased meanwhile; read it again")]
    Changed,
    #[error("this node's incarnation is over; it keeps nobody's data")]
    Retired,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Batch<'_> {
    /// Keeps a person's rows.
    pub fn change_person(&mut self, change: &PersonChange) -> Result<(), PersonRefusal> {
        if self.over {
            return Err(PersonRefusal::Retired);
        }
        if self.tx.person_key(change.worker)? != change.known {
            return Err(PersonRefusal::Changed);
        }
        if let Some(proof) = &change.proof
            && self.tx.person(change.worker, Class::Proof.number())? != Some(Kept::Whole(proof.clone()))
        {
            return Err(PersonRefusal::Changed);
        }
        if change.known.as_ref() != Some(&Kept::Whole(change.wrapped.clone())) {
            // A fresh key opens no row of the one before.
            self.tx.erase_person(change.worker)?;
            self.tx.put_person_key(change.worker, &change.wrapped)?;
        }
        for (class, sealed) in &change.rows {
            self.tx.put_person(change.worker, class.number(), sealed)?;
        }
        if let Some(card) = &change.card {
            self.tx.put_card(card, change.worker)?;
        }
        Ok(())
    }

    /// Follows an order to erase a person and signs for it; followed before, it gives the receipt that it gave. Who was
    /// enrolled anew before the order came here is erased as well: that is the safe side.
    pub fn erase(&mut self, order: &EraseOrder) -> Result<Vec<u8>, StoreError> {
        if let Some(done) = self.tx.erasure(&order.id)? {
            return Ok(done.receipt);
        }
        let had = self.tx.erase_person(order.worker)?;
        let body = ErasureBody { order: *order, writer: self.node.writer, erased_at: self.now, had };
        let receipt = ErasureReceipt::sign(&body, &self.node.signer, &self.node.certificate).to_bytes();
        let EraseOrder { id, worker, at } = *order;
        self.tx.put_erasure(&ErasureRow { id, worker, at, receipt: receipt.clone(), told: false })?;
        self.erased = true;
        Ok(receipt)
    }

    /// The hub has stored the orders and receipts of these.
    pub fn erasures_told(&mut self, orders: &[EraseOrder]) -> Result<(), StoreError> {
        for order in orders {
            if let Some(row) = self.tx.erasure(&order.id)?.filter(|row| !row.told) {
                self.tx.put_erasure(&ErasureRow { told: true, ..row })?;
            }
        }
        Ok(())
    }
}

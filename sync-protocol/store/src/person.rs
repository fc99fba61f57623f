//! What a node keeps of persons: sealed rows, the key that opens them, cards, and orders to erase.
//!
//! These tables have no vshard: they belong to the node's region and no vshard carries them. A damaged row is the matter of
//! the one person whom it is about, who enrols again; it does not freeze the node.

use crate::error::StoreError;
use sync_protocol::ids::WorkerId;

/// A row about a person, as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    Whole(Vec<u8>),
    /// It does not fit its checksum.
    Damaged,
}

/// An order to erase a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasureRow {
    /// Made at random where the order was given.
    pub id: [u8; 16],
    pub worker: WorkerId,
    /// When it was given, epoch seconds.
    pub at: i64,
    /// This node's own signed receipt.
    pub receipt: Vec<u8>,
    /// The hub has stored the receipt.
    pub told: bool,
}

/// What one transaction can do with persons.
pub trait PersonTx {
    /// The key of a person's rows, wrapped for the region.
    fn person_key(&mut self, worker: WorkerId) -> Result<Option<Kept>, StoreError>;
    fn put_person_key(&mut self, worker: WorkerId, wrapped: &[u8]) -> Result<(), StoreError>;
    /// A person's sealed row of a field class.
    fn person(&mut self, worker: WorkerId, class: u8) -> Result<Option<Kept>, StoreError>;
    fn put_person(&mut self, worker: WorkerId, class: u8, sealed: &[u8]) -> Result<(), StoreError>;
    /// Whose card has a token with this hash; none where its row is damaged.
    fn card(&mut self, token: &[u8; 32]) -> Result<Option<WorkerId>, StoreError>;
    /// Makes this the one card of its person.
    fn put_card(&mut self, token: &[u8; 32], worker: WorkerId) -> Result<(), StoreError>;
    /// Destroys the key, the rows and the card of a person. Returns whether there was any of them.
    fn erase_person(&mut self, worker: WorkerId) -> Result<bool, StoreError>;
    fn erasure(&mut self, id: &[u8; 16]) -> Result<Option<ErasureRow>, StoreError>;
    fn put_erasure(&mut self, row: &ErasureRow) -> Result<(), StoreError>;
    /// Orders whose receipt the hub has not stored, at most `limit`.
    fn erasures_untold(&mut self, limit: usize) -> Result<Vec<ErasureRow>, StoreError>;
}

//! The hub's word to a node, sealed so that the node can give it back to a hub that was restored from a backup.
//!
//! A seal is a keyed BLAKE3 hash (O'Connor et al. 2020) under a key that never leaves the hub and its backups: only the hub
//! makes and checks it, so no signature is needed. Without seals a restored hub would have to take a node's word for how
//! many rights it holds.

use super::{JobRow, LossPolicy};
use crate::{
    documents::Value,
    ids::{JobId, SignUpId, TopicId, WorkerId, Writer},
};
use minicbor::{Decode, Encode};
use std::{collections::BTreeMap, fmt};

/// What one file of the hub's seals are made with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SealKey(pub [u8; 32]);

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(..)")
    }
}

/// The hub said this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Seal(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 32]);

/// What the hub says of a job's seats to all nodes: the part of a [`JobRow`] that lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SeatsSaid {
    #[n(0)]
    pub cap: u32,
    #[n(1)]
    pub version: u32,
    #[n(2)]
    pub open: bool,
    #[n(3)]
    pub policy: LossPolicy,
}

impl SeatsSaid {
    /// What a row says.
    #[must_use]
    pub fn of(row: &JobRow) -> Self {
        Self { cap: row.cap, version: row.version, open: row.open, policy: row.policy.unwrap_or_default() }
    }
}

/// The values of a job's document by the names of their fields.
pub type JobText = BTreeMap<String, Value>;

impl SealKey {
    fn seal(&self, what: u8, said: &impl Encode<()>) -> Seal {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&[what]);
        hasher.update(&minicbor::to_vec(said).expect("writing to a Vec cannot fail"));
        Seal(*hasher.finalize().as_bytes())
    }

    fn holds(&self, seal: Option<Seal>, what: u8, said: &impl Encode<()>) -> bool {
        // Hashes compare in constant time.
        seal.is_some_and(|seal| blake3::Hash::from(seal.0) == blake3::Hash::from(self.seal(what, said).0))
    }

    /// Seals how many rights to a job a writer was granted in all.
    #[must_use]
    pub fn rights(&self, job: JobId, writer: Writer, granted: u32) -> Seal {
        self.seal(0, &(job, writer, granted))
    }

    #[must_use]
    pub fn holds_rights(&self, seal: Option<Seal>, job: JobId, writer: Writer, granted: u32) -> bool {
        self.holds(seal, 0, &(job, writer, granted))
    }

    /// Seals what was said of a job's seats.
    #[must_use]
    pub fn seats(&self, job: JobId, said: SeatsSaid) -> Seal {
        self.seal(1, &(job, said))
    }

    #[must_use]
    pub fn holds_seats(&self, seal: Option<Seal>, job: JobId, said: SeatsSaid) -> bool {
        self.holds(seal, 1, &(job, said))
    }

    /// Seals that the hub's own node gave a worker a place.
    #[must_use]
    pub fn place(&self, job: JobId, sign_up: SignUpId, worker: WorkerId) -> Seal {
        self.seal(3, &(job, sign_up, worker))
    }

    #[must_use]
    pub fn holds_place(&self, seal: Seal, job: JobId, sign_up: SignUpId, worker: WorkerId) -> bool {
        self.holds(Some(seal), 3, &(job, sign_up, worker))
    }

    /// Seals the text of a job under its topic.
    #[must_use]
    pub fn text(&self, job: JobId, topic: TopicId, text: &JobText) -> Seal {
        self.seal(2, &(job, topic.0, text))
    }

    #[must_use]
    pub fn holds_text(&self, seal: Option<Seal>, job: JobId, topic: TopicId, text: &JobText) -> bool {
        self.holds(seal, 2, &(job, topic.0, text))
    }
}

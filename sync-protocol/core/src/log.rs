//! Entries of change logs, and the hash chain over a node's log.
//!
//! A node writes one log per vshard: dense sequence numbers, each entry chained to the one before. Document changes and
//! ledger rows share it, so that they arrive in the order in which they were made and one number acknowledges both.

use crate::{
    ids::{DocumentId, TopicId, VshardId, Writer},
    mutant::{self, Mutant},
};
use ed25519_dalek::{Signature, VerifyingKey};
use minicbor::{Decode, Encode};

/// What the body of an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// An Automerge change of `doc`.
    Change,
    /// A [`NodeRow`](crate::seats::NodeRow) about job `doc`.
    NodeLedger,
    /// A [`JobRow`](crate::seats::JobRow) about job `doc`.
    JobLedger,
    /// A [`HoldingRow`](crate::seats::HoldingRow) about job `doc`, for one node.
    HoldingLedger,
}

impl EntryKind {
    #[must_use]
    pub const fn to_u8(self) -> u8 {
        match self {
            Self::Change => 0,
            Self::NodeLedger => 1,
            Self::JobLedger => 2,
            Self::HoldingLedger => 3,
        }
    }

    #[must_use]
    pub const fn from_u8(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Change,
            1 => Self::NodeLedger,
            2 => Self::JobLedger,
            3 => Self::HoldingLedger,
            _ => return None,
        })
    }
}

/// One entry of a log. `kind` stays a number on the wire, so that entries of a later version pass through.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Entry {
    #[n(0)]
    pub kind: u8,
    #[n(1)]
    pub topic: u64,
    #[n(2)]
    pub doc: DocumentId,
    #[cbor(n(3), with = "minicbor::bytes")]
    pub body: Vec<u8>,
}

impl Entry {
    #[must_use]
    pub const fn new(kind: EntryKind, topic: TopicId, doc: DocumentId, body: Vec<u8>) -> Self {
        Self { kind: kind.to_u8(), topic: topic.0, doc, body }
    }

    #[must_use]
    pub const fn topic(&self) -> TopicId {
        TopicId(self.topic)
    }

    /// Bytes that count against the limits of a batch.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.body.len() + 40
    }
}

/// The hash of a log up to and including an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct Head(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 32]);

impl Head {
    /// The head of a log with no entry: it names whose log of which vshard it is.
    #[must_use]
    pub fn genesis(writer: Writer, vshard: VshardId) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("dayshift log v1");
        hasher.update(&writer.to_bytes());
        hasher.update(&vshard.0.to_be_bytes());
        Self(*hasher.finalize().as_bytes())
    }

    /// The head after one more entry.
    #[must_use]
    pub fn then(&self, entry: &Entry) -> Self {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&[entry.kind]);
        hasher.update(&entry.topic.to_be_bytes());
        hasher.update(&entry.doc.to_bytes());
        hasher.update(&entry.body);
        Self(*hasher.finalize().as_bytes())
    }

    /// The bytes that a node's log key signs for its log up to `wseq`.
    #[must_use]
    pub fn signed_bytes(&self, writer: Writer, vshard: VshardId, wseq: u64) -> Vec<u8> {
        let mut bytes = b"dayshift head v1".to_vec();
        bytes.extend_from_slice(&writer.to_bytes());
        bytes.extend_from_slice(&vshard.0.to_be_bytes());
        bytes.extend_from_slice(&wseq.to_be_bytes());
        bytes.extend_from_slice(&self.0);
        bytes
    }
}

/// Why a log is not the one that the hub has read before: its disk was restored, or somebody copied it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GoneBack {
    #[error("is gone, which the hub has up to {known}")]
    Gone { known: u64 },
    #[error("went back from {known} to {told}: a restored disk or a copy")]
    Shorter { known: u64, told: u64 },
    #[error("differs at {at}: two machines write under one name")]
    Apart { at: u64 },
}

/// Judges a log by where its node says it ends (`told`), against what the hub has of it. A log that grew apart and is longer
/// passes here; its first batch does not extend the chain and is refused then.
pub fn goes_on(known: &LogHead, told: Option<&LogHead>) -> Result<(), GoneBack> {
    if mutant::is(Mutant::RestoredUnnoticed) {
        return Ok(());
    }
    match told {
        None if known.wseq > 0 => Err(GoneBack::Gone { known: known.wseq }),
        Some(told) if told.wseq < known.wseq => Err(GoneBack::Shorter { known: known.wseq, told: told.wseq }),
        Some(told) if told.wseq == known.wseq && told.head != known.head => {
            Err(GoneBack::Apart { at: told.wseq })
        }
        None | Some(_) => Ok(()),
    }
}

/// A place in a log: the highest sequence and its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct LogHead {
    #[n(0)]
    pub wseq: u64,
    #[n(1)]
    pub head: Head,
}

impl LogHead {
    /// Whether a node's log key signed its log up to here.
    #[must_use]
    pub fn is_signed(&self, key: &VerifyingKey, writer: Writer, vshard: VshardId, signature: &[u8]) -> bool {
        let Ok(signature) = Signature::from_slice(signature) else { return false };
        key.verify_strict(&self.head.signed_bytes(writer, vshard, self.wseq), &signature).is_ok()
    }

    /// The place after one more entry.
    #[must_use]
    pub fn then(self, entry: &Entry) -> Self {
        Self { wseq: self.wseq + 1, head: self.head.then(entry) }
    }
}

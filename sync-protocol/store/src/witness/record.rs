//! One record of the witness file, and batches of them.

use std::collections::BTreeMap;
use sync_protocol::{
    ids::VshardId,
    log::{Head, LogHead},
};

/// vshard u16, place in the batch u16, records of the batch u16, zero u16, wseq u64, head 32 bytes, checksum 8 bytes.
pub(super) const RECORD_BYTES: usize = 56;
const SUM_AT: usize = RECORD_BYTES - 8;
/// The first record of each file, which says nothing of any vshard.
const START: VshardId = VshardId(u16::MAX);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record {
    vshard: VshardId,
    head: LogHead,
    index: u16,
    count: u16,
}

impl Record {
    pub(super) const fn start() -> Self {
        let head = LogHead { wseq: 0, head: Head(*b"dayshift witness, first record 1") };
        Self { vshard: START, head, index: 0, count: 1 }
    }

    pub(super) fn is_start(&self) -> bool {
        *self == Self::start()
    }

    /// Place in the batch, and records of the batch.
    pub(super) fn place(&self) -> (usize, usize) {
        (usize::from(self.index), usize::from(self.count))
    }

    /// What was witnessed.
    pub(super) fn head(&self) -> Option<(VshardId, LogHead)> {
        (self.vshard != START).then_some((self.vshard, self.head))
    }

    pub(super) fn encode(&self) -> [u8; RECORD_BYTES] {
        let mut bytes = [0; RECORD_BYTES];
        bytes[..2].copy_from_slice(&self.vshard.0.to_be_bytes());
        bytes[2..4].copy_from_slice(&self.index.to_be_bytes());
        bytes[4..6].copy_from_slice(&self.count.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.head.wseq.to_be_bytes());
        bytes[16..SUM_AT].copy_from_slice(&self.head.head.0);
        let sum = blake3::hash(&bytes[..SUM_AT]);
        bytes[SUM_AT..].copy_from_slice(&sum.as_bytes()[..8]);
        bytes
    }

    /// Reads a record; `None` where it is short or does not fit its checksum.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; RECORD_BYTES] = bytes.try_into().ok()?;
        let sum = blake3::hash(&bytes[..SUM_AT]);
        if bytes[SUM_AT..] != sum.as_bytes()[..8] {
            return None;
        }
        let wseq = u64::from_be_bytes(bytes[8..16].try_into().ok()?);
        let head = Head(bytes[16..SUM_AT].try_into().ok()?);
        Some(Self {
            vshard: VshardId(u16::from_be_bytes([bytes[0], bytes[1]])),
            index: u16::from_be_bytes([bytes[2], bytes[3]]),
            count: u16::from_be_bytes([bytes[4], bytes[5]]).max(1),
            head: LogHead { wseq, head },
        })
    }
}

/// The bytes of one batch, which is written and synced at once.
pub(super) fn batch(heads: &BTreeMap<VshardId, LogHead>) -> Vec<u8> {
    let count = u16::try_from(heads.len()).unwrap_or(u16::MAX);
    let record = |((vshard, head), index): ((&VshardId, &LogHead), u16)| {
        Record { vshard: *vshard, head: *head, index, count }.encode()
    };
    heads.iter().zip(0_u16..).flat_map(record).collect()
}

/// The bytes of a whole file. Each record is a batch of its own, and the last stands there twice: a torn last batch is
/// dropped without a word, and this file is synced before it is used.
pub(super) fn whole(heads: &BTreeMap<VshardId, LogHead>) -> Vec<u8> {
    let records =
        heads.iter().map(|(vshard, head)| Record { vshard: *vshard, head: *head, index: 0, count: 1 });
    let last = records.clone().next_back();
    std::iter::once(Record::start()).chain(records).chain(last).flat_map(|record| record.encode()).collect()
}

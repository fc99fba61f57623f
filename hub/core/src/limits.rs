//! What one incarnation can make the hub keep in one file of vshards, and how fast it can ask for the ends of others' sign-ups.
//!
//! Whoever is over a limit is refused whole batches, before anything of them is written.

/// What a kept entry counts beside its body: its row, its keys and their index.
pub const KEPT_ROW_BYTES: u64 = 256;

/// Bytes of a live incarnation's entries that were kept aside because they could not be applied. An honest node parks a
/// handful in its life; this is some 50,000 of them. A batch that begins below it is taken whole, at most 4 MiB more.
pub const PARKED_BYTES_MAX: u64 = 16 << 20;

/// Bytes of documents that the changes of one batch may write anew, and how many more for each entry of it. A sign-up weighs
/// some 500 bytes, a job 2,000: an honest batch uses a twentieth.
pub const BATCH_DOCUMENT_BYTES: u64 = 1 << 20;
pub const ENTRY_DOCUMENT_BYTES: u64 = 16 << 10;

/// Bytes of a fenced incarnation's log that are kept as evidence: some half a million sign-ups that the hub had not
/// heard of. Settling reads them into memory at once.
pub const EVIDENCE_BYTES_MAX: u64 = 256 << 20;

/// Ends of sign-ups that an incarnation's reports may ask for in its life: 270 a day for a year. A batch that begins below
/// it is taken whole, at most 1,024 more.
pub const ENDS_MAX: u64 = 100_000;

/// Cancellations of sign-ups held elsewhere that an incarnation may ask for at once: what a hall passes on after a long
/// cut. The batch that takes the last of them is taken whole.
pub const CANCELS_BURST: i64 = 1_000;

/// Seconds after which one more may be asked for: a hostile node can end two sign-ups of others in this time.
pub const CANCEL_EVERY_SECONDS: i64 = 2;

const _: () = assert!(CANCELS_BURST < ENDS_MAX as i64);
const _: () = assert!(PARKED_BYTES_MAX < EVIDENCE_BYTES_MAX);

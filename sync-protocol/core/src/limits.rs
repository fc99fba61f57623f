//! Every limit of the protocol, related to each other by compile-time assertions.

/// Largest frame on a link, header included. A longer one closes the session before anything is allocated.
pub const FRAME_BYTES_MAX: usize = 1 << 20;

/// Largest unpacked body of a frame: what zstd may expand to. Worst case memory of one hostile frame.
pub const BODY_BYTES_MAX: usize = 4 << 20;

/// Entries of one batch. At the usual 60-400 bytes each a batch stays below [`BATCH_BYTES_MAX`].
pub const BATCH_ENTRIES_MAX: usize = 1024;

/// Bytes of the entries of one batch; a batch holds at least one entry, however long it is.
pub const BATCH_BYTES_MAX: usize = 256 << 10;

/// Largest packed change or ledger row. A longer one is refused at its author and at the hub.
pub const ENTRY_BYTES_MAX: usize = 64 << 10;

/// Fields of one document. A change that would exceed it is parked.
pub const DOCUMENT_FIELDS_MAX: usize = 64;

/// Fields of one document that this version does not know: what later versions add is carried, and no more. Those that it
/// knows always have room beside them.
pub const UNKNOWN_FIELDS_MAX: usize = 16;

/// Bytes of a field's name.
pub const FIELD_NAME_BYTES_MAX: usize = 64;

/// Changes of one document. Bounds the list of known hashes (8 bytes each). The last eighth is the hub's, the one before it
/// the minter's and the hub's; so with heads and bytes.
pub const DOCUMENT_CHANGES_MAX: usize = 4096;

/// Changes of one document by one incarnation that did not mint it: who came, said and corrected.
pub const FOREIGN_CHANGES_MAX: usize = 64;

/// Heads of one document: writers that have not heard of each other. An edit names all of them.
pub const DOCUMENT_HEADS_MAX: usize = 64;

/// Bytes of all visible values of one document with the names of their fields. Each edit writes all of them again.
pub const DOCUMENT_BYTES_MAX: usize = 64 << 10;

/// Bytes of one value of a job: 4,000 characters of four bytes.
pub const JOB_VALUE_BYTES_MAX: usize = 16_000;

/// Public keys of a tenant that count, the present one and those before it.
pub const TENANT_KEYS_MAX: usize = 8;

/// Bytes of one value of a sign-up; the longest is a receipt of some 400.
pub const SIGN_UP_VALUE_BYTES_MAX: usize = 1 << 10;

/// Concurrent values kept of one field. Bounds what hostile writers can make a reader carry.
pub const FIELD_VALUES_MAX: usize = 64;

/// Bytes of up-link batches that may wait for the hub's acknowledgement. Bounds what a cut loses to resending.
pub const UP_BYTES_IN_FLIGHT_MAX: usize = 1 << 20;

/// Down-link batches per vshard that may wait for the node's acknowledgement.
pub const DOWN_BATCHES_IN_FLIGHT_MAX: u32 = 4;

/// Fewer entries than this wait until the batch before them is acknowledged. The delay is one round trip.
pub const DOWN_TOGETHER_ENTRIES: u64 = 64;

/// Sign-ups that one session may be asking the hub about at a time; the next one is answered from here.
pub const ASKS_IN_FLIGHT_MAX: usize = 256;

/// Seats of one job, however it came to be or grew; more are a slip of the keyboard. Bounds every sum over rights far
/// below `u32::MAX`.
pub const CAP_MAX: u32 = 10_000;

/// Orders or receipts of erasures in one frame; more go into the next.
pub const ERASURES_MAX: usize = 64;

/// Vshards or topics that one Hello or Welcome may name.
pub const TOPICS_MAX: usize = 4096;

/// Milliseconds that unacknowledged data may wait before the session is given up and begun again.
pub const ACK_WAIT_MS_MAX: u64 = 2_000;

/// Milliseconds that a lease runs. Jobs whose rights may be reclaimed are sold by a node only while its lease runs.
pub const LEASE_MS: u64 = 120_000;

/// How far two clocks that run from boot may drift apart, per hundred.
pub const CLOCK_DRIFT_PERCENT: u64 = 5;

/// Milliseconds that a node counts on, from the sending of its question: it takes its own clock to be slow.
#[must_use]
pub const fn lease_at_node(duration_ms: u64) -> u64 {
    duration_ms / 100 * (100 - CLOCK_DRIFT_PERCENT)
}

/// Milliseconds that the hub waits, from its answer: it takes its own clock to be fast.
#[must_use]
pub const fn lease_at_hub(duration_ms: u64) -> u64 {
    duration_ms / 100 * (100 + CLOCK_DRIFT_PERCENT) + 1_000
}

/// Bytes of a carried session. Whoever reads one holds it in memory whole; what does not fit goes into the next.
pub const CARRY_BYTES_MAX: usize = 64 << 20;

/// Frames of a carried session: bounds the list of where they begin to 1 MiB.
pub const CARRY_FRAMES_MAX: usize = 65_536;

const _: () = assert!(JOB_VALUE_BYTES_MAX < DOCUMENT_BYTES_MAX && DOCUMENT_BYTES_MAX <= ENTRY_BYTES_MAX);
const _: () = assert!(lease_at_node(LEASE_MS) < lease_at_hub(LEASE_MS));
const _: () = assert!(BATCH_BYTES_MAX + ENTRY_BYTES_MAX < FRAME_BYTES_MAX);
const _: () = assert!(FRAME_BYTES_MAX < CARRY_BYTES_MAX / 2);
const _: () = assert!(FRAME_BYTES_MAX <= BODY_BYTES_MAX);
const _: () = assert!(UP_BYTES_IN_FLIGHT_MAX >= BATCH_BYTES_MAX + ENTRY_BYTES_MAX);

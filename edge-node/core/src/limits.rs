//! Limits of the node's decisions, each with its consequence.

/// Milliseconds that a hold lasts. Longer ones would let a few who walk away keep the rest of a hall from a job.
pub const HOLD_MS: u64 = 120_000;
/// Holds of a node at a time: who comes later signs up without one. Also bounds what each batch copies.
pub const HOLDS_MAX: usize = 256;
/// Holds of one device at a time: a kiosk serves one person, a phone as well, and somebody may have just left.
pub const HOLDS_OF_DEVICE_MAX: usize = 4;

const _: () = assert!(HOLDS_OF_DEVICE_MAX < HOLDS_MAX);

//! Personal data: what a node knows of a worker beyond the pseudonym, and how it is kept.
//!
//! Each worker has a data key of its own; it seals the worker's rows and is itself wrapped under a key of the region. The
//! wrapped key is one row: without it nothing of the rest can be read again.

mod facts;
mod regional;
mod seal;

pub use facts::{Born, Contact, Facts, Proof};
pub use regional::Regional;
pub use seal::{Class, DataKey, NONCE_BYTES, Opened, Sealer, WRAPPED_BYTES};

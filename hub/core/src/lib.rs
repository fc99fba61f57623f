//! The hub's decisions: what a vshard does with what nodes report, and how seat rights are spread over nodes.
//!
//! Everything works inside a storage transaction that the caller opens; nothing here names a clock, a socket or a thread.

pub mod agenda;
pub mod hello;
pub mod layout;
pub mod leases;
pub mod limits;
pub mod scheduler;
pub mod shard;

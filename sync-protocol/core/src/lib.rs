//! What edge and hub share: ids, documents, seats, wire format and session state machines.
//!
//! Nothing here names a clock, a socket, a thread or a random source: time and identity are arguments.

pub mod ids;

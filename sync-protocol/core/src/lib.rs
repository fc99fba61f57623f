//! What edge and hub share: ids, documents, seats, logs, wire format and session state machines.
//!
//! Nothing here names a clock, a socket, a thread or a random source: time and identity are arguments.

pub mod carry;
pub mod command;
pub mod contact;
pub mod documents;
pub mod erasure;
pub mod ids;
pub mod limits;
pub mod log;
pub mod mutant;
pub mod receipt;
pub mod seats;
pub mod session;
pub mod timesheet;
pub mod wire;

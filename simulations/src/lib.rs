//! Proofs by machine: the exhaustive model of the seat protocol.

pub mod exhaustive;

//! The integration tests of the node's core, as one binary.

mod search;

//! The components that are committed.

//! The in-memory search index over open jobs.

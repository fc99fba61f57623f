//! What happened in a run, in the domain's own words with virtual times: hashed always, kept when somebody wants to read it.

use crate::picture::Mark;
use std::fmt::{self, Write as _};

/// The record of one run.
#[derive(Debug, Default)]
pub struct Trace {
    hash: u64,
    lines: Option<Vec<(u64, String)>>,
    marks: Vec<Mark>,
    buffer: String,
}

impl Trace {
    /// A trace that keeps its lines, or only their hash.
    #[must_use]
    pub fn new(keeps: bool) -> Self {
        Self {
            hash: 0xcbf2_9ce4_8422_2325,
            lines: keeps.then(Vec::new),
            marks: Vec::new(),
            buffer: String::new(),
        }
    }

    /// Something happened at virtual time `at`, milliseconds.
    pub fn note(&mut self, at: u64, what: fmt::Arguments<'_>) {
        self.buffer.clear();
        // Writing to a String cannot fail.
        let _ = self.buffer.write_fmt(what);
        for byte in at.to_le_bytes().iter().chain(self.buffer.as_bytes()) {
            // FNV-1a (Fowler, Noll, Vo 1991).
            self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        if let Some(lines) = &mut self.lines {
            lines.push((at, self.buffer.clone()));
        }
    }

    /// Something to draw; made only where the lines are kept, and no part of the hash.
    pub fn mark(&mut self, make: impl FnOnce() -> Mark) {
        if self.lines.is_some() {
            self.marks.push(make());
        }
    }

    /// The hash over all that happened.
    #[must_use]
    pub const fn hash(&self) -> u64 {
        self.hash
    }

    /// What happened and what there is to draw, where it was kept.
    #[must_use]
    pub fn into_lines(self) -> (Vec<(u64, String)>, Vec<Mark>) {
        (self.lines.unwrap_or_default(), self.marks)
    }
}

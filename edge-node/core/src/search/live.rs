//! What changes about the rows of an immutable segment: the rights offerable, and whether the row is still there.
//!
//! Values lie in chunks that copies share until one of them is written, so that a sign-up costs one chunk and a snapshot
//! costs one reference count.

use std::sync::Arc;

const CHUNK: usize = 1024;
/// The value of a row that was removed or replaced.
pub(super) const DEAD: u32 = u32::MAX;

/// One value for each row of a segment.
#[derive(Clone, Debug)]
pub(super) struct Live {
    chunks: Arc<Vec<Arc<[u32; CHUNK]>>>,
    dead: usize,
}

impl Live {
    pub(super) fn from_values(values: impl Iterator<Item = u32>) -> Self {
        let mut chunks = Vec::new();
        let mut chunk = [DEAD; CHUNK];
        let (mut filled, mut dead) = (0, 0);
        for value in values {
            dead += usize::from(value == DEAD);
            chunk[filled] = value;
            filled += 1;
            if filled == CHUNK {
                chunks.push(Arc::new(chunk));
                chunk = [DEAD; CHUNK];
                filled = 0;
            }
        }
        if filled > 0 {
            chunks.push(Arc::new(chunk));
        }
        Self { chunks: Arc::new(chunks), dead }
    }

    #[inline]
    pub(super) fn value(&self, ordinal: usize) -> u32 {
        self.chunks[ordinal / CHUNK][ordinal % CHUNK]
    }

    pub(super) fn dead(&self) -> usize {
        self.dead
    }

    /// Sets the rights of a living row; rights beyond the largest value are kept as that.
    pub(super) fn offer(&mut self, ordinal: usize, offerable: u32) {
        self.write(ordinal, clamp(offerable));
    }

    pub(super) fn kill(&mut self, ordinal: usize) {
        self.dead += usize::from(self.value(ordinal) != DEAD);
        self.write(ordinal, DEAD);
    }

    fn write(&mut self, ordinal: usize, value: u32) {
        if self.value(ordinal) != value {
            let chunk = &mut Arc::make_mut(&mut self.chunks)[ordinal / CHUNK];
            Arc::make_mut(chunk)[ordinal % CHUNK] = value;
        }
    }
}

/// Keeps a number of rights apart from the mark of a dead row.
pub(super) fn clamp(offerable: u32) -> u32 {
    offerable.min(DEAD - 1)
}

//! The plugins that say who may take a place, as the event loop asks them.

use crate::{limits::ADMISSION_OF_BATCH, telemetry::Metrics};
use arc_swap::ArcSwap;
use edge_core::admit::{Admission, Admit, Question};
use plugin_host::{AdmissionRow, limits::ADMISSION_DEADLINE};
use std::{
    cell::Cell,
    sync::Arc,
    time::{Duration, Instant},
};

/// The plugins in use, swapped whole.
#[derive(Debug, Default)]
pub(crate) struct AdmissionSlot(ArcSwap<AdmissionRow>);

/// Those plugins for one batch of the event loop, and what is left of the time that a batch gives them.
#[derive(Debug)]
pub(crate) struct Rules<'a> {
    row: Arc<AdmissionRow>,
    metrics: &'a Metrics,
    left: Cell<Duration>,
}

impl AdmissionSlot {
    pub(crate) fn swap(&self, row: AdmissionRow) {
        self.0.store(Arc::new(row));
    }

    pub(crate) fn load(&self) -> Arc<AdmissionRow> {
        self.0.load_full()
    }

    /// The plugins in use, for one batch.
    pub(crate) fn rules<'a>(&self, metrics: &'a Metrics) -> Rules<'a> {
        Rules { row: self.load(), metrics, left: Cell::new(ADMISSION_OF_BATCH) }
    }
}

impl Admit for Rules<'_> {
    fn is_idle(&self) -> bool {
        self.row.plugins().is_empty()
    }

    fn ask(&self, question: &Question<'_>) -> Admission {
        let begin = Instant::now();
        let asked = self.row.ask(question, self.left.get().min(ADMISSION_DEADLINE));
        self.left.set(self.left.get().saturating_sub(begin.elapsed()));
        self.metrics.admission(&asked);
        asked.admission
    }
}

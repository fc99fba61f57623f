//! What the workers were told: every acknowledged sign-up with the receipt that was shown.

use super::api::SignUp;
use super::cluster::Who;
use super::recount::Shown;

/// One acknowledged sign-up.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) who: Who,
    pub(crate) node: &'static str,
    pub(crate) job: String,
    pub(crate) id: String,
    /// By which the worker proves that the place is his.
    pub(crate) phone: String,
    pub(crate) code: String,
    /// The status of the first answer.
    pub(crate) status: String,
    /// Base64url, for confirmed seats.
    pub(crate) receipt: Option<String>,
    pub(crate) cancelled: bool,
}

/// All acknowledged sign-ups of a run, in order.
#[derive(Debug, Default)]
pub(crate) struct Book {
    entries: Vec<Entry>,
}

impl Book {
    /// Notes an answer.
    pub(crate) fn note(&mut self, who: Who, node: &'static str, phone: String, answer: SignUp) {
        let SignUp { id, job, code, status, receipt, .. } = answer;
        self.entries.push(Entry { who, node, job, id, phone, code, status, receipt, cancelled: false });
    }

    /// Notes that a worker gave the seat back.
    pub(crate) fn cancel(&mut self, id: &str) {
        for entry in self.entries.iter_mut().filter(|entry| entry.id == id) {
            entry.cancelled = true;
        }
    }

    /// Everything noted so far.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Job and sign-up of everything noted after the first `skip` ones.
    pub(crate) fn ids_after(&self, skip: usize) -> Vec<(String, String)> {
        self.entries[skip..].iter().map(|entry| (entry.job.clone(), entry.id.clone())).collect()
    }

    /// The receipts that were shown.
    pub(crate) fn shown(&self) -> Vec<Shown> {
        let shown = |entry: &Entry| {
            let Entry { job, id, node, cancelled, .. } = entry;
            let receipt = entry.receipt.clone()?;
            Some(Shown { job: job.clone(), sign_up: id.clone(), node, receipt, cancelled: *cancelled })
        };
        self.entries.iter().filter_map(shown).collect()
    }
}

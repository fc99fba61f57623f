//! What the workers were told: every acknowledged sign-up with the receipt that was shown.

use super::api::SignUp;
use super::cluster::Who;
use anyhow::{Context, Result};
use serde::Serialize;
use std::path::Path;

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

#[derive(Serialize)]
struct Shown<'a> {
    job: &'a str,
    sign_up: &'a str,
    node: &'a str,
    receipt: &'a str,
    cancelled: bool,
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

    /// Writes the receipts that were shown as a JSON list.
    pub(crate) fn write_receipts(&self, path: &Path) -> Result<()> {
        let shown: Vec<Shown<'_>> = self
            .entries
            .iter()
            .filter_map(|entry| {
                let Entry { job, id: sign_up, node, cancelled, .. } = entry;
                let receipt = entry.receipt.as_deref()?;
                Some(Shown { job, sign_up, node, receipt, cancelled: *cancelled })
            })
            .collect();
        let text = serde_json::to_string_pretty(&shown).context("write receipts")?;
        std::fs::write(path, text + "\n").with_context(|| format!("write {}", path.display()))
    }
}

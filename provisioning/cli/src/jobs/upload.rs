//! The sink of the command: rows go to the hub in bounded chunks, refusals to the terminal.

use super::import::{HubCounts, Sink};
use super::post::{ImportAnswer, JobRow};
use super::verdict::Refusal;
use crate::hub_client::HubClient;
use crate::output;
use anyhow::{Context, Result};
use indicatif::ProgressBar;

/// Rows in one request.
pub(crate) const CHUNK_ROWS_MAX: usize = 500;
/// Bytes in one request.
pub(crate) const CHUNK_BYTES_MAX: usize = 1024 * 1024;

/// Sends rows to a hub, or nowhere when there is none (a local check).
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) hub: Option<HubClient>,
    /// `region`, `tenant` and `dry_run` as the hub's query parameters.
    pub(crate) query: Vec<(&'static str, String)>,
    /// Name of the source in messages.
    pub(crate) file: String,
    pub(crate) bar: ProgressBar,
    /// Refusals shown; the others are only counted.
    pub(crate) shown_max: u64,
    chunk: String,
    chunk_rows: usize,
    counts: HubCounts,
    refusals: u64,
}

impl Upload {
    /// Makes a sink with nothing sent.
    pub(crate) fn new(hub: Option<HubClient>, file: String, bar: ProgressBar, shown_max: u64) -> Self {
        Self {
            hub,
            query: Vec::new(),
            file,
            bar,
            shown_max,
            chunk: String::new(),
            chunk_rows: 0,
            counts: HubCounts::default(),
            refusals: 0,
        }
    }

    /// Number of refusals that were not shown.
    pub(crate) fn not_shown(&self) -> u64 {
        self.refusals.saturating_sub(self.shown_max)
    }

    fn show(&mut self, place_and_message: &str) {
        self.refusals += 1;
        if self.refusals <= self.shown_max {
            let line = format!("{}:{place_and_message}", self.file);
            self.bar.suspend(|| output::note(&line));
        }
    }

    /// What an import that fails here has done.
    fn so_far(&self) -> String {
        let HubCounts { created, updated, unchanged, refused } = self.counts;
        match created + updated + unchanged + refused {
            0 => "no row was taken".to_owned(),
            rows => format!(
                "the {rows} rows before were read by the hub; run the command again, it is safe to repeat"
            ),
        }
    }

    fn send(&mut self) -> Result<()> {
        let Some(hub) = &self.hub else { return Ok(()) };
        if self.chunk_rows == 0 {
            return Ok(());
        }
        let query: Vec<(&str, &str)> =
            self.query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer: ImportAnswer = hub
            .post_ndjson("/v1/jobs:import", &query, self.chunk.as_bytes())
            .with_context(|| self.so_far())?;
        self.chunk.clear();
        self.chunk_rows = 0;
        self.counts.created += answer.created;
        self.counts.updated += answer.updated;
        self.counts.unchanged += answer.unchanged;
        self.counts.refused += answer.refused.len() as u64;
        for refusal in answer.refused {
            self.show(&format!("{}:1: the hub refused the row: {}", refusal.line, refusal.reason));
        }
        Ok(())
    }
}

impl Sink for Upload {
    fn row(&mut self, _row: JobRow, json: &str) -> Result<()> {
        if self.hub.is_none() {
            return Ok(());
        }
        if self.chunk_rows == CHUNK_ROWS_MAX || self.chunk.len() + json.len() + 1 > CHUNK_BYTES_MAX {
            self.send()?;
        }
        self.chunk.push_str(json);
        self.chunk.push('\n');
        self.chunk_rows += 1;
        Ok(())
    }

    fn refused(&mut self, refusal: &Refusal) {
        self.show(&refusal.to_string());
    }

    fn finish(&mut self) -> Result<HubCounts> {
        self.send()?;
        Ok(self.counts)
    }
}

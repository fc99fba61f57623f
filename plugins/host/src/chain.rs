//! Filters in a row under one deadline; the host's side of the search's seam.

use crate::{
    contract::OnFailure,
    plugin::{CallError, Plugin},
};
use edge_core::filter::{ChainReport, ColumnSet, Context, FilterChain, Page, REASON_FILTER_FAILED, Verdict};
use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

/// Plugins in the order in which they are asked; never changed, only swapped whole.
///
/// Each plugin judges the whole page and the first that hides a job gives the reason.
#[derive(Debug)]
pub struct Chain {
    plugins: Vec<Arc<Plugin>>,
    deadline: Duration,
    wanted: ColumnSet,
}

impl Chain {
    /// A chain that gives all of `plugins` together at most `deadline` for a page.
    #[must_use]
    pub fn new(plugins: Vec<Arc<Plugin>>, deadline: Duration) -> Self {
        let wanted =
            plugins.iter().fold(ColumnSet::NONE, |set, plugin| set.union(plugin.description().columns));
        Self { plugins, deadline, wanted }
    }

    /// The plugins, in the order in which they are asked.
    #[must_use]
    pub fn plugins(&self) -> &[Arc<Plugin>] {
        &self.plugins
    }

    fn ask(
        &self,
        plugin: &Plugin,
        begin: Instant,
        context: &Context<'_>,
        page: &Page,
        codes: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        // Filled for the chain before a swap: absent columns would read as zeros.
        if !page.wanted().contains_all(plugin.description().columns) {
            return Err(Fault::Skipped);
        }
        let now = Instant::now();
        let left = self.deadline.saturating_sub(now.saturating_duration_since(begin));
        if !plugin.breaker().admits(now) {
            return Err(Fault::Skipped);
        }
        let answer = plugin.call(context, page, left, codes);
        let (fault, is_its_own) = match &answer {
            Ok(()) => (Ok(()), false),
            Err(CallError::Busy) => return Err(Fault::Skipped),
            // A plugin that was left little by those before it is not to blame.
            Err(CallError::Late) => (Err(Fault::Late), left >= self.deadline / 2),
            Err(
                CallError::Trap(_)
                | CallError::Length { .. }
                | CallError::ReservedReason
                | CallError::BadDenial,
            ) => (Err(Fault::Failed), true),
        };
        if plugin.breaker().record(is_its_own, Instant::now())
            && let Err(error) = &answer
        {
            let name = &plugin.description().name;
            tracing::warn!(plugin = %name, %error, "plugin left out after repeated failures");
        }
        fault
    }
}

enum Fault {
    Failed,
    Late,
    Skipped,
}

impl FilterChain for Chain {
    fn wanted(&self) -> ColumnSet {
        self.wanted
    }

    fn filter(&self, context: &Context<'_>, page: &Page, verdicts: &mut Vec<Verdict>) -> ChainReport {
        let begin = Instant::now();
        let mut report = ChainReport::default();
        let mut codes = Vec::with_capacity(page.len());
        verdicts.clear();
        verdicts.resize(page.len(), Verdict::Keep);
        for plugin in &self.plugins {
            match self.ask(plugin, begin, context, page, &mut codes) {
                Ok(()) => {
                    report.judged += 1;
                    merge(verdicts, codes.iter().copied());
                    continue;
                }
                Err(Fault::Failed) => report.failed += 1,
                Err(Fault::Late) => report.late += 1,
                Err(Fault::Skipped) => report.skipped += 1,
            }
            if plugin.description().on_failure == OnFailure::Hide {
                merge(verdicts, std::iter::repeat_n(REASON_FILTER_FAILED, page.len()));
            }
        }
        report
    }
}

fn merge(verdicts: &mut [Verdict], codes: impl Iterator<Item = u8>) {
    for (verdict, reason) in verdicts.iter_mut().zip(codes) {
        if reason != 0 && verdict.keeps() {
            *verdict = Verdict::Hide { reason };
        }
    }
}

/// Holds the chain in use, so that a search never sees half of an old one and half of a new one.
#[derive(Debug)]
pub struct ChainSlot(RwLock<Arc<Chain>>);

impl ChainSlot {
    /// A slot that begins with `chain`.
    #[must_use]
    pub fn new(chain: Chain) -> Self {
        Self(RwLock::new(Arc::new(chain)))
    }

    /// Replaces the chain; pages that are being judged finish with the old one.
    pub fn swap(&self, chain: Chain) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(chain);
    }

    /// The chain in use.
    #[must_use]
    pub fn load(&self) -> Arc<Chain> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl FilterChain for ChainSlot {
    /// A page that was filled for the chain before a swap may lack a column of the new chain, whose
    /// plugin is then skipped; a caller that must rule this out takes [`ChainSlot::load`] once per
    /// search.
    fn wanted(&self) -> ColumnSet {
        self.load().wanted()
    }

    fn filter(&self, context: &Context<'_>, page: &Page, verdicts: &mut Vec<Verdict>) -> ChainReport {
        self.load().filter(context, page, verdicts)
    }
}

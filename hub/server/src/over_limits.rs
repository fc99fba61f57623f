//! How often a batch was refused because its incarnation had reached a limit: a figure for operators.

use hub_core::shard::OverLimit;
use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue},
    metrics::{counter::Counter, family::Family},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
enum Limit {
    Parked,
    Evidence,
    Ends,
    Cancels,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Label {
    limit: Limit,
}

/// Refused batches since the start, by limit.
#[derive(Debug, Default)]
pub(crate) struct OverLimits {
    counts: Family<Label, Counter>,
}

impl OverLimits {
    /// One more batch was refused.
    pub(crate) fn count(&self, limit: OverLimit) {
        let limit = match limit {
            OverLimit::Parked => Limit::Parked,
            OverLimit::Evidence => Limit::Evidence,
            OverLimit::Ends => Limit::Ends,
            OverLimit::Cancels => Limit::Cancels,
        };
        self.counts.get_or_create(&Label { limit }).inc();
    }

    /// The counts, for a registry.
    pub(crate) fn counts(&self) -> Family<Label, Counter> {
        self.counts.clone()
    }
}

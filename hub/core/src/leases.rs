//! When each incarnation's lease was renewed last. In memory only; times are milliseconds since the hub's start, by the
//! clock that runs from boot.

use std::collections::BTreeMap;
use sync_protocol::{
    ids::Writer,
    limits::{LEASE_MS, lease_at_hub},
    mutant::{self, Mutant},
};

/// All leases since the start.
#[derive(Debug, Default)]
pub struct Leases {
    of: BTreeMap<Writer, u64>,
}

impl Leases {
    /// An incarnation's lease begins anew, before its node is told so.
    pub fn renew(&mut self, writer: Writer, now: u64) {
        self.of.insert(writer, now);
    }

    /// Whether no lease of this incarnation can run any more. Those of before this hub's start count from the start.
    #[must_use]
    pub fn is_over(&self, writer: Writer, now: u64) -> bool {
        let renewed = self.of.get(&writer).copied().unwrap_or(0);
        now.saturating_sub(renewed) > lease_at_hub(LEASE_MS) || mutant::is(Mutant::LeaseIgnored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_runs_from_its_renewal_or_from_the_start() {
        let (mut leases, writer) = (Leases::default(), Writer::new(1, 1));
        let term = lease_at_hub(LEASE_MS);
        assert!(!leases.is_over(writer, term) && leases.is_over(writer, term + 1));
        leases.renew(writer, term);
        assert!(!leases.is_over(writer, 2 * term) && leases.is_over(writer, 2 * term + 1));
    }
}

//! Recent sign-ups of each node, halved every half-life.

use crate::limits::DEMAND_HALF_LIFE;
use std::{collections::BTreeMap, time::Instant};
use sync_protocol::ids::NodeId;

/// Decayed counts by node.
#[derive(Debug, Default)]
pub(super) struct Demand {
    of: BTreeMap<NodeId, (f64, Instant)>,
}

impl Demand {
    /// Counts sign-ups that a node reported.
    pub(super) fn add(&mut self, node: NodeId, sign_ups: u32, now: Instant) {
        let count = self.at(node, now) + f64::from(sign_ups);
        self.of.insert(node, (count, now));
    }

    /// The count as it stands.
    pub(super) fn at(&self, node: NodeId, now: Instant) -> f64 {
        self.of.get(&node).map_or(0.0, |(count, since)| {
            let halves = now.saturating_duration_since(*since).as_secs_f64() / DEMAND_HALF_LIFE.as_secs_f64();
            count * (-halves).exp2()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_is_left_after_the_half_life() {
        let (mut demand, start) = (Demand::default(), Instant::now());
        demand.add(NodeId(1), 8, start);
        demand.add(NodeId(1), 2, start + DEMAND_HALF_LIFE);
        assert!((demand.at(NodeId(1), start + DEMAND_HALF_LIFE * 2) - 3.0).abs() < 1e-9);
        assert!(demand.at(NodeId(2), start).abs() < f64::EPSILON);
    }
}

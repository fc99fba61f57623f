//! A job's seats as its vshard at the hub knows them. Called by the hub inside its storage transaction.

use super::{NodeEvent, SeatState};
use crate::limits::CAP_MAX;

/// The hub's row of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HubJob {
    pub cap: u32,
    pub open: bool,
    pub version: u32,
}

/// The hub's row of (job, writer): what it granted, and the writer's own counters as far as reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HubHolding {
    /// Cumulative; written here.
    pub granted: u32,
    /// Cumulative; written by the node.
    pub returned: u32,
    /// Live sign-ups reported.
    pub live: u32,
}

/// A report that no honest node can make: its author is fenced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    #[error("more rights used or returned than were granted")]
    Overspent,
    #[error("a job was born twice, or by another node than its id names")]
    FalseBirth,
    #[error("a sign-up that had ended was reported live")]
    Revived,
    #[error("cap is over the limit")]
    CapTooLarge,
}

/// What one reported event means for the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merged {
    /// The sign-up's new state.
    Seat(SeatState),
    /// Only the counters changed.
    Counters,
    /// Known before.
    Nothing,
}

impl HubHolding {
    /// Rights that this writer may still use or has used: granted and, as far as known, not returned.
    #[must_use]
    pub fn out(&self) -> u32 {
        assert!(self.returned <= self.granted, "I2: more returned than granted");
        self.granted - self.returned
    }

    /// Merges one event of the writer's log. `state` is what the hub knew of the sign-up.
    /// On an error nothing has changed.
    pub fn merge(&mut self, event: &NodeEvent, state: Option<SeatState>) -> Result<Merged, Violation> {
        let mut next = *self;
        let merged = match event {
            NodeEvent::Birth { .. } => return Err(Violation::FalseBirth),
            NodeEvent::Accept { .. } => match state {
                Some(SeatState::Live) => Merged::Nothing,
                Some(SeatState::Cancelled | SeatState::Bumped) => return Err(Violation::Revived),
                Some(SeatState::Waiting | SeatState::Requested) | None => {
                    next.live += 1;
                    Merged::Seat(SeatState::Live)
                }
            },
            NodeEvent::Cancel { .. } => match state {
                Some(SeatState::Live) => {
                    next.live -= 1;
                    Merged::Seat(SeatState::Cancelled)
                }
                Some(SeatState::Waiting | SeatState::Requested) | None => Merged::Seat(SeatState::Cancelled),
                Some(SeatState::Cancelled | SeatState::Bumped) => Merged::Nothing,
            },
            NodeEvent::Bump { returned, .. } => {
                if state == Some(SeatState::Live) {
                    next.live -= 1;
                }
                next.returned = next.returned.max(*returned);
                Merged::Seat(SeatState::Bumped)
            }
            NodeEvent::Return { returned } => {
                next.returned = next.returned.max(*returned);
                Merged::Counters
            }
            NodeEvent::Wait { .. } => match state {
                None => Merged::Seat(SeatState::Waiting),
                Some(_) => Merged::Nothing,
            },
            NodeEvent::Request { .. } => match state {
                None => Merged::Seat(SeatState::Requested),
                Some(_) => Merged::Nothing,
            },
        };
        if next.returned.saturating_add(next.live) > next.granted {
            return Err(Violation::Overspent);
        }
        *self = next;
        Ok(merged)
    }
}

impl HubJob {
    /// A job first seen in its birth report: all of its rights are at the node that made it, the pool is empty.
    pub fn born(cap: u32) -> Result<(Self, HubHolding), Violation> {
        if cap > CAP_MAX {
            return Err(Violation::CapTooLarge);
        }
        Ok((Self { cap, open: true, version: 1 }, HubHolding { granted: cap, ..HubHolding::default() }))
    }

    /// Rights that are with no node; below zero only after the cap was lowered (I1).
    #[must_use]
    pub fn pool(&self, out_total: u32) -> i64 {
        i64::from(self.cap) - i64::from(out_total)
    }

    /// Grants up to `count` rights to a live writer; returns how many.
    #[must_use = "a grant must be stored with its row"]
    pub fn grant(&self, holding: &mut HubHolding, out_total: u32, count: u32) -> u32 {
        if !self.open {
            return 0;
        }
        let pool = u32::try_from(self.pool(out_total).max(0)).unwrap_or(0);
        let count = count.min(pool).min(CAP_MAX.saturating_sub(holding.granted));
        holding.granted += count;
        assert!(
            count == 0 || out_total + count <= self.cap,
            "I1: pool + out = cap with pool >= 0 after a grant"
        );
        count
    }
}

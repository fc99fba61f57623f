//! A job's seats as one node holds them. Called by the node inside its storage transaction.

use super::{LossPolicy, SeatState};
use crate::{
    limits::CAP_MAX,
    mutant::{self, Mutant},
};

/// The counters of one (job, node): what the hub granted as far as known here, and what was done with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeJob {
    /// Cumulative; written by the hub (or by [`NodeJob::birth`]).
    pub granted: u32,
    /// Cumulative; written here.
    pub returned: u32,
    /// Sign-ups in state [`SeatState::Live`].
    pub live: u32,
    pub closed: bool,
    pub policy: LossPolicy,
}

/// What the node as a whole may do at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footing {
    /// Its incarnation is fenced, its disk was rolled back or is damaged: it uses no right any more.
    pub frozen: bool,
    /// Its lease runs. Jobs of [`LossPolicy::Reclaim`] need it; the others do not.
    pub leased: bool,
}

impl Footing {
    /// A healthy node with a lease.
    pub const FIRM: Self = Self { frozen: false, leased: true };
}

/// Why a right cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the job is closed")]
    Closed,
    #[error("no right to a seat is free here")]
    NoRight,
    #[error("the sign-up was ended before")]
    Ended,
    #[error("the sign-up was left to the hub")]
    LeftToHub,
    #[error("this node uses no rights any more")]
    Frozen,
    #[error("the node's lease has run out, and this job's rights may have been given to others")]
    NoLease,
}

impl NodeJob {
    /// A job made at this node: nobody else can hold rights to a job that nobody else has seen.
    #[must_use]
    pub fn birth(cap: u32, policy: LossPolicy) -> Self {
        assert!(cap <= CAP_MAX, "cap {cap} is over the limit");
        Self { granted: cap, policy, ..Self::default() }
    }

    /// Rights that are neither used nor returned.
    #[must_use]
    pub fn avail(&self) -> u32 {
        let used = self.returned.checked_add(self.live).expect("counters stay below CAP_MAX");
        assert!(used <= self.granted, "I3: {used} rights used or returned of {} granted", self.granted);
        self.granted - used
    }

    /// Uses one right for a sign-up whose state so far is `state`. Returns true where that is new, false for a repetition.
    /// `held` rights are set aside for workers who are typing.
    pub fn accept(&mut self, state: Option<SeatState>, held: u32, footing: Footing) -> Result<bool, Refusal> {
        match state {
            Some(SeatState::Live) => return Ok(false),
            Some(SeatState::Cancelled | SeatState::Bumped) => return Err(Refusal::Ended),
            Some(SeatState::Requested) => return Err(Refusal::LeftToHub),
            Some(SeatState::Waiting) | None => {}
        }
        if footing.frozen {
            return Err(Refusal::Frozen);
        }
        if self.closed {
            return Err(Refusal::Closed);
        }
        if self.policy == LossPolicy::Reclaim && !footing.leased {
            return Err(Refusal::NoLease);
        }
        if self.avail() <= held {
            return Err(Refusal::NoRight);
        }
        self.live += 1;
        Ok(true)
    }

    /// Ends a sign-up at its worker's wish; the right falls back into `avail` by arithmetic. True where that changed something.
    pub fn cancel(&mut self, state: Option<SeatState>) -> bool {
        match state {
            Some(SeatState::Live) => {
                self.live -= 1;
                true
            }
            Some(SeatState::Waiting | SeatState::Requested) => true,
            Some(SeatState::Cancelled | SeatState::Bumped) | None => false,
        }
    }

    /// Ends a sign-up as the hub asked and returns its right in the same step. The result is the state to store:
    /// an unknown sign-up is remembered as bumped, so that it never becomes live.
    pub fn apply_bump(&mut self, state: Option<SeatState>) -> Option<SeatState> {
        match state {
            Some(SeatState::Live) => {
                self.live -= 1;
                self.returned += 1;
                Some(SeatState::Bumped)
            }
            None if mutant::is(Mutant::UnknownBumpForgotten) => None,
            Some(SeatState::Waiting | SeatState::Requested) | None => Some(SeatState::Bumped),
            Some(SeatState::Cancelled | SeatState::Bumped) => None,
        }
    }

    /// Gives `count` idle rights back.
    pub fn give_back(&mut self, count: u32) {
        assert!(count <= self.avail(), "returning {count} of {} idle rights", self.avail());
        self.returned += count;
        if mutant::is(Mutant::ReturnKeptHere) {
            self.granted += count;
        }
    }

    /// Learns the hub's counters: maximum and union, so old or repeated rows change nothing.
    pub fn learn(&mut self, granted: u32, closed: bool) {
        assert!(granted <= CAP_MAX, "granted {granted} is over the limit");
        self.granted = if mutant::is(Mutant::GrantsAsDeltas) {
            self.granted + granted
        } else {
            self.granted.max(granted)
        };
        self.closed |= closed;
    }

    /// How many idle rights a recall that names `granted` asks back; none where a later grant overtook it.
    #[must_use]
    pub fn recalled(&self, granted: u32, keep: u32, held: u32) -> u32 {
        if granted != self.granted && !mutant::is(Mutant::RecallIgnoresGrant) {
            return 0;
        }
        self.avail().saturating_sub(keep.max(held))
    }
}

//! A job's seats as its vshard at the hub knows them. Called by the hub inside its storage transaction.

use super::{NodeEvent, SeatState, SeatsSaid};
use crate::{
    limits::CAP_MAX,
    mutant::{self, Mutant},
};
use minicbor::{Decode, Encode};

/// What becomes of the rights of a node that is lost for ever. Chosen per job; there is no third way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum LossPolicy {
    /// They stay reserved until the job starts and die with it. No receipt is ever broken.
    #[default]
    #[n(0)]
    WriteOff,
    /// They come back after a fence and the lease; receipts that the hub did not hold by then are void.
    #[n(1)]
    Reclaim,
}

/// What happens to sign-ups beyond a cap that was lowered, when more of them turn up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Excess {
    /// They keep their seats: the job ends with more people than its new cap.
    #[default]
    #[n(0)]
    Keep,
    /// The latest are bumped, with reason and notice.
    #[n(1)]
    BumpLatest,
}

/// The hub's row of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HubJob {
    pub cap: u32,
    pub open: bool,
    pub version: u32,
    pub policy: LossPolicy,
    pub excess: Excess,
    /// While the cap lies below what is out: the most that may be live (E of I4). It never rises but by raising the cap.
    pub bound: u32,
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

/// How far an incarnation has come; it only moves right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Its reports are merged and it may be granted rights.
    #[default]
    Live,
    /// Its reports are evidence, its rights stay reserved: limbo.
    Fenced,
    /// Its whole log is known; nothing of it is reserved any more.
    Settled,
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

/// A cap that would break promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{confirmed} sign-ups are confirmed: the smallest cap without ending one of them is {confirmed}")]
pub struct BelowConfirmed {
    /// The smallest legal cap.
    pub confirmed: u32,
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

impl Standing {
    /// Whether reports of this incarnation are merged.
    #[must_use]
    pub fn merges(self) -> bool {
        self == Self::Live || mutant::is(Mutant::FencedMerged)
    }

    /// Whether the rights of this incarnation may be reclaimed for jobs of [`LossPolicy::Reclaim`]: the fence comes first,
    /// so that a wrong clock can void receipts and never oversell.
    #[must_use]
    pub fn may_reclaim(self, lease_is_over: bool) -> bool {
        lease_is_over && (self == Self::Fenced || mutant::is(Mutant::ReclaimWithoutFence))
    }

    /// Whether rights may be granted to this incarnation.
    #[must_use]
    pub fn takes_grants(self) -> bool {
        self == Self::Live
    }
}

/// Rights of a job that are out, over all writers.
#[must_use]
pub fn out_total<'a>(holdings: impl IntoIterator<Item = &'a HubHolding>) -> u32 {
    let used = mutant::is(Mutant::GrantsAgainstUsed);
    holdings.into_iter().map(|holding| if used { holding.live } else { holding.out() }).sum()
}

/// Whether a receipt still stands after its incarnation's rights to the job were reclaimed: only where the hub knew of it.
#[must_use]
pub fn receipt_stands(reclaimed: bool, known: bool) -> bool {
    !reclaimed || known || mutant::is(Mutant::VoidHonoured)
}

impl HubHolding {
    /// Rights that this writer may still use or has used: granted and, as far as known, not returned.
    #[must_use]
    pub fn out(&self) -> u32 {
        assert!(self.returned <= self.granted, "I2: more returned than granted");
        self.granted - self.returned
    }

    /// Rights neither used nor returned, as far as known.
    #[must_use]
    pub fn idle(&self) -> u32 {
        assert!(self.live <= self.out(), "I2: more live than out");
        self.out() - self.live
    }

    /// Merges one event of the writer's log. `state` is what the hub knew of the sign-up.
    /// On an error nothing has changed.
    pub fn merge(&mut self, event: &NodeEvent, state: Option<SeatState>) -> Result<Merged, Violation> {
        let (next, merged) = self.after(event, state)?;
        if next.returned.saturating_add(next.live) > next.granted {
            return Err(Violation::Overspent);
        }
        *self = next;
        Ok(merged)
    }

    fn after(&self, event: &NodeEvent, state: Option<SeatState>) -> Result<(Self, Merged), Violation> {
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
            NodeEvent::CancelFor { .. }
            | NodeEvent::Final
            | NodeEvent::Seen { .. }
            | NodeEvent::SeenAll { .. }
            | NodeEvent::HubConfirmed { .. } => Merged::Nothing,
        };
        Ok((next, merged))
    }

    /// Asking the holder to end a live sign-up frees nothing here: only the holder frees a seat.
    pub fn ask_end(&mut self, state: Option<SeatState>) {
        if mutant::is(Mutant::HubFreesBumped) && state == Some(SeatState::Live) && self.live > 0 {
            self.live -= 1;
            self.returned += 1;
        }
    }

    /// What a fence frees at once: nothing.
    pub fn fence(&mut self, policy: LossPolicy) {
        if mutant::is(Mutant::FenceFreesLive) && policy == LossPolicy::WriteOff {
            self.returned += self.live;
            self.live = 0;
        }
    }

    /// Ends a holding of which nothing more can come: its idle rights go back to the pool, and `heir`, the hub's own node,
    /// becomes the holder of its live sign-ups. After a settlement that is exact; after a reclaim it is what the hub knew.
    pub fn hand_over(&mut self, heir: &mut Self) {
        heir.granted += self.live;
        heir.live += self.live;
        self.returned = self.granted;
        self.live = 0;
    }

    /// In a vshard that was restored from a backup: takes over what the node was granted in a former history, by the hub's
    /// own seal.
    pub fn seen(&mut self, granted: u32) {
        self.granted = self.granted.max(granted);
    }
}

impl HubJob {
    /// An open job with all of its rights at the hub.
    #[must_use]
    pub const fn new(cap: u32, policy: LossPolicy) -> Self {
        Self { cap, open: true, version: 1, policy, excess: Excess::Keep, bound: cap }
    }

    /// A job first seen in its birth report: all of its rights are at the node that made it, the pool is empty.
    pub fn born(cap: u32, policy: LossPolicy) -> Result<(Self, HubHolding), Violation> {
        if cap > CAP_MAX {
            return Err(Violation::CapTooLarge);
        }
        let granted = if mutant::is(Mutant::BirthGrantsTwice) { 0 } else { cap };
        Ok((Self::new(cap, policy), HubHolding { granted, ..HubHolding::default() }))
    }

    /// Rights that are with no node; below zero only after the cap was lowered (I1).
    #[must_use]
    pub fn pool(&self, out_total: u32) -> i64 {
        i64::from(self.cap) - i64::from(out_total)
    }

    /// The most sign-ups that may be valid (E of I4): the cap or, after it was lowered, what was out then or is still out.
    #[must_use]
    pub fn most_valid(&self, out_total: u32) -> u32 {
        self.cap.max(self.bound.min(out_total))
    }

    /// Grants up to `count` rights to a live writer; returns how many. `out_total` is over all writers of the job.
    #[must_use = "a grant must be stored with its row"]
    pub fn grant(&self, holding: &mut HubHolding, standing: Standing, out_total: u32, count: u32) -> u32 {
        if !self.open || !standing.takes_grants() {
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

    /// In a vshard that was restored from a backup: takes over what nodes were told later than the backup, by the hub's own
    /// seal.
    pub fn seen(&mut self, said: SeatsSaid) {
        if said.version > self.version {
            self.bound = self.bound.max(self.cap).max(said.cap);
            (self.version, self.cap, self.policy) = (said.version, said.cap, said.policy);
        }
        self.open &= said.open;
    }

    /// What was out before the vshard came back from a backup stays valid.
    pub fn keep_valid(&mut self, out_total: u32) {
        self.bound = self.bound.max(out_total);
    }

    /// Changes the cap. Raising it grows the pool. Lowering it applies at once: nothing is granted while more is out, and
    /// idle rights are recalled. A lower cap that is below the `confirmed` sign-ups known here is refused, or under
    /// [`Excess::BumpLatest`] taken; [`HubJob::over`] then says how many are to end.
    pub fn set_cap(
        &mut self,
        cap: u32,
        confirmed: u32,
        out_total: u32,
        excess: Excess,
    ) -> Result<(), BelowConfirmed> {
        if cap < confirmed.min(self.cap) && excess == Excess::Keep {
            return Err(BelowConfirmed { confirmed });
        }
        self.bound = cap.max(self.most_valid(out_total).min(out_total));
        (self.cap, self.excess) = (cap, excess);
        self.version = self.version.saturating_add(1);
        Ok(())
    }

    /// Closes the job: no grants, no sign-ups, and all that is live ends.
    pub fn close(&mut self) {
        if self.open {
            self.open = false;
            self.version = self.version.saturating_add(1);
        }
    }

    /// How many live sign-ups known here are to end, of `live` that nobody asked to end yet.
    #[must_use]
    pub fn over(&self, live: u32) -> u32 {
        match (self.open, self.excess) {
            (false, _) => live,
            (true, Excess::BumpLatest) => live.saturating_sub(self.cap),
            (true, Excess::Keep) => 0,
        }
    }

    /// Rights that shall come back from nodes: what is out beyond the cap, and all of a closed job.
    #[must_use]
    pub fn owed(&self, out_total: u32) -> u32 {
        if self.open { out_total.saturating_sub(self.cap) } else { out_total }
    }
}

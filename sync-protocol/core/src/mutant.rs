//! Known bugs that a proof must find: each can be switched on at run time, in builds with the feature `mutants` only.
//!
//! A checker that has never seen a bug proves little. The model checker and the simulator switch these on one by one and
//! must catch each. Without the feature [`is`] is `false` at compile time; nothing but `simulations` switches one on.

/// One bug. The seat bugs carry the numbers of `docs/decisions/0006-proof-by-mutants.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Mutant {
    /// Grants are sent and added as differences, so that a repeated message counts twice.
    GrantsAsDeltas = 1,
    /// The hub frees the seat of a sign-up as soon as it asks to end it.
    HubFreesBumped = 2,
    /// Rights are reclaimed, and receipts that the hub did not hold are honoured all the same.
    VoidHonoured = 3,
    /// A node restored from a backup goes on under its old incarnation.
    RestoredUnnoticed = 4,
    /// Grants are checked against used rights instead of outstanding ones.
    GrantsAgainstUsed = 5,
    /// A lease that has run out frees rights without a fence.
    ReclaimWithoutFence = 6,
    /// Reports of a fenced incarnation are merged.
    FencedMerged = 7,
    /// A fence frees the known seats of jobs whose loss is written off.
    FenceFreesLive = 8,
    /// The first merge of a job born at a node gives the hub its rights too.
    BirthGrantsTwice = 9,
    /// A recall is obeyed whatever grant it was made for.
    RecallIgnoresGrant = 10,
    /// A bump of an unknown sign-up is forgotten.
    UnknownBumpForgotten = 11,
    /// Returned rights are not counted at the node.
    ReturnKeptHere = 12,
    /// A batch is merged without comparing its chain.
    ChainUnchecked = 13,
    /// The cursor moves before what it covers is applied.
    CursorFirst = 14,
    /// A confirmed sign-up is answered before it is durable.
    AnswerBeforeCommit = 15,
    /// A repeated request is not recognised.
    IdempotencyForgotten = 16,
    /// The same waiting sign-up is given a right twice.
    PromoteTwice = 17,
    /// The witness file is not written.
    NoWitness = 18,
    /// The hub acknowledges before its commit.
    AckBeforeCommit = 19,
    /// The hub takes a batch that leaves a gap.
    GapTaken = 20,
    /// Whoever reads the report of the simulator must see this one: a sign-up dropped now and then.
    Canary = 21,
    /// A commit does not wait for the disk.
    SyncNormal = 22,
    /// An incarnation that is over is welcomed as if it stood.
    OverWelcomed = 24,
    /// Rights are reclaimed after the fence, while the lease runs.
    LeaseIgnored = 25,
    /// A batch that was applied before is applied again, and the cursor goes back to its end.
    OlderAnswerTaken = 26,
    /// A node sells rights that may be reclaimed without a lease.
    LeaseNotNeeded = 27,
    /// A hub from a backup grants before its nodes have told what they hold.
    GrantsUntold = 28,
    /// A hub from a backup takes back no rights, as if it had lost none.
    RightsForgotten = 29,
    /// What a node said of a sign-up before it heard of a reclaim is put aside, and with it all that follows.
    LateStatusParked = 30,
    /// A node that is over closes the logs alone that it had heard of.
    LogsUntold = 31,
    /// A node judges by its own clock whether an offer is late.
    LateByOwnClock = 32,
    /// A hub from a backup puts aside who came to a sign-up that its own node has yet to tell.
    EditsNotPutOff = 33,
    /// A hub from a backup puts aside an edit that follows one of its own which was lost.
    EditsNotRetold = 34,
    /// Rights that a hub from a backup takes back do not count as granted under a cap that it had.
    CapForgotten = 35,
    /// A node answers a reader whose bookmark it has not reached.
    BookmarkUnread = 36,
    /// A wish to cancel is taken for a sign-up of another node, and not passed on.
    WishForgotten = 37,
    /// A node goes on with its session though its disk refused a word of the hub.
    WordLost = 38,
    /// Behind a clock of the hub that went back nobody looks at the jobs that were left out.
    ClockBackUnnoticed = 39,
}

#[cfg(feature = "mutants")]
static ACTIVE: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(0);

/// Whether this bug is switched on.
#[must_use]
#[inline]
pub fn is(mutant: Mutant) -> bool {
    #[cfg(feature = "mutants")]
    {
        ACTIVE.load(std::sync::atomic::Ordering::Relaxed) == mutant as u8
    }
    #[cfg(not(feature = "mutants"))]
    {
        let _ = mutant;
        false
    }
}

/// Switches one bug on for the whole process, or all off.
#[cfg(feature = "mutants")]
pub fn switch_on(mutant: Option<Mutant>) {
    ACTIVE.store(mutant.map_or(0, |mutant| mutant as u8), std::sync::atomic::Ordering::Relaxed);
}

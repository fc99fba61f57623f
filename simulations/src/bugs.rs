//! Known bugs that the simulator must find, each switched on alone.

use sync_protocol::mutant::Mutant;

/// Each bug with the scenario that is made for it, and the seed from which on it is looked for.
pub const BUGS: &[(Mutant, &str, u64)] = &[
    (Mutant::Canary, "commute-rush", 1),
    (Mutant::RestoredUnnoticed, "copied-node", 1),
    (Mutant::GrantsAgainstUsed, "wait-list", 1),
    (Mutant::FencedMerged, "copied-node", 1),
    (Mutant::BirthGrantsTwice, "birth-while-cut", 1),
    (Mutant::ReturnKeptHere, "hot-job", 1),
    (Mutant::ChainUnchecked, "hostile-node", 1),
    (Mutant::CursorFirst, "bad-disk", 1),
    (Mutant::AnswerBeforeCommit, "bad-disk", 1),
    (Mutant::IdempotencyForgotten, "commute-rush", 1),
    (Mutant::PromoteTwice, "wait-list", 1),
    (Mutant::NoWitness, "copied-node", 1),
    (Mutant::AckBeforeCommit, "hub-outage", 1),
    (Mutant::SyncNormal, "bad-disk", 1),
    (Mutant::HubFreesBumped, "lost-node", 1),
    (Mutant::FenceFreesLive, "lost-node", 1),
    (Mutant::OverWelcomed, "copied-node", 1),
    (Mutant::LeaseIgnored, "lost-node", 1),
    (Mutant::LeaseNotNeeded, "lost-node", 1),
    (Mutant::OlderAnswerTaken, "carried", 1),
    (Mutant::GrantsAsDeltas, "carried", 1),
    (Mutant::GapTaken, "hostile-node", 1),
    (Mutant::GrantsUntold, "hub-restored", 1),
    (Mutant::RightsForgotten, "hub-restored", 1),
    (Mutant::LateStatusParked, "lost-node", 491),
    (Mutant::LogsUntold, "lost-node", 1),
    (Mutant::LateByOwnClock, "clock-skew", 1),
    (Mutant::EditsNotPutOff, "hub-restored", 1),
    (Mutant::EditsNotRetold, "hub-restored", 1),
    (Mutant::CapForgotten, "hub-restored", 1),
];

/// The bug of this name.
#[must_use]
pub fn find(name: &str) -> Option<Mutant> {
    BUGS.iter().map(|(bug, ..)| *bug).find(|bug| format!("{bug:?}") == name)
}

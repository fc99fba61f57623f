//! Known bugs that the simulator must find, each switched on alone.

use sync_protocol::mutant::Mutant;

/// Each bug with the scenario that is made for it.
pub const BUGS: &[(Mutant, &str)] = &[
    (Mutant::Canary, "commute-rush"),
    (Mutant::RestoredUnnoticed, "copied-node"),
    (Mutant::GrantsAgainstUsed, "wait-list"),
    (Mutant::FencedMerged, "copied-node"),
    (Mutant::BirthGrantsTwice, "birth-while-cut"),
    (Mutant::ReturnKeptHere, "hot-job"),
    (Mutant::ChainUnchecked, "hostile-node"),
    (Mutant::CursorFirst, "bad-disk"),
    (Mutant::AnswerBeforeCommit, "bad-disk"),
    (Mutant::IdempotencyForgotten, "commute-rush"),
    (Mutant::PromoteTwice, "wait-list"),
    (Mutant::NoWitness, "copied-node"),
    (Mutant::AckBeforeCommit, "hub-outage"),
    (Mutant::SyncNormal, "bad-disk"),
    (Mutant::HubFreesBumped, "lost-node"),
    (Mutant::FenceFreesLive, "lost-node"),
    (Mutant::OverWelcomed, "copied-node"),
    (Mutant::LeaseIgnored, "lost-node"),
    (Mutant::LeaseNotNeeded, "lost-node"),
    (Mutant::OlderAnswerTaken, "carried"),
    (Mutant::GrantsAsDeltas, "carried"),
    (Mutant::GapTaken, "hostile-node"),
    (Mutant::GrantsUntold, "hub-restored"),
    (Mutant::RightsForgotten, "hub-restored"),
];

/// The bug of this name.
#[must_use]
pub fn find(name: &str) -> Option<Mutant> {
    BUGS.iter().map(|(bug, _)| *bug).find(|bug| format!("{bug:?}") == name)
}

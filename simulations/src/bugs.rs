//! Known bugs that the simulator must find, each switched on alone.

use sync_protocol::mutant::Mutant;

/// A bug, and how it is found.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    pub bug: Mutant,
    /// The scenario that is made for it.
    pub scenario: &'static str,
    /// The operations that lead to it, as a trace, where a drawn day hardly ever does.
    pub directed: Option<&'static str>,
}

/// A sign-up of a node that was given up, told again behind a reclaim: the first 490 seeds of its scenario do not meet it.
const LATE_STATUS: &str = include_str!("../regressions/planted-LateStatusParked.jsonl");

/// The clock of the hub goes back behind a draw that it had put off: the first 155 seeds of its scenario do not meet it.
const CLOCK_BACK: &str = include_str!("../regressions/planted-ClockBackUnnoticed.jsonl");

/// An acknowledgement that a failing disk takes just before everything heals: once in some dozens of seeds of its scenario.
const WORD_LOST: &str = include_str!("../regressions/planted-WordLost.jsonl");

const fn drawn(bug: Mutant, scenario: &'static str) -> Known {
    Known { bug, scenario, directed: None }
}

/// The known bugs: each is found by the first 200 seeds of its scenario, or by operations that lead there.
pub const BUGS: &[Known] = &[
    drawn(Mutant::Canary, "commute-rush"),
    drawn(Mutant::RestoredUnnoticed, "copied-node"),
    drawn(Mutant::GrantsAgainstUsed, "wait-list"),
    drawn(Mutant::FencedMerged, "copied-node"),
    drawn(Mutant::BirthGrantsTwice, "birth-while-cut"),
    drawn(Mutant::ReturnKeptHere, "hot-job"),
    drawn(Mutant::ChainUnchecked, "hostile-node"),
    drawn(Mutant::CursorFirst, "bad-disk"),
    drawn(Mutant::AnswerBeforeCommit, "bad-disk"),
    drawn(Mutant::IdempotencyForgotten, "commute-rush"),
    drawn(Mutant::PromoteTwice, "wait-list"),
    drawn(Mutant::NoWitness, "copied-node"),
    drawn(Mutant::AckBeforeCommit, "hub-outage"),
    drawn(Mutant::SyncNormal, "bad-disk"),
    drawn(Mutant::HubFreesBumped, "lost-node"),
    drawn(Mutant::FenceFreesLive, "lost-node"),
    drawn(Mutant::OverWelcomed, "copied-node"),
    drawn(Mutant::LeaseIgnored, "lost-node"),
    drawn(Mutant::LeaseNotNeeded, "lost-node"),
    drawn(Mutant::OlderAnswerTaken, "carried"),
    drawn(Mutant::GrantsAsDeltas, "carried"),
    drawn(Mutant::GapTaken, "hostile-node"),
    drawn(Mutant::GrantsUntold, "hub-restored"),
    drawn(Mutant::RightsForgotten, "hub-restored"),
    Known { bug: Mutant::LateStatusParked, scenario: "lost-node", directed: Some(LATE_STATUS) },
    drawn(Mutant::LogsUntold, "lost-node"),
    drawn(Mutant::LateByOwnClock, "clock-skew"),
    drawn(Mutant::EditsNotPutOff, "hub-restored"),
    drawn(Mutant::EditsNotRetold, "hub-restored"),
    drawn(Mutant::CapForgotten, "hub-restored"),
    drawn(Mutant::BookmarkUnread, "split-region"),
    drawn(Mutant::WishForgotten, "commute-rush"),
    Known { bug: Mutant::WordLost, scenario: "bad-disk", directed: Some(WORD_LOST) },
    Known { bug: Mutant::ClockBackUnnoticed, scenario: "hub-outage", directed: Some(CLOCK_BACK) },
];

/// The bug of this name.
#[must_use]
pub fn find(name: &str) -> Option<Mutant> {
    BUGS.iter().map(|known| known.bug).find(|bug| format!("{bug:?}") == name)
}

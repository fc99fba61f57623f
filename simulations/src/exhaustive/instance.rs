//! The small worlds: what may happen in each, and how often.

use sync_protocol::{mutant::Mutant, seats::LossPolicy};

/// One small world. The counts are of events in a whole run; whatever is not counted happens at will.
#[derive(Clone, Copy, Debug)]
pub struct Instance {
    pub name: &'static str,
    pub title: &'static str,
    pub nodes: usize,
    pub cap: u32,
    pub policy: LossPolicy,
    /// Messages that may be under way each way between the hub and one node.
    pub messages: usize,
    pub budget: Budget,
    /// States after which the walk is stopped unless told otherwise.
    pub bound: u64,
}

/// How often something may still happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// Grants of one right.
    pub grants: u8,
    /// Orders to end a sign-up, by a worker's wish elsewhere or as a duplicate.
    pub ends: u8,
    pub recalls: u8,
    /// Changes of the cap.
    pub caps: u8,
    pub closes: u8,
    pub fences: u8,
    pub restores: u8,
    pub births: u8,
}

impl Instance {
    /// The same world, in which the hub may grant `more` rights on top.
    #[must_use]
    pub const fn with_more_grants(mut self, more: u8) -> Self {
        self.budget.grants += more;
        self
    }
}

const NONE: Budget =
    Budget { grants: 0, ends: 0, recalls: 0, caps: 0, closes: 0, fences: 0, restores: 0, births: 0 };

const fn world(name: &'static str, title: &'static str, budget: Budget, bound: u64) -> Instance {
    Instance { name, title, nodes: 2, cap: 2, policy: LossPolicy::WriteOff, messages: 1, budget, bound }
}

/// All of them, by the letters of the design.
pub const INSTANCES: [Instance; 9] = [
    world("B", "bump, cancel, return", Budget { grants: 3, ends: 2, recalls: 1, ..NONE }, 8_000_000),
    world("C", "the cap goes from 2 to 1", Budget { grants: 4, ends: 1, caps: 2, ..NONE }, 10_000_000),
    world("D", "the job is closed", Budget { grants: 3, ends: 1, closes: 1, ..NONE }, 8_000_000),
    world(
        "E",
        "a lost node, written off and settled",
        Budget { grants: 3, ends: 1, fences: 1, ..NONE },
        8_000_000,
    ),
    Instance {
        policy: LossPolicy::Reclaim,
        ..world("F", "a lost node, reclaimed", Budget { grants: 3, ends: 1, fences: 1, ..NONE }, 8_000_000)
    },
    world("G", "a disk goes back", Budget { grants: 3, ends: 1, restores: 1, ..NONE }, 3_000_000),
    Instance {
        messages: 2,
        ..world("H", "two messages under way", Budget { grants: 3, ends: 1, recalls: 1, ..NONE }, 8_000_000)
    },
    Instance {
        nodes: 3,
        ..world("K", "three nodes", Budget { grants: 3, ends: 1, recalls: 1, ..NONE }, 8_000_000)
    },
    world(
        "L",
        "a job is born at a node",
        Budget { grants: 3, ends: 1, recalls: 1, births: 1, ..NONE },
        8_000_000,
    ),
];

/// The seat mutants: number, bug, and the world in which it shows.
pub const MUTANTS: [(u8, Mutant, &str); 12] = [
    (1, Mutant::GrantsAsDeltas, "B"),
    (2, Mutant::HubFreesBumped, "B"),
    (3, Mutant::VoidHonoured, "F"),
    (4, Mutant::RestoredUnnoticed, "G"),
    (5, Mutant::GrantsAgainstUsed, "C"),
    (6, Mutant::ReclaimWithoutFence, "F"),
    (7, Mutant::FencedMerged, "E"),
    (8, Mutant::FenceFreesLive, "E"),
    (9, Mutant::BirthGrantsTwice, "L"),
    (10, Mutant::RecallIgnoresGrant, "H"),
    (11, Mutant::UnknownBumpForgotten, "B"),
    (12, Mutant::ReturnKeptHere, "B"),
];

/// The instance of that letter.
#[must_use]
pub fn find(name: &str) -> Option<&'static Instance> {
    INSTANCES.iter().find(|instance| instance.name.eq_ignore_ascii_case(name))
}

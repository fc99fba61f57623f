//! The exhaustive model: every state of small worlds, over the transition functions that hub and node run in production.
//!
//! A world is a hub, two or three nodes with two sign-ups each, and messages that are lost, repeated and late (see
//! [`instance`]). [`step`] strings the production functions together as hub-core and edge-core do, [`check`] holds each step
//! against the invariants I1 to I10, [`search`] walks breadth-first, [`trace`] tells the shortest way to a violation.

mod action;
mod check;
mod hub;
mod instance;
mod log;
mod node;
mod pack;
mod search;
mod seen;
mod state;
mod step;
mod trace;

pub use action::{Action, actions};
pub use instance::{Budget, INSTANCES, Instance, MUTANTS, find};
pub use log::{Event, Log};
pub use pack::{Packed, canonical, pack};
pub use search::{Progress, Walked, walk};
pub use seen::{ENTRIES_MAX, ENTRY_BYTES};
pub use state::{Backup, Hub, Node, Row, Seats, Site, State, View};
pub use step::{Broken, step};
pub use trace::{Found, Trace, replay, shortest};

use std::sync::{Mutex, PoisonError};
use sync_protocol::mutant::{self, Mutant};

/// Does something with one bug switched on, or none. A bug is on for the whole process, so that others wait for their turn.
pub fn with_mutant<T>(mutant: Option<Mutant>, work: impl FnOnce() -> T) -> T {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    mutant::switch_on(mutant);
    let done = work();
    mutant::switch_on(None);
    done
}

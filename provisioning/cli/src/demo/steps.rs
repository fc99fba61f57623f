//! The steps of the story in their order; each asks the processes and not the story for its proof.

mod agency;
mod books;
mod carry;
mod copy;
mod crash;
mod cut;
mod heal;
mod hub_down;
mod import;
mod join;
mod pages;
mod plugin;
mod search;
mod verify;

use super::story::{Step, Story};
use anyhow::Result;

/// One step: it acts, measures and fails when the processes do not show what they should.
pub(crate) type StepRun = fn(&mut Story) -> Result<Step>;

/// Every step with its name in the output.
pub(crate) const STEPS: [(&str, StepRun); 14] = [
    ("join", join::run),
    ("import", import::run),
    ("search", search::run),
    ("cut", cut::run),
    ("agency", agency::run),
    ("heal", heal::run),
    ("crash", crash::run),
    ("hub_down", hub_down::run),
    ("plugin", plugin::run),
    ("carry", carry::run),
    ("copy", copy::run),
    ("books", books::run),
    ("pages", pages::run),
    ("verify", verify::run),
];

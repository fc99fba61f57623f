//! Runs filter plugins inside a node: loads components, refuses what breaks the contract, and
//! judges pages of candidates under one deadline.
//!
//! The node's shell owns a [`Host`], loads plugins off its event loop with a [`PluginFolder`],
//! and swaps a whole [`Chain`] into its [`ChainSlot`]. A guest imports nothing and every call gets
//! a fresh instance, so no guest can see the world or remember a search.

mod breaker;
mod canned;
mod chain;
mod contract;
mod engine;
mod folder;
pub mod limits;
mod plugin;
mod ticker;

pub use chain::{Chain, ChainSlot};
pub use contract::OnFailure;
pub use engine::{Host, HostError, Metering};
pub use folder::{PluginFolder, RefusedFile, Scan};
pub use plugin::{CallError, Description, Measured, Plugin, Refusal};

//! Runs plugins inside a node, those that filter searches and those that admit workers: loads components, refuses what
//! breaks the contract, and judges pages of candidates and questions about workers, each under one deadline.
//!
//! The node's shell owns a [`Host`], loads plugins off its event loop with a [`PluginFolder`],
//! and swaps a whole [`Chain`] into its [`ChainSlot`]. A guest imports nothing and every call gets
//! a fresh instance, so no guest can see the world or remember a search.

mod admitter;
mod breaker;
mod canned;
mod chain;
mod code;
mod contract;
mod engine;
mod folder;
pub mod limits;
mod plugin;
mod settings;
mod ticker;

pub use admitter::{AdmissionRow, Admitter, Asked};
pub use chain::{Chain, ChainSlot};
pub use contract::{OnFailure, OnSilence, category_number};
pub use engine::{Host, HostError, Metering};
pub use folder::{Guest, PluginFolder, RefusedFile, Scan};
pub use plugin::{CallError, Description, Measured, Plugin, Refusal};
pub use settings::Settings;

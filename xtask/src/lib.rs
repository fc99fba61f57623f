//! The project's own chores: demo, tests, tidy, figures, plugins and API descriptions.
//!
//! `main.rs` calls [`cli::main`]; the integration test calls [`tidy::check`]. Nothing here is part of the
//! product and no other package depends on this one.

mod bench;
mod child;
pub mod cli;
mod coverage;
mod demo;
mod golden;
mod openapi;
mod out;
mod plugins;
mod suites;
pub mod tidy;
pub mod workspace;

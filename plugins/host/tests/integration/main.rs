//! Plugins of every sort against the real host: refused at the door, held off, or obeyed.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test, also outside of #[test] functions")]

mod admission;
mod admitting;
mod folder;
mod guest;
mod hostile;
mod refused;
mod shipped;

//! The integration tests of the protocol core, as one binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::wildcard_enum_match_arm, reason = "a test names the one variant that it expects")]

mod carry;
mod contacts;
mod demands;
mod documents;
mod frames;
mod ids;
mod logs;
mod receipts;
mod seats;
mod sessions;
mod timesheets;
mod writers;

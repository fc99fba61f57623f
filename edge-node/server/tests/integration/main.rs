//! A node without a hub, driven over HTTP as a kiosk's browser and a tenant's program would.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod admission;
#[path = "../../../../plugins/host/tests/integration/admitting.rs"]
mod admitting;
mod agency;
mod carry;
mod crews;
mod damage;
mod disk;
mod events;
mod held_off;
mod https;
mod interface;
mod kiosk;
mod lines;
mod no_shows;
mod node;
mod own;
mod packed;
mod prints;
mod rates;
mod reads;
mod routes;
mod senders;
mod workers;

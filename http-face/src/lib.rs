//! What the interfaces of node and hub say where no handler does: the description of the routes as JSON and as a page, the
//! meaning of problem codes, the names under which a server answers, what a caller has already or would rather have, and the
//! answer to requests that take too long, fail or are refused before a handler sees them.
//!
//! Both servers call this with their own routes and their own problems; nothing here knows of jobs or nodes.

mod asked;
mod describe;
mod docs;
mod example;
mod hosts;
mod outermost;
mod pack;
mod page;
mod rates;
mod trace;

pub use asked::{Has, has, prefers};
pub use describe::{Known, complete};
pub use docs::Docs;
pub use hosts::{Hosts, host_name, own_host};
pub use outermost::{Answer, Limit, Refusal, in_time, whole};
pub use pack::pack;
pub use rates::{Rate, Rates};

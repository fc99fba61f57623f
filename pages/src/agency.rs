//! The desk of an agency's clerk, which stands at each node and at the hub: log-in, shifts to post, and how its pages look.
//!
//! Each handler takes a [`Clerk`], so that no page is without a log-in, and each form a [`Sent`], so that none is taken
//! from another site. What differs between the servers is their [`Desk`].

pub mod door;
pub mod hours;
pub mod logins;
mod paste;
pub mod post;
pub mod rows;
pub mod view;
pub mod who;

pub use door::{Clerk, Desk, Sent};
pub use logins::Clerks;
pub use paste::plain;
pub use view::{Frame, Line};

const SHEET: &str = include_str!("../assets/agency.css");

//! The decisions of an edge node: search, sign-up, materialisation.

pub mod filter;
pub mod search;

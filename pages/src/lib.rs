//! What the pages of node and hub share: their words in each language, what follows from a country, forms, and the desk of
//! an agency's clerk.
//!
//! Nothing here knows of a store or a line: a server gives what it knows and sends back what comes of it.

pub mod agency;
pub mod country;
pub mod forms;
pub mod guesses;
mod lang;
pub mod languages;
pub mod limits;
mod words;

pub use lang::{Lang, install};
pub use words::{Words, base64url, escape, hm, icon};

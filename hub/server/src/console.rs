//! The pages of the hub console: plain view models and their templates, in English.
//!
//! Handlers fill the structs of [`view`] from live state and send back what they render to.
//! Nothing here reads a clock, a store or a request, so a page is a function of its model.

pub(crate) mod draw;
pub(crate) mod view;

#[cfg(test)]
mod tests;

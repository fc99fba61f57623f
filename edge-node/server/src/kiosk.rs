//! The pages of the hall kiosk: plain view models, their templates and their words.
//!
//! The handlers of [`routes`] fill the structs of [`view`] from live state and send back what they render to.
//! Nothing in [`view`] reads a clock, a store or a request, so a page is a function of its model.

pub(crate) mod link;
pub(crate) mod prints;
pub(crate) mod qr;
pub(crate) mod routes;
pub(crate) mod view;
pub(crate) mod visit;

#[cfg(test)]
mod tests;

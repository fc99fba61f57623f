//! Giving a ticket back: a step of its own, with the phone number that the sign-up was made with.

use askama::{Template, filters::Safe};

use super::{Frame, JobCard, Line, Typed};
use crate::kiosk::link::{self, Link};

/// Why a ticket was not given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GiveBackError {
    /// It is not a phone number.
    Phone,
    /// The number is not the one that was signed up with.
    Other,
    /// Too much to do; wait a little.
    TooBusy,
}

/// The form that gives a ticket back (POST `phone`, or `key` from the pad).
#[derive(Debug, Clone, Template)]
#[template(path = "kiosk/give_back.html")]
pub(crate) struct GiveBackPage {
    /// What surrounds every page.
    pub(crate) frame: Frame,
    /// Six digits of the ticket.
    pub(crate) code: String,
    /// The job, which stays in sight.
    pub(crate) card: JobCard,
    /// The phone number so far.
    pub(crate) typed: Typed,
    /// Whether its worker is logged in: then no number is asked for.
    pub(crate) is_proved: bool,
    /// Why the last attempt was not taken.
    pub(crate) error: Option<GiveBackError>,
}

impl GiveBackPage {
    fn phone_error(&self) -> Option<Safe<String>> {
        match self.error? {
            GiveBackError::Phone => Some(self.typed.wrong(&self.frame)),
            GiveBackError::Other => Some(self.frame.t("give-back-wrong")),
            GiveBackError::TooBusy => None,
        }
    }

    fn action(&self) -> String {
        self.frame.on_visit(link::cancel(&self.code)).href(self.frame.choice)
    }

    fn ticket_href(&self) -> String {
        self.frame.on_visit(Link::below(link::TICKET, &self.code)).href(self.frame.choice)
    }
}

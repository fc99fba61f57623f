//! The hours of a shift that is over, as its worker saw them: right, or another figure.

use askama::{Template, filters::Safe};

use super::{Frame, JobCard, Line, Typed};
use crate::kiosk::link::{self, Link};

/// Why the hours were not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HoursError {
    /// It is not a phone number.
    Phone,
    /// The number is not the one that was signed up with.
    Other,
    /// Too much to do; wait a little.
    TooBusy,
}

/// What stands about a shift's hours, in minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hours {
    /// As the agency confirmed them, or else as the gate measured them.
    pub(crate) told: u32,
    /// As the worker confirmed them.
    pub(crate) said: Option<u32>,
}

impl Hours {
    /// Hours and minutes as people write them.
    pub(crate) fn clock(minutes: u32) -> String {
        format!("{}:{:02}", minutes / 60, minutes % 60)
    }

    pub(super) fn line(&self, frame: &Frame) -> Safe<String> {
        match self.said {
            None => frame.t_a("hours-confirm", Self::clock(self.told)),
            Some(said) if said == self.told => frame.t_a("hours-agreed", Self::clock(said)),
            Some(said) => frame.t_ab("hours-differ", Self::clock(said), Self::clock(self.told)),
        }
    }
}

/// The form that confirms hours (POST `minutes` and `phone`, or `key` from the pad, or `less` and `more`).
#[derive(Debug, Clone, Template)]
#[template(path = "kiosk/hours.html")]
pub(crate) struct HoursPage {
    /// What surrounds every page.
    pub(crate) frame: Frame,
    /// Six digits of the ticket.
    pub(crate) code: String,
    /// The job, which stays in sight.
    pub(crate) card: JobCard,
    /// Times at the gate.
    pub(crate) from_to: (String, String),
    /// What is going to be confirmed.
    pub(crate) minutes: u32,
    /// The phone number so far.
    pub(crate) typed: Typed,
    /// Whether its worker is logged in: then no number is asked for.
    pub(crate) is_proved: bool,
    /// Why the last attempt was not taken.
    pub(crate) error: Option<HoursError>,
}

impl HoursPage {
    fn phone_error(&self) -> Option<Safe<String>> {
        match self.error? {
            HoursError::Phone => Some(self.typed.wrong(&self.frame)),
            HoursError::Other => Some(self.frame.t("give-back-wrong")),
            HoursError::TooBusy => None,
        }
    }

    fn clock(&self) -> String {
        Hours::clock(self.minutes)
    }

    fn action(&self) -> String {
        self.frame.on_visit(link::hours(&self.code)).href(self.frame.choice)
    }

    fn ticket_href(&self) -> String {
        self.frame.on_visit(Link::below(link::TICKET, &self.code)).href(self.frame.choice)
    }
}

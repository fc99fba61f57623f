//! The sign-up form: a phone number, and nothing that the kiosk would not use.

use askama::{Template, filters::Safe};
use jiff::civil::Time;

use super::{Frame, JobCard, Lack, Line, Offer, Trail, Typed};
use crate::{
    http::Problem,
    kiosk::link::{self, Link},
};

/// Why a sign-up was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SignUpError {
    /// The number does not look like a mobile phone number.
    Phone,
    /// The person has signed up for this job before.
    Again {
        /// Address of that ticket.
        ticket: Link,
    },
    /// The person has a confirmed place at that time.
    Overlap {
        /// That ticket.
        ticket: Link,
    },
    /// The job asks for something that the person has not, or has not told.
    Unfit(Lack),
    /// The job takes nobody any more.
    Closed,
    /// Too many attempts; wait a little.
    TooMany,
}

/// The sign-up form.
#[derive(Debug, Clone, Template)]
#[template(path = "kiosk/sign_up.html")]
pub(crate) struct SignUpPage {
    /// What surrounds every page.
    pub(crate) frame: Frame,
    /// The job, which stays in sight.
    pub(crate) card: JobCard,
    /// Key that makes a second submission harmless.
    pub(crate) idempotency: String,
    /// The phone number so far.
    pub(crate) typed: Typed,
    /// Whether the visit says who signs up: then no number is asked for.
    pub(crate) is_known: bool,
    /// Local time until which a place is held, where one is.
    pub(crate) hold_until: Option<Time>,
    /// Why the last attempt was not taken.
    pub(crate) error: Option<SignUpError>,
    /// The list that the reader came from.
    pub(crate) trail: Trail,
}

impl SignUpError {
    /// The error for what keeps somebody from a job.
    pub(crate) fn of_demand(problem: &Problem) -> Option<Self> {
        Lack::of(problem).map(Self::Unfit)
    }
}

impl SignUpPage {
    fn phone_error(&self) -> Option<Safe<String>> {
        (self.error == Some(SignUpError::Phone)).then(|| self.typed.wrong(&self.frame))
    }

    fn held_words(&self) -> Option<Safe<String>> {
        let until = self.hold_until?;
        let at = until.strftime("%H:%M").to_string();
        Some(self.frame.t_a("signup-held", &at))
    }

    /// Where a worker says who he is, and comes back to this job.
    fn me_href(&self) -> String {
        Link::to(link::ME).with("job", &self.card.id).href(self.frame.choice)
    }

    /// The list of a crew, where this kiosk could confirm one.
    fn crew_href(&self) -> Option<String> {
        let has_room = self.card.offer == Offer::Here && self.card.seats.here > 1;
        has_room.then(|| self.trail.crew(&self.card.id).href(self.frame.choice))
    }

    fn action(&self) -> String {
        self.frame.on_visit(self.trail.sign_up(&self.card.id)).href(self.frame.choice)
    }

    fn job_href(&self) -> String {
        self.trail.job(&self.card.id).href(self.frame.choice)
    }

    fn list_href(&self) -> String {
        self.trail.list().href(self.frame.choice)
    }

    fn ticket_href(&self, ticket: &Link) -> String {
        ticket.href(self.frame.choice)
    }
}

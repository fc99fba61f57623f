//! A crew at the screen: numbers and cards are put on a list one after the other, and all are confirmed together or none.

use askama::{Template, filters::Safe};
use edge_core::node::{CREW_MAX, CREW_MIN};

use super::{Frame, JobCard, Lack, Line, PrintBox, TicketPage, Trail, Typed};
use crate::kiosk::link::{self, Link};

/// Digits of a number that others may read on the screen.
const SHOWN_DIGITS: usize = 4;

/// What a form sends for the one whom its visit names.
const KNOWN: &str = "known";

/// Somebody on the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Member {
    /// Whom the visit names, by card or log-in.
    Known,
    /// The text of a card that was held to the scanner.
    Card(String),
    /// A phone number.
    Phone(String),
}

impl Member {
    /// Whether the text of a form means the one whom its visit names.
    pub(crate) fn is_known(text: &str) -> bool {
        text == KNOWN
    }

    /// As the form sends it on.
    fn sent(&self) -> &str {
        match self {
            Self::Known => KNOWN,
            Self::Card(text) | Self::Phone(text) => text,
        }
    }

    /// As others may read it on the screen: a card names nobody, and of a number the last digits are shown.
    fn words(&self, frame: &Frame) -> Safe<String> {
        match self {
            Self::Known => frame.t("crew-you"),
            Self::Card(_) => frame.t("crew-card"),
            Self::Phone(phone) => {
                let ending = phone.get(phone.len().saturating_sub(SHOWN_DIGITS)..).unwrap_or_default();
                Safe(format!("… {ending}"))
            }
        }
    }

    fn icon(&self) -> &'static str {
        match self {
            Self::Known => "me",
            Self::Card(_) => "id",
            Self::Phone(_) => "phone",
        }
    }
}

/// Why a crew was not taken as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CrewError {
    /// It is not a phone number.
    Phone,
    /// No card of this kiosk.
    Card,
    /// The number or card is on the list.
    Twice,
    /// Too few people are on the list, or too many.
    Size,
    /// A member has signed up for the job before.
    Again {
        /// Place on the list, from 1.
        member: u32,
    },
    /// A member may not take a place of this job.
    Unfit {
        /// Place on the list, from 1.
        member: u32,
        lack: Lack,
    },
    /// This kiosk can confirm only so many now; nothing was taken.
    Short {
        /// How many.
        confirmable: u32,
    },
    /// The job takes nobody any more.
    Closed,
    /// Too much to do; wait a little.
    TooBusy,
}

/// The list of a crew (POST `add`, `drop`, `go`, `alone`, or `key` from the pad).
#[derive(Debug, Clone, Template)]
#[template(path = "kiosk/crew.html")]
pub(crate) struct CrewPage {
    /// What surrounds every page.
    pub(crate) frame: Frame,
    /// The job, which stays in sight.
    pub(crate) card: JobCard,
    /// Key that makes a second submission harmless.
    pub(crate) idempotency: String,
    /// The number being typed.
    pub(crate) typed: Typed,
    /// The list, the one who leads first.
    pub(crate) members: Vec<Member>,
    /// Why the last attempt was not taken.
    pub(crate) error: Option<CrewError>,
    /// The list of jobs that the reader came from.
    pub(crate) trail: Trail,
}

impl CrewPage {
    fn phone_error(&self) -> Option<Safe<String>> {
        match self.error.as_ref()? {
            CrewError::Phone => Some(self.typed.wrong(&self.frame)),
            CrewError::Card => Some(self.frame.t("step-card-wrong")),
            CrewError::Twice => Some(self.frame.t("crew-twice")),
            CrewError::Size
            | CrewError::Again { .. }
            | CrewError::Unfit { .. }
            | CrewError::Short { .. }
            | CrewError::Closed
            | CrewError::TooBusy => None,
        }
    }

    fn note(&self) -> Option<Safe<String>> {
        match self.error.as_ref()? {
            CrewError::Phone | CrewError::Card | CrewError::Twice => None,
            CrewError::Size => Some(self.frame.t("crew-size")),
            CrewError::Again { member } => Some(self.frame.t_n("crew-again", *member)),
            CrewError::Unfit { member, lack } => {
                let whose = self.frame.t_n("crew-unfit", *member);
                Some(Safe(format!("{whose} {}", lack.words(&self.frame))))
            }
            CrewError::Short { confirmable } => {
                Some(self.frame.t_na("crew-short", *confirmable, self.members.len().to_string()))
            }
            CrewError::Closed => Some(self.frame.t("signup-closed")),
            CrewError::TooBusy => Some(self.frame.t("too-many")),
        }
    }

    fn is_short(&self) -> bool {
        matches!(self.error, Some(CrewError::Short { .. }))
    }

    fn is_ready(&self) -> bool {
        (CREW_MIN..=CREW_MAX).contains(&self.members.len())
    }

    fn count(&self) -> u32 {
        u32::try_from(self.members.len()).unwrap_or_default()
    }

    fn action(&self) -> String {
        self.frame.on_visit(self.trail.crew(&self.card.id)).href(self.frame.choice)
    }

    fn job_href(&self) -> String {
        self.trail.job(&self.card.id).href(self.frame.choice)
    }
}

/// The tickets of a crew on one page.
#[derive(Debug, Clone, Template)]
#[template(path = "kiosk/crew_tickets.html")]
pub(crate) struct CrewTicketsPage {
    /// What surrounds every page.
    pub(crate) frame: Frame,
    /// One for each member, in the order of the list.
    pub(crate) tickets: Vec<TicketPage>,
    /// The printer, where the reader stands before one.
    pub(crate) print: Option<PrintBox>,
}

impl CrewTicketsPage {
    fn count(&self) -> u32 {
        u32::try_from(self.tickets.len()).unwrap_or_default()
    }

    fn all_are(&self, tones: &[&str]) -> bool {
        self.tickets.iter().all(|ticket| tones.contains(&ticket.tone()))
    }

    fn title(&self) -> Safe<String> {
        let count = self.count();
        if self.all_are(&["go"]) {
            self.frame.t_n("crew-all", count)
        } else if self.all_are(&["go", "kept"]) {
            self.frame.t_n("crew-kept", count)
        } else {
            self.frame.t_n("crew-some", count)
        }
    }

    fn ticket_href(&self, code: &str) -> String {
        self.frame.on_visit(Link::below(link::TICKET, code)).href(self.frame.choice)
    }
}

//! The ticket: what was answered, in colour, shape and word, and what to do next.

use askama::{Template, filters::Safe};
use jiff::civil::DateTime;

use super::{Away, Frame, Hours, JobCard, Line, PrintBox, Words, grouped};
use crate::kiosk::{
    link::{self, Link},
    qr::Qr,
};

/// What became of a sign-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The place is this person's.
    Confirmed,
    /// The place is this person's once the centre has heard of it: until then a node that is lost may lose it.
    Kept {
        /// When the centre must have heard of it.
        until: DateTime,
    },
    /// In line for a place.
    WaitListed {
        /// Number in line, from 1.
        position: u32,
        /// Whether only the people at this kiosk are counted, because the line is down.
        at_this_kiosk: bool,
    },
    /// In line, and this kiosk was not told at which place.
    InLine,
    /// In line for a place that is drawn later: nobody has a number before.
    InDraw {
        /// When it is drawn.
        at: DateTime,
    },
    /// Sent to the centre; no answer yet.
    Requested,
    /// The person wishes to give it back; the kiosk that holds the place has not freed it yet.
    GivingBack,
    /// Given back by the person.
    Cancelled {
        /// Whether it was a place, as far as this kiosk knows, and not a number in line.
        was_place: bool,
    },
    /// Ended by others than the person.
    Bumped(Why),
}

impl Answer {
    /// Whether it is a place, and not a number in line or a wish.
    pub(crate) const fn is_place(self) -> bool {
        matches!(self, Self::Confirmed | Self::Kept { .. })
    }

    /// Whether there is something to keep a ticket for.
    pub(crate) const fn holds_something(self) -> bool {
        !matches!(self, Self::GivingBack | Self::Cancelled { .. } | Self::Bumped(_))
    }
}

/// Why others ended a sign-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// The employer needs fewer people.
    Fewer,
    /// The employer called the job off.
    Closed,
    /// The person has another place at that time.
    Twice,
    /// The kiosk that gave the place was lost, and the place went to somebody else.
    Void,
    /// The person was not at the gate in time.
    NotThere,
    /// The agency cancelled this one place.
    Employer,
    /// The person's turn in line came up, and a plugin's rule keeps him from the job.
    Rule,
    /// The same, where the job asks for something that the person has not.
    Unfit,
}

impl Why {
    /// Every reason.
    pub(crate) const ALL: [Self; 8] = [
        Self::Fewer,
        Self::Closed,
        Self::Twice,
        Self::Void,
        Self::NotThere,
        Self::Employer,
        Self::Rule,
        Self::Unfit,
    ];
}

/// One ticket.
#[derive(Debug, Clone, Template)]
#[template(path = "kiosk/ticket.html")]
pub(crate) struct TicketPage {
    /// What surrounds every page.
    pub(crate) frame: Frame,
    /// What became of the sign-up.
    pub(crate) answer: Answer,
    /// Whether whoever has worked longest for the agency stands first in line.
    pub(crate) by_seniority: bool,
    /// The six digits.
    pub(crate) code: String,
    /// What the QR code says; left out where it is empty or too long.
    pub(crate) qr: String,
    /// The job.
    pub(crate) card: JobCard,
    /// Name or address of the place.
    pub(crate) address: String,
    /// Minutes before the start by which to be there.
    pub(crate) early_min: u32,
    /// Other jobs that can be confirmed here and now.
    pub(crate) here_total: u32,
    /// The printer, where the reader stands before one and there is something to keep.
    pub(crate) print: Option<PrintBox>,
    /// Whether the ticket may be given back here.
    pub(crate) can_cancel: bool,
    /// The hours of a shift that is over.
    pub(crate) hours: Option<Hours>,
}

impl TicketPage {
    pub(super) fn tone(&self) -> &'static str {
        match self.answer {
            // What a frozen kiosk gave may have been given to others since, and green means certain.
            Answer::Confirmed | Answer::Kept { .. } if self.frame.frozen => "off",
            Answer::Confirmed => "go",
            Answer::Kept { .. } => "kept",
            Answer::WaitListed { .. } | Answer::InLine | Answer::InDraw { .. } => "wait",
            Answer::Requested => "ask",
            Answer::GivingBack | Answer::Cancelled { .. } => "off",
            Answer::Bumped(_) => "stop",
        }
    }

    pub(super) fn mark(&self) -> Safe<String> {
        match self.answer {
            Answer::Confirmed | Answer::Kept { .. } => super::icon("tick"),
            Answer::WaitListed { position, .. } => Safe(position.to_string()),
            Answer::InLine | Answer::InDraw { .. } => super::icon("queue"),
            Answer::Requested => super::icon("glass"),
            Answer::GivingBack | Answer::Cancelled { .. } => super::icon("back"),
            Answer::Bumped(_) => super::icon("warn"),
        }
    }

    pub(super) fn title(&self) -> Safe<String> {
        title(self.frame.words(), self.answer)
    }

    pub(super) fn meaning(&self) -> Safe<String> {
        if self.answer.is_place() && self.frame.frozen {
            self.frame.t("ticket-confirmed-frozen-means")
        } else {
            meaning(self.frame.words(), self.answer)
        }
    }

    /// Returns at most three lines of what to do next, each with its icon.
    pub(super) fn next(&self) -> Vec<(&'static str, Safe<String>)> {
        let frame = &self.frame;
        let others = ("tick", frame.t_n("next-others", self.here_total));
        let mut next = match self.answer {
            Answer::Confirmed => vec![("clock", self.be_there()), ("id", frame.t("next-show"))],
            Answer::Kept { .. } => vec![
                ("glass", frame.t("next-kept")),
                ("clock", self.be_there()),
                ("id", frame.t("next-show")),
            ],
            Answer::WaitListed { position, at_this_kiosk } => {
                let ahead = position.saturating_sub(1);
                let order = match (at_this_kiosk, self.by_seniority) {
                    (true, _) => frame.t("next-recount"),
                    (false, true) => frame.t("next-seniority"),
                    (false, false) => frame.t_n("next-ahead", ahead),
                };
                vec![("queue", order), ("phone", frame.t("next-your-turn")), others]
            }
            Answer::InLine => vec![("phone", frame.t("next-your-turn")), others],
            Answer::InDraw { .. } => {
                vec![("queue", frame.t("next-draw")), ("phone", frame.t("next-your-turn")), others]
            }
            Answer::Requested => {
                vec![("glass", frame.t("next-no-need")), ("phone", frame.t("next-look-up")), others]
            }
            Answer::GivingBack => vec![("glass", frame.t("next-giving-back")), others],
            Answer::Cancelled { .. } => vec![others],
            Answer::Bumped(_) => vec![("warn", frame.t("next-do-not-go")), others],
        };
        if frame.frozen {
            // Nothing more is heard of it here, and nothing else can be had.
            next.retain(|(icon, _)| !matches!(*icon, "phone" | "tick"));
        }
        next
    }

    fn be_there(&self) -> Safe<String> {
        let early = jiff::Span::new().minutes(i64::from(self.early_min));
        let at = self.card.start.saturating_sub(early);
        let at = super::hm(&at);
        match self.card.away {
            Some(Away::Walk(walk_min)) => self.frame.t_na("next-be-there-walk", walk_min, &at),
            Some(Away::Ride(ride_km)) => self.frame.t_na("next-be-there-ride", ride_km, &at),
            None => self.frame.t_a("next-be-there", &at),
        }
    }

    pub(super) fn code_grouped(&self) -> String {
        grouped(&self.code, &[3, 3])
    }

    pub(super) fn drawn(&self) -> Option<Qr> {
        if self.qr.is_empty() { None } else { Qr::draw(&self.qr) }
    }

    fn holds_something(&self) -> bool {
        self.answer.holds_something()
    }

    fn give_back_href(&self) -> String {
        self.frame.on_visit(link::cancel(&self.code)).href(self.frame.choice)
    }

    fn hours_href(&self) -> String {
        self.frame.on_visit(link::hours(&self.code)).href(self.frame.choice)
    }

    fn again_href(&self) -> String {
        Link::below(link::JOB, &self.card.id).href(self.frame.choice)
    }

    fn others_href(&self) -> String {
        Link::to(link::NEAR).with("here", 1).href(self.frame.choice)
    }
}

/// Names an answer.
pub(super) fn title(words: Words, answer: Answer) -> Safe<String> {
    match answer {
        Answer::Confirmed => words.t("ticket-confirmed"),
        Answer::Kept { .. } => words.t("ticket-provisional"),
        Answer::WaitListed { .. } | Answer::InLine => words.t("ticket-waiting"),
        Answer::InDraw { .. } => words.t("ticket-draw"),
        Answer::Requested => words.t("ticket-requested"),
        Answer::GivingBack => words.t("ticket-giving-back"),
        Answer::Cancelled { .. } => words.t("ticket-cancelled"),
        Answer::Bumped(_) => words.t("ticket-bumped"),
    }
}

/// Says what an answer means for the person.
pub(super) fn meaning(words: Words, answer: Answer) -> Safe<String> {
    match answer {
        Answer::Confirmed => words.t("ticket-confirmed-means"),
        Answer::Kept { until } => words.t_a("ticket-provisional-means", super::hm(&until)),
        Answer::WaitListed { position, at_this_kiosk: false } => words.t_n("ticket-waiting-means", position),
        Answer::WaitListed { position, at_this_kiosk: true } => {
            words.t_n("ticket-waiting-here-means", position)
        }
        Answer::InLine => words.t("ticket-in-line-means"),
        Answer::InDraw { at } => words.t_ab("ticket-draw-means", words.date(at.date()), super::hm(&at)),
        Answer::Requested => words.t("ticket-requested-means"),
        Answer::GivingBack => words.t("ticket-giving-back-means"),
        Answer::Cancelled { was_place: true } => words.t("ticket-cancelled-means"),
        Answer::Cancelled { was_place: false } => words.t("ticket-left-line-means"),
        Answer::Bumped(Why::Fewer) => words.t("ticket-bumped-means"),
        Answer::Bumped(Why::Closed) => words.t("ticket-closed-means"),
        Answer::Bumped(Why::Twice) => words.t("ticket-twice-means"),
        Answer::Bumped(Why::Void) => words.t("ticket-void-means"),
        Answer::Bumped(Why::NotThere) => words.t("ticket-not-there-means"),
        Answer::Bumped(Why::Employer) => words.t("ticket-employer-means"),
        Answer::Bumped(Why::Rule) => words.t("ticket-rule-means"),
        Answer::Bumped(Why::Unfit) => words.t("ticket-unfit-means"),
    }
}

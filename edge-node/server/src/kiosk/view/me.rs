//! What is a worker's alone: the shifts that stand, the card, what was told of oneself, and the end of it.

use std::collections::BTreeSet;

use askama::{Template, filters::Safe};
use sync_protocol::documents::demands::{CERTIFICATES, LANGUAGES};

use super::{Answer, Frame, JobCard, Line, PrintBox, lack, ticket};
use crate::kiosk::{
    link::{self, Link},
    qr::Qr,
};

/// Digits of a number that others may read on the screen.
const SHOWN_DIGITS: usize = 4;

/// A worker as a shared screen names one: the first character of the name and the end of the number.
pub(crate) fn sparing(name: &str, phone: &str) -> String {
    let ending = phone.get(phone.len().saturating_sub(SHOWN_DIGITS)..).unwrap_or_default();
    match name.chars().next() {
        Some(first) => format!("{first}… … {ending}"),
        None => format!("… {ending}"),
    }
}

/// One sign-up of the worker.
#[derive(Debug, Clone)]
pub(crate) struct Shift {
    /// Six digits of the ticket.
    pub(crate) code: String,
    pub(crate) answer: Answer,
    pub(crate) card: JobCard,
    /// When the gate let the worker in and out, local times.
    pub(crate) came: Option<String>,
    pub(crate) left: Option<String>,
    pub(crate) can_cancel: bool,
}

impl Shift {
    fn icon(&self) -> &'static str {
        match self.answer {
            Answer::Confirmed => "tick",
            Answer::WaitListed { .. } | Answer::InLine | Answer::InDraw { .. } => "queue",
            Answer::Kept { .. } | Answer::Requested => "glass",
            Answer::GivingBack | Answer::Cancelled { .. } => "back",
            Answer::Bumped(_) => "warn",
        }
    }

    fn state(&self, frame: &Frame) -> Safe<String> {
        match (&self.came, &self.left) {
            (Some(came), Some(left)) => frame.t_ab("me-left", came, left),
            (Some(came), None) => frame.t_a("me-in", came),
            (None, _) => {
                if let Answer::WaitListed { position, .. } = self.answer {
                    frame.t_n("me-waiting", position)
                } else {
                    ticket::title(frame.words(), self.answer)
                }
            }
        }
    }

    /// A place is shown at the gate, which checks its worker in; anything else is looked at.
    fn ticket_words(&self, frame: &Frame) -> Safe<String> {
        if self.answer.is_place() && self.came.is_none() { frame.t("me-gate") } else { frame.t("me-ticket") }
    }
}

/// What was done just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    Pin,
    About,
    /// Somebody who enrols was enrolled already; nothing was changed.
    KnownBefore,
}

impl Done {
    const ALL: [Self; 3] = [Self::Pin, Self::About, Self::KnownBefore];

    /// As an address says it.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Pin => "pin",
            Self::About => "about",
            Self::KnownBefore => "known",
        }
    }

    pub(crate) fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|done| done.code() == code)
    }
}

/// A worker's own page.
#[derive(Debug, Clone, Template)]
#[template(path = "kiosk/me.html")]
pub(crate) struct MePage {
    /// What surrounds every page.
    pub(crate) frame: Frame,
    /// By [`sparing`].
    pub(crate) name: String,
    /// Soonest first.
    pub(crate) shifts: Vec<Shift>,
    pub(crate) done: Option<Done>,
}

impl MePage {
    fn done_words(&self) -> Option<Safe<String>> {
        Some(match self.done? {
            Done::Pin => self.frame.t("done-pin"),
            Done::About => self.frame.t("done-about"),
            Done::KnownBefore => self.frame.t("done-known"),
        })
    }

    fn ticket_href(&self, shift: &Shift) -> String {
        self.frame.on_visit(Link::below(link::TICKET, &shift.code)).href(self.frame.choice)
    }

    fn cancel_href(&self, shift: &Shift) -> String {
        self.frame.on_visit(link::cancel(&shift.code)).href(self.frame.choice)
    }
}

/// What a new card means, and the button that makes it.
#[derive(Debug, Clone, Template)]
#[template(path = "kiosk/new_card.html")]
pub(crate) struct NewCardPage {
    /// What surrounds every page.
    pub(crate) frame: Frame,
}

/// A card, shown this once: on the screen, and on 58 mm paper.
#[derive(Debug, Clone, Template)]
#[template(path = "kiosk/worker_card.html")]
pub(crate) struct WorkerCardPage {
    /// What surrounds every page.
    pub(crate) frame: Frame,
    /// By [`sparing`].
    pub(crate) name: String,
    /// What the QR code says.
    pub(crate) text: String,
    /// The printer, where the reader stands before one.
    pub(crate) print: Option<PrintBox>,
}

impl WorkerCardPage {
    pub(super) fn drawn(&self) -> Option<Qr> {
        Qr::draw(&self.text)
    }
}

/// A box to tick: its code, its words, and whether it is ticked.
type Tick = (String, String, bool);

/// What jobs ask of people, to tell or to change (POST `name`, `certificate`, `language`, and what is kept).
#[derive(Debug, Clone, Template)]
#[template(path = "kiosk/about.html")]
pub(crate) struct AboutPage {
    /// What surrounds every page.
    pub(crate) frame: Frame,
    /// Whether this enrols the worker, who has to agree to it.
    pub(crate) is_new: bool,
    pub(crate) name: String,
    /// Codes.
    pub(crate) certificates: BTreeSet<String>,
    /// Codes.
    pub(crate) languages: BTreeSet<String>,
    /// What the steps before gave: field and value.
    pub(crate) kept: Vec<(&'static str, String)>,
    pub(crate) action: Link,
    pub(crate) back: Link,
}

/// What is known by name here, and what the worker has besides.
fn ticks<'a>(
    known: impl Iterator<Item = &'a str>,
    has: &BTreeSet<String>,
    name: impl Fn(&str) -> String,
) -> Vec<Tick> {
    let mut codes: Vec<String> = known.map(str::to_owned).collect();
    codes.extend(has.iter().filter(|code| !codes.contains(code)).cloned().collect::<Vec<_>>());
    codes.into_iter().map(|code| (code.clone(), name(&code), has.contains(&code))).collect()
}

impl AboutPage {
    fn title(&self) -> Safe<String> {
        if self.is_new { self.frame.t("enrol-title") } else { self.frame.t("about-title") }
    }

    fn papers(&self) -> Vec<Tick> {
        let lang = self.frame.choice.lang;
        let known = CERTIFICATES.iter().map(|known| known.code);
        ticks(known, &self.certificates, |code| lack::certificate(code, lang).to_owned())
    }

    fn tongues(&self) -> Vec<Tick> {
        let lang = self.frame.choice.lang;
        let known = LANGUAGES.iter().map(|known| known.0);
        ticks(known, &self.languages, |code| lack::language(code, lang).to_owned())
    }

    fn href(&self, link: &Link) -> String {
        self.frame.on_visit(link.clone()).href(self.frame.choice)
    }
}

/// Says what was erased, and what remains.
#[derive(Debug, Clone, Template)]
#[template(path = "kiosk/erased.html")]
pub(crate) struct ErasedPage {
    /// What surrounds every page.
    pub(crate) frame: Frame,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_screen_names_nobody_in_full() {
        assert_eq!(sparing("欧阳娜娜", "13905712916"), "欧… … 2916");
        assert_eq!(sparing("", "13905712916"), "… 2916");
        assert_eq!(sparing("Ann", ""), "A… … ");
    }

    #[test]
    fn what_has_no_name_here_is_kept_as_it_is() {
        let has = BTreeSet::from(["en".to_owned(), "qya".to_owned()]);
        let ticks = ticks(["zh", "en"].into_iter(), &has, str::to_uppercase);
        let of = |code: &str, has| (code.to_owned(), code.to_uppercase(), has);
        assert_eq!(ticks, [of("zh", false), of("en", true), of("qya", true)]);
    }
}

//! The button that prints, and what became of its press.

use askama::filters::Safe;

use super::Frame;
use crate::kiosk::{link::Link, prints::Press};

/// What a page has printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Thing {
    Ticket,
    /// All tickets of a crew.
    Crew,
    /// A worker's new card.
    Card,
}

/// The printer beside what it prints (POST `print`, and of a card its text).
#[derive(Debug, Clone)]
pub(crate) struct PrintBox {
    pub(crate) thing: Thing,
    pub(crate) action: Link,
    /// The text of a card, which no address may hold.
    pub(crate) card: Option<String>,
    /// Names the next press, so that it prints once however often it is sent.
    pub(crate) id: String,
    /// What became of the press that led here.
    pub(crate) told: Option<Press>,
}

impl PrintBox {
    pub(super) fn href(&self, frame: &Frame) -> String {
        frame.on_visit(self.action.clone()).href(frame.choice)
    }

    pub(super) fn is_wrong(&self) -> bool {
        matches!(self.told, Some(Press::Failed | Press::Often))
    }

    /// What became of it, and what to do where nothing comes out.
    pub(super) fn words(&self, frame: &Frame) -> Option<Safe<String>> {
        let told = match self.told? {
            Press::UnderWay | Press::Done => frame.t("print-under-way"),
            Press::Failed => frame.t("print-failed"),
            Press::Often => frame.t("print-often"),
        };
        let photo = match self.thing {
            Thing::Ticket => frame.t("print-photo"),
            Thing::Crew => frame.t("print-photo-crew"),
            Thing::Card => frame.t("print-photo-card"),
        };
        Some(Safe(format!("{told} {photo}")))
    }

    /// What to do before the first press.
    pub(super) fn keep(&self, frame: &Frame) -> Safe<String> {
        match self.thing {
            Thing::Ticket | Thing::Crew => frame.t("ticket-keep-print"),
            Thing::Card => frame.t("card-keep-print"),
        }
    }

    pub(super) fn button(&self, frame: &Frame) -> Safe<String> {
        match self.thing {
            Thing::Ticket => frame.t("ticket-print"),
            Thing::Crew => frame.t("print-crew"),
            Thing::Card => frame.t("print-card"),
        }
    }
}

//! What the screen shows to people who pass by: one large fact after the other, and one touch begins.

use askama::{Template, filters::Safe};

use super::{Frame, JobCard, Words};
use crate::kiosk::link;

/// One thing worth stopping for.
#[derive(Debug, Clone)]
pub(crate) enum Fact {
    /// Jobs that can be confirmed at this kiosk.
    Here {
        /// How many.
        total: u32,
    },
    /// The best paid job.
    Best(JobCard),
    /// The one that starts first.
    Next(JobCard),
    /// What a confirmed place means.
    Promise,
}

impl Fact {
    fn icon(&self) -> &'static str {
        match self {
            Self::Here { .. } | Self::Promise => "tick",
            Self::Best(_) => "coin",
            Self::Next(_) => "clock",
        }
    }

    fn figure(&self) -> String {
        match self {
            Self::Here { total } => total.to_string(),
            Self::Best(card) => format!("{}{}", card.sign, card.pay.major()),
            Self::Next(card) => super::hm(&card.start),
            Self::Promise => String::new(),
        }
    }

    /// What the fact is about, in the poster's language or the reader's.
    fn title(&self) -> Option<&str> {
        match self {
            Self::Best(card) | Self::Next(card) => Some(&card.title),
            Self::Here { .. } | Self::Promise => None,
        }
    }

    fn words(&self, words: Words) -> Safe<String> {
        match self {
            Self::Here { .. } => words.t("start-now"),
            Self::Best(_) => words.t("attract-best"),
            Self::Next(_) => words.t("attract-next"),
            Self::Promise => words.t("attract-promise"),
        }
    }
}

/// The page; all of it is one link to the start.
#[derive(Debug, Clone, Template)]
#[template(path = "kiosk/attract.html")]
pub(crate) struct AttractPage {
    /// What surrounds every page.
    pub(crate) frame: Frame,
    /// The facts, at least one and at most four.
    pub(crate) facts: Vec<Fact>,
}

impl AttractPage {
    fn here(&self) -> Words {
        self.frame.words()
    }

    fn also(&self) -> Words {
        Words(self.frame.other_lang())
    }
}

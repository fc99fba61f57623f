//! One job: pay, when, where, what to bring, and one button.

use askama::{Template, filters::Safe};

use jiff::civil::DateTime;
use sync_protocol::documents::{Demands, WaitRule};

use super::{Frame, JobCard, Line, Offer, Sketch, Trail, Words, lack::demanded};
use crate::kiosk::link;

/// A thing that a worker must have along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Bring {
    /// The identity card.
    IdCard,
    /// Closed shoes.
    Shoes,
    /// Drinking water.
    Water,
    /// Work gloves.
    Gloves,
    /// The health certificate for work with food.
    HealthCard,
    /// Something else, in the poster's own words.
    Other(String),
}

impl Bring {
    fn icon(&self) -> &'static str {
        match self {
            Self::IdCard => "id",
            Self::Shoes => "shoe",
            Self::Water => "water",
            Self::Gloves => "glove",
            Self::HealthCard => "card",
            Self::Other(_) => "bag",
        }
    }

    fn words(&self, frame: &Frame) -> Safe<String> {
        match self {
            Self::IdCard => frame.t("bring-id"),
            Self::Shoes => frame.t("bring-shoes"),
            Self::Water => frame.t("bring-water"),
            Self::Gloves => frame.t("bring-gloves"),
            Self::HealthCard => frame.t("bring-health"),
            Self::Other(words) => Safe(super::escape(words)),
        }
    }
}

/// One job.
#[derive(Debug, Clone, Template)]
#[template(path = "kiosk/job.html")]
pub(crate) struct JobPage {
    /// What surrounds every page.
    pub(crate) frame: Frame,
    /// What the list says of it.
    pub(crate) card: JobCard,
    /// The poster's own words.
    pub(crate) words: String,
    /// Minutes until the shift starts, while it is today and ahead.
    pub(crate) starts_in_min: Option<u32>,
    /// Name or address of the place.
    pub(crate) address: String,
    /// Where it lies from the hall.
    pub(crate) sketch: Option<Sketch>,
    /// What to have along.
    pub(crate) bring: Vec<Bring>,
    /// What it asks of people.
    pub(crate) demands: Demands,
    /// Who recruits, and who pays where that is someone else.
    pub(crate) employer: String,
    /// By which rule people wait.
    pub(crate) wait_rule: WaitRule,
    /// When places in line are drawn, while that is to come.
    pub(crate) draw_at: Option<DateTime>,
    /// Whether the job takes nobody any more.
    pub(crate) closed: bool,
    /// The list that the reader came from.
    pub(crate) trail: Trail,
}

impl JobPage {
    /// The language in which somebody who is asked the way may read it.
    fn also(&self) -> Words {
        Words(self.frame.other_lang())
    }

    fn demanded(&self) -> Vec<Safe<String>> {
        demanded(&self.frame, &self.demands)
    }

    fn sign_up_href(&self) -> String {
        self.trail.sign_up(&self.card.id).href(self.frame.choice)
    }

    fn back_href(&self) -> String {
        self.trail.list().href(self.frame.choice)
    }

    fn button_words(&self) -> Safe<String> {
        match self.card.offer {
            Offer::Here => self.frame.t("job-want"),
            Offer::AskCentre => self.frame.t("job-ask"),
            Offer::Queue => self.frame.t("job-queue"),
            Offer::Nothing => self.frame.t("job-see-others"),
        }
    }

    fn after_words(&self) -> Safe<String> {
        match self.card.offer {
            Offer::Here => self.frame.t("job-after-want"),
            Offer::AskCentre => self.frame.t("job-after-ask"),
            Offer::Queue => match (self.wait_rule, &self.draw_at) {
                (_, Some(at)) => {
                    let date = self.frame.date(at.date());
                    self.frame.words().t_ab("job-after-queue-draw", date, super::hm(at))
                }
                (WaitRule::Seniority, None) => self.frame.t("job-after-queue-seniority"),
                (WaitRule::Arrival | WaitRule::Lottery, None) => self.frame.t("job-after-queue"),
            },
            Offer::Nothing => self.frame.t("broken-nothing"),
        }
    }
}

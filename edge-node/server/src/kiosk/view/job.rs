//! One job: pay, when, where, what to bring, and one button.

use askama::{Template, filters::Safe};

use sync_protocol::documents::Demands;

use super::{Frame, JobCard, Line, Offer, Trail, lack::demanded};
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

/// Where a job lies as seen from the hall; enough for a sketch without map data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sketch {
    /// Direction from the hall in degrees, clockwise from north.
    pub(crate) bearing_deg: f64,
    /// Distance from the hall in metres.
    pub(crate) distance_m: u32,
}

const SKETCH_CENTRE: (f64, f64) = (420.0, 150.0);
const SKETCH_REACH: (f64, f64) = (250.0, 92.0);

impl Sketch {
    /// Returns where the place is drawn, on an ellipse that keeps both labels in the frame.
    fn spot(&self) -> (String, String) {
        let (sin, cos) = self.bearing_deg.to_radians().sin_cos();
        let x = SKETCH_CENTRE.0 + SKETCH_REACH.0 * sin;
        let y = SKETCH_CENTRE.1 - SKETCH_REACH.1 * cos;
        (format!("{x:.0}"), format!("{y:.0}"))
    }

    fn direction(&self, frame: &Frame) -> Safe<String> {
        let bearing = self.bearing_deg.rem_euclid(360.0);
        let edges = [22.5, 67.5, 112.5, 157.5, 202.5, 247.5, 292.5, 337.5];
        match edges.iter().filter(|edge| bearing >= **edge).count() {
            1 => frame.t("dir-ne"),
            2 => frame.t("dir-e"),
            3 => frame.t("dir-se"),
            4 => frame.t("dir-s"),
            5 => frame.t("dir-sw"),
            6 => frame.t("dir-w"),
            7 => frame.t("dir-nw"),
            _ => frame.t("dir-n"),
        }
    }

    fn distance(&self, frame: &Frame) -> Safe<String> {
        let metres = self.distance_m;
        if metres < 1000 {
            // Rounded: nobody paces out single metres, and the data does not know them.
            frame.t_n("metres", metres.div_ceil(10) * 10)
        } else {
            frame.t_a("kilometres", format!("{}.{}", metres / 1000, metres % 1000 / 100))
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
    /// Minutes of unpaid rest within the shift.
    pub(crate) rest_min: Option<u32>,
    /// Name or address of the place.
    pub(crate) address: String,
    /// Where to go in and whom to ask for.
    pub(crate) gate: Option<String>,
    /// Where it lies from the hall.
    pub(crate) sketch: Option<Sketch>,
    /// What to have along.
    pub(crate) bring: Vec<Bring>,
    /// What it asks of people.
    pub(crate) demands: Demands,
    /// Who recruits, and who pays where that is someone else.
    pub(crate) employer: String,
    /// Whether the job takes nobody any more.
    pub(crate) closed: bool,
    /// The list that the reader came from.
    pub(crate) trail: Trail,
}

impl JobPage {
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
            Offer::Queue => self.frame.t("job-after-queue"),
            Offer::Nothing => self.frame.t("broken-nothing"),
        }
    }
}

//! View models of the kiosk pages, one struct a page, each an askama template.
//!
//! Every struct holds a [`Frame`] with what all pages show; `render()` gives the whole page.
//! Models carry facts, never words: words come from the Fluent files in the reader's language.

mod attract;
mod crew;
mod find;
mod give_back;
mod hours;
mod job;
mod lack;
mod me;
mod near;
mod phone;
mod plain;
mod print;
mod sheet;
mod sign_up;
mod sketch;
mod slip;
pub(crate) mod spoken;
mod step;
mod ticket;

use std::borrow::Borrow;

use askama::filters::Safe;
use fluent_bundle::FluentValue;
use jiff::civil::{Date, DateTime};

pub(crate) use self::{
    attract::{AttractPage, Fact},
    crew::{CrewError, CrewPage, CrewTicketsPage, Member},
    find::{FindPage, Tile, kind_words},
    give_back::{GiveBackError, GiveBackPage},
    hours::{Hours, HoursError, HoursPage},
    job::{Bring, JobPage},
    lack::Lack,
    me::{AboutPage, Done, ErasedPage, MePage, NewCardPage, Shift, WorkerCardPage, sparing},
    near::{
        Away, Empty, Filter, JobCard, NearPage, Offer, Pay, Perks, Reach, Seats, Trail, When, Widened,
        near_page_size,
    },
    phone::{Asked, Typed},
    plain::{ErrorPage, HelpPage, MineError, MinePage, OutOfOrderPage, StartPage, Trouble, press_code},
    print::{PrintBox, Thing},
    sheet::SHEET,
    sign_up::{SignUpError, SignUpPage},
    sketch::Sketch,
    slip::{Slip, card_slip, sample_slip, ticket_slip},
    step::{Purpose, Step, StepError, StepPage},
    ticket::{Answer, TicketPage, Why},
};
use super::link::{self, Choice, Link};
use pages::{Lang, Words, escape, hm, icon};

/// Minutes after which the figures of other kiosks are called old.
pub(crate) const STALE_MIN: u32 = 10;

/// How this kiosk stands with the centre.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// Connected; the newest word from the centre is this many minutes old.
    InStep {
        /// Age of that word in minutes.
        age_min: u32,
    },
    /// Cut off from the centre since this many minutes.
    CutOff {
        /// Minutes since the last contact.
        since_min: u32,
    },
    /// Never in contact with a centre since it was set up.
    Alone,
}

/// What every page shows around its content.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// Language and size that the reader chose.
    pub(crate) choice: Choice,
    /// The language of the hall, which a kiosk speaks until asked otherwise.
    pub(crate) home: Lang,
    /// Address of this page, for the links that switch language and size.
    pub(crate) here: Link,
    /// Name of the hall.
    pub(crate) hall: String,
    /// Number of this kiosk in the hall.
    pub(crate) kiosk: String,
    /// Local wall clock of the hall.
    pub(crate) now: DateTime,
    /// Standing with the centre.
    pub(crate) line: Line,
    /// Whether this kiosk signs nobody up.
    pub(crate) frozen: bool,
    /// Whether shifts and pay are made up by a program for a demonstration.
    pub(crate) synthetic: bool,
    /// Whether something shown is a real posting of years ago with a made day.
    pub(crate) redated: bool,
    /// Seconds without a touch until the page is wiped; `None` on a reader's own phone.
    pub(crate) idle_s: Option<u32>,
    /// Address of the clip that reads this page aloud, where there is one.
    pub(crate) listen: Option<String>,
    /// Where an untouched page without a visit goes.
    pub(crate) idle_to: &'static str,
    /// Token of the visit that a personal page belongs to; leaving the page ends it.
    pub(crate) view: Option<String>,
    /// Whether a card or a log-in has said whose visit it is.
    pub(crate) is_known: bool,
}

impl Frame {
    fn words(&self) -> Words {
        Words(self.choice.lang)
    }

    fn t(&self, key: &str) -> Safe<String> {
        self.words().t(key)
    }

    fn t_n(&self, key: &str, n: impl Borrow<u32>) -> Safe<String> {
        self.words().t_n(key, n)
    }

    fn t_a(&self, key: &str, a: impl AsRef<str>) -> Safe<String> {
        self.words().t_a(key, a)
    }

    fn t_ab(&self, key: &str, a: impl AsRef<str>, b: impl AsRef<str>) -> Safe<String> {
        self.words().t_ab(key, a, b)
    }

    fn t_na(&self, key: &str, n: impl Borrow<u32>, a: impl AsRef<str>) -> Safe<String> {
        let args = [("n", FluentValue::from(*n.borrow())), ("a", FluentValue::from(a.as_ref()))];
        self.words().with(key, &args)
    }

    /// Draws a named icon of the sprite; the word beside it carries the meaning.
    #[expect(clippy::unused_self, reason = "templates reach every helper through the frame")]
    fn i(&self, name: &str) -> Safe<String> {
        icon(name)
    }

    fn go(&self, path: &str) -> String {
        Link::to(path).href(self.choice)
    }

    /// Where people find what is theirs: by their digits, or on their own page.
    fn mine_href(&self) -> String {
        self.go(if self.is_known { link::ME } else { link::MINE })
    }

    fn next_lang(&self) -> Lang {
        self.choice.lang.next()
    }

    /// The language in which bystanders may read what the reader's own words say: the hall's, or else English.
    fn other_lang(&self) -> Lang {
        match (self.home, self.choice.lang) {
            (home, own) if home != own => home,
            (Lang::EN, _) => Lang::ZH,
            _ => Lang::EN,
        }
    }

    fn next_lang_name(&self) -> Safe<String> {
        Words(self.next_lang()).t("language-name")
    }

    fn next_lang_short(&self) -> Safe<String> {
        Words(self.next_lang()).t("lang-short")
    }

    fn next_lang_href(&self) -> String {
        let lang = self.next_lang();
        self.here.href(Choice { lang, ..self.choice })
    }

    fn size_href(&self, big: impl Borrow<bool>) -> String {
        let big = *big.borrow();
        self.here.href(Choice { big, ..self.choice })
    }

    fn stay_href(&self) -> String {
        self.here.href(self.choice)
    }

    /// Leads to the start page, and ends the visit that this page belongs to.
    fn home_href(&self) -> String {
        match &self.view {
            Some(view) => Self::leave(view),
            None => link::START.to_owned(),
        }
    }

    /// Where the page goes when nobody touches it.
    fn wipe_href(&self) -> String {
        match &self.view {
            Some(view) => Self::leave(view),
            None => self.idle_to.to_owned(),
        }
    }

    fn leave(view: &str) -> String {
        // A token is of the URL's own alphabet.
        format!("{}?view={view}", link::LEAVE)
    }

    /// Carries this page's visit in the address of another page of it.
    fn on_visit(&self, link: Link) -> Link {
        match &self.view {
            Some(view) => link.with("view", view),
            None => link,
        }
    }

    fn clock(&self) -> String {
        hm(&self.now)
    }

    /// Says as of when this kiosk knows the places that lie elsewhere.
    fn heard(&self) -> Safe<String> {
        let age_min = match self.line {
            Line::InStep { age_min } => age_min,
            Line::CutOff { since_min } => since_min,
            Line::Alone => return self.t("heard-once"),
        };
        let at = self.now.saturating_sub(jiff::Span::new().minutes(i64::from(age_min)));
        if at.date() == self.now.date() {
            self.t_a("heard", hm(&at))
        } else {
            self.t_a("heard", format!("{} {}", self.date(at.date()), hm(&at)))
        }
    }

    fn date(&self, date: Date) -> String {
        self.words().date(date)
    }

    fn today(&self) -> String {
        self.date(self.now.date())
    }

    /// Names the day of `at` as the reader would: today, tomorrow, or its date.
    fn day(&self, at: &DateTime) -> String {
        let today = self.now.date();
        if at.date() == today {
            self.t("today").0
        } else if today.tomorrow().is_ok_and(|next| next == at.date()) {
            self.t("tomorrow").0
        } else {
            self.date(at.date())
        }
    }

    fn hours(&self, start: &DateTime, end: &DateTime) -> Safe<String> {
        hours(self.words(), start, end)
    }
}

fn hours(words: Words, start: &DateTime, end: &DateTime) -> Safe<String> {
    if end.date() > start.date() {
        words.t_ab("hours-next-day", hm(start), hm(end))
    } else {
        words.t_ab("hours", hm(start), hm(end))
    }
}

/// Groups digits as people say them.
fn grouped(digits: &str, sizes: &[usize]) -> String {
    let mut rest = digits;
    let mut groups = Vec::new();
    for size in sizes {
        let (group, after) = rest.split_at_checked(*size).unwrap_or((rest, ""));
        groups.push(group);
        rest = after;
    }
    groups.push(rest);
    groups.retain(|group| !group.is_empty());
    groups.join(" ")
}

//! One thing to type at a time, on the number pad: who one is, a PIN, a day of birth, a code. Every form of a worker's own
//! is made of such steps; what was typed before travels in hidden fields, so that the node keeps nothing in between.

use askama::{Template, filters::Safe};

use super::{Frame, Line, grouped};
use crate::{
    kiosk::link::{self, Link},
    person::codes::CodeWay,
    phone::{PhonePlan, digits},
};
use pages::Words;

/// Longest text of the field that a scanner types into.
pub(super) const SCANNED_CHARS: usize = 64;
/// What the text of a card begins with, as the pattern of a field.
pub(super) const CARD_PATTERN: &str = "dsc1[.][A-Za-z0-9_\\-]+";

/// What is typed now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// A card's text, by the scanner, or a phone number.
    Who,
    Phone,
    /// The PIN that there is.
    Pin,
    NewPin,
    /// The new PIN once more.
    Again,
    /// Year, or day; it may be left out.
    Born,
    /// Six digits that came to the phone.
    Code,
}

/// What the steps lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    LogIn,
    /// The card has said who; the PIN proves it.
    Prove,
    Enrol,
    ChangePin,
    About,
    Erase,
    /// A code to the phone in place of card and PIN.
    ByCode,
}

/// Why a step was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepError {
    Phone,
    /// No card of this kiosk.
    Card,
    /// It has not the form of a PIN.
    Pin,
    /// A PIN that is guessed first.
    PlainPin,
    /// The second PIN is not the first.
    Again,
    Born,
    /// Number and PIN do not belong together, or nobody is known under the number.
    Unproved,
    /// Too many tries; so many minutes to wait.
    TooMany {
        wait_min: u32,
    },
    /// Not the digits that were sent.
    Code,
    /// The code was tried too often or too late.
    CodeOver,
    /// Codes were sent too often; so many minutes to wait.
    TooManyCodes {
        wait_min: u32,
    },
    NoLine,
    TooBusy,
}

impl Step {
    /// Name of its field, and of the step as a form says it under `at`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Who => "who",
            Self::Phone => "phone",
            Self::Pin => "pin",
            Self::NewPin => "new",
            Self::Again => "again",
            Self::Born => "born",
            Self::Code => "code",
        }
    }

    const fn digits_max(self, plan: PhonePlan) -> usize {
        match self {
            Self::Who | Self::Phone => plan.lengths().1,
            Self::Pin | Self::NewPin | Self::Again | Self::Born => 8,
            Self::Code => 6,
        }
    }

    /// Applies a key of the pad: `0` to `9`, `del` or `clear`; any other leaves what is typed.
    pub(crate) fn press(self, typed: &mut String, key: &str, plan: PhonePlan) {
        *typed = digits(typed);
        match key {
            "clear" => typed.clear(),
            "del" => {
                typed.pop();
            }
            digit if digit.len() == 1 && typed.len() < self.digits_max(plan) => {
                typed.push_str(&digits(digit));
            }
            _ => {}
        }
    }

    const fn is_secret(self) -> bool {
        matches!(self, Self::Pin | Self::NewPin | Self::Again)
    }

    fn label(self, words: Words) -> Safe<String> {
        match self {
            Self::Who => words.t("step-who"),
            Self::Phone => words.t("signup-phone"),
            Self::Pin => words.t("step-pin"),
            Self::NewPin => words.t("step-new-pin"),
            Self::Again => words.t("step-again"),
            Self::Born => words.t("step-born"),
            Self::Code => words.t("step-code"),
        }
    }
}

/// The form of one step (POST `at`, the step's own field, what is kept, or `key` from the pad).
#[derive(Debug, Clone, Template)]
#[template(path = "kiosk/step.html")]
pub(crate) struct StepPage {
    /// What surrounds every page.
    pub(crate) frame: Frame,
    pub(crate) purpose: Purpose,
    pub(crate) step: Step,
    /// What is typed so far.
    pub(crate) typed: String,
    /// How phone numbers are written here.
    pub(crate) plan: PhonePlan,
    /// What the steps before gave: field and value.
    pub(crate) kept: Vec<(&'static str, String)>,
    /// Where it is sent.
    pub(crate) action: Link,
    /// The page that it was opened from.
    pub(crate) back: Link,
    /// Where a worker enrols, where that is another way.
    pub(crate) enrol: Option<Link>,
    /// Whether a code to the phone is yet another way, and where.
    pub(crate) code: CodeWay,
    pub(crate) by_code: Link,
    /// Why the last attempt was not taken.
    pub(crate) error: Option<StepError>,
}

impl StepPage {
    /// Card and PIN come first; a code is for who has neither at hand.
    fn offers_code(&self) -> bool {
        self.code == CodeWay::Offered && matches!(self.purpose, Purpose::LogIn | Purpose::Prove)
    }

    fn lacks_line(&self) -> bool {
        self.code == CodeWay::NoLine && matches!(self.purpose, Purpose::LogIn | Purpose::Prove)
    }

    fn title(&self) -> Safe<String> {
        match self.purpose {
            Purpose::LogIn | Purpose::Prove | Purpose::ByCode => self.frame.t("me-who"),
            Purpose::Enrol => self.frame.t("enrol-title"),
            Purpose::ChangePin => self.frame.t("pin-title"),
            Purpose::About => self.frame.t("about-title"),
            Purpose::Erase => self.frame.t("erase-title"),
        }
    }

    /// What is to be known before one types, each line with its icon.
    fn said(&self) -> Vec<(&'static str, Safe<String>)> {
        let frame = &self.frame;
        match (self.purpose, self.step) {
            (Purpose::Erase, _) => vec![
                ("del", frame.t("erase-gone")),
                ("card", frame.t("erase-stays")),
                ("queue", frame.t("erase-shifts")),
            ],
            (_, Step::Code) => vec![("phone", frame.t("code-sent"))],
            (Purpose::ByCode, _) => vec![("phone", frame.t("code-why"))],
            (Purpose::Prove | Purpose::LogIn, _) if self.lacks_line() => {
                vec![("cut", frame.t("code-no-line"))]
            }
            (Purpose::Prove, _) => vec![("id", frame.t("me-prove-why"))],
            (Purpose::LogIn, _) => vec![("lock", frame.t("me-why"))],
            (_, Step::NewPin | Step::Again) => vec![("lock", frame.t("pin-why"))],
            (_, Step::Born) => vec![("id", frame.t("born-why"))],
            (Purpose::Enrol, _) => vec![("id", frame.t("enrol-why"))],
            (Purpose::ChangePin | Purpose::About, _) => Vec::new(),
        }
    }

    fn label(&self) -> Safe<String> {
        self.step.label(self.frame.words())
    }

    fn hint(&self) -> Safe<String> {
        let frame = &self.frame;
        match self.step {
            Step::Who | Step::Phone => super::phone::hint(self.plan, frame),
            Step::Pin | Step::NewPin | Step::Again => frame.t("step-pin-hint"),
            Step::Born => frame.t("step-born-hint"),
            Step::Code => frame.t("step-code-hint"),
        }
    }

    fn shown(&self) -> String {
        match self.step {
            Step::Who | Step::Phone => grouped(&self.typed, self.plan.groups()),
            Step::Born => grouped(&self.typed, &[4, 2, 2]),
            Step::Code => grouped(&self.typed, &[3, 3]),
            Step::Pin | Step::NewPin | Step::Again => self.typed.clone(),
        }
    }

    fn pattern(&self) -> String {
        match self.step {
            Step::Who => format!("{}|{CARD_PATTERN}", self.plan.pattern()),
            Step::Phone => self.plan.pattern().to_owned(),
            Step::Pin | Step::NewPin | Step::Again => "[0-9]{4,8}".to_owned(),
            Step::Born => "[0-9]{4}([ \\-]?[0-9]{2}[ \\-]?[0-9]{2})?".to_owned(),
            Step::Code => "[0-9]{3} ?[0-9]{3}".to_owned(),
        }
    }

    fn chars_max(&self) -> usize {
        match self.step {
            Step::Who => SCANNED_CHARS,
            Step::Phone => self.plan.field_chars(),
            Step::Pin | Step::NewPin | Step::Again => self.step.digits_max(self.plan),
            Step::Born => 10,
            Step::Code => 7,
        }
    }

    /// A scanner types wherever the focus is. On a reader's own phone it would open the keyboard over the page.
    fn takes_focus(&self) -> bool {
        self.step == Step::Who && self.frame.idle_s.is_some()
    }

    fn go_words(&self) -> Safe<String> {
        if self.purpose == Purpose::Erase { self.frame.t("erase-go") } else { self.frame.t("step-go") }
    }

    fn error_words(&self) -> Option<Safe<String>> {
        let frame = &self.frame;
        Some(match self.error? {
            StepError::Phone => super::phone::wrong(self.plan, frame),
            StepError::Card => frame.t("step-card-wrong"),
            StepError::Pin => frame.t("step-pin-wrong"),
            StepError::PlainPin => frame.t("step-pin-plain"),
            StepError::Again => frame.t("step-again-wrong"),
            StepError::Born => frame.t("step-born-wrong"),
            StepError::Unproved if self.purpose == Purpose::Enrol => frame.t("enrol-unproved"),
            StepError::Unproved => frame.t("step-unproved"),
            StepError::TooMany { wait_min } => frame.t_n("step-too-many", wait_min),
            StepError::Code => frame.t("step-code-wrong"),
            StepError::CodeOver => frame.t("step-code-over"),
            StepError::TooManyCodes { wait_min } => frame.t_n("step-codes-many", wait_min),
            StepError::NoLine => frame.t("code-no-line"),
            StepError::TooBusy => frame.t("too-many"),
        })
    }

    fn href(&self, link: &Link) -> String {
        self.frame.on_visit(link.clone()).href(self.frame.choice)
    }
}

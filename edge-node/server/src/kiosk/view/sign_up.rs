//! The sign-up form: a phone number, and nothing that the kiosk would not use.
//!
//! The number pad needs no script: each key submits the form with its `key`, the handler applies
//! [`press`] and renders the page again. Without a `key` the submission is the sign-up itself.

use askama::{Template, filters::Safe};
use jiff::civil::Time;

use super::{Frame, JobCard, Line, Offer, Trail, digits, grouped};
use crate::kiosk::link::{self, Link};

/// How mobile phone numbers are written where the kiosk stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum PhonePlan {
    /// Mainland China: 11 digits, said 3-4-4.
    #[default]
    China,
    /// United States and Canada: 10 digits, said 3-3-4.
    NorthAmerica,
}

impl PhonePlan {
    /// How many digits a number has.
    pub(crate) fn digits(self) -> usize {
        self.groups().iter().sum()
    }

    /// Whether these digits can be a mobile phone number.
    pub(crate) fn takes(self, phone: &str) -> bool {
        let bytes = phone.as_bytes();
        let first = match self {
            Self::China => {
                bytes.first() == Some(&b'1') && bytes.get(1).is_some_and(|b| (b'3'..=b'9').contains(b))
            }
            Self::NorthAmerica => bytes.first().is_some_and(|b| (b'2'..=b'9').contains(b)),
        };
        first && bytes.len() == self.digits() && bytes.iter().all(u8::is_ascii_digit)
    }

    /// Groups typed digits as people say them.
    pub(super) fn grouped(self, phone: &str) -> String {
        grouped(&digits(phone), &self.groups())
    }

    pub(super) fn pattern(self) -> &'static str {
        match self {
            Self::China => "1[3-9][0-9] ?[0-9]{4} ?[0-9]{4}",
            Self::NorthAmerica => "[2-9][0-9]{2} ?[0-9]{3} ?[0-9]{4}",
        }
    }

    pub(super) fn slots(self) -> &'static str {
        match self {
            Self::China => "___ ____ ____",
            Self::NorthAmerica => "___ ___ ____",
        }
    }

    fn groups(self) -> [usize; 3] {
        match self {
            Self::China => [3, 4, 4],
            Self::NorthAmerica => [3, 3, 4],
        }
    }
}

/// Applies a key of the pad (`0` to `9`, `del`, `clear`) to the typed digits.
pub(crate) fn press(phone: &mut String, key: &str, plan: PhonePlan) {
    *phone = digits(phone);
    match key {
        "clear" => phone.clear(),
        "del" => {
            phone.pop();
        }
        digit if digit.len() == 1 && phone.len() < plan.digits() => phone.push_str(&digits(digit)),
        _ => {}
    }
}

/// Why a sign-up was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SignUpError {
    /// The number does not look like a mobile phone number.
    Phone,
    /// The person has signed up for this job before.
    Again {
        /// Code of that ticket.
        code: String,
    },
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
    /// Digits of the phone number typed so far.
    pub(crate) phone: String,
    /// How phone numbers are written here.
    pub(crate) plan: PhonePlan,
    /// Local time until which a place is held, where one is.
    pub(crate) hold_until: Option<Time>,
    /// Why the last attempt was not taken.
    pub(crate) error: Option<SignUpError>,
    /// The list that the reader came from.
    pub(crate) trail: Trail,
}

impl SignUpPage {
    fn phone_grouped(&self) -> String {
        self.plan.grouped(&self.phone)
    }

    fn digits_wanted(&self) -> u32 {
        u32::try_from(self.plan.digits()).unwrap_or_default()
    }

    fn missing(&self) -> u32 {
        u32::try_from(self.plan.digits().saturating_sub(self.phone.len())).unwrap_or_default()
    }

    fn phone_is_wrong(&self) -> bool {
        self.error == Some(SignUpError::Phone)
    }

    fn held_words(&self) -> Option<Safe<String>> {
        let until = self.hold_until?;
        let at = until.strftime("%H:%M").to_string();
        Some(self.frame.t_a("signup-held", &at))
    }

    fn action(&self) -> String {
        self.trail.sign_up(&self.card.id).href(self.frame.choice)
    }

    fn job_href(&self) -> String {
        self.trail.job(&self.card.id).href(self.frame.choice)
    }

    fn list_href(&self) -> String {
        self.trail.list().href(self.frame.choice)
    }

    fn ticket_href(&self, code: &str) -> String {
        Link::below(link::TICKET, code).href(self.frame.choice)
    }
}

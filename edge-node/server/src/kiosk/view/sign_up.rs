//! The sign-up form: a phone number, and nothing that the kiosk would not use.
//!
//! The number pad needs no script: each key submits the form with its `key`, the handler applies
//! [`press`] and renders the page again. Without a `key` the submission is the sign-up itself.

use askama::{Template, filters::Safe};
use jiff::civil::Time;

use super::{Frame, JobCard, Line, Offer, Trail, grouped};
use crate::{
    kiosk::link::{self, Link},
    phone::{PhonePlan, digits},
};

/// Applies a key of the pad (`0` to `9`, `del`, `clear`) to the typed digits.
pub(crate) fn press(phone: &mut String, key: &str, plan: PhonePlan) {
    *phone = digits(phone);
    match key {
        "clear" => phone.clear(),
        "del" => {
            phone.pop();
        }
        digit if digit.len() == 1 && phone.len() < plan.lengths().1 => phone.push_str(&digits(digit)),
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
        grouped(&digits(&self.phone), self.plan.groups())
    }

    fn phone_hint(&self) -> Safe<String> {
        match self.plan.lengths() {
            (least, most) if least == most => {
                self.frame.t_n("signup-phone-hint", u32::try_from(most).unwrap_or_default())
            }
            (least, most) => self.frame.t_ab("signup-phone-hint-world", least.to_string(), most.to_string()),
        }
    }

    fn phone_wrong(&self) -> Safe<String> {
        match self.plan {
            PhonePlan::China => self.frame.t("signup-phone-wrong-china"),
            PhonePlan::NorthAmerica => self.frame.t("signup-phone-wrong-america"),
            PhonePlan::International => self.frame.t("signup-phone-wrong-world"),
        }
    }

    fn missing(&self) -> u32 {
        u32::try_from(self.plan.lengths().0.saturating_sub(self.phone.len())).unwrap_or_default()
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

//! The sign-up form: a phone number and four digits of one's own.
//!
//! The number pad needs no script: each key submits the form with its `key`, the handler applies
//! [`press`] and renders the page again. Without a `key` the submission is the sign-up itself.

use askama::{Template, filters::Safe};
use jiff::civil::Time;

use super::{Frame, JobCard, Line, Offer, digits, grouped};
use crate::kiosk::link::{self, Link};

/// Digits of a mobile phone number.
pub(crate) const PHONE_DIGITS: usize = 11;
/// Digits that a person chooses to see the ticket again.
pub(crate) const PIN_DIGITS: usize = 4;

/// Applies a key of the pad (`0` to `9`, `del`, `clear`) to the typed digits.
///
/// Digits fill the phone number first, then the four of one's own; `del` walks back the same way.
pub(crate) fn press(phone: &mut String, pin: &mut String, key: &str) {
    *phone = digits(phone);
    *pin = digits(pin);
    match key {
        "clear" => {
            phone.clear();
            pin.clear();
        }
        "del" => {
            let _ = pin.pop().or_else(|| phone.pop());
        }
        digit if digit.len() == 1 && digit.bytes().all(|b| b.is_ascii_digit()) => {
            if phone.len() < PHONE_DIGITS {
                phone.push_str(digit);
            } else if pin.len() < PIN_DIGITS {
                pin.push_str(digit);
            }
        }
        _ => {}
    }
}

/// Why a sign-up was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SignUpError {
    /// The number does not look like a mobile phone number.
    Phone,
    /// The four digits are missing or not four.
    Pin,
    /// The last place was taken a moment ago; there is a wait list.
    PlaceGone {
        /// Number in line that the person would get.
        position: u32,
    },
    /// The person has a job at this time already.
    Overlap {
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
    /// Digits of one's own typed so far.
    pub(crate) pin: String,
    /// Local time until which a place is held, where one is.
    pub(crate) hold_until: Option<Time>,
    /// Why the last attempt was not taken.
    pub(crate) error: Option<SignUpError>,
}

impl SignUpPage {
    fn phone_grouped(&self) -> String {
        grouped(&digits(&self.phone), &[3, 4, 4])
    }

    fn missing(&self) -> u32 {
        let typed = self.phone.len().min(PHONE_DIGITS) + self.pin.len().min(PIN_DIGITS);
        u32::try_from(PHONE_DIGITS + PIN_DIGITS - typed).unwrap_or_default()
    }

    fn at_phone(&self) -> bool {
        self.phone.len() < PHONE_DIGITS
    }

    fn phone_is_wrong(&self) -> bool {
        self.error == Some(SignUpError::Phone)
    }

    fn pin_is_wrong(&self) -> bool {
        self.error == Some(SignUpError::Pin)
    }

    fn field_error(&self) -> bool {
        self.phone_is_wrong() || self.pin_is_wrong()
    }

    fn held_words(&self) -> Option<Safe<String>> {
        let until = self.hold_until?;
        let at = until.strftime("%H:%M").to_string();
        Some(self.frame.t_a("signup-held", &at))
    }

    fn ticket_href(&self, code: &str) -> String {
        Link::below(link::TICKET, code).href(self.frame.choice)
    }
}

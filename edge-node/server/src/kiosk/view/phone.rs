//! The field for a phone number, the same wherever one is asked for.
//!
//! The number pad needs no script: each key submits the form with its `key`, the handler applies
//! [`Typed::press`] and renders the page again. Without a `key` the submission is the form itself.

use askama::filters::Safe;

use super::{
    Frame, grouped,
    step::{CARD_PATTERN, SCANNED_CHARS},
};
use crate::phone::{PhonePlan, digits};

/// What is typed into the field so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Typed {
    /// Whose number is asked for.
    pub(crate) asked: Asked,
    /// The digits.
    pub(crate) phone: String,
    /// How phone numbers are written here.
    pub(crate) plan: PhonePlan,
}

/// What the number is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// To sign up with.
    New,
    /// That of the next member of a crew, who may have a card instead.
    Member,
    /// The one that a sign-up was made with.
    Same,
}

impl Typed {
    /// Applies a key of the pad: `0` to `9`, `del` or `clear`.
    pub(crate) fn press(&mut self, key: &str) {
        self.phone = digits(&self.phone);
        match key {
            "clear" => self.phone.clear(),
            "del" => {
                self.phone.pop();
            }
            digit if digit.len() == 1 && self.phone.len() < self.plan.lengths().1 => {
                self.phone.push_str(&digits(digit));
            }
            _ => {}
        }
    }

    pub(super) fn grouped(&self) -> String {
        grouped(&digits(&self.phone), self.plan.groups())
    }

    pub(super) fn label(&self, frame: &Frame) -> Safe<String> {
        match self.asked {
            Asked::New => frame.t("signup-phone"),
            Asked::Member => frame.t("crew-who"),
            Asked::Same => frame.t("give-back-phone"),
        }
    }

    pub(super) fn hint(&self, frame: &Frame) -> Safe<String> {
        hint(self.plan, frame)
    }

    pub(super) fn pattern(&self) -> String {
        match self.asked {
            Asked::Member => format!("{}|{CARD_PATTERN}", self.plan.pattern()),
            Asked::New | Asked::Same => self.plan.pattern().to_owned(),
        }
    }

    pub(super) fn chars_max(&self) -> usize {
        match self.asked {
            Asked::Member => SCANNED_CHARS,
            Asked::New | Asked::Same => self.plan.field_chars(),
        }
    }

    /// A scanner types wherever the focus is. On a reader's own phone it would open the keyboard over the page.
    pub(super) fn takes_focus(&self, frame: &Frame) -> bool {
        self.asked == Asked::Member && frame.idle_s.is_some()
    }

    pub(super) fn wrong(&self, frame: &Frame) -> Safe<String> {
        wrong(self.plan, frame)
    }

    pub(super) fn missing(&self) -> u32 {
        u32::try_from(self.plan.lengths().0.saturating_sub(self.phone.len())).unwrap_or_default()
    }
}

/// How many digits a number has.
pub(super) fn hint(plan: PhonePlan, frame: &Frame) -> Safe<String> {
    match plan.lengths() {
        (least, most) if least == most => {
            frame.t_n("signup-phone-hint", u32::try_from(most).unwrap_or_default())
        }
        (least, most) => frame.t_ab("signup-phone-hint-world", least.to_string(), most.to_string()),
    }
}

/// Says that it is no phone number, and what one is.
pub(super) fn wrong(plan: PhonePlan, frame: &Frame) -> Safe<String> {
    match plan {
        PhonePlan::China => frame.t("signup-phone-wrong-china"),
        PhonePlan::NorthAmerica => frame.t("signup-phone-wrong-america"),
        PhonePlan::International => frame.t("signup-phone-wrong-world"),
    }
}

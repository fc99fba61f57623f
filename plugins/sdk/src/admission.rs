//! What an author of an admission plugin writes against: one function of a [`Question`], named in [`admit!`](crate::admit!).
//!
//! ```
//! use plugin_sdk::admission::{Denial, OnFailure, Question, Settings};
//!
//! fn admit(question: &Question, _settings: &Settings<'_>) -> Option<Denial> {
//!     let is_full = question.shifts.len() >= 6;
//!     is_full.then(|| Denial::new(1, &[("zh", "您的班已经排满"), ("en", "Your week is full")]))
//! }
//!
//! plugin_sdk::admit! {
//!     name: "example",
//!     on_failure: OnFailure::Admit,
//!     admit: admit,
//! }
//! # fn main() {}
//! ```

#[doc(hidden)]
pub use crate::admit_bindings::exports::dayshift::plugin::admission as contract;

pub use contract::{Denial, Occasion, OnFailure, Question, Shift};

/// What an operator has set for the plugin.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a>(&'a [contract::Setting]);

impl<'a> Settings<'a> {
    /// Settings by name and value.
    #[must_use]
    pub const fn new(settings: &'a [contract::Setting]) -> Self {
        Self(settings)
    }

    /// The value of a name, where it is set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The whole number of a name, within `bounds`; `otherwise` where it is not set.
    ///
    /// # Errors
    /// The value is no such number; the words go to the operator.
    pub fn number(
        &self,
        name: &str,
        bounds: std::ops::RangeInclusive<i64>,
        otherwise: i64,
    ) -> Result<i64, String> {
        let Some(value) = self.get(name) else { return Ok(otherwise) };
        let number = value.parse().ok().filter(|number| bounds.contains(number));
        number.ok_or_else(|| {
            format!("{name} is {value}: write a whole number from {} to {}", bounds.start(), bounds.end())
        })
    }

    /// Refuses every name that is not among those that the plugin knows.
    ///
    /// # Errors
    /// A name is unknown; the words go to the operator.
    pub fn only(&self, names: &[&str]) -> Result<(), String> {
        let Some((unknown, _)) = self.0.iter().find(|(name, _)| !names.contains(&name.as_str())) else {
            return Ok(());
        };
        Err(match names {
            [] => format!("{unknown} is set, and the plugin has no settings"),
            [..] => format!("{unknown} is no setting of the plugin; it has {}", names.join(", ")),
        })
    }
}

impl Denial {
    /// A denial with the plugin's own reason from 1 to 254, in words of each language; `zh` and `en` must be among them.
    #[must_use]
    pub fn new(reason: u8, words: &[(&str, &str)]) -> Self {
        let owned = |(language, words): &(&str, &str)| ((*language).to_owned(), (*words).to_owned());
        Self { reason, words: words.iter().map(owned).collect() }
    }
}

/// Makes an admission component of one function `fn(&Question, &Settings<'_>) -> Option<Denial>`, and of another,
/// `fn(&Settings<'_>) -> Result<(), String>`, where operators can set something.
///
/// The version is the author's package version.
#[macro_export]
macro_rules! admit {
    (name: $name:expr, on_failure: $on_failure:expr, admit: $admit:expr $(,)?) => {
        $crate::admit! {
            name: $name,
            on_failure: $on_failure,
            check: |settings: &$crate::admission::Settings<'_>| settings.only(&[]),
            admit: $admit,
        }
    };
    (name: $name:expr, on_failure: $on_failure:expr, check: $check:expr, admit: $admit:expr $(,)?) => {
        struct DayshiftAdmission;

        impl $crate::admission::contract::Guest for DayshiftAdmission {
            fn describe() -> $crate::admission::contract::Description {
                $crate::admission::contract::Description {
                    name: $name.to_owned(),
                    version: env!("CARGO_PKG_VERSION").to_owned(),
                    on_failure: $on_failure,
                }
            }

            fn check(settings: Vec<$crate::admission::contract::Setting>) -> Option<String> {
                let check = $check;
                check(&$crate::admission::Settings::new(&settings)).err()
            }

            fn admit(
                question: $crate::admission::contract::Question,
                settings: Vec<$crate::admission::contract::Setting>,
            ) -> Option<$crate::admission::contract::Denial> {
                $admit(&question, &$crate::admission::Settings::new(&settings))
            }
        }

        #[cfg(target_arch = "wasm32")]
        $crate::admit_bindings::export!(DayshiftAdmission with_types_in $crate::admit_bindings);
    };
}

/// A sign-up for a job at that time, for an author's own tests: put in what else the rule reads.
#[must_use]
pub fn question(start_at: i64, end_at: i64, shifts: Vec<Shift>) -> Question {
    Question {
        occasion: Occasion::SignUp,
        now: 0,
        utc_offset_s: 0,
        start_at,
        end_at,
        employer: 0,
        category: 0,
        job_flags: 0,
        pay_minor_per_hour: 0,
        title: String::new(),
        shifts,
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;

    #[test]
    fn settings_are_read_and_wrong_ones_named() {
        let set = [("hours".to_owned(), "12".to_owned()), ("days".to_owned(), "six".to_owned())];
        let settings = Settings::new(&set);
        assert_eq!(settings.number("hours", 1..=24, 11), Ok(12));
        assert_eq!(settings.number("weeks", 1..=24, 11), Ok(11));
        let wrong = |told: Result<i64, String>| told.unwrap_err();
        assert_eq!(wrong(settings.number("days", 1..=7, 6)), "days is six: write a whole number from 1 to 7");
        assert_eq!(
            wrong(settings.number("hours", 1..=8, 6)),
            "hours is 12: write a whole number from 1 to 8"
        );
        assert_eq!(settings.only(&["hours", "days"]), Ok(()));
        let unknown = settings.only(&["hours"]).unwrap_err();
        assert_eq!(unknown, "days is no setting of the plugin; it has hours");
        assert_eq!(settings.only(&[]).unwrap_err(), "hours is set, and the plugin has no settings");
    }
}

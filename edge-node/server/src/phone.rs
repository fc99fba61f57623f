//! Phone numbers: one rule for the interface and the pages, by the country that the node stands in.
//!
//! A number names its worker, so it is brought to one form before it is hashed: with and without its country's prefix it
//! is the same person.

use pages::country::Country;

/// How phone numbers are written where the node stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum PhonePlan {
    /// Mainland China: 11 digits that begin with 1, said 3-4-4.
    #[default]
    China,
    /// United States: 10 digits, said 3-3-4.
    NorthAmerica,
    /// Anywhere else: the 7 to 15 digits of E.164, with the country's prefix.
    International,
}

/// Characters that may be typed between digits.
const BETWEEN: [char; 5] = [' ', '-', '.', '(', ')'];
/// Longest text that is looked at: 15 digits, a sign before and one between each two.
pub(crate) const TYPED_CHARS_MAX: usize = 40;

/// Keeps the ASCII digits of what a person typed.
pub(crate) fn digits(typed: &str) -> String {
    typed.chars().filter(char::is_ascii_digit).collect()
}

impl From<Country> for PhonePlan {
    fn from(country: Country) -> Self {
        match country {
            Country::China => Self::China,
            Country::UnitedStates => Self::NorthAmerica,
            Country::Other => Self::International,
        }
    }
}

impl PhonePlan {
    /// The fewest and the most digits of a number.
    pub(crate) const fn lengths(self) -> (usize, usize) {
        match self {
            Self::China => (11, 11),
            Self::NorthAmerica => (10, 10),
            Self::International => (7, 15),
        }
    }

    /// The rule in words, for whoever sent a number that it does not take.
    pub(crate) const fn rule(self) -> &'static str {
        match self {
            Self::China => "a number here has 11 digits and begins with 1, such as 139 0571 2916",
            Self::NorthAmerica => "a number here has 10 digits, such as 212 555 0123",
            Self::International => "write 7 to 15 digits with the country's prefix, such as +49 30 901820",
        }
    }

    /// The number's digits in the one form that is hashed; `None` where the rule does not take it.
    pub(crate) fn read(self, typed: &str) -> Option<String> {
        let typed = typed.trim();
        if typed.len() > TYPED_CHARS_MAX {
            return None;
        }
        let bare = typed.strip_prefix('+').unwrap_or(typed);
        if !bare.chars().all(|c| c.is_ascii_digit() || BETWEEN.contains(&c)) {
            return None;
        }
        let number = self.without_prefix(digits(bare));
        let (least, most) = self.lengths();
        let begins_well = self != Self::China || number.starts_with('1');
        ((least..=most).contains(&number.len()) && begins_well).then_some(number)
    }

    fn without_prefix(self, number: String) -> String {
        let prefixes: &[&str] = match self {
            Self::China => &["86", "0086"],
            Self::NorthAmerica => &["1", "001"],
            Self::International => {
                return number.strip_prefix("00").map_or_else(|| number.clone(), str::to_owned);
            }
        };
        let (_, most) = self.lengths();
        let mut bare = prefixes.iter().filter_map(|prefix| number.strip_prefix(prefix));
        bare.find(|bare| bare.len() == most).map_or_else(|| number.clone(), str::to_owned)
    }

    /// How a form's field is filled, for browsers that check it themselves.
    pub(crate) const fn pattern(self) -> &'static str {
        match self {
            Self::China => "1[0-9]{2} ?[0-9]{4} ?[0-9]{4}",
            Self::NorthAmerica => "[0-9]{3} ?[0-9]{3} ?[0-9]{4}",
            Self::International => "[+]?([0-9] ?){7,15}",
        }
    }

    /// What stands in the empty field.
    pub(crate) const fn slots(self) -> &'static str {
        match self {
            Self::China => "___ ____ ____",
            Self::NorthAmerica => "___ ___ ____",
            Self::International => "+",
        }
    }

    /// Characters that the field takes.
    pub(crate) const fn field_chars(self) -> usize {
        match self {
            Self::China | Self::NorthAmerica => self.slots().len(),
            Self::International => 2 * self.lengths().1,
        }
    }

    /// Sizes of the groups in which people say a number; what is longer is said as it is.
    pub(crate) const fn groups(self) -> &'static [usize] {
        match self {
            Self::China => &[3, 4, 4],
            Self::NorthAmerica => &[3, 3, 4],
            Self::International => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(plan: PhonePlan, typed: &str, expected: Option<&str>) {
        assert_eq!(plan.read(typed).as_deref(), expected, "{plan:?} {typed}");
    }

    #[test]
    fn in_china_a_number_has_eleven_digits() {
        use PhonePlan::China;
        check(China, "13905712916", Some("13905712916"));
        check(China, "139 0571 2916", Some("13905712916"));
        check(China, "+86 139-0571-2916", Some("13905712916"));
        check(China, "0086 13905712916", Some("13905712916"));
        check(China, "1390571291", None);
        check(China, "139057129160", None);
        check(China, "23905712916", None);
        check(China, "139O5712916", None);
        check(China, "２3905712916", None);
        check(China, "", None);
    }

    #[test]
    fn in_the_states_a_number_has_ten_digits() {
        use PhonePlan::NorthAmerica;
        check(NorthAmerica, "(212) 555-0123", Some("2125550123"));
        check(NorthAmerica, "+1 212.555.0123", Some("2125550123"));
        check(NorthAmerica, "12125550123", Some("2125550123"));
        check(NorthAmerica, "555-0123", None);
        check(NorthAmerica, "13905712916123", None);
    }

    #[test]
    fn elsewhere_a_number_is_one_of_e_164() {
        use PhonePlan::International;
        check(International, "+49 30 901820", Some("4930901820"));
        check(International, "0049 30 901820", Some("4930901820"));
        check(International, "1234567", Some("1234567"));
        check(International, "123456", None);
        check(International, "123456789012345", Some("123456789012345"));
        check(International, "1234567890123456", None);
        check(International, &"1 ".repeat(21), None);
    }
}

//! Decimal text to minor units without floating point.

/// Reads an amount such as `15.0224`, `$1,234.5` or `¥200` as minor units, `minor_per_major` to
/// the unit; what is below one minor unit is cut off, so that nobody is promised more than was
/// written. `None` when the text is not one non-negative amount.
pub(crate) fn minor_units(text: &str, minor_per_major: i64) -> Option<i64> {
    let bare = text.trim().trim_start_matches(['$', '¥', '￥', '€', '£']).trim();
    let (whole, part) = bare.split_once('.').unwrap_or((bare, ""));
    let whole = without_group_commas(whole)?;
    if whole.is_empty() || !is_digits(&whole) || !is_digits(part) {
        return None;
    }
    let mut minor = whole.parse::<i64>().ok()?.checked_mul(minor_per_major)?;
    let mut place = minor_per_major;
    for digit in part.bytes() {
        place /= 10;
        minor = minor.checked_add(place * i64::from(digit - b'0'))?;
    }
    Some(minor)
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Removes commas that stand between groups of three digits; `None` for commas elsewhere.
fn without_group_commas(whole: &str) -> Option<String> {
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let mut bare = first.to_owned();
    for group in groups {
        if group.len() != 3 || first.is_empty() {
            return None;
        }
        bare.push_str(group);
    }
    Some(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<i64>) {
        assert_eq!(minor_units(text, 100), expected, "{text}");
    }

    #[test]
    fn reads_amounts() {
        check("15", Some(1_500));
        check("15.5", Some(1_550));
        check("15.0224", Some(1_502));
        check("42405.0", Some(4_240_500));
        check("$1,234.56", Some(123_456));
        check("￥200", Some(20_000));
        check(" 7 ", Some(700));
        check("1,5", None);
        check("", None);
        check(".5", None);
        check("-3", None);
        check("1e3", None);
        check("99999999999999999999", None);
        check("92233720368547758.07", Some(i64::MAX));
        check("92233720368547758.08", None);
    }
}

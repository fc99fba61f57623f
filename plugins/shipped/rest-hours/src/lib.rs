//! Keeps hours of rest between two shifts of one worker: eleven, as Article 3 of Directive 2003/88/EC asks for, unless the
//! operator sets another number.
//!
//! The article counts eleven consecutive hours in each period of 24; between shifts of at most thirteen hours that is the
//! time from the end of one to the start of the next, whoever the employers are.

use plugin_sdk::admission::{Denial, OnFailure, Question, Settings, Shift};

/// The worker would rest too little before or after another shift.
const TOO_LITTLE_REST: u8 = 1;

const HOURS: i64 = 11;

plugin_sdk::admit! {
    name: "rest-hours",
    on_failure: OnFailure::Refuse,
    check: |settings: &Settings<'_>| hours(settings).map(drop),
    admit: admit,
}

/// `hours = 12` in rest-hours.toml.
fn hours(settings: &Settings<'_>) -> Result<i64, String> {
    settings.only(&["hours"])?;
    settings.number("hours", 1..=72, HOURS)
}

fn admit(question: &Question, settings: &Settings<'_>) -> Option<Denial> {
    // The node asks nobody under settings that were not checked.
    let hours = hours(settings).unwrap_or(HOURS);
    let rest_s = hours * 3_600;
    let is_too_near = |shift: &Shift| {
        shift.start_at < question.end_at.saturating_add(rest_s)
            && question.start_at < shift.end_at.saturating_add(rest_s)
    };
    question.shifts.iter().any(is_too_near).then(|| {
        Denial::new(
            TOO_LITTLE_REST,
            &[
                ("zh", &format!("这个活和您已定的另一个班之间休息不足 {hours} 小时")),
                ("en", &format!("There must be {hours} hours of rest between this job and another that you have")),
                ("es", &format!("Entre este trabajo y otro que usted tiene debe haber {hours} horas de descanso")),
            ],
        )
    })
}

#[cfg(test)]
mod tests {
    use super::{TOO_LITTLE_REST, admit, hours};
    use plugin_sdk::admission::{Settings, Shift, question};

    const HOUR: i64 = 3_600;

    #[test]
    fn eleven_hours_are_enough_and_a_second_less_is_not() {
        for (start_at, end_at, expected) in [
            (-19 * HOUR, -11 * HOUR, None),
            (-19 * HOUR, -11 * HOUR + 1, Some(TOO_LITTLE_REST)),
            (19 * HOUR, 27 * HOUR, None),
            (19 * HOUR - 1, 27 * HOUR, Some(TOO_LITTLE_REST)),
            (i64::MIN, i64::MAX, Some(TOO_LITTLE_REST)),
        ] {
            let other = Shift { start_at, end_at, employer: 7 };
            let denial = admit(&question(0, 8 * HOUR, vec![other]), &Settings::new(&[]));
            assert_eq!(denial.map(|denial| denial.reason), expected, "{start_at} to {end_at}");
        }
        assert!(admit(&question(0, 8 * HOUR, Vec::new()), &Settings::new(&[])).is_none());
    }

    #[test]
    fn an_operator_sets_the_hours() {
        for (set, expected) in [("1", Some(1)), ("72", Some(72)), ("73", None), ("0", None), ("ten", None)] {
            let set = [("hours".to_owned(), set.to_owned())];
            assert_eq!(hours(&Settings::new(&set)).ok(), expected);
        }
        let set = [("hours".to_owned(), "12".to_owned())];
        let other = Shift { start_at: 19 * HOUR, end_at: 27 * HOUR, employer: 7 };
        let denial = admit(&question(0, 8 * HOUR, vec![other]), &Settings::new(&set)).unwrap();
        assert!(denial.words.iter().all(|(_, words)| words.contains("12")), "{denial:?}");
    }
}

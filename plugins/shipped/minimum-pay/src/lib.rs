//! Hides jobs that pay less for an hour than the floor of their currency.

use plugin_sdk::{Column, Context, Job, OnFailure, Verdict};

/// The pay is below the floor.
const BELOW_FLOOR: u8 = 1;

/// The pay is not stated, so nothing shows that it reaches the floor.
const NOT_STATED: u8 = 2;

/// ISO 4217 numeric codes and floors in the smallest unit; example values of the demo region, to
/// be replaced by what the law of a district says.
const FLOORS: [(u16, u32); 4] = [(156, 2_000), (826, 1_144), (840, 725), (978, 1_282)];

plugin_sdk::filter! {
    name: "minimum-pay",
    columns: [Column::PayMinorPerHour, Column::Currency],
    on_failure: OnFailure::NoOpinion,
    keep: keep,
}

fn keep(job: &Job<'_>, _context: &Context<'_>) -> Verdict {
    let Some((_, floor)) = FLOORS.iter().find(|(currency, _)| *currency == job.currency()) else {
        return Verdict::Keep;
    };
    match job.pay_minor_per_hour() {
        0 => Verdict::Hide(NOT_STATED),
        pay if pay < *floor => Verdict::Hide(BELOW_FLOOR),
        _ => Verdict::Keep,
    }
}

#[cfg(test)]
mod tests {
    use super::{BELOW_FLOOR, NOT_STATED, keep};
    use plugin_sdk::{JobFields, Verdict};

    #[test]
    fn the_floor_itself_is_kept() {
        for (currency, pay_minor_per_hour, expected) in [
            (156, 2_000, Verdict::Keep),
            (156, 1_999, Verdict::Hide(BELOW_FLOOR)),
            (978, 0, Verdict::Hide(NOT_STATED)),
            (392, 1, Verdict::Keep),
        ] {
            let job = JobFields { currency, pay_minor_per_hour, ..JobFields::default() };
            assert_eq!(job.judge(0, keep), expected);
        }
    }
}

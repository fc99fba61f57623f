//! A stored job as the pages show it: local times, whole units of money, minutes on foot, and what a press would give.

use edge_core::node::JobView;
use jiff::{Timestamp, civil::DateTime};
use sync_protocol::documents::{JobFields, PayUnit};

use crate::{
    app::App,
    kiosk::view::{Away, Bring, JobCard, Offer, Pay, Perks, Seats, Sketch},
};
use pages::Lang;

const BRING_MAX: usize = 6;
const BRING_CHARS_MAX: usize = 60;
/// Length of a degree of latitude.
const METRES_PER_DEGREE: f64 = 111_319.49;

/// The hall's wall clock at an epoch second.
pub(super) fn local(app: &App, epoch_s: i64) -> DateTime {
    let time = Timestamp::from_second(epoch_s).unwrap_or(Timestamp::UNIX_EPOCH);
    app.shared.time_zone.to_datetime(time)
}

/// Makes the card of a job.
pub(super) fn card(app: &App, view: &JobView, lang: Lang) -> JobCard {
    let fields = &view.fields;
    let start = local(app, fields.start_at);
    let seats = seats(view);
    JobCard {
        id: view.job.to_string(),
        title: title(&fields.title, lang),
        sign: sign(&fields.currency),
        pay: pay(fields),
        start,
        end: local(app, fields.end_at),
        away: sketch(app, fields).map(|sketch| Away::of(sketch.distance_m)),
        place: within_city(&fields.place).to_owned(),
        perks: Perks {
            daily_pay: fields.daily_pay,
            meal: fields.meal,
            bed: fields.bed,
            night: !(5..18).contains(&start.hour()),
        },
        redated: fields.redated,
        seats,
        offer: if app.shared.takes_nobody().is_some() { Offer::Nothing } else { offer(seats) },
    }
}

fn offer(seats: Seats) -> Offer {
    match (seats.here, seats.elsewhere) {
        (1.., _) => Offer::Here,
        (0, 1..) => Offer::AskCentre,
        (0, 0) => Offer::Queue,
    }
}

fn seats(view: &JobView) -> Seats {
    let (mine, said) = (&view.seats, &view.said);
    let here = if mine.closed { 0 } else { mine.avail() };
    let granted = mine.granted.saturating_sub(mine.returned);
    let cap = said.cap.max(granted);
    // What the hub last said lags behind this node's own sign-ups; rights that lie here are not elsewhere.
    let elsewhere = if said.is_known() { said.free.saturating_sub(here).min(cap - granted) } else { 0 };
    Seats { here, elsewhere, cap, waiting: said.waiting, is_said: said.is_known() }
}

/// Of a title such as `分拣员 (sorter)` the part in the reader's language.
pub(super) fn title(title: &str, lang: Lang) -> String {
    let parts = title.strip_suffix(')').and_then(|rest| rest.rsplit_once(" ("));
    match parts {
        Some((chinese, english)) if english.is_ascii() && !chinese.is_ascii() => match lang {
            Lang::ZH => chinese.to_owned(),
            _ => capitalised(english),
        },
        _ => title.to_owned(),
    }
}

fn capitalised(words: &str) -> String {
    let mut rest = words.chars();
    rest.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + rest.as_str())
}

/// Of a place such as `杭州市上城区九堡街道` what stands behind the city: the reader is in it.
fn within_city(place: &str) -> &str {
    match place.split_once('市') {
        Some((city, rest)) if city.chars().count() == 2 && rest.contains('区') => rest,
        _ => place,
    }
}

fn sign(currency: &str) -> &'static str {
    match currency {
        "CNY" => "¥",
        "USD" => "$",
        "EUR" => "€",
        "GBP" => "£",
        _ => "",
    }
}

fn pay(fields: &JobFields) -> Pay {
    // Rounded down: a figure on a card must not promise more than is paid.
    let amount = whole(fields.pay_minor);
    let seconds = fields.end_at.saturating_sub(fields.start_at).max(0);
    match fields.pay_unit {
        PayUnit::Hour => Pay::Hour { amount },
        PayUnit::Day => Pay::Day { amount },
        PayUnit::Shift => {
            Pay::Shift { amount, hours: u32::try_from((seconds + 3_599) / 3_600).unwrap_or(u32::MAX) }
        }
        PayUnit::Year => Pay::Hour { amount: whole(fields.pay_minor_per_hour) },
    }
}

fn whole(minor: i64) -> u32 {
    u32::try_from(minor.max(0) / 100).unwrap_or(u32::MAX)
}

/// Where a job lies from the hall, where both are known.
pub(super) fn sketch(app: &App, fields: &JobFields) -> Option<Sketch> {
    let (hall_lat, hall_lon) = app.shared.position?;
    let (lat, lon) = fields.position?;
    let degrees = |to: i32, from: i32| (f64::from(to) - f64::from(from)) / 1e6;
    let scale = (f64::from(hall_lat) / 1e6).to_radians().cos();
    let north = degrees(lat, hall_lat) * METRES_PER_DEGREE;
    let east = degrees(lon, hall_lon) * METRES_PER_DEGREE * scale;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a distance on the globe, in metres"
    )]
    let distance_m = north.hypot(east).round() as u32;
    Some(Sketch { bearing_deg: east.atan2(north).to_degrees().rem_euclid(360.0), distance_m })
}

/// What a worker must have along, from the poster's words.
pub(super) fn bring(requirements: &str) -> Vec<Bring> {
    requirements
        .split(['\n', ';', '；', '、'])
        .map(str::trim)
        .filter(|thing| !thing.is_empty())
        .take(BRING_MAX)
        .map(|thing| match thing {
            "身份证" => Bring::IdCard,
            "包脚的鞋" => Bring::Shoes,
            "水" => Bring::Water,
            "手套" => Bring::Gloves,
            "健康证" => Bring::HealthCard,
            other => Bring::Other(shortened(other, BRING_CHARS_MAX)),
        })
        .collect()
}

/// The first characters of a text, with a mark where some are left out.
pub(super) fn shortened(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_in_two_languages_are_taken_apart() {
        assert_eq!(title("分拣员 (Sorter)", Lang::ZH), "分拣员");
        assert_eq!(title("分拣员 (sorter)", Lang::EN), "Sorter");
        assert_eq!(title("Porter (night)", Lang::ZH), "Porter (night)");
        assert_eq!(title("装卸工", Lang::EN), "装卸工");
    }

    #[test]
    fn the_city_of_the_hall_is_left_out() {
        for (place, shown) in [
            ("杭州市上城区九堡街道", "上城区九堡街道"),
            ("九堡零工市场", "九堡零工市场"),
            ("东市街", "东市街"),
            ("Harlem, New York", "Harlem, New York"),
        ] {
            assert_eq!(within_city(place), shown);
        }
    }

    #[test]
    fn far_jobs_are_not_walked_to() {
        assert_eq!(Away::of(0), Away::Walk(1));
        assert_eq!(Away::of(7_200), Away::Walk(90));
        assert_eq!(Away::of(7_201), Away::Ride(8));
        assert_eq!(Away::of(24_000), Away::Ride(24));
    }

    #[test]
    fn long_words_are_cut_at_a_character() {
        assert_eq!(shortened("分拣员", 2), "分拣…");
        assert_eq!(shortened("分拣", 2), "分拣");
    }
}

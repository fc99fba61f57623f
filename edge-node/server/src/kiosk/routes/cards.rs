//! A stored job as the pages show it: local times, whole units of money, minutes on foot, and what a press would give.

use edge_core::node::{JobView, Uplink};
use jiff::{Timestamp, civil::DateTime};
use sync_protocol::documents::{JobFields, PayUnit};

use crate::{
    app::App,
    kiosk::{
        text::Lang,
        view::{Bring, JobCard, Offer, Pay, Perks, Seats, Sketch},
    },
};

/// Metres on foot in a minute.
pub(super) const WALK_M_PER_MIN: u32 = 80;
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
        title: title(&fields.title, lang).to_owned(),
        sign: sign(&fields.currency),
        pay: pay(fields),
        start,
        end: local(app, fields.end_at),
        walk_min: sketch(app, fields).map(|sketch| sketch.distance_m.div_ceil(WALK_M_PER_MIN).max(1)),
        place: fields.place.clone(),
        perks: Perks {
            daily_pay: fields.daily_pay,
            meal: fields.meal,
            bed: fields.bed,
            night: !(5..18).contains(&start.hour()),
        },
        seats,
        offer: offer(seats, app.shared.uplink()),
    }
}

fn offer(seats: Seats, uplink: Uplink) -> Offer {
    match (seats.here, seats.elsewhere, uplink) {
        (1.., _, _) => Offer::Here,
        (0, 1.., _) => Offer::AskCentre,
        (0, 0, Uplink::Up | Uplink::Down) => Offer::Queue,
    }
}

fn seats(view: &JobView) -> Seats {
    let (mine, said) = (&view.seats, &view.said);
    let here = if mine.closed { 0 } else { mine.avail() };
    let granted = mine.granted.saturating_sub(mine.returned);
    let cap = said.cap.max(granted);
    // What the hub last said lags behind this node's own sign-ups; rights that lie here are not elsewhere.
    let elsewhere = if said.is_known() { said.free.saturating_sub(here).min(cap - granted) } else { 0 };
    Seats { here, elsewhere, cap, waiting: said.waiting }
}

/// Of a title such as `分拣员 (Sorter)` the part in the reader's language.
fn title(title: &str, lang: Lang) -> &str {
    let parts = title.strip_suffix(')').and_then(|rest| rest.rsplit_once(" ("));
    match parts {
        Some((chinese, english)) if english.is_ascii() && !chinese.is_ascii() => match lang {
            Lang::Zh => chinese,
            Lang::En => english,
        },
        _ => title,
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
        assert_eq!(title("分拣员 (Sorter)", Lang::Zh), "分拣员");
        assert_eq!(title("分拣员 (Sorter)", Lang::En), "Sorter");
        assert_eq!(title("Porter (night)", Lang::Zh), "Porter (night)");
        assert_eq!(title("装卸工", Lang::En), "装卸工");
    }

    #[test]
    fn long_words_are_cut_at_a_character() {
        assert_eq!(shortened("分拣员", 2), "分拣…");
        assert_eq!(shortened("分拣", 2), "分拣");
    }
}

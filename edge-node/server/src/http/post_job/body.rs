//! The body of a posted job, read field by field: whoever posts hears of everything that is missing or wrong at once.

use super::super::problem::{FieldError, Problem};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use sync_protocol::{
    documents::{
        Demands, JobFields, NO_SHOW_AFTER_MIN, PAY_MINOR, PayUnit, SHIFT_SECONDS_MAX, TIMES, WaitOrder,
        posting,
    },
    limits::CAP_MAX,
};

/// A job as a tenant posts it. Money is in minor units of `currency`.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "title": "分拣员", "category": "warehouse", "place": "九堡", "lat": 30.31, "lon": 120.27,
    "start_at": "2099-01-01T06:00:00+08:00", "end_at": "2099-01-01T14:00:00+08:00",
    "pay_minor": 2600, "currency": "CNY", "pay_unit": "hour", "seats": 3, "meal": true
}))]
pub(crate) struct JobBody {
    title: String,
    text: Option<String>,
    category: Option<String>,
    place: Option<String>,
    /// Degrees; together with `lon` or not at all.
    lat: Option<f64>,
    lon: Option<f64>,
    /// RFC 3339.
    start_at: String,
    /// RFC 3339.
    end_at: String,
    pay_minor: i64,
    /// Code of ISO 4217.
    currency: String,
    /// hour, day or shift.
    pay_unit: String,
    /// What an hour of it pays; without it, pay over the length of the shift.
    pay_minor_per_hour: Option<i64>,
    /// 1 to 10,000.
    seats: i64,
    /// Whether the rights of a node that is lost for ever are given to others after its lease. Receipts that the hub did
    /// not hold by then are void. Without it they stay reserved until the job starts.
    reclaim_lost: Option<bool>,
    meal: Option<bool>,
    bed: Option<bool>,
    daily_pay: Option<bool>,
    language: Option<String>,
    requirements: Option<String>,
    /// Minutes after the start at which the place of a worker who has not come goes to the next in line: 5 to 120, or 0
    /// for never. Counted at the gate that scans.
    no_show_after_min: Option<i64>,
    /// In which order whoever waits is served: arrival (without it), seniority (the day of the worker's first worked shift
    /// for the agency), or lottery (a public draw). It stays as it was posted.
    wait_rule: Option<String>,
    /// Of a lottery: minutes before the start at which places are drawn, 5 to 10,080; without it 60, or halfway to the start
    /// where that is nearer. Before the draw nobody is promoted.
    draw_before_min: Option<i64>,
    /// Years that a worker must have at the start, 14 to 99.
    min_age: Option<i64>,
    /// Codes: health, forklift, electrician, welder, height, driver-c, security, elderly-care.
    certificates: Option<Vec<String>>,
    /// Codes of two or three letters, such as zh.
    languages: Option<Vec<String>>,
}

/// A job that can be created.
#[derive(Debug)]
pub(super) struct Posted {
    pub(super) fields: JobFields,
    pub(super) seats: u32,
    pub(super) reclaim_lost: bool,
}

/// Who posts, where and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Poster<'a> {
    pub(super) tenant: u32,
    pub(super) employer: &'a str,
    pub(super) region: &'a str,
    /// Epoch seconds.
    pub(super) now: i64,
}

const TITLE_CHARS_MAX: usize = 120;
const TEXT_CHARS_MAX: usize = 4_000;
const DAY_MIN: i64 = 24 * 60;

/// What is wrong with a body so far; a field is named once, with the first that is wrong with it.
#[derive(Debug, Default)]
struct Faults(Vec<FieldError>);

impl Faults {
    fn add(&mut self, field: &str, reason: &'static str, detail: impl Into<String>) {
        if !self.has(field) {
            self.0.push(FieldError { field: field.to_owned(), reason, detail: detail.into() });
        }
    }

    fn has(&self, field: &str) -> bool {
        self.0.iter().any(|fault| fault.field == field)
    }

    /// Takes what a check found, under the field's name.
    fn check<T>(&mut self, field: &str, reason: &'static str, checked: Result<T, String>) -> Option<T> {
        checked.map_err(|detail| self.add(field, reason, detail)).ok()
    }
}

/// The fields of a body that nobody has taken yet.
struct Reader {
    left: Map<String, Value>,
    faults: Faults,
}

impl Reader {
    fn optional<T: DeserializeOwned>(&mut self, field: &str, form: &str) -> Option<T> {
        let value = self.left.remove(field).filter(|value| !value.is_null())?;
        let read = serde_json::from_value(value);
        read.map_err(|_| self.faults.add(field, "wrong_type", format!("write {form}"))).ok()
    }

    fn needed<T: DeserializeOwned + Default>(&mut self, field: &str, form: &str) -> T {
        if self.left.get(field).is_none_or(Value::is_null) {
            self.faults.add(field, "missing", format!("write {form}"));
        }
        self.optional(field, form).unwrap_or_default()
    }

    fn body(&mut self) -> JobBody {
        let (text, flag, minor) = ("a text", "true or false", "a whole number of minor units, such as 2600");
        let time = "a time of RFC 3339, such as 2026-11-23T06:30:00+08:00";
        let degrees = "degrees, such as 30.31";
        JobBody {
            title: self.needed("title", text),
            text: self.optional("text", text),
            category: self.optional("category", text),
            place: self.optional("place", text),
            lat: self.optional("lat", degrees),
            lon: self.optional("lon", degrees),
            start_at: self.needed("start_at", time),
            end_at: self.needed("end_at", time),
            pay_minor: self.needed("pay_minor", minor),
            currency: self.needed("currency", "a code of ISO 4217, such as CNY"),
            pay_unit: self.needed("pay_unit", "hour, day or shift"),
            pay_minor_per_hour: self.optional("pay_minor_per_hour", minor),
            seats: self.needed("seats", "a whole number from 1"),
            reclaim_lost: self.optional("reclaim_lost", flag),
            meal: self.optional("meal", flag),
            bed: self.optional("bed", flag),
            daily_pay: self.optional("daily_pay", flag),
            language: self.optional("language", text),
            requirements: self.optional("requirements", text),
            no_show_after_min: self.optional("no_show_after_min", "whole minutes from 5 to 120, or 0"),
            wait_rule: self.optional("wait_rule", "arrival, seniority or lottery"),
            draw_before_min: self.optional("draw_before_min", "whole minutes from 5 to 10080"),
            min_age: self.optional("min_age", "a whole number of years"),
            certificates: self.optional("certificates", "a list of codes"),
            languages: self.optional("languages", "a list of codes"),
        }
    }
}

/// Reads a body and holds it against the rule of all posted jobs; the problem names each field at fault.
pub(super) fn read(body: Value, poster: Poster<'_>) -> Result<Posted, Problem> {
    let Value::Object(left) = body else {
        let detail = "is not a JSON object; /openapi.json describes it".to_owned();
        return Err(Problem::fields(vec![FieldError {
            field: "body".to_owned(),
            reason: "wrong_type",
            detail,
        }]));
    };
    let mut reader = Reader { left, faults: Faults::default() };
    let body = reader.body();
    let Reader { left, mut faults } = reader;
    for name in left.keys() {
        faults.add(name, "unknown", "there is no such field; /openapi.json names those that there are");
    }
    let posted = judge(body, poster, &mut faults);
    if faults.0.is_empty() { Ok(posted) } else { Err(Problem::fields(faults.0)) }
}

fn judge(body: JobBody, poster: Poster<'_>, faults: &mut Faults) -> Posted {
    let texts = check_texts(&body, faults);
    let (start_at, end_at) = times(&body, poster.now, faults);
    let (pay_unit, pay_minor_per_hour) = pay(&body, (end_at - start_at) / 60, faults);
    faults.check("currency", "currency_unknown", posting::currency(&body.currency));
    faults.check("seats", "seats_absurd", posting::seats(body.seats, CAP_MAX));
    let no_show_after_min = no_show_after_min(&body, faults);
    let wait = wait_order(&body, poster.now, start_at, faults);
    let [title, text, category, place, language, requirements] = texts;
    let demands = demands(&body, faults);
    let fields = JobFields {
        title,
        text,
        category,
        employer: poster.employer.to_owned(),
        place,
        position: position(&body, faults),
        start_at,
        end_at,
        pay_minor: body.pay_minor,
        pay_unit,
        pay_minor_per_hour,
        currency: body.currency,
        meal: body.meal.unwrap_or_default(),
        bed: body.bed.unwrap_or_default(),
        daily_pay: body.daily_pay.unwrap_or_default(),
        language,
        requirements,
        demands,
        synthetic: false,
        redated: false,
        no_show_after_min,
        wait,
        created_at: poster.now,
        tenant: poster.tenant,
        region: poster.region.to_owned(),
    };
    let seats = u32::try_from(body.seats).unwrap_or(u32::MAX);
    Posted { fields, seats, reclaim_lost: body.reclaim_lost.unwrap_or_default() }
}

/// Title, text, category, place, language and requirements.
fn check_texts(body: &JobBody, faults: &mut Faults) -> [String; 6] {
    let title = body.title.trim().to_owned();
    if title.is_empty() {
        faults.add("title", "missing", "is empty; say what the work is");
    }
    let given = |text: &Option<String>| text.clone().unwrap_or_default();
    let texts = [
        title,
        given(&body.text),
        given(&body.category),
        given(&body.place),
        given(&body.language),
        given(&body.requirements),
    ];
    for (name, text) in ["title", "text", "category", "place", "language", "requirements"].iter().zip(&texts)
    {
        let most =
            if matches!(*name, "text" | "place" | "requirements") { TEXT_CHARS_MAX } else { TITLE_CHARS_MAX };
        let length = text.chars().count();
        if length > most {
            faults.add(name, "too_long", format!("has {length} characters; write {most} at most"));
        }
        let is_line = *name != "text";
        if text.chars().any(|c| turns_text(c) || (c.is_control() && (is_line || c != '\n'))) {
            let what = "has characters that steer the output; write plain text";
            faults.add(name, "characters", format!("{what}{}", if is_line { " on one line" } else { "" }));
        }
    }
    texts
}

/// Marks that turn the direction of what follows them, so that it reads otherwise than it is written (Unicode TR 36).
const fn turns_text(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn demands(body: &JobBody, faults: &mut Faults) -> Demands {
    let certificates = body.certificates.as_deref().unwrap_or_default();
    let languages = body.languages.as_deref().unwrap_or_default();
    Demands::check(body.min_age, certificates, languages).unwrap_or_else(|wrong| {
        for (field, fault) in wrong {
            faults.add(field, "demand_wrong", fault);
        }
        Demands::default()
    })
}

fn times(body: &JobBody, now: i64, faults: &mut Faults) -> (i64, i64) {
    let mut second = |field: &str, text: &str| {
        let read: Result<jiff::Timestamp, _> = text.parse();
        let read =
            read.map_err(|_| format!("`{text}` is not RFC 3339; write such as 2026-11-23T06:30:00+08:00"));
        faults.check(field, "date_wrong", read).map(jiff::Timestamp::as_second)
    };
    let (start, end) = (second("start_at", &body.start_at), second("end_at", &body.end_at));
    if start.is_some_and(|start| start <= now) {
        faults.add("start_at", "date_wrong", "is in the past; a shift starts in the future");
    }
    let (Some(start), Some(end)) = (start, end) else { return (0, 0) };
    for (field, time) in [("start_at", start), ("end_at", end)] {
        if !TIMES.contains(&time) {
            faults.add(field, "date_wrong", "must lie before the year 2200");
            return (0, 0);
        }
    }
    if end <= start {
        faults.add("end_at", "date_wrong", "must be after start_at");
    }
    // A start that is wrong by itself makes any shift long.
    if end - start > SHIFT_SECONDS_MAX && !faults.has("start_at") {
        let days = SHIFT_SECONDS_MAX / 86_400;
        faults.add(
            "end_at",
            "date_wrong",
            format!("is more than {days} days after start_at; post longer work in shifts"),
        );
    }
    (start, end)
}

fn no_show_after_min(body: &JobBody, faults: &mut Faults) -> u32 {
    let minutes = body.no_show_after_min.unwrap_or_default();
    let checked = match u32::try_from(minutes) {
        Ok(minutes) if minutes == 0 || NO_SHOW_AFTER_MIN.contains(&minutes) => Ok(minutes),
        _ => Err(format!("{minutes} is outside 5 to 120; write 0 for never")),
    };
    faults.check("no_show_after_min", "minutes_absurd", checked).unwrap_or_default()
}

/// By which rule people wait, and when a draw is.
fn wait_order(body: &JobBody, now: i64, start_at: i64, faults: &mut Faults) -> WaitOrder {
    let start_at = Some(start_at).filter(|_| !faults.has("start_at"));
    match WaitOrder::check(body.wait_rule.as_deref(), body.draw_before_min, now, start_at) {
        Ok(wait) => wait,
        Err((field, fault)) => {
            let reason = if field == "wait_rule" { "rule_unknown" } else { "draw_wrong" };
            faults.add(field, reason, fault);
            WaitOrder::default()
        }
    }
}

/// The unit, and what an hour pays: as given, or over the length of the shift.
fn pay(body: &JobBody, shift_minutes: i64, faults: &mut Faults) -> (PayUnit, i64) {
    let unit = faults.check("pay_unit", "pay_unit_unknown", posting::pay_unit(&body.pay_unit));
    let told = body.pay_minor_per_hour;
    if body.pay_minor <= 0 {
        faults.add("pay_minor", "pay_absurd", "must be above 0");
    } else if !PAY_MINOR.contains(&body.pay_minor) {
        faults.add("pay_minor", "pay_absurd", format!("is above {}; correct the amount", PAY_MINOR.end()));
    }
    if let Some(told) = told {
        let sane = posting::pay_per_hour(told, &posting::PAY_MINOR_PER_HOUR);
        faults.check("pay_minor_per_hour", "pay_absurd", sane);
    }
    let Some(unit) = unit else { return (PayUnit::Hour, told.unwrap_or_default()) };
    if unit == PayUnit::Hour && told.is_some_and(|told| told != body.pay_minor) && !faults.has("pay_minor") {
        let detail = "with pay_unit hour it is the same as pay_minor; write that or leave it out";
        faults.add("pay_minor_per_hour", "pay_absurd", detail);
    }
    let minutes = if unit == PayUnit::Day { shift_minutes.min(DAY_MIN) } else { shift_minutes };
    let per_hour = told.unwrap_or_else(|| posting::per_hour(body.pay_minor, unit, minutes));
    // Without its times a shift has no length, and without its pay there is nothing to divide.
    let is_known = unit == PayUnit::Hour || !(faults.has("start_at") || faults.has("end_at"));
    if told.is_none() && is_known {
        let sane = posting::pay_per_hour(per_hour, &posting::PAY_MINOR_PER_HOUR);
        faults.check("pay_minor", "pay_absurd", sane);
    }
    (unit, per_hour)
}

fn position(body: &JobBody, faults: &mut Faults) -> Option<(i32, i32)> {
    #[expect(clippy::cast_possible_truncation, reason = "at most 180 million")]
    let e6 = |degrees: f64| (degrees * 1e6).round() as i32;
    match (body.lat, body.lon) {
        (Some(lat), Some(lon)) => {
            let checked = posting::position(lat, lon);
            faults.check("lat", "not_on_globe", checked).map(|()| (e6(lat), e6(lon)))
        }
        (None, None) => None,
        (Some(_), None) => {
            faults.add("lon", "missing", "give lat and lon, or neither");
            None
        }
        (None, Some(_)) => {
            faults.add("lat", "missing", "give lat and lon, or neither");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: i64 = 1_800_000_000;

    /// What is wrong with a good job that was changed so: `field reason`, a word for each fault.
    fn check(changes: Value, expected: &[&str]) {
        let mut body = json!({
            "title": "分拣员", "start_at": "2099-01-01T06:00:00Z", "end_at": "2099-01-01T15:00:00Z",
            "pay_minor": 24_000, "currency": "CNY", "pay_unit": "shift", "seats": 3,
        });
        for (name, value) in changes.as_object().expect("an object") {
            body[name] = value.clone();
        }
        let poster = Poster { tenant: 1, employer: "顺达劳务", region: "hangzhou", now: NOW };
        let found: Vec<String> = match read(body, poster) {
            Ok(_) => Vec::new(),
            Err(problem) => {
                problem.errors.iter().map(|error| format!("{} {}", error.field, error.reason)).collect()
            }
        };
        assert_eq!(found, expected, "{changes}");
    }

    #[test]
    fn each_fault_is_named_at_its_field() {
        check(json!({}), &[]);
        check(json!({ "pay_unit": "day", "meal": true, "lat": 30.3, "lon": 120.2, "text": "早班" }), &[]);
        check(json!({ "pay_unit": "hour", "pay_minor": 2_600, "pay_minor_per_hour": 2_600 }), &[]);
        check(json!({ "currency": "XYZ" }), &["currency currency_unknown"]);
        check(json!({ "currency": "yuan" }), &["currency currency_unknown"]);
        check(json!({ "currency": null }), &["currency missing"]);
        check(json!({ "pay_unit": "year" }), &["pay_unit pay_unit_unknown"]);
        check(json!({ "pay_unit": "hour", "pay_minor": 2_000_000 }), &["pay_minor pay_absurd"]);
        check(json!({ "pay_minor": 0 }), &["pay_minor pay_absurd"]);
        check(json!({ "pay_minor": -1, "pay_minor_per_hour": 5 }), &["pay_minor pay_absurd"]);
        check(json!({ "pay_unit": "hour", "pay_minor_per_hour": 2_600 }), &["pay_minor_per_hour pay_absurd"]);
        check(json!({ "seats": 0 }), &["seats seats_absurd"]);
        check(json!({ "seats": 10_001 }), &["seats seats_absurd"]);
        check(json!({ "seats": -3 }), &["seats seats_absurd"]);
        check(json!({ "seats": "three" }), &["seats wrong_type"]);
        check(json!({ "start_at": "2001-01-01T06:00:00Z" }), &["start_at date_wrong"]);
        check(json!({ "end_at": "2099-01-01T06:00:00Z" }), &["end_at date_wrong"]);
        check(json!({ "end_at": "2099-02-01T06:00:01Z" }), &["end_at date_wrong"]);
        check(json!({ "end_at": "9999-01-01T06:00:00Z" }), &["end_at date_wrong"]);
        check(json!({ "pay_minor": i64::MAX }), &["pay_minor pay_absurd"]);
        check(json!({ "lat": 30.3 }), &["lon missing"]);
        check(json!({ "lat": 99.0, "lon": 120.2 }), &["lat not_on_globe"]);
        check(json!({ "min_age": 18, "certificates": ["Health"], "languages": ["zh", "en"] }), &[]);
        check(json!({ "min_age": 7 }), &["min_age demand_wrong"]);
        check(json!({ "certificates": ["heath"] }), &["certificates demand_wrong"]);
        check(json!({ "certificates": "health" }), &["certificates wrong_type"]);
        check(json!({ "languages": ["Mandarin"] }), &["languages demand_wrong"]);
        check(json!({ "title": " " }), &["title missing"]);
        check(json!({ "title": "活".repeat(121) }), &["title too_long"]);
        check(
            json!({ "title": "a\u{0}b", "place": "a\nb", "text": "two\nlines" }),
            &["title characters", "place characters"],
        );
        check(
            json!({ "text": "\u{202e}evil", "requirements": "\u{2066}x" }),
            &["text characters", "requirements characters"],
        );
        check(json!({ "meal": "yes" }), &["meal wrong_type"]);
        check(json!({ "salary": 7 }), &["salary unknown"]);
        for rule in ["arrival", "seniority", "lottery"] {
            check(json!({ "wait_rule": rule }), &[]);
        }
        check(json!({ "wait_rule": "by-the-moon" }), &["wait_rule rule_unknown"]);
        check(json!({ "wait_rule": "lottery", "draw_before_min": 15 }), &[]);
        for minutes in [4, 10_081, -1] {
            let draw = json!({ "wait_rule": "lottery", "draw_before_min": minutes });
            check(draw, &["draw_before_min draw_wrong"]);
        }
        check(json!({ "wait_rule": "seniority", "draw_before_min": 15 }), &["draw_before_min draw_wrong"]);
        check(json!({ "no_show_after_min": 15 }), &[]);
        check(json!({ "no_show_after_min": 0 }), &[]);
        check(json!({ "no_show_after_min": 4 }), &["no_show_after_min minutes_absurd"]);
        check(json!({ "no_show_after_min": -9 }), &["no_show_after_min minutes_absurd"]);
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let nothing = json!({
            "title": null, "start_at": null, "end_at": null, "pay_minor": null, "currency": null, "pay_unit": null,
            "seats": null,
        });
        let missing = ["title", "start_at", "end_at", "pay_minor", "currency", "pay_unit", "seats"];
        let missing = missing.map(|field| format!("{field} missing"));
        check(nothing, &missing.each_ref().map(String::as_str));
        let wrong = json!({
            "start_at": "tomorrow", "end_at": 7, "pay_minor": "a lot", "currency": "RMB", "pay_unit": "week", "seats": 0,
        });
        check(
            wrong,
            &[
                "end_at wrong_type",
                "pay_minor wrong_type",
                "start_at date_wrong",
                "pay_unit pay_unit_unknown",
                "currency currency_unknown",
                "seats seats_absurd",
            ],
        );
        check(
            json!({ "pay_minor": -5, "pay_unit": "week", "start_at": "2001-01-01T06:00:00Z", "end_at": "later" }),
            &[
                "end_at date_wrong",
                "start_at date_wrong",
                "pay_unit pay_unit_unknown",
                "pay_minor pay_absurd",
            ],
        );
    }
}

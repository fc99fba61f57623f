//! Rows of shifts as a clerk fills them in: what is read, what is in doubt, and the job that comes of a row.
//!
//! A row is text until it is sent. A row in doubt asks one question; its answer is a button, where there is an answer.

use crate::{forms::Pairs, limits::ROWS_MAX};
use jiff::{
    ToSpan,
    civil::{Date, DateTime, Time},
    tz::TimeZone,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use sync_protocol::documents::{PayUnit, WaitRule};

/// Longest text of a cell, in characters; what is longer is cut.
const CELL_CHARS_MAX: usize = 120;
/// Below this, in major units an hour, a pay is taken to be meant by the hour and asked about.
const PAY_PER_HOUR_LOW: f64 = 6.0;
/// Longest shift that is not asked about, in hours.
const HOURS_MAX: i64 = 16;

/// One shift of the form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// Made once for each row: a form that is sent twice makes one job.
    pub key: String,
    pub title: String,
    pub place: String,
    pub start: String,
    pub end: String,
    pub pay: String,
    pub seats: String,
    pub daily_pay: bool,
    pub meal: bool,
    pub bed: bool,
    /// Who gets a freed place, as a table says it; empty for what is chosen for the whole form.
    pub wait: String,
    /// The job that it was copied from.
    pub from: String,
    /// Its cells as they were copied.
    pub was: String,
    pub answers: Answers,
}

/// What was answered about a row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Answers {
    /// It ends on the day after it starts.
    pub next_day: bool,
    /// It starts on the day after the form's.
    pub tomorrow: bool,
    /// The pay is for an hour.
    pub hourly: bool,
    /// The same shift is out already, and this is another.
    pub again: bool,
    /// It is that long.
    pub long: bool,
}

/// A question that a button answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    NextDay,
    Tomorrow,
    Hourly,
    Again,
    Long,
    /// What the table says of freed places is passed over.
    Wait,
}

impl Answer {
    const ALL: [Self; 6] = [Self::NextDay, Self::Tomorrow, Self::Hourly, Self::Again, Self::Long, Self::Wait];

    pub const fn name(self) -> &'static str {
        match self {
            Self::NextDay => "next_day",
            Self::Tomorrow => "tomorrow",
            Self::Hourly => "hourly",
            Self::Again => "again",
            Self::Long => "long",
            Self::Wait => "wait_as_chosen",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|answer| answer.name() == name)
    }
}

/// Cells of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    Title,
    Start,
    End,
    Pay,
    Seats,
    Row,
}

/// What keeps a row from going out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// A cell cannot be read, or is empty.
    Unreadable(Cell),
    /// A question with its answer.
    Asks(Answer),
    /// The rule of all posted jobs refuses it, in its words.
    Refused(String),
}

impl Doubt {
    pub fn cell(&self) -> Cell {
        match self {
            Self::Unreadable(cell) => *cell,
            Self::Asks(Answer::NextDay | Answer::Long) => Cell::End,
            Self::Asks(Answer::Tomorrow) => Cell::Start,
            Self::Asks(Answer::Hourly) => Cell::Pay,
            Self::Asks(Answer::Again | Answer::Wait) | Self::Refused(_) => Cell::Row,
        }
    }
}

/// A row that can be posted.
#[derive(Debug, Clone, PartialEq)]
pub struct Good {
    pub title: String,
    pub place: String,
    pub start: DateTime,
    pub end: DateTime,
    pub pay_minor: i64,
    pub unit: PayUnit,
    pub seats: u32,
}

impl Good {
    /// Whether another shift is the same work at the same time.
    pub fn is_like(&self, title: &str, place: &str, start: DateTime, end: DateTime) -> bool {
        self.title == title && self.place == place && self.start == start && self.end == end
    }
}

/// A time of day as people write it: 6, 6:30, 06：30, 0630, 6点, 6点半.
pub fn time(text: &str) -> Option<Time> {
    let text = text.trim().replace(['：', '.', '点', 'h'], ":").replace('时', ":").replace('分', "");
    let (text, half) = text.strip_suffix('半').map_or((text.as_str(), false), |rest| (rest, true));
    let digits = |part: &str| -> Option<i8> {
        let is_number = !part.is_empty() && part.len() <= 2 && part.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| part.parse().ok())?
    };
    let (hour, minute) = match text.split_once(':') {
        Some((hour, "")) => (digits(hour)?, if half { 30 } else { 0 }),
        // Seconds, as spreadsheets write them, are passed over.
        Some((hour, rest)) => (digits(hour)?, digits(rest.split(':').next()?)?),
        None if text.len() == 4 && text.is_ascii() => (digits(&text[..2])?, digits(&text[2..])?),
        None => (digits(text)?, 0),
    };
    let hour = if hour == 24 && minute == 0 { 0 } else { hour };
    Time::new(hour, minute, 0, 0).ok()
}

/// An amount in minor units: 150, ¥150, 150.5, 1,500, 150元.
pub fn amount(text: &str) -> Option<i64> {
    let text: String = text.chars().filter(|c| !"¥￥$元块, ，".contains(*c)).collect();
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let is_number = |part: &str, most: usize| part.len() <= most && part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !is_number(whole, 7) || !is_number(part, 2) {
        return None;
    }
    let cents: i64 = format!("{part:0<2}").parse().ok()?;
    Some(whole.parse::<i64>().ok()? * 100 + cents)
}

/// A number of people: 8, 8人.
pub fn people(text: &str) -> Option<u32> {
    let text = text.trim().trim_end_matches(['人', '个', '名']).trim();
    text.parse().ok().filter(|people| *people > 0)
}

impl Row {
    /// A row with a key of its own.
    pub fn new() -> Self {
        let mut random = [0; 12];
        // Without random bytes a row has no key: sent twice it makes two jobs, which the clerk is asked about.
        let key = getrandom::fill(&mut random).map_or_else(|_| String::new(), |()| crate::base64url(&random));
        Self { key, ..Self::default() }
    }

    pub fn is_empty(&self) -> bool {
        [&self.title, &self.place, &self.start, &self.end, &self.pay, &self.seats]
            .iter()
            .all(|cell| cell.is_empty())
    }

    /// All cells in one text, to compare a copied row with.
    pub fn cells(&self) -> [String; 9] {
        let flag = |is: bool| if is { "1" } else { "" }.to_owned();
        [
            self.title.clone(),
            self.place.clone(),
            self.start.clone(),
            self.end.clone(),
            self.pay.clone(),
            self.seats.clone(),
            flag(self.daily_pay),
            flag(self.meal),
            flag(self.bed),
        ]
    }

    pub fn copied(mut self) -> Self {
        self.was = self.cells().join("\u{1f}");
        self
    }

    /// Whether a cell is not as it was copied.
    pub fn is_changed(&self, cell: usize) -> bool {
        !self.was.is_empty() && self.was.split('\u{1f}').nth(cell) != Some(self.cells()[cell].as_str())
    }

    /// The job that comes of it on `day`, or what is to be asked first.
    pub fn judge(&self, day: Date, now: DateTime) -> Result<Good, Doubt> {
        let unread = |cell| move || Doubt::Unreadable(cell);
        if self.title.trim().is_empty() {
            return Err(unread(Cell::Title)());
        }
        let start = time(&self.start).ok_or_else(unread(Cell::Start))?;
        let end = time(&self.end).ok_or_else(unread(Cell::End))?;
        let pay_minor = amount(&self.pay).filter(|pay| *pay > 0).ok_or_else(unread(Cell::Pay))?;
        let seats = people(&self.seats).ok_or_else(unread(Cell::Seats))?;
        if end <= start && !self.answers.next_day {
            return Err(Doubt::Asks(Answer::NextDay));
        }
        let later = |date: Date, is: bool| if is { date.tomorrow().unwrap_or(date) } else { date };
        let first = later(day, self.answers.tomorrow);
        let start = first.to_datetime(start);
        let end = later(first, end <= start.time()).to_datetime(end);
        if start <= now {
            return Err(Doubt::Asks(Answer::Tomorrow));
        }
        if !self.wait.is_empty() && self.wait_rule().is_none() {
            return Err(Doubt::Asks(Answer::Wait));
        }
        let hours = (end - start).total(jiff::Unit::Hour).unwrap_or(1.0);
        if end > start.saturating_add(HOURS_MAX.hours()) && !self.answers.long {
            return Err(Doubt::Asks(Answer::Long));
        }
        #[expect(clippy::cast_precision_loss, reason = "an amount of at most nine digits")]
        let per_hour = pay_minor as f64 / 100.0 / hours;
        if per_hour < PAY_PER_HOUR_LOW && !self.answers.hourly {
            return Err(Doubt::Asks(Answer::Hourly));
        }
        let unit = if self.answers.hourly { PayUnit::Hour } else { PayUnit::Shift };
        let (title, place) = (self.title.trim().to_owned(), self.place.trim().to_owned());
        Ok(Good { title, place, start, end, pay_minor, unit, seats })
    }

    /// Who gets a freed place, where the row says it.
    pub fn wait_rule(&self) -> Option<WaitRule> {
        WaitRule::read(&self.wait)
    }

    /// The body of `POST /v1/jobs` for a good row: one rule judges all posted jobs.
    pub fn body(&self, good: &Good, zone: &TimeZone, currency: &str) -> Option<Value> {
        let at = |time: DateTime| Some(zone.to_timestamp(time).ok()?.to_string());
        Some(json!({
            "title": good.title, "place": good.place, "start_at": at(good.start)?, "end_at": at(good.end)?,
            "pay_minor": good.pay_minor, "currency": currency, "pay_unit": good.unit.as_str(), "seats": good.seats,
            "meal": self.meal, "bed": self.bed, "daily_pay": self.daily_pay,
        }))
    }

    fn put(&mut self, name: &str, value: &str) {
        let cut = || value.chars().filter(|c| !c.is_control()).take(CELL_CHARS_MAX).collect::<String>();
        match name {
            "key" => self.key = cut(),
            "title" => self.title = cut(),
            "place" => self.place = cut(),
            "start" => self.start = cut(),
            "end" => self.end = cut(),
            "pay" => self.pay = cut(),
            "seats" => self.seats = cut(),
            "daily" => self.daily_pay = true,
            "meal" => self.meal = true,
            "bed" => self.bed = true,
            "wait" => self.wait = cut(),
            "from" => self.from = cut(),
            "was" => self.was = value.chars().take(4 * CELL_CHARS_MAX).collect(),
            _ => {
                if let Some(answer) = Answer::parse(name) {
                    self.answer(answer);
                }
            }
        }
    }

    pub fn answer(&mut self, answer: Answer) {
        match answer {
            Answer::NextDay => self.answers.next_day = true,
            Answer::Tomorrow => self.answers.tomorrow = true,
            Answer::Hourly => self.answers.hourly = true,
            Answer::Again => self.answers.again = true,
            Answer::Long => self.answers.long = true,
            Answer::Wait => self.wait.clear(),
        }
    }

    /// Answers so far, for the form to carry on.
    pub fn answered(&self) -> Vec<&'static str> {
        let is = |answer: &Answer| match answer {
            Answer::NextDay => self.answers.next_day,
            Answer::Tomorrow => self.answers.tomorrow,
            Answer::Hourly => self.answers.hourly,
            Answer::Again => self.answers.again,
            Answer::Long => self.answers.long,
            Answer::Wait => false,
        };
        Answer::ALL.into_iter().filter(is).map(Answer::name).collect()
    }
}

/// The rows of a form, whose fields are `name_number`.
pub fn read(form: &Pairs) -> Vec<Row> {
    let mut rows: BTreeMap<usize, Row> = BTreeMap::new();
    for (name, value) in form.iter() {
        let Some((name, number)) = name.rsplit_once('_') else { continue };
        let Some(number) = number.parse().ok().filter(|number| *number < ROWS_MAX) else { continue };
        rows.entry(number).or_default().put(name, value);
    }
    rows.into_values()
        .map(|row| if row.key.is_empty() { Row { key: Row::new().key, ..row } } else { row })
        .collect()
}

/// The answer that a button `answer_number_name` gives to a row.
pub fn answer(rows: &mut [Row], button: &str) {
    let parts = button.strip_prefix("answer_").and_then(|rest| rest.split_once('_'));
    if let Some((number, name)) = parts
        && let Some(row) = number.parse::<usize>().ok().and_then(|number| rows.get_mut(number))
        && let Some(answer) = Answer::parse(name)
    {
        row.answer(answer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn row(start: &str, end: &str, pay: &str, seats: &str) -> Row {
        let (title, place) = ("分拣员".to_owned(), "九堡".to_owned());
        let [start, end, pay, seats] = [start, end, pay, seats].map(str::to_owned);
        Row { title, place, start, end, pay, seats, ..Row::new() }
    }

    /// Eight in the morning of a Monday.
    fn judged(row: &Row) -> String {
        let day = date(2026, 11, 23);
        match row.judge(day, day.at(8, 0, 0, 0)) {
            Ok(good) => format!("{} {} {} {}", good.start, good.end, good.pay_minor, good.seats),
            Err(Doubt::Asks(answer)) => format!("asks {}", answer.name()),
            Err(doubt) => format!("{doubt:?}"),
        }
    }

    #[test]
    fn times_amounts_and_people_are_read_as_they_are_written() {
        for (text, expected) in [
            ("6", "06:00:00"),
            ("06:30", "06:30:00"),
            ("6：30", "06:30:00"),
            ("0630", "06:30:00"),
            ("6点", "06:00:00"),
            ("6点半", "06:30:00"),
            ("6点15分", "06:15:00"),
            ("22:00:00", "22:00:00"),
            ("24:00", "00:00:00"),
            ("25:00", "-"),
            ("six", "-"),
            ("", "-"),
            ("6:75", "-"),
            ("-6", "-"),
        ] {
            assert_eq!(
                time(text).map_or_else(|| "-".to_owned(), |time| time.to_string()),
                expected,
                "{text}"
            );
        }
        for (text, expected) in [
            ("150", Some(15_000)),
            ("¥150", Some(15_000)),
            ("150.5", Some(15_050)),
            ("1,500", Some(150_000)),
            ("150元", Some(15_000)),
            ("", None),
            ("1.234", None),
            ("free", None),
            ("12345678", None),
            ("-5", None),
        ] {
            assert_eq!(amount(text), expected, "{text}");
        }
        for (text, expected) in [("8", Some(8)), (" 8人", Some(8)), ("0", None), ("eight", None), ("", None)]
        {
            assert_eq!(people(text), expected, "{text}");
        }
    }

    #[test]
    fn a_row_in_doubt_asks_one_question_until_it_is_answered() {
        let mut night = row("22:00", "06:00", "320", "15");
        assert_eq!(judged(&night), "asks next_day");
        night.answer(Answer::NextDay);
        assert_eq!(judged(&night), "2026-11-23T22:00:00 2026-11-24T06:00:00 32000 15");
        let mut early = row("06:30", "15:30", "240", "20");
        assert_eq!(judged(&early), "asks tomorrow");
        early.answer(Answer::Tomorrow);
        assert_eq!(judged(&early), "2026-11-24T06:30:00 2026-11-24T15:30:00 24000 20");
        let mut drawn = Row { wait: "by the moon".to_owned(), ..row("10:00", "19:00", "250", "4") };
        assert_eq!(judged(&drawn), "asks wait_as_chosen");
        drawn.answer(Answer::Wait);
        assert_eq!(
            (judged(&drawn).as_str(), drawn.wait_rule()),
            ("2026-11-23T10:00:00 2026-11-23T19:00:00 25000 4", None)
        );
        drawn.wait = "公开抽签".to_owned();
        assert_eq!((judged(&drawn).starts_with("2026"), drawn.wait_rule()), (true, Some(WaitRule::Lottery)));
        let mut cheap = row("10:00", "19:00", "25", "4");
        assert_eq!(judged(&cheap), "asks hourly");
        cheap.answer(Answer::Hourly);
        assert_eq!(judged(&cheap), "2026-11-23T10:00:00 2026-11-23T19:00:00 2500 4");
        let mut long = row("9:00", "8:00", "900", "1");
        long.answer(Answer::NextDay);
        assert_eq!(judged(&long), "asks long");
    }

    #[test]
    fn what_cannot_be_read_is_pointed_at() {
        assert_eq!(judged(&row("10", "20", "170", "4")), "2026-11-23T10:00:00 2026-11-23T20:00:00 17000 4");
        assert_eq!(judged(&row("morning", "20", "170", "4")), "Unreadable(Start)");
        assert_eq!(judged(&row("10", "", "170", "4")), "Unreadable(End)");
        assert_eq!(judged(&row("10", "20", "a lot", "4")), "Unreadable(Pay)");
        assert_eq!(judged(&row("10", "20", "170", "many")), "Unreadable(Seats)");
        assert_eq!(judged(&Row { title: String::new(), ..row("10", "20", "170", "4") }), "Unreadable(Title)");
    }

    #[test]
    fn a_form_carries_its_rows_with_their_keys_and_answers() {
        let mut first = row("22:00", "06:00", "320", "15").copied();
        first.answer(Answer::NextDay);
        first.seats = "16".to_owned();
        let pairs = [
            ("key_0", first.key.as_str()),
            ("title_0", "分拣员"),
            ("place_0", "九堡"),
            ("start_0", "22:00"),
            ("end_0", "06:00"),
            ("pay_0", "320"),
            ("seats_0", "16"),
            ("was_0", &first.was),
            ("next_day_0", "1"),
            ("title_1", "保洁员"),
            ("title_9999", "too many"),
            ("csrf", "x"),
        ];
        let pairs = Pairs::of(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let mut rows = read(&pairs);
        assert_eq!((rows.len(), &rows[0]), (2, &first));
        let changed = |row: &Row| (0..9).filter(|cell| row.is_changed(*cell)).collect::<Vec<_>>();
        assert_eq!((changed(&rows[0]), changed(&rows[1])), (vec![5], vec![]));
        assert!(!rows[1].key.is_empty(), "it gets one");
        answer(&mut rows, "answer_1_tomorrow");
        answer(&mut rows, "answer_7_tomorrow");
        assert_eq!((rows[1].answered(), rows[0].answered()), (vec!["tomorrow"], vec!["next_day"]));
    }
}

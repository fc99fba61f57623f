//! Posting shifts: copied from yesterday, pasted, or row by row. Good rows go out; rows in doubt stay and ask.

use super::{
    paste,
    rows::{self, Answer, Cell, Doubt, Good, Row},
    view::{CellView, Frame, Left, PerkView, RowView},
};
use crate::{forms::Pairs, hm, limits::ROWS_MAX};
use askama::filters::Safe;
use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use sync_protocol::documents::{JobFields, PayUnit, WaitOrder, WaitRule};

/// Of a shift that is copied: freed places go to whom they went before.
const SAME: &str = "same";
/// Empty rows of a form that begins empty.
const EMPTY_ROWS: usize = 3;

const CELLS: [(&str, &str); 6] = [
    ("title", "a-col-title"),
    ("place", "a-col-place"),
    ("start", "a-col-start"),
    ("end", "a-col-end"),
    ("pay", "a-col-pay"),
    ("seats", "a-col-seats"),
];

const PERKS: [(&str, &str, &str); 3] = [
    ("daily", "a-perk-daily", "a-perk-daily-long"),
    ("meal", "a-perk-meal", "a-perk-meal-long"),
    ("bed", "a-perk-bed", "a-perk-bed-long"),
];

/// How a form is filled in, by the name of the way in an address; `None` where it names none.
pub fn way_of(text: &str) -> Option<&'static str> {
    ["yesterday", "paste", "rows"].into_iter().find(|way| *way == text)
}

/// The rows of a form that a clerk begins, with what is said of them, and the way that it is: where nothing was posted
/// for the day before and no way is asked for, empty rows.
pub fn begin(
    f: &Frame,
    way: Option<&'static str>,
    copied: Vec<Row>,
) -> (&'static str, Vec<Row>, Option<Safe<String>>) {
    let mut rows = copied;
    let way = way.unwrap_or(if rows.is_empty() { "rows" } else { "yesterday" });
    if way == "rows" {
        rows.resize_with(EMPTY_ROWS, Row::new);
    }
    let said = match way {
        "yesterday" if rows.is_empty() => Some(f.t("a-nothing-yesterday")),
        "yesterday" => Some(f.t_n("a-copied", u32::try_from(rows.len()).unwrap_or(u32::MAX))),
        _ => None,
    };
    (way, rows, said)
}

/// A shift of another day as a row to change. `seats` are its places in all, `from` its id.
pub fn copy(fields: &JobFields, seats: u32, from: &str, zone: &TimeZone) -> Row {
    let local = |at: i64| zone.to_datetime(Timestamp::from_second(at).unwrap_or(Timestamp::UNIX_EPOCH));
    let (start, end) = (local(fields.start_at), local(fields.end_at));
    let mut row = Row {
        title: fields.title.clone(),
        place: fields.place.clone(),
        start: hm(&start),
        end: hm(&end),
        pay: paste::plain(fields.pay_minor),
        seats: seats.to_string(),
        daily_pay: fields.daily_pay,
        meal: fields.meal,
        bed: fields.bed,
        from: from.to_owned(),
        ..Row::new()
    };
    // What was answered about it yesterday holds today.
    row.answers.next_day = end.date() > start.date();
    row.answers.hourly = fields.pay_unit == PayUnit::Hour;
    row.copied()
}

/// Completes a job that is posted like another with what a row does not say.
pub fn complete(fields: &mut JobFields, base: &JobFields) {
    fields.text.clone_from(&base.text);
    fields.category.clone_from(&base.category);
    fields.language.clone_from(&base.language);
    fields.requirements.clone_from(&base.requirements);
    fields.no_show_after_min = base.no_show_after_min;
    // Another place is somewhere else on the map.
    if fields.place == base.place {
        fields.position = base.position;
    }
}

/// A row held against the rules, or what became of it.
#[derive(Debug)]
pub enum Judged {
    Empty,
    /// Posted before under the same key.
    Out,
    Good(Box<Good>),
    Doubt(Doubt),
}

/// A shift that is out already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    pub title: String,
    pub place: String,
    pub start: DateTime,
    pub end: DateTime,
}

/// Key under which a row's job is kept: another than any of the interface's own.
pub fn key_of(row: &Row) -> String {
    format!("agency:{}", row.key)
}

/// Holds rows for `day` against the rules at the wall clock `now`; `out` says of each whether it was posted before under its
/// key, `posted` which shifts are out.
pub fn judge(rows: &[Row], out: &[bool], posted: &[Posted], day: Date, now: DateTime) -> Vec<Judged> {
    let is_out_already =
        |good: &Good| posted.iter().any(|one| good.is_like(&one.title, &one.place, one.start, one.end));
    let mut judged: Vec<Judged> = Vec::with_capacity(rows.len());
    for (row, is_out) in rows.iter().zip(out) {
        let verdict = if row.is_empty() {
            Judged::Empty
        } else if *is_out {
            Judged::Out
        } else {
            match row.judge(day, now) {
                Ok(good) if !row.answers.again && (is_out_already(&good) || is_twice(&judged, &good)) => {
                    Judged::Doubt(Doubt::Asks(Answer::Again))
                }
                Ok(good) => Judged::Good(Box::new(good)),
                Err(doubt) => Judged::Doubt(doubt),
            }
        };
        judged.push(verdict);
    }
    judged
}

/// Whether the same shift stands above in the form.
fn is_twice(above: &[Judged], good: &Good) -> bool {
    above.iter().any(|other| match other {
        Judged::Good(other) => good.is_like(&other.title, &other.place, other.start, other.end),
        Judged::Empty | Judged::Out | Judged::Doubt(_) => false,
    })
}

/// The rows of a form after the press of any of its buttons but the one that sends, with what is said of it.
pub fn pressed(f: &Frame, form: &Pairs) -> (Vec<Row>, Option<Safe<String>>) {
    let mut rows = rows::read(form);
    let mut said = None;
    match form.get("do") {
        "read" => {
            let read = paste::rows(form.get("table"));
            said = Some(f.t_n("a-read", u32::try_from(read.len()).unwrap_or(u32::MAX)));
            rows.extend(read);
            rows.truncate(ROWS_MAX);
        }
        "add" if rows.len() < ROWS_MAX => rows.push(Row::new()),
        press => {
            rows::answer(&mut rows, press);
            let dropped = press.strip_prefix("drop_").and_then(|number| number.parse::<usize>().ok());
            if let Some(dropped) = dropped.filter(|number| *number < rows.len()) {
                rows.remove(dropped);
            }
        }
    }
    (rows, said)
}

/// Takes away the rows that are out, and says how many they are.
pub fn keep(f: &Frame, rows: &mut Vec<Row>, judged: &mut Vec<Judged>) -> Option<Safe<String>> {
    let is_out = |one: &Judged| matches!(one, Judged::Out);
    let sent = u32::try_from(judged.iter().filter(|one| is_out(one)).count()).unwrap_or(u32::MAX);
    let mut out = judged.iter().map(is_out);
    rows.retain(|_| !out.next().unwrap_or(false));
    judged.retain(|one| !is_out(one));
    (sent > 0).then(|| f.t_n("a-sent", sent))
}

/// The form as it is shown, with its totals and what is asked about each row.
pub fn left(
    f: &Frame,
    way: &'static str,
    day: Date,
    rows: &[Row],
    judged: &[Judged],
    said: Option<Safe<String>>,
) -> Left {
    let (mut good, mut people, mut kept, mut views) = (0, 0, Vec::new(), Vec::new());
    for (number, (row, verdict)) in rows.iter().zip(judged).enumerate() {
        let doubt = match verdict {
            Judged::Good(row) => {
                good += 1;
                people += row.seats;
                None
            }
            Judged::Doubt(doubt) => {
                kept.push((number + 1).to_string());
                Some(doubt)
            }
            Judged::Empty | Judged::Out => None,
        };
        views.push(row_view(f, number, row, doubt));
    }
    let changed = rows.iter().filter(|row| (0..9).any(|cell| row.is_changed(cell)));
    let changed = changed.map(|row| row.title.clone()).collect::<Vec<_>>().join(f.t("a-and").0.as_str());
    let kept = kept.join(f.t("a-and").0.as_str());
    Left {
        way,
        day: day.to_string(),
        shift: String::new(),
        rows: views,
        said,
        changed,
        good,
        people,
        kept,
        waits: Vec::new(),
    }
}

/// Who gets freed places of a shift, as its row says, or else the form; `before` is how it was at the shift that the row was copied from.
pub fn wait_order(row: &Row, chosen: &str, before: WaitOrder, now: i64, start_at: i64) -> WaitOrder {
    let chosen = row.wait_rule().map_or(chosen, |rule| rule.as_str());
    let rule = if chosen == SAME { before.rule } else { WaitRule::parse(chosen).unwrap_or_default() };
    match rule {
        WaitRule::Lottery => {
            let minutes = Some(before.draw_before_min).filter(|minutes| {
                chosen == SAME && *minutes > 0 && start_at - i64::from(*minutes) * 60 > now
            });
            WaitOrder::lottery(minutes, now, start_at)
        }
        WaitRule::Arrival | WaitRule::Seniority => WaitOrder { rule, draw_before_min: 0 },
    }
}

/// The rules that a clerk chooses from, and which is chosen: value, words, whether.
pub fn waits(f: &Frame, way: &str, chosen: &str) -> Vec<(&'static str, Safe<String>, bool)> {
    let same = (way == "yesterday").then_some((SAME, "a-wait-same"));
    let rules = WaitRule::ALL.map(|rule| (rule.as_str(), words_of(rule)));
    let offered = same.into_iter().chain(rules);
    offered.map(|(value, words)| (value, f.t(words), value == chosen)).collect()
}

const fn words_of(rule: WaitRule) -> &'static str {
    match rule {
        WaitRule::Arrival => "a-wait-arrival",
        WaitRule::Seniority => "a-wait-seniority",
        WaitRule::Lottery => "a-wait-lottery",
    }
}

fn row_view(f: &Frame, number: usize, row: &Row, doubt: Option<&Doubt>) -> RowView {
    let texts = row.cells();
    let bad = doubt.map(Doubt::cell);
    let order =
        [Some(Cell::Title), None, Some(Cell::Start), Some(Cell::End), Some(Cell::Pay), Some(Cell::Seats)];
    let cells = CELLS.iter().zip(order).enumerate().map(|(n, ((name, label), cell))| CellView {
        name,
        label,
        text: texts[n].clone(),
        class: match (cell.is_some() && bad == cell, row.is_changed(n)) {
            (true, _) => "bad",
            (false, true) => "new",
            (false, false) => "",
        },
    });
    let perks = PERKS.iter().enumerate().map(|(n, (name, short, label))| PerkView {
        name,
        short,
        label,
        is_on: !texts[6 + n].is_empty(),
        is_changed: row.is_changed(6 + n),
    });
    let mut carried = vec![("key", row.key.clone()), ("from", row.from.clone()), ("was", row.was.clone())];
    if !row.wait.is_empty() {
        carried.push(("wait", row.wait.clone()));
    }
    carried.extend(row.answered().into_iter().map(|name| (name, "1".to_owned())));
    let (asks, answer) = doubt.map_or((None, None), |doubt| {
        let (asks, answer) = question(f, row, doubt);
        (Some(asks), answer.map(|(answer, words)| (format!("answer_{number}_{}", answer.name()), words)))
    });
    let mut notes = Vec::new();
    if row.answers.tomorrow {
        notes.push(f.t("a-note-tomorrow").0);
    }
    if row.answers.next_day {
        notes.push(f.t("a-note-next-day").0);
    }
    if row.answers.hourly {
        notes.push(f.t("a-note-hourly").0);
    }
    if let Some(rule) = row.wait_rule() {
        notes.push(f.t_a("a-note-wait", f.t(words_of(rule)).0).0);
    }
    let note = (!notes.is_empty()).then(|| Safe(notes.join(f.t("a-and").0.as_str())));
    RowView { cells: cells.collect(), perks: perks.collect(), carried, asks, answer, note }
}

/// The one question about a row, and its button.
fn question(f: &Frame, row: &Row, doubt: &Doubt) -> (Safe<String>, Option<(Answer, Safe<String>)>) {
    let with = |asks, answer, words| (asks, Some((answer, words)));
    match doubt {
        Doubt::Unreadable(cell) => {
            let key = match cell {
                Cell::Title => "a-ask-title",
                Cell::Start | Cell::End => "a-ask-time",
                Cell::Pay => "a-ask-pay",
                Cell::Seats | Cell::Row => "a-ask-seats",
            };
            (f.t(key), None)
        }
        Doubt::Refused(why) => (f.t_a("a-ask-refused", why), None),
        Doubt::Asks(answer @ Answer::NextDay) => {
            with(f.t_ab("a-ask-next-day", &row.end, &row.start), *answer, f.t_a("a-yes-next-day", &row.end))
        }
        Doubt::Asks(answer @ Answer::Tomorrow) => with(
            f.t_ab("a-ask-tomorrow", &row.start, hm(&f.now)),
            *answer,
            f.t_a("a-yes-tomorrow", &row.start),
        ),
        Doubt::Asks(answer @ Answer::Hourly) => {
            with(f.t_a("a-ask-hourly", &row.pay), *answer, f.t_a("a-yes-hourly", &row.pay))
        }
        Doubt::Asks(answer @ Answer::Wait) => {
            with(f.t_a("a-ask-wait", &row.wait), *answer, f.t("a-yes-wait"))
        }
        Doubt::Asks(answer @ Answer::Again) => with(f.t("a-ask-again"), *answer, f.t("a-yes-again")),
        Doubt::Asks(answer @ Answer::Long) => {
            with(f.t_ab("a-ask-long", &row.start, &row.end), *answer, f.t("a-yes-long"))
        }
    }
}

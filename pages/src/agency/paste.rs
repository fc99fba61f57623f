//! A table pasted from a spreadsheet: tabs or commas, with or without a line of headings, in Chinese or English.

use super::rows::{Row, amount, people, time};
use crate::limits::ROWS_MAX;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Title,
    Place,
    Start,
    End,
    /// `6:30-15:30` in one cell.
    Hours,
    Pay,
    Seats,
    Daily,
    Meal,
    Bed,
    /// Who gets a freed place.
    Wait,
}

/// Headings by what they contain; the first that fits counts.
const HEADINGS: [(Column, &[&str]); 11] = [
    (Column::Wait, &["候补", "补位", "空位", "排队", "wait", "waiting", "waitlist", "queue"]),
    (Column::Hours, &["时间段", "上班时间", "工作时间", "hours"]),
    (Column::Start, &["开始", "上班", "start", "from"]),
    (Column::End, &["结束", "下班", "end", "until", "to"]),
    (Column::Daily, &["日结", "daily"]),
    (Column::Meal, &["餐", "管饭", "meal", "lunch"]),
    (Column::Bed, &["住", "bed", "lodging"]),
    (Column::Seats, &["人数", "人", "数量", "people", "seats", "workers", "headcount"]),
    (Column::Pay, &["工钱", "工资", "价", "钱", "pay", "wage", "rate"]),
    (Column::Place, &["地点", "地址", "place", "where", "location", "address", "site"]),
    (Column::Title, &["工种", "岗位", "工作", "job", "title", "role", "work"]),
];

/// The order without headings: title, place, start, end, pay, people, paid daily, meal, bed, who gets a freed place.
const PLAIN: [Column; 10] = [
    Column::Title,
    Column::Place,
    Column::Start,
    Column::End,
    Column::Pay,
    Column::Seats,
    Column::Daily,
    Column::Meal,
    Column::Bed,
    Column::Wait,
];

/// Reads as many rows as a form holds. Empty lines are passed over; a cell that fits no column is left out.
pub(super) fn rows(text: &str) -> Vec<Row> {
    let separator = if text.contains('\t') {
        '\t'
    } else if text.contains(',') {
        ','
    } else {
        '，'
    };
    let mut lines = text.lines().map(str::trim_end).filter(|line| !line.trim().is_empty()).peekable();
    let headings = lines.peek().and_then(|line| columns(&cells(line, separator)));
    if headings.is_some() {
        lines.next();
    }
    let read = |line: &str| {
        let cells = cells(line, separator);
        match &headings {
            Some(headings) => row(headings, &cells),
            None => row(&guessed(&cells), &cells),
        }
    };
    lines.map(read).filter(|row| !row.is_empty()).take(ROWS_MAX).collect()
}

/// Cells of one line; quotes as spreadsheets write them (RFC 4180).
fn cells(line: &str, separator: char) -> Vec<String> {
    let (mut cells, mut cell, mut is_quoted) = (Vec::new(), String::new(), false);
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' if is_quoted && rest.peek() == Some(&'"') => cell.extend(rest.next()),
            '"' if is_quoted => is_quoted = false,
            '"' if cell.is_empty() => is_quoted = true,
            c if c == separator && !is_quoted => cells.push(std::mem::take(&mut cell)),
            c => cell.push(c),
        }
    }
    cells.push(cell);
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

/// What each column holds, where the line is one of headings: it names at least two and holds no number.
fn columns(cells: &[String]) -> Option<Vec<Option<Column>>> {
    let found: Vec<_> = cells.iter().map(|cell| heading(cell)).collect();
    let is_heading = found.iter().flatten().count() >= 2
        && !cells.iter().any(|cell| cell.starts_with(|c: char| c.is_ascii_digit()));
    is_heading.then_some(found)
}

fn heading(cell: &str) -> Option<Column> {
    let cell = cell.to_lowercase();
    let words = || cell.split(|c: char| !c.is_alphanumeric());
    let fits =
        |word: &str| if word.is_ascii() { words().any(|part| part == word) } else { cell.contains(word) };
    let found = HEADINGS.iter().find(|(_, names)| names.iter().any(|name| fits(name)));
    found.map(|(column, _)| *column)
}

/// Without headings: the plain order, or one cell of hours in place of two.
fn guessed(cells: &[String]) -> Vec<Option<Column>> {
    let hours = cells.iter().position(|cell| hours(cell).is_some());
    let Some(hours) = hours else { return PLAIN.into_iter().map(Some).collect() };
    let mut columns: Vec<_> =
        PLAIN.into_iter().filter(|c| !matches!(c, Column::Start | Column::End)).map(Some).collect();
    columns.insert(hours.min(columns.len()), Some(Column::Hours));
    columns
}

/// `6:30-15:30`, `6:30～15:30`, `6:30 to 15:30`.
fn hours(cell: &str) -> Option<(&str, &str)> {
    let (start, end) =
        ["-", "–", "—", "~", "～", "至", "到", " to "].iter().find_map(|mark| cell.split_once(mark))?;
    (time(start).is_some() && time(end).is_some()).then_some((start.trim(), end.trim()))
}

fn is_yes(cell: &str) -> bool {
    !matches!(
        cell.to_lowercase().as_str(),
        "" | "0" | "否" | "无" | "没有" | "不" | "no" | "n" | "false" | "-" | "x" | "×"
    )
}

fn row(columns: &[Option<Column>], cells: &[String]) -> Row {
    let mut row = Row::new();
    for (column, cell) in columns.iter().zip(cells) {
        let text = || cell.chars().filter(|c| !c.is_control()).take(120).collect::<String>();
        match column {
            Some(Column::Title) => row.title = text(),
            Some(Column::Place) => row.place = text(),
            Some(Column::Start) => row.start = shown(cell),
            Some(Column::End) => row.end = shown(cell),
            Some(Column::Hours) => {
                let (start, end) = hours(cell).unwrap_or((cell, ""));
                (row.start, row.end) = (shown(start), shown(end));
            }
            Some(Column::Pay) => row.pay = amount(cell).map_or_else(text, plain),
            Some(Column::Seats) => row.seats = people(cell).map_or_else(text, |people| people.to_string()),
            Some(Column::Daily) => row.daily_pay = is_yes(cell),
            Some(Column::Meal) => row.meal = is_yes(cell),
            Some(Column::Bed) => row.bed = is_yes(cell),
            Some(Column::Wait) => row.wait = text(),
            None => {}
        }
    }
    row
}

/// A time as the form writes it, or the text that is none.
fn shown(cell: &str) -> String {
    time(cell).map_or_else(|| cell.chars().take(20).collect(), |time| time.strftime("%H:%M").to_string())
}

/// An amount as the form writes it.
pub fn plain(minor: i64) -> String {
    if minor % 100 == 0 { (minor / 100).to_string() } else { format!("{}.{:02}", minor / 100, minor % 100) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each row in one line: title place start-end pay people, and a letter for what is given.
    fn check(text: &str, expected: &[&str]) {
        let found: Vec<String> = rows(text)
            .iter()
            .map(|row| {
                let given = [(row.daily_pay, "d"), (row.meal, "m"), (row.bed, "b")];
                let given: String = given.iter().filter(|(is, _)| *is).map(|(_, letter)| *letter).collect();
                let Row { title, place, start, end, pay, seats, wait, .. } = row;
                format!("{title} {place} {start}-{end} {pay} {seats} {given} {wait}").trim_end().to_owned()
            })
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn tables_are_read_as_spreadsheets_write_them() {
        check(
            "工种\t地点\t开始\t结束\t工钱\t人数\t日结\t包餐\t包住\n分拣员\t九堡\t6:30\t15:30\t¥240\t20人\t是\t\t\n\n保洁员\t\"笕桥 \"\"B\"\" 座\"\t14:00\t18:00\t90.5\t6\t否\t有\t1\n",
            &["分拣员 九堡 06:30-15:30 240 20 d", "保洁员 笕桥 \"B\" 座 14:00-18:00 90.50 6 mb"],
        );
        check(
            "People,Job title,Start,End,Pay,Where\n4,\"Cook, second\",10:00,20:00,170,\"Main St 5, rear\"\n",
            &["Cook, second Main St 5, rear 10:00-20:00 170 4"],
        );
        check("岗位\t上班时间\t工资\t人数\n装卸工\t22:00-6:00\t320\t15\n", &["装卸工  22:00-06:00 320 15"]);
        check(
            "Job\tStart\tEnd\tPay\tPeople\tWait list\nCook\t9\t17\t150\t2\tpublic draw\nWaiter\t9\t17\t150\t2\t\n",
            &["Cook  09:00-17:00 150 2  public draw", "Waiter  09:00-17:00 150 2"],
        );
        check(
            "工种\t开始\t结束\t工钱\t人数\t候补\n厨师\t9\t17\t150\t2\t按工龄\n",
            &["厨师  09:00-17:00 150 2  按工龄"],
        );
    }

    #[test]
    fn without_headings_the_plain_order_counts() {
        check("分拣员,九堡,6:30,15:30,240,20,1,,\n", &["分拣员 九堡 06:30-15:30 240 20 d"]);
        check("分拣员\t九堡\t6点半至15点半\t240\t20\n", &["分拣员 九堡 06:30-15:30 240 20"]);
        check("分拣员，九堡，早上，15:30，二百四，20\n", &["分拣员 九堡 早上-15:30 二百四 20"]);
        check("\n \n", &[]);
        assert_eq!(rows(&"a\tb\n".repeat(ROWS_MAX + 9)).len(), ROWS_MAX);
    }
}

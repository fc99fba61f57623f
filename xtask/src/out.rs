//! The only module that writes to the terminal, so that a ban on prints elsewhere can be a lint.
//!
//! A closed pipe on the reader's side is not an error of the command, so failed writes are dropped.

use std::io::Write;

/// Writes one line to standard output.
pub(crate) fn line(text: &str) {
    drop(writeln!(std::io::stdout().lock(), "{text}"));
}

/// Writes one line of progress to standard error.
pub(crate) fn note(text: &str) {
    drop(writeln!(std::io::stderr().lock(), "{text}"));
}

/// Writes an error to standard error.
pub(crate) fn error(text: &str) {
    note(&format!("error: {text}"));
}

/// Writes rows in columns as wide as their widest cell, with a rule under the first row.
pub(crate) fn table(rows: &[Vec<String>]) {
    for text in table_lines(rows) {
        line(&text);
    }
}

fn table_lines(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut lines = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        lines.push(cells.collect::<Vec<_>>().join("  ").trim_end().to_owned());
        if index == 0 {
            let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
            lines.push(rule.join("  "));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::table_lines;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let lines = table_lines(&[row(["suite", "verdict", "s"]), row(["fmt", "ok", "0.4"])]);
        assert_eq!(lines, ["suite  verdict  s", "-----  -------  ---", "fmt    ok       0.4"]);
    }
}

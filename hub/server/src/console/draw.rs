//! Figures of the console as SVG geometry: hexagons, spark lines and ages in words.

use std::{borrow::Borrow, fmt::Write};

/// Half the width of a hexagon in the map's units.
const HALF_WIDTH: f64 = 22.0;
/// Distance between the centres of neighbours in a row, and between rows.
const PITCH: (f64, f64) = (46.0, 40.0);

/// Where a hexagon lies in the map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Place {
    /// Centre from the left.
    pub(crate) x: f64,
    /// Centre from the top.
    pub(crate) y: f64,
}

impl Place {
    /// Returns the corners as SVG points.
    pub(crate) fn points(&self) -> String {
        let (half, top) = (HALF_WIDTH, HALF_WIDTH / 0.866);
        let corners = [
            (0.0, -top),
            (half, -top / 2.0),
            (half, top / 2.0),
            (0.0, top),
            (-half, top / 2.0),
            (-half, -top / 2.0),
        ];
        let mut out = String::new();
        for (dx, dy) in corners {
            // Writing to a String cannot fail.
            let _ = write!(out, "{:.1},{:.1} ", self.x + dx, self.y + dy);
        }
        out.trim_end().to_owned()
    }
}

/// Lays `count` hexagons into rows of `per_row`, every second row shifted by half a cell.
pub(crate) fn honeycomb(count: usize, per_row: usize) -> Vec<Place> {
    let per_row = per_row.max(1);
    let at = |n: usize| {
        let (row, column) = (n / per_row, n % per_row);
        let shift = if row % 2 == 1 { 0.5 } else { 0.0 };
        Place {
            x: HALF_WIDTH + 2.0 + (count_f64(column) + shift) * PITCH.0,
            y: 28.0 + count_f64(row) * PITCH.1,
        }
    };
    (0..count).map(at).collect()
}

/// Returns width and height of a honeycomb.
pub(crate) fn honeycomb_size(count: usize, per_row: usize) -> (f64, f64) {
    let per_row = per_row.max(1);
    let rows = count.div_ceil(per_row).max(1);
    let wide = count_f64(count.clamp(1, per_row)) + if rows > 1 { 0.5 } else { 0.0 };
    (wide * PITCH.0 + 4.0, 56.0 + count_f64(rows - 1) * PITCH.1)
}

fn count_f64(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Draws values as the points of a line that fills `width` by `height`, starting from zero.
pub(crate) fn spark(values: &[u32], width: u32, height: u32) -> String {
    let top = f64::from(values.iter().copied().max().unwrap_or(1).max(1));
    let steps = count_f64(values.len().saturating_sub(1).max(1));
    let mut out = String::new();
    for (n, value) in values.iter().enumerate() {
        let x = count_f64(n) / steps * f64::from(width);
        let y = (1.0 - f64::from(*value) / top) * f64::from(height);
        let _ = write!(out, "{x:.1},{y:.1} ");
    }
    out.trim_end().to_owned()
}

/// Writes an age as people say it: `2 s`, `14 min`, `3 h 05`, `2 days`.
pub(crate) fn age(seconds: impl Borrow<u64>) -> String {
    let seconds = *seconds.borrow();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h {:02}", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// Writes when a node was heard last: over its line, and by a file that somebody carried. Ages in seconds.
pub(crate) fn heard(contact_s: Option<u64>, carried_s: Option<u64>) -> String {
    let line = contact_s.map_or_else(|| "not since this hub began".to_owned(), |s| format!("{} ago", age(s)));
    match carried_s {
        Some(s) => format!("{line}, by file {} ago", age(s)),
        None => line,
    }
}

/// Writes a lag: `140 ms`, `2.6 s`, then as [`age`].
pub(crate) fn lag(ms: impl Borrow<u64>) -> String {
    let ms = *ms.borrow();
    match ms {
        0..1000 => format!("{ms} ms"),
        1000..60_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        _ => age(ms / 1000),
    }
}

/// Writes a count with thin groups of thousands, as `18,406`.
pub(crate) fn count(n: impl Borrow<u64>) -> String {
    let n = *n.borrow();
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Writes a number of rights: `1 right`, `1,204 rights`.
pub(crate) fn rights(n: impl Borrow<u64>) -> String {
    let n = *n.borrow();
    format!("{} right{}", count(n), if n == 1 { "" } else { "s" })
}

/// Writes an amount of bytes: `812 B`, `4.1 kB`, `1.2 MB`.
pub(crate) fn bytes(n: impl Borrow<u64>) -> String {
    let n = *n.borrow();
    match n {
        0..1000 => format!("{n} B"),
        1000..1_000_000 => format!("{}.{} kB", n / 1000, n % 1000 / 100),
        1_000_000..1_000_000_000 => format!("{}.{} MB", n / 1_000_000, n / 100_000 % 10),
        _ => format!("{}.{} GB", n / 1_000_000_000, n / 100_000_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_as_people_say_them() {
        assert_eq!([age(2), age(848), age(11_100)], ["2 s", "14 min", "3 h 05"]);
        assert_eq!([lag(140), lag(2650), lag(848_000)], ["140 ms", "2.6 s", "14 min"]);
        assert_eq!(heard(Some(2), None), "2 s ago");
        assert_eq!(heard(None, Some(848)), "not since this hub began, by file 14 min ago");
        assert_eq!([count(7), count(18_406), count(1_000_000)], ["7", "18,406", "1,000,000"]);
        assert_eq!([bytes(812), bytes(4_120), bytes(1_250_000)], ["812 B", "4.1 kB", "1.2 MB"]);
        assert_eq!(spark(&[0, 4, 2], 100, 20), "0.0,20.0 50.0,0.0 100.0,10.0");
    }

    #[test]
    fn every_cell_lies_within_the_honeycomb() {
        let (width, height) = honeycomb_size(46, 9);
        for place in honeycomb(46, 9) {
            assert!(place.x + HALF_WIDTH <= width, "{place:?}");
            assert!(place.y + 26.0 <= height, "{place:?}");
        }
    }
}

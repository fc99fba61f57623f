//! From regions of source text with counts to lines with counts.
//!
//! A line ran as often as the most frequent of the regions that begin on it and of the one that it begins in. A line
//! with none of them (blank, comment, declaration) does not count. So does LLVM's own report.

use std::cmp::Reverse;
use std::collections::BTreeMap;

/// A line and a column, both counted from 1.
type Place = (usize, usize);

/// How often the regions of one file were entered, by where they begin and end: an outer one before those inside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Regions(BTreeMap<(Place, Reverse<Place>), u64>);

impl Regions {
    /// Adds what one program counted.
    pub(super) fn add(&mut self, from: Place, to: Place, count: u64) {
        let sum = self.0.entry((from, Reverse(to))).or_default();
        *sum = sum.saturating_add(count);
    }

    /// The counts of the lines that hold code.
    pub(super) fn lines(&self) -> BTreeMap<usize, u64> {
        let mut lines: BTreeMap<usize, u64> = BTreeMap::new();
        let mut take = |line: usize, count: u64| {
            let known = lines.entry(line).or_default();
            *known = count.max(*known);
        };
        for ((from, Reverse(to)), count) in &self.0 {
            take(from.0, *count);
            for line in from.0 + 1..=to.0 {
                let begin = (line, 0);
                // Regions nest: of those around a place the innermost begins last.
                let around =
                    self.0.range(..(begin, Reverse(begin))).rev().find(|((_, end), _)| end.0 > begin);
                if let Some((_, count)) = around {
                    take(line, *count);
                }
            }
        }
        lines
    }
}

/// Reads the lines of `coverage-regions`, by file.
pub(super) fn read(text: &str) -> Option<BTreeMap<String, Regions>> {
    let mut files: BTreeMap<String, Regions> = BTreeMap::new();
    for line in text.lines() {
        let (path, numbers) = line.split_once('\t')?;
        let numbers: Vec<usize> = numbers.split('\t').map(str::parse).collect::<Result<_, _>>().ok()?;
        let [line, column, line_end, column_end, count] = numbers[..] else { return None };
        let count = u64::try_from(count).ok()?;
        files.entry(path.to_owned()).or_default().add((line, column), (line_end, column_end), count);
    }
    Some(files)
}

/// Writes line numbers as `3, 7-9`. `code` are all lines that count: a run of lines goes on over those that do not.
pub(super) fn ranges(lines: &[usize], code: impl Fn(usize) -> bool) -> String {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for line in lines {
        match ranges.last_mut() {
            Some((_, last)) if !(*last + 1..*line).any(&code) => *last = *line,
            _ => ranges.push((*line, *line)),
        }
    }
    let text = |(first, last): &(usize, usize)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    ranges.iter().map(text).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::{ranges, read};

    /// Each region is `line.column-line.column count`.
    fn check(regions: &[&str], expected: &[(usize, u64)]) {
        let line = |region: &&str| format!("a.rs\t{}\n", region.replace(['.', '-', ' '], "\t"));
        let files = read(&regions.iter().map(line).collect::<String>()).unwrap();
        let lines: Vec<(usize, u64)> = files["a.rs"].lines().into_iter().collect();
        assert_eq!(lines, expected, "of {regions:?}");
    }

    #[test]
    fn a_line_counts_as_often_as_its_most_frequent_region() {
        check(&["1.1-3.2 4"], &[(1, 4), (2, 4), (3, 4)]);
        check(&["1.1-1.9 4", "1.9-1.10 0"], &[(1, 4)]);
        check(&["1.1-1.2 0", "3.1-3.2 0"], &[(1, 0), (3, 0)]);
    }

    #[test]
    fn the_innermost_region_decides_for_a_line_that_none_begins_on() {
        check(&["1.1-5.2 7", "2.10-4.6 0"], &[(1, 7), (2, 7), (3, 0), (4, 0), (5, 7)]);
        check(&["1.1-5.2 0", "2.10-4.6 7"], &[(1, 0), (2, 7), (3, 7), (4, 7), (5, 0)]);
    }

    #[test]
    fn what_programs_counted_is_added_up() {
        check(&["1.1-1.5 0", "1.1-1.5 2", "1.1-1.5 3"], &[(1, 5)]);
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["a.rs", "a.rs\t1\t2\t3\t4", "a.rs\t1\t2\t3\t4\tx", "a.rs\t1\t2\t3\t4\t5\t6"] {
            assert_eq!(read(text), None, "of {text:?}");
        }
    }

    #[test]
    fn runs_of_lines_go_on_over_lines_that_do_not_count() {
        assert_eq!(ranges(&[3, 4, 8, 10], |line| line != 9), "3-4, 8-10");
        assert_eq!(ranges(&[], |_| true), "");
    }
}

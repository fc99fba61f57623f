//! Reads how many tests passed and failed from the summary lines of cargo-nextest and `cargo test`.

/// Tests that ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) passed: u64,
    pub(super) failed: u64,
}

impl Counts {
    /// Adds what a line says; lines that are no summary say nothing.
    pub(super) fn read(&mut self, line: &str) {
        let line = line.trim();
        let summary = line.strip_prefix("test result: ").map(|rest| (rest, ';'));
        let nextest =
            || line.strip_prefix("Summary [").and_then(|rest| Some((rest.split_once("run: ")?.1, ',')));
        let Some((parts, separator)) = summary.or_else(nextest) else { return };
        for part in parts.split([separator, '.']) {
            let mut words = part.split_whitespace();
            let (Some(count), Some(word)) =
                (words.next().and_then(|count| count.parse::<u64>().ok()), words.next())
            else {
                continue;
            };
            match (word, words.next()) {
                ("passed", _) => self.passed += count,
                ("failed", _) | ("timed", Some("out")) | ("exec", Some("failed")) => self.failed += count,
                _ => (),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Counts;

    fn check(lines: &str, passed: u64, failed: u64) {
        let mut counts = Counts::default();
        lines.lines().for_each(|line| counts.read(line));
        assert_eq!(counts, Counts { passed, failed }, "of {lines:?}");
    }

    #[test]
    fn summaries_are_counted() {
        check("     Summary [   1.2s] 45 tests run: 45 passed, 0 skipped", 45, 0);
        check(
            "     Summary [   1.2s] 45 tests run: 40 passed (2 slow), 3 failed, 2 timed out, 1 skipped",
            40,
            5,
        );
        check("     Summary [   0.1s] 1 test run: 0 passed, 1 exec failed, 0 skipped", 0, 1);
        check(
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            3,
            0,
        );
        check(
            "test result: FAILED. 3 passed; 2 failed; 0 ignored\ntest result: ok. 4 passed; 0 failed",
            7,
            2,
        );
    }

    #[test]
    fn other_lines_are_not() {
        check("test a::passed ... ok\nrunning 3 tests\n3 passed", 0, 0);
    }
}

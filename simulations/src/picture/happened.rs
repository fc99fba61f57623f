//! What the words of a trace say of machines and incarnations. The words are the trace's own, and its tests hold them to this.

/// One line of a trace, as far as the page draws it. Lane 0 is the hub, lane n + 1 machine n; writers are as they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Happened<'a> {
    /// The machine of this lane stands still.
    Down(usize),
    /// It is gone for good.
    Gone(usize),
    HubUp,
    /// A node runs under this incarnation.
    Runs(usize, &'a str),
    /// A node sells nothing any more: it was told so, or knows by its disk.
    Frozen(usize),
    /// The hub merges nothing more of an incarnation but its end.
    Fenced(&'a str),
    /// The hub has the whole log of a fenced incarnation.
    Settled(&'a str),
    Copied(usize),
    /// An older disk was put in place.
    Restored(usize),
    /// All faults end.
    Healed,
    Posted(&'a str, Option<usize>),
    /// A worker reads an answer: incarnation, job, status.
    Answered(&'a str, &'a str, &'a str),
    Violation,
}

impl<'a> Happened<'a> {
    pub(super) fn read(text: &'a str) -> Option<Self> {
        if let Some(rest) = text.strip_prefix("machine ") {
            return Self::at_machine(rest);
        }
        if let Some(rest) = text.strip_prefix("node ") {
            return Self::of_node(rest);
        }
        if let Some(rest) = text.strip_prefix("job ") {
            let (job, rest) = rest.split_once(' ')?;
            let machine =
                rest.split_once("is born at machine ").and_then(|(_, machine)| machine.parse().ok());
            let is_new = machine.is_some() || rest.contains("is imported");
            return is_new.then_some(Self::Posted(job, machine.map(|machine: usize| machine + 1)));
        }
        if let Some(rest) = text.strip_prefix("the incarnation ") {
            let (writer, rest) = rest.split_once(' ')?;
            return rest.starts_with("is fenced").then_some(Self::Fenced(writer));
        }
        match text {
            "the hub lost power" => Some(Self::Down(0)),
            "the hub runs" => Some(Self::HubUp),
            "everything heals" => Some(Self::Healed),
            _ => text.starts_with("violation: ").then_some(Self::Violation),
        }
    }

    fn at_machine(rest: &'a str) -> Option<Self> {
        let digits = rest.find(|other: char| !other.is_ascii_digit())?;
        let (number, rest) = rest.split_at(digits);
        let lane = number.parse::<usize>().ok()? + 1;
        if let Some(writer) = rest.strip_prefix(" runs node ") {
            return Some(Self::Runs(lane, writer));
        }
        if rest.starts_with(": a copy of ") {
            return Some(Self::Restored(lane));
        }
        if rest.starts_with(" starts from a copy of ") {
            return Some(Self::Copied(lane));
        }
        if rest.starts_with(" is told that it is fenced") {
            return Some(Self::Frozen(lane));
        }
        match rest {
            " lost power" | ": the node is killed" | " is lost with all that it had" => {
                Some(Self::Down(lane))
            }
            ", a copy, is taken away" => Some(Self::Gone(lane)),
            ": the database is older than its witness; frozen" | ": the database is damaged" => {
                Some(Self::Frozen(lane))
            }
            _ => None,
        }
    }

    fn of_node(rest: &'a str) -> Option<Self> {
        let (writer, rest) = rest.split_once([' ', ':'])?;
        if rest.starts_with("is settled") {
            return Some(Self::Settled(writer));
        }
        let (_, answer) = rest.trim_start().strip_prefix("request ")?.split_once(" for ")?;
        let (job, answer) = answer.split_once(" -> ")?;
        let (_, status) = answer.split_once(' ')?;
        Some(Self::Answered(writer, job, status))
    }
}

#[cfg(test)]
mod tests {
    use super::Happened;

    #[test]
    fn the_words_of_a_trace_are_read() {
        let check = |text, expected| assert_eq!(Happened::read(text), expected, "{text}");
        check("machine 2 lost power", Some(Happened::Down(3)));
        check("machine 0: the node is killed", Some(Happened::Down(1)));
        check("machine 10 runs node 11.2", Some(Happened::Runs(11, "11.2")));
        check("machine 4 starts from a copy of machine 1", Some(Happened::Copied(5)));
        check("machine 4, a copy, is taken away", Some(Happened::Gone(5)));
        check("machine 1: a copy of 700 ms is put back", Some(Happened::Restored(2)));
        check("machine 1 is told that it is fenced: a copy", Some(Happened::Frozen(2)));
        check("machine 1 is in step with the hub", None);
        check("the incarnation 2.1 is fenced: an operator said so", Some(Happened::Fenced("2.1")));
        check("node 2.1 is settled by its whole log", Some(Happened::Settled("2.1")));
        check(
            "node 2.1: request 7 for j1-1-4 -> s2-1-9 confirmed",
            Some(Happened::Answered("2.1", "j1-1-4", "confirmed")),
        );
        check("node 2.1 refuses request 7: closed", None);
        check("job j2-1-7 with 4 seats is born at machine 3", Some(Happened::Posted("j2-1-7", Some(4))));
        check("job j0-1-1 with 4 seats is imported for region 0", Some(Happened::Posted("j0-1-1", None)));
        check("job j0-1-1 has 5 seats from here on", None);
        check("the hub runs", Some(Happened::HubUp));
        check("violation: lost: s1-1-1", Some(Happened::Violation));
        check("", None);
    }
}

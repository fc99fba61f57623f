//! What lasted: lines that were cut, machines that stood still, incarnations that were fenced; and what happened in a moment.

use super::happened::Happened;
use crate::{
    schedule::{Act, Step, Way},
    world::Outcome,
};
use serde::Serialize;
use std::collections::BTreeMap;

/// Something that lasted at a lane, in virtual milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Span {
    pub lane: usize,
    pub from: u64,
    pub until: u64,
    pub kind: &'static str,
}

/// Something of a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Glyph {
    pub at: u64,
    pub lane: usize,
    pub kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
}

/// Which incarnations run where, and since when the hub merges nothing more of which.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    pub(super) spans: Vec<Span>,
    pub(super) glyphs: Vec<Glyph>,
    /// When a lane began to run under an incarnation.
    pub(super) runs: Vec<(u64, usize, String)>,
    /// From when to when an incarnation was fenced and not settled.
    pub(super) limbo: Vec<(String, u64, u64)>,
    pub(super) healed: Option<u64>,
    open: BTreeMap<(usize, &'static str), u64>,
    writers: BTreeMap<usize, String>,
    fenced: BTreeMap<String, u64>,
}

impl Timeline {
    pub(super) fn of(steps: &[Step], outcome: &Outcome, end: u64) -> Self {
        let mut all = Self::default();
        for (at, text) in &outcome.lines {
            if let Some(happened) = Happened::read(text) {
                all.happen(*at, happened);
            }
        }
        for key in all.open.keys().copied().collect::<Vec<_>>() {
            all.ends(end, key);
        }
        for (writer, from) in std::mem::take(&mut all.fenced) {
            all.limbo.push((writer, from, end));
        }
        let over = all.healed.unwrap_or(end);
        for step in steps.iter().filter(|step| step.at <= over) {
            all.fault(step, over);
        }
        all
    }

    fn begins(&mut self, at: u64, lane: usize, kind: &'static str) {
        self.open.entry((lane, kind)).or_insert(at);
    }

    fn ends(&mut self, at: u64, (lane, kind): (usize, &'static str)) {
        if let Some(from) = self.open.remove(&(lane, kind)) {
            self.spans.push(Span { lane, from, until: at, kind });
        }
    }

    fn glyph(&mut self, at: u64, lane: usize, kind: &str, job: Option<&str>) {
        self.glyphs.push(Glyph { at, lane, kind: kind.to_owned(), job: job.map(str::to_owned) });
    }

    fn lanes_of(&self, writer: &str) -> Vec<usize> {
        self.writers.iter().filter(|(_, runs)| *runs == writer).map(|(lane, _)| *lane).collect()
    }

    fn happen(&mut self, at: u64, happened: Happened<'_>) {
        match happened {
            Happened::Down(lane) => self.begins(at, lane, "down"),
            Happened::Gone(lane) => {
                self.ends(at, (lane, "fenced"));
                self.writers.remove(&lane);
                self.begins(at, lane, "gone");
            }
            Happened::HubUp => self.ends(at, (0, "down")),
            Happened::Runs(lane, writer) => {
                self.ends(at, (lane, "down"));
                if self.writers.insert(lane, writer.to_owned()).is_none_or(|before| before != writer) {
                    self.ends(at, (lane, "fenced"));
                    self.runs.push((at, lane, writer.to_owned()));
                }
            }
            Happened::Frozen(lane) => self.begins(at, lane, "fenced"),
            Happened::Fenced(writer) => {
                self.fenced.entry(writer.to_owned()).or_insert(at);
                for lane in self.lanes_of(writer) {
                    self.begins(at, lane, "fenced");
                }
            }
            Happened::Settled(writer) => {
                if let Some(from) = self.fenced.remove(writer) {
                    self.limbo.push((writer.to_owned(), from, at));
                }
                for lane in self.lanes_of(writer) {
                    self.ends(at, (lane, "fenced"));
                }
                self.glyph(at, 0, "settled", None);
            }
            Happened::Copied(lane) => self.glyph(at, lane, "copied", None),
            Happened::Restored(lane) => {
                self.glyph(at, lane, "restored", None);
                self.begins(at, lane, "down");
            }
            Happened::Healed => self.healed = Some(at),
            Happened::Posted(job, lane) => self.glyph(at, lane.unwrap_or(0), "posted", Some(job)),
            // A copy bears the name of its original: what is answered under it is drawn at the original.
            Happened::Answered(writer, job, status) => {
                let lane = self.lanes_of(writer).first().copied().unwrap_or(0);
                self.glyph(at, lane, status, Some(job));
            }
            Happened::Violation => self.glyph(at, 0, "violation", None),
        }
    }

    /// What is said by an operation and lasts as long as it says, or until all faults end.
    fn fault(&mut self, step: &Step, over: u64) {
        let Some((node, ms, kind)) = lasting(&step.act) else { return };
        let until = (step.at + ms).min(over);
        let lane = node + 1;
        let open = |span: &&mut Span| span.lane == lane && span.kind == kind && span.until >= step.at;
        // A second cut within the first only makes it longer.
        if let Some(before) = self.spans.iter_mut().find(open) {
            before.until = before.until.max(until);
        } else {
            self.spans.push(Span { lane, from: step.at, until, kind });
        }
    }
}

/// Node, milliseconds and kind of a fault that says how long it lasts and is not seen by what happens.
const fn lasting(act: &Act) -> Option<(usize, u64, &'static str)> {
    if let Act::Cut { node, way, ms } = *act {
        let kind = match way {
            Way::Both => "cut",
            Way::ToHub => "cut_to_hub",
            Way::ToNode => "cut_to_node",
        };
        return Some((node, ms, kind));
    }
    if let Act::GiveUp { node, ms } = *act {
        return Some((node, ms, "cut"));
    }
    if let Act::DiskFull { node, ms, .. } = *act {
        return Some((node, ms, "disk_full"));
    }
    if let Act::SlowDisk { node, ms } = *act {
        return Some((node, ms, "slow_disk"));
    }
    if let Act::Hostile { node, ms } = *act {
        return Some((node, ms, "hostile"));
    }
    if let Act::LoseReports { node, ms } = *act {
        return Some((node, ms, "lost_reports"));
    }
    None
}

//! What the hub shows of sign-ups, before it is killed and after.

use super::SEATS;
use super::load::{Ack, Cancel, Record};
use super::verdict::LATEST;
use crate::demo::api::Api;
use crate::demo::wait::wait_until;
use anyhow::{Result, bail, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A hub that has just started answers within this.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(20);
/// States in which a sign-up ends.
const ENDS: [&str; 2] = ["cancelled", "bumped"];

/// The state of each sign-up that the hub knows, of the jobs for which people signed up last.
#[derive(Debug)]
pub(super) struct AtHub {
    jobs: BTreeSet<String>,
    states: BTreeMap<String, String>,
}

impl AtHub {
    /// Reads the jobs of the latest acknowledgements.
    pub(super) fn look(hub: &Api, record: &Record) -> Result<Self> {
        let jobs = record.acks().iter().rev().take(LATEST).map(|ack| ack.job.clone()).collect();
        Self::read(hub, jobs)
    }

    fn read(hub: &Api, jobs: BTreeSet<String>) -> Result<Self> {
        let mut states = BTreeMap::new();
        for job in &jobs {
            let seats = wait_until("the hub answers", ANSWER_TIME_MAX, || hub.seats(job).map(Some))?;
            ensure!(
                seats.oversold == 0 && seats.live <= SEATS,
                "the hub counts {} seats of {job}",
                seats.live
            );
            states.extend(seats.sign_ups.into_iter().map(|known| (known.id, known.state)));
        }
        Ok(Self { jobs, states })
    }

    /// Reads the same jobs again: what the hub had shown it still knows, and it ends nobody who did not ask for it.
    pub(super) fn compare(&self, hub: &Api, record: &Record) -> Result<()> {
        let now = Self::read(hub, self.jobs.clone())?;
        self.ensure_kept(&now)?;
        // Read behind the hub: whoever asks to cancel says so in the record before.
        now.ensure_as_told(&record.acks())
    }

    fn ensure_kept(&self, now: &Self) -> Result<()> {
        for (id, before) in &self.states {
            match now.states.get(id).map(String::as_str) {
                None => bail!("{id} was {before} at the hub and is not known there any more"),
                Some(state) if ENDS.contains(&before.as_str()) => {
                    ensure!(state == before, "{id} was {before} at the hub and is {state} now");
                }
                Some("waiting" | "requested") if before == "live" => {
                    bail!("{id} was live at the hub and is not any more");
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    fn ensure_as_told(&self, acks: &[Ack]) -> Result<()> {
        for ack in acks.iter().filter(|ack| ack.cancel == Cancel::None) {
            let ended = self.states.get(&ack.id).filter(|state| ENDS.contains(&state.as_str()));
            ensure!(ended.is_none(), "{} is {ended:?} at the hub, and its client was told {ack:?}", ack.id);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::cluster::Who;

    fn at_hub(states: &[(&str, &str)]) -> AtHub {
        let states = states.iter().map(|(id, state)| ((*id).to_owned(), (*state).to_owned())).collect();
        AtHub { jobs: BTreeSet::new(), states }
    }

    #[test]
    fn a_hub_that_forgets_or_goes_back_is_noticed() {
        let check = |before: &str, now: &[(&str, &str)], is_kept: bool| {
            let kept = at_hub(&[("s1", before)]).ensure_kept(&at_hub(now));
            assert_eq!(kept.is_ok(), is_kept, "{before} and {now:?}");
        };
        check("live", &[("s1", "live"), ("s2", "live")], true);
        check("live", &[("s1", "cancelled")], true);
        check("waiting", &[("s1", "live")], true);
        check("live", &[], false);
        check("live", &[("s1", "waiting")], false);
        check("cancelled", &[("s1", "live")], false);
    }

    #[test]
    fn the_hub_ends_nobody_who_did_not_ask_for_it() {
        let ack = |cancel| Ack {
            who: Who::Jiubao,
            job: "j".to_owned(),
            id: "s1".to_owned(),
            code: String::new(),
            confirmed: true,
            receipt: None,
            cancel,
        };
        let check = |state: &str, cancel, is_told: bool| {
            let told = at_hub(&[("s1", state)]).ensure_as_told(&[ack(cancel)]);
            assert_eq!(told.is_ok(), is_told, "{state} and {cancel:?}");
        };
        check("live", Cancel::None, true);
        check("waiting", Cancel::None, true);
        check("cancelled", Cancel::Asked, true);
        check("cancelled", Cancel::None, false);
        check("bumped", Cancel::None, false);
    }
}

//! The comparison of what the clients were told with what the processes hold.

use super::SEATS;
use super::load::{Ack, Cancel, Record};
use crate::demo::api::{Api, JobList, SignUp};
use crate::demo::cluster::{Cluster, Who, root_certificate};
use crate::demo::wait::wait_until;
use crate::jobs::generate::splitmix::SplitMix64;
use crate::receipt;
use anyhow::{Context, Result, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

/// A node that has just started answers within this.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(20);
const CONVERGE_TIME_MAX: Duration = Duration::from_secs(120);
/// After a kill, the latest acknowledgements are those that a lost write would take; older ones are sampled.
const LATEST: usize = 60;
const SAMPLED: usize = 20;
const PAGE_SIZE: &str = "100";

/// What the whole run came to.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    pub(super) sign_ups: u64,
    /// Told so in the first answer.
    pub(super) confirmed: u64,
    pub(super) cancelled: u64,
    /// Acknowledged sign-ups that are gone or changed, in words.
    pub(super) lost: Vec<String>,
    /// Confirmed places whose receipts the hub signed, because it gave them itself.
    pub(super) signed_by_hub: u64,
    /// Live sign-ups beyond the seats, counted from what clients were told and from what nodes say.
    pub(super) oversold: u64,
}

impl Verdict {
    /// Nothing is lost or oversold.
    pub(super) const fn is_clean(&self) -> bool {
        self.lost.is_empty() && self.oversold == 0
    }
}

/// After a kill: the killed node's latest acknowledgements, some older ones, and everybody's count of each job.
pub(super) fn check_round(
    cluster: &Cluster,
    record: &Record,
    killed: Option<Who>,
    random: &mut SplitMix64,
) -> Result<()> {
    let acks = record.acks().clone();
    let oversold = beyond(acks.iter().filter(|ack| holds(ack)).map(|ack| ack.job.as_str()));
    ensure!(oversold == 0, "clients were told of {oversold} seats too many");
    ensure_distinct(&acks)?;
    let Some(who) = killed else { return Ok(()) };
    let own: Vec<&Ack> = acks.iter().filter(|ack| ack.who == who).collect();
    let (older, latest) = own.split_at(own.len().saturating_sub(LATEST));
    let sampled = (0..SAMPLED.min(older.len())).map(|_| *random.pick(older));
    let chosen: Vec<&Ack> = latest.iter().copied().chain(sampled).collect();
    for ack in chosen {
        // The clients go on meanwhile: whoever cancelled since then is judged by what was told last.
        let outcome = compare(cluster.node(who).api()?, ack);
        let same = |now: &&Ack| now.id == ack.id && now.cancel == ack.cancel;
        if outcome.is_err() && record.acks().iter().any(|now| same(&now)) {
            return outcome.map(drop).context("after a kill");
        }
    }
    Ok(())
}

/// At the end: every line is up, the hub knows everything, and every acknowledgement is looked up.
pub(super) fn settle(cluster: &Cluster, record: &Record) -> Result<Verdict> {
    let acks = record.acks().clone();
    ensure_distinct(&acks)?;
    let ids: Vec<(String, String)> = acks.iter().map(|ack| (ack.job.clone(), ack.id.clone())).collect();
    cluster.wait_converged(&Who::HANGZHOU, &ids, CONVERGE_TIME_MAX)?;
    let mut verdict = Verdict { sign_ups: acks.len() as u64, ..Verdict::default() };
    let root = receipt::read_root(&root_certificate(Path::new(&cluster.hub_data()))?)?;
    let mut live = Vec::new();
    for ack in &acks {
        verdict.confirmed += u64::from(ack.confirmed);
        verdict.cancelled += u64::from(ack.cancel == Cancel::Acknowledged);
        match compare(cluster.node(ack.who).api()?, ack) {
            Ok(status) if status == "confirmed" => {
                live.push(ack);
                match is_signed_by_hub(cluster.node(ack.who).api()?, ack, &root) {
                    Ok(by_hub) => verdict.signed_by_hub += u64::from(by_hub),
                    Err(error) => verdict.lost.push(format!("the receipt of {}: {error:#}", ack.id)),
                }
            }
            Ok(_) => {}
            Err(loss) => verdict.lost.push(format!("{loss:#}")),
        }
    }
    verdict.oversold = beyond(live.iter().map(|ack| ack.job.as_str()));
    verdict.lost.extend(unknown_to_the_hub(cluster, &live)?);
    Ok(verdict)
}

/// The ids of the jobs that a node lists.
pub(super) fn job_ids(cluster: &Cluster, who: Who) -> Result<Vec<String>> {
    let list: JobList = cluster.node(who).api()?.get("/v1/jobs", &[("page_size", PAGE_SIZE)])?;
    ensure!(!list.jobs.is_empty(), "{} lists no job", cluster.node(who).name);
    Ok(list.jobs.into_iter().map(|job| job.id).collect())
}

/// Asks the node for a sign-up; gives its status, or says how it is not what its client was told.
fn compare(api: &Api, ack: &Ack) -> Result<String> {
    let path = format!("/v1/sign_ups/{}", ack.id);
    let found: SignUp = wait_until(&ack.id, ANSWER_TIME_MAX, || api.get(&path, &[]).map(Some))?;
    ensure!(found.id == ack.id && found.job == ack.job, "{} became {found:?}", ack.id);
    let status = found.status.as_str();
    let expected = match ack.cancel {
        Cancel::Acknowledged => status == "cancelled",
        Cancel::Asked => matches!(status, "cancelled" | "confirmed"),
        Cancel::None => status == "confirmed" || !ack.confirmed,
    };
    ensure!(expected, "{} is {status}, and its client was told {ack:?}", ack.id);
    Ok(found.status)
}

/// Checks the receipt of a confirmed place. The hub's comes with the change that confirms the place, or right behind it.
fn is_signed_by_hub(api: &Api, ack: &Ack, root: &[u8; 32]) -> Result<bool> {
    let path = format!("/v1/sign_ups/{}", ack.id);
    let shown = [("code", ack.code.as_str())];
    let text = wait_until("a receipt", ANSWER_TIME_MAX, || Ok(api.get::<SignUp>(&path, &shown)?.receipt))?;
    let body = receipt::verify(&receipt::decode_text(&text)?, root)?;
    ensure!(body.sign_up.to_string() == ack.id && body.job.to_string() == ack.job, "it is for {body:?}");
    Ok(body.writer.is_hub())
}

fn holds(ack: &Ack) -> bool {
    ack.confirmed && ack.cancel == Cancel::None
}

/// How many of these seats, named by their jobs, are beyond the seats of their jobs.
fn beyond<'a>(jobs: impl Iterator<Item = &'a str>) -> u64 {
    let mut sold: BTreeMap<&str, u64> = BTreeMap::new();
    for job in jobs {
        *sold.entry(job).or_default() += 1;
    }
    sold.values().map(|count| count.saturating_sub(SEATS)).sum()
}

/// A node that forgot an acknowledged sign-up would give its id to the next person.
fn ensure_distinct(acks: &[Ack]) -> Result<()> {
    let mut seen = BTreeSet::new();
    for ack in acks {
        ensure!(seen.insert(ack.id.as_str()), "two people were given {}", ack.id);
    }
    Ok(())
}

fn unknown_to_the_hub(cluster: &Cluster, live: &[&Ack]) -> Result<Vec<String>> {
    let mut by_job: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for ack in live {
        by_job.entry(&ack.job).or_default().push(&ack.id);
    }
    let mut lost = Vec::new();
    for (job, ids) in by_job {
        let seats = cluster.hub()?.seats(job).context("the hub's account")?;
        ensure!(seats.oversold == 0 && seats.live <= SEATS, "the hub counts {} seats of {job}", seats.live);
        let counted = |id: &&str| seats.sign_ups.iter().any(|known| known.id == *id && known.state == "live");
        lost.extend(
            ids.into_iter().filter(|id| !counted(id)).map(|id| format!("{id} is not live at the hub")),
        );
    }
    Ok(lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_beyond_are_counted_by_job() {
        assert_eq!(beyond(["a"; 6].into_iter().chain(["b"; 6])), 0);
        assert_eq!(beyond(["a"; 8].into_iter().chain(["b"; 7])), 3);
    }

    #[test]
    fn the_same_id_twice_is_a_loss() {
        let ack = |id: &str| Ack {
            who: Who::Jiubao,
            job: "j".to_owned(),
            id: id.to_owned(),
            code: String::new(),
            confirmed: true,
            cancel: Cancel::None,
        };
        assert!(ensure_distinct(&[ack("s1"), ack("s2")]).is_ok());
        assert!(ensure_distinct(&[ack("s1"), ack("s1")]).is_err());
    }
}

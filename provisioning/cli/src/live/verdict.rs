//! The comparison of what the clients were told with what the processes hold.

use super::SEATS;
use super::faults::Killed;
use super::load::{Ack, Cancel, Record};
use crate::demo::api::{Api, JobList, SignUp};
use crate::demo::cluster::{Cluster, Who, root_certificate};
use crate::demo::recount::{self, Recount, Shown};
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
pub(super) const LATEST: usize = 60;
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
    /// Confirmed at the end.
    pub(super) live: u64,
    /// Confirmed places whose receipts the hub signed, because it gave them itself.
    pub(super) signed_by_hub: u64,
    /// Live sign-ups beyond the seats, counted from what clients were told and from what nodes say.
    pub(super) oversold: u64,
    /// What `dayshift receipt count` makes of all receipts, cancellations and caps of the run.
    pub(super) recount: Recount,
}

impl Verdict {
    /// Nothing is lost or oversold, and whoever counts by receipts alone comes to the same.
    pub(super) fn is_clean(&self) -> bool {
        self.lost.is_empty() && self.oversold == 0 && self.disagreement().is_none()
    }

    /// How the count by receipts differs from what nodes and hub say, in words.
    pub(super) fn disagreement(&self) -> Option<String> {
        let Recount { live, oversold, wrong, .. } = &self.recount;
        if let Some(first) = wrong.first() {
            return Some(format!("{} receipts are not genuine, among them {first}", wrong.len()));
        }
        let same = (*live, *oversold) == (self.live, self.oversold);
        (!same).then(|| {
            format!(
                "by the receipts {live} places stand and {oversold} are oversold, by what the nodes say {} and {}",
                self.live, self.oversold
            )
        })
    }
}

/// After a kill: everybody's count of each job. Of a killed node its latest acknowledgements and some older ones; of a
/// killed hub what it had shown before of the latest ones' jobs, against what it shows now and what clients were told,
/// and then both nodes as if they had been killed.
pub(super) fn check_round(
    cluster: &Cluster,
    record: &Record,
    killed: &Killed,
    random: &mut SplitMix64,
) -> Result<()> {
    let acks = record.acks().clone();
    let oversold = beyond(acks.iter().filter(|ack| holds(ack)).map(|ack| ack.job.as_str()));
    ensure!(oversold == 0, "clients were told of {oversold} seats too many");
    ensure_distinct(&acks)?;
    match killed {
        Killed::Node(who) => check_node(cluster, record, &acks, *who, random).context("after its kill"),
        Killed::Hub(before) => {
            before.compare(cluster.hub()?, record).context("after the hub's kill")?;
            let mut nodes = Who::HANGZHOU.into_iter();
            nodes
                .try_for_each(|who| check_node(cluster, record, &acks, who, random))
                .context("after the hub's kill")
        }
    }
}

/// Asks a node for the latest sign-ups that it acknowledged, and for some older ones.
fn check_node(
    cluster: &Cluster,
    record: &Record,
    acks: &[Ack],
    who: Who,
    random: &mut SplitMix64,
) -> Result<()> {
    let own: Vec<&Ack> = acks.iter().filter(|ack| ack.who == who).collect();
    let (older, latest) = own.split_at(own.len().saturating_sub(LATEST));
    let sampled = (0..SAMPLED.min(older.len())).map(|_| *random.pick(older));
    let chosen: Vec<&Ack> = latest.iter().copied().chain(sampled).collect();
    for ack in chosen {
        // The clients go on meanwhile: whoever cancelled since then is judged by what was told last.
        let outcome = compare(cluster.node(who).api()?, ack);
        let same = |now: &&Ack| now.id == ack.id && now.cancel == ack.cancel;
        if outcome.is_err() && record.acks().iter().any(|now| same(&now)) {
            return outcome.map(drop);
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
    let (mut live, mut shown) = (Vec::new(), Vec::new());
    for ack in &acks {
        verdict.confirmed += u64::from(ack.confirmed);
        verdict.cancelled += u64::from(ack.cancel == Cancel::Acknowledged);
        let node = cluster.node(ack.who);
        let mut held = |receipt: String, cancelled: bool| {
            let (job, sign_up) = (ack.job.clone(), ack.id.clone());
            shown.push(Shown { job, sign_up, node: node.name, receipt, cancelled });
        };
        match compare(node.api()?, ack) {
            Ok(status) if status == "confirmed" => {
                live.push(ack);
                match genuine_receipt(node.api()?, ack, &root) {
                    Ok((receipt, by_hub)) => {
                        verdict.signed_by_hub += u64::from(by_hub);
                        held(receipt, false);
                    }
                    Err(error) => verdict.lost.push(format!("the receipt of {}: {error:#}", ack.id)),
                }
            }
            // Whoever gave the place back still has the receipt, which counts with the cancellation.
            Ok(status) => {
                ack.receipt.clone().into_iter().for_each(|receipt| held(receipt, status == "cancelled"));
            }
            Err(loss) => {
                verdict.lost.push(format!("{loss:#}"));
                ack.receipt.clone().into_iter().for_each(|receipt| held(receipt, false));
            }
        }
    }
    verdict.oversold = beyond(live.iter().map(|ack| ack.job.as_str()));
    verdict.lost.extend(unknown_to_the_hub(cluster, &live)?);
    // As many seats as were imported: nothing in a run changes a cap.
    let caps = shown.iter().map(|one| (one.job.clone(), SEATS)).collect();
    verdict.recount = recount::by_receipts(cluster, &shown, &caps)?;
    verdict.live = live.len() as u64;
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

/// The receipt of a confirmed place, checked, and whether the hub signed it. The hub's comes with the change that confirms
/// the place, or right behind it.
fn genuine_receipt(api: &Api, ack: &Ack, root: &[u8; 32]) -> Result<(String, bool)> {
    let path = format!("/v1/sign_ups/{}", ack.id);
    let shown = [("code", ack.code.as_str())];
    let text = wait_until("a receipt", ANSWER_TIME_MAX, || Ok(api.get::<SignUp>(&path, &shown)?.receipt))?;
    let body = receipt::verify(&receipt::decode_text(&text)?, root)?;
    ensure!(body.sign_up.to_string() == ack.id && body.job.to_string() == ack.job, "it is for {body:?}");
    Ok((text, body.writer.is_hub()))
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
            receipt: None,
            cancel: Cancel::None,
        };
        assert!(ensure_distinct(&[ack("s1"), ack("s2")]).is_ok());
        assert!(ensure_distinct(&[ack("s1"), ack("s1")]).is_err());
    }

    #[test]
    fn a_count_by_receipts_that_differs_is_no_clean_run() {
        let verdict = |live, oversold, wrong: &[&str]| Verdict {
            live: 3,
            recount: Recount {
                live,
                oversold,
                wrong: wrong.iter().map(|text| (*text).to_owned()).collect(),
                ..Recount::default()
            },
            ..Verdict::default()
        };
        assert!(verdict(3, 0, &[]).is_clean());
        let said = verdict(4, 0, &[]).disagreement().unwrap();
        assert!(said.contains("by the receipts 4 places stand"), "{said}");
        assert!(!verdict(3, 1, &[]).is_clean());
        assert!(verdict(3, 0, &["s1: the signature is wrong"]).disagreement().unwrap().contains("s1"));
    }
}

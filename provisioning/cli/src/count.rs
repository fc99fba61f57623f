//! `dayshift receipt count`: counts what workers hold against the seats of each job, sharing nothing with the ledger. It
//! reads CBOR by itself and knows of the product only what docs/protocol.md says of a receipt: whoever doubts the ledger
//! can check it by these lines alone.
//!
//! A place that the hub's own node took over has no receipt of the hub's; where its worker's is not in the file either, such
//! places are counted from the hub's list of them.

mod cbor;

use crate::{Outcome, output};
use anyhow::{Context, Result, bail, ensure};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cbor::Cbor;
use clap::Args;
use ed25519_dalek::{Signature, VerifyingKey};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// A root certificate is Ed25519: its public key follows this algorithm identifier (RFC 8410).
const ED25519_KEY: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
const WRITER_BYTES: usize = 6;
/// The class of jobs whose rights come back from a lost node; a receipt without a class was final at once.
const RECLAIM: u64 = 1;

/// Arguments of `dayshift receipt count`.
#[derive(Debug, Args)]
pub(crate) struct CountArgs {
    /// Receipts with their cancellations, as `dayshift demo --json-receipts` writes them: a JSON list, or one a line.
    file: PathBuf,
    /// The cluster's root certificate, PEM or DER.
    #[arg(long)]
    root: PathBuf,
    /// Seats of each job: a JSON object of job ids and numbers.
    #[arg(long)]
    caps: PathBuf,
    /// Live places that the hub's own node holds and for which the file has no receipt: a JSON object of job ids and numbers.
    #[arg(long)]
    hub_places: Option<PathBuf>,
    /// Print the count as JSON.
    #[arg(long)]
    json: bool,
}

/// What a worker holds.
#[derive(Debug, Deserialize)]
struct Held {
    job: String,
    sign_up: String,
    /// Base64url.
    receipt: String,
    #[serde(default)]
    cancelled: bool,
}

/// What a receipt says.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Claim {
    job: String,
    sign_up: String,
    worker: Vec<u8>,
    head: Vec<u8>,
    /// It was signed before the hub had heard of it, and could be voided later than a time that it names.
    provisional: bool,
}

/// The outcome of a count.
#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    receipts: u64,
    cancelled: u64,
    /// Of those that were not given back, how many were provisional when they were signed.
    provisional: u64,
    live: BTreeMap<String, u64>,
    /// Jobs with more live receipts than seats, and by how many.
    over: BTreeMap<String, u64>,
    wrong: Vec<String>,
}

/// Counts; degraded is not an answer here: a job that is oversold and a wrong signature are errors.
pub(crate) fn run(args: &CountArgs) -> Result<Outcome> {
    let root = root_key(&std::fs::read(&args.root).with_context(|| args.root.display().to_string())?)?;
    let held = parse(&read(&args.file)?)?;
    let caps: BTreeMap<String, u64> = serde_json::from_str(&read(&args.caps)?).context("the caps")?;
    let places = match &args.hub_places {
        Some(path) => serde_json::from_str(&read(path)?).context("the hub's places")?,
        None => BTreeMap::new(),
    };
    let count = count(&held, &root, &caps, &places)?;
    let oversold: u64 = count.over.values().sum();
    if args.json {
        let shown = serde_json::json!({
            "receipts": count.receipts, "cancelled": count.cancelled, "provisional": count.provisional,
            "jobs": count.live.len(),
            "live": count.live.values().sum::<u64>(), "oversold": oversold, "over": count.over, "wrong": count.wrong,
        });
        output::result(&shown.to_string());
    } else {
        let live: u64 = count.live.values().sum();
        output::result(&format!(
            "{} receipts, {} given back, {live} live for {} jobs; oversold: {oversold}",
            count.receipts,
            count.cancelled,
            count.live.len()
        ));
    }
    if count.provisional > 0 && !args.json {
        output::note(&format!(
            "{} of them were provisional when they were signed: a reclaim of their nodes' rights may have voided those \
             that the hub had not heard of",
            count.provisional
        ));
    }
    for wrong in &count.wrong {
        output::note(&format!("not genuine: {wrong}"));
    }
    for (job, over) in &count.over {
        output::note(&format!("{job}: {over} more live receipts than seats"));
    }
    ensure!(count.wrong.is_empty(), "{} receipts are not genuine", count.wrong.len());
    ensure!(oversold == 0, "{} jobs are oversold", count.over.len());
    Ok(Outcome::Done)
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))
}

fn parse(text: &str) -> Result<Vec<Held>> {
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(text).context("the list of receipts");
    }
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| serde_json::from_str(line).context("a line is no receipt")).collect()
}

fn count(
    held: &[Held],
    root: &VerifyingKey,
    caps: &BTreeMap<String, u64>,
    places: &BTreeMap<String, u64>,
) -> Result<Count> {
    let mut count = Count { live: places.clone(), ..Count::default() };
    let (mut seen, mut given_back) = (BTreeSet::new(), BTreeSet::new());
    for one in held {
        match claim(one, root) {
            Err(error) => count.wrong.push(format!("{}: {error:#}", one.sign_up)),
            Ok(claim) if one.cancelled => drop(given_back.insert(claim)),
            Ok(claim) => drop(seen.insert(claim)),
        }
    }
    count.cancelled = given_back.len() as u64;
    count.receipts = seen.union(&given_back).count() as u64;
    for claim in seen.difference(&given_back) {
        *count.live.entry(claim.job.clone()).or_default() += 1;
        count.provisional += u64::from(claim.provisional);
    }
    for (job, live) in &count.live {
        let cap = caps.get(job).with_context(|| format!("no cap is given for {job}"))?;
        if live > cap {
            count.over.insert(job.clone(), live - cap);
        }
    }
    Ok(count)
}

/// Checks root -> log key -> receipt, and that the line says what the receipt says.
fn claim(held: &Held, root: &VerifyingKey) -> Result<Claim> {
    let bytes = URL_SAFE_NO_PAD.decode(held.receipt.trim_end_matches('=')).context("not base64url")?;
    let outer = Cbor::map(&bytes)?;
    let (body, signature, certificate) = (outer.bytes(0)?, outer.bytes(1)?, outer.bytes(2)?);
    ensure!(certificate.len() == WRITER_BYTES + 32 + 64, "the certificate has {} bytes", certificate.len());
    let (statement, by_root) = certificate.split_at(WRITER_BYTES + 32);
    check(root, b"dayshift log key v1", statement, by_root).context("the log key")?;
    let (writer, log_key) = statement.split_at(WRITER_BYTES);
    let log_key = VerifyingKey::from_bytes(log_key.try_into().context("the log key")?)?;
    check(&log_key, b"dayshift receipt v1", body, signature).context("the receipt")?;
    let body = Cbor::map(body)?;
    ensure!(body.bytes(3)? == writer, "the log key is certified for another node");
    let claim = Claim {
        job: id('j', body.bytes(0)?)?,
        sign_up: id('s', body.bytes(1)?)?,
        worker: body.bytes(2)?.to_vec(),
        head: body.bytes(6)?.to_vec(),
        provisional: match (body.number(8)?, body.number(9)?) {
            (None, None) => false,
            (Some(RECLAIM), Some(_)) => true,
            other => bail!("class and last time do not fit each other: {other:?}"),
        },
    };
    ensure!(claim.job == held.job, "it is for job {}", claim.job);
    ensure!(claim.sign_up == held.sign_up, "it is for sign-up {}", claim.sign_up);
    Ok(claim)
}

fn check(key: &VerifyingKey, context: &[u8], statement: &[u8], signature: &[u8]) -> Result<()> {
    let signature = Signature::from_slice(signature).context("no signature")?;
    key.verify_strict(&[context, statement].concat(), &signature).context("the signature is wrong")
}

/// Kind, node, incarnation and counter, as people write them.
fn id(letter: char, bytes: &[u8]) -> Result<String> {
    ensure!(bytes.len() == 15, "an id has 15 bytes");
    ensure!((letter, bytes[0]) == ('j', 1) || (letter, bytes[0]) == ('s', 2), "an id of another kind");
    let number = |bytes: &[u8]| bytes.iter().fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
    Ok(format!("{letter}{}-{}-{}", number(&bytes[1..5]), number(&bytes[5..7]), number(&bytes[7..])))
}

fn root_key(content: &[u8]) -> Result<VerifyingKey> {
    let pem = std::str::from_utf8(content).ok().filter(|text| text.contains("-----BEGIN CERTIFICATE-----"));
    let der = match pem {
        Some(text) => {
            let body: String =
                text.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
            base64::engine::general_purpose::STANDARD.decode(body).context("the root certificate")?
        }
        None => content.to_vec(),
    };
    let at = der.windows(ED25519_KEY.len()).position(|window| window == ED25519_KEY);
    let Some(key) = at.and_then(|at| der.get(at + ED25519_KEY.len()..at + ED25519_KEY.len() + 32)) else {
        bail!("the root certificate has no Ed25519 key");
    };
    Ok(VerifyingKey::from_bytes(key.try_into().context("the root key")?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signer, SigningKey};
    use sync_protocol::{
        ids::{JobId, SignUpId, WorkerId, Writer},
        log::Head,
        receipt::{Receipt, ReceiptBody},
        seats::LossPolicy,
    };

    fn held(counter: u64, worker: u8, cancelled: bool) -> Held {
        held_of(counter, worker, cancelled, None)
    }

    fn held_of(counter: u64, worker: u8, cancelled: bool, class: Option<LossPolicy>) -> Held {
        let (root, log) = (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]));
        let writer = Writer::new(3, 1);
        let statement = [&writer.to_bytes()[..], log.verifying_key().as_bytes()].concat();
        let by_root = root.sign(&[b"dayshift log key v1".as_slice(), &statement].concat()).to_bytes();
        let body = ReceiptBody {
            job: JobId::job(Writer::hub(1), 7),
            sign_up: SignUpId::sign_up(writer, counter),
            worker: WorkerId([worker; 16]),
            writer,
            vshard: 3,
            wseq: counter,
            head: Head([worker; 32]),
            issued_at: 1_790_000_000,
            class,
            final_by: class.map(|_| 1_790_000_120),
        };
        let receipt = Receipt::sign(&body, &log, &[statement.as_slice(), &by_root].concat());
        let receipt = URL_SAFE_NO_PAD.encode(receipt.to_bytes());
        Held { job: "j0-1-7".to_owned(), sign_up: format!("s3-1-{counter}"), receipt, cancelled }
    }

    /// Live and oversold of the one job, and receipts that are not genuine.
    fn check(held: &[Held], cap: u64, expected: (u64, u64, usize)) {
        let root = SigningKey::from_bytes(&[1; 32]).verifying_key();
        let caps = BTreeMap::from([("j0-1-7".to_owned(), cap)]);
        let count = count(held, &root, &caps, &BTreeMap::new()).unwrap();
        let (live, over) = (count.live.values().sum(), count.over.values().sum());
        assert_eq!((live, over, count.wrong.len()), expected);
    }

    #[test]
    fn receipts_are_counted_against_seats() {
        check(&[held(1, 1, false), held(2, 2, false)], 2, (2, 0, 0));
        check(&[held(1, 1, false), held(2, 2, false)], 1, (2, 1, 0));
        check(&[held(1, 1, false), held(2, 2, true)], 1, (1, 0, 0));
        // One receipt shown twice is one; one that was shown before it was given back is over.
        check(&[held(1, 1, false), held(1, 1, false), held(1, 1, true)], 1, (0, 0, 0));
        // A copied disk gives one number to two people: both hold a receipt.
        check(&[held(1, 1, false), held(1, 2, false)], 1, (2, 1, 0));
    }

    #[test]
    fn what_was_provisional_counts_as_a_seat_and_is_told_apart() {
        let root = SigningKey::from_bytes(&[1; 32]).verifying_key();
        let caps = BTreeMap::from([("j0-1-7".to_owned(), 1)]);
        let held = [held(1, 1, false), held_of(2, 2, false, Some(LossPolicy::Reclaim))];
        let counted = count(&held, &root, &caps, &BTreeMap::new()).unwrap();
        assert_eq!((counted.receipts, counted.provisional, counted.wrong.len()), (2, 1, 0));
        assert_eq!(
            counted.over.values().sum::<u64>(),
            1,
            "the ledger must know of a void one, not the count"
        );
        let odd = [held_of(3, 3, false, Some(LossPolicy::WriteOff))];
        assert_eq!(count(&odd, &root, &caps, &BTreeMap::new()).unwrap().wrong.len(), 1);
    }

    #[test]
    fn a_receipt_for_something_else_is_not_genuine() {
        let mut other = held(1, 1, false);
        other.sign_up = "s3-1-2".to_owned();
        check(&[other], 1, (0, 0, 1));
        let genuine = URL_SAFE_NO_PAD.decode(held(1, 1, false).receipt).unwrap();
        for at in 0..genuine.len() {
            let mut flipped = genuine.clone();
            flipped[at] ^= 1;
            let receipt = URL_SAFE_NO_PAD.encode(flipped);
            check(&[Held { receipt, ..held(1, 1, false) }], 1, (0, 0, 1));
        }
    }
}

//! `dayshift erasure`: which nodes have erased whom they were told to, which still owe it, and whether what they signed is
//! genuine.

use crate::Outcome;
use crate::hub_client::HubArgs;
use crate::{output, receipt};
use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use std::path::PathBuf;
use sync_protocol::erasure::{ErasureBody, ErasureReceipt};

/// What can be asked of erasures.
#[derive(Debug, Subcommand)]
pub(crate) enum ErasureCommand {
    /// List the orders to erase a worker, with the nodes that have signed and those that still owe it.
    ///
    /// A worker orders it at a kiosk; each node of the region follows once it is in contact. Workers are named by pseudonym.
    /// Ends with 2 where a node owes a receipt.
    List(HubArgs),
    /// Check receipts without any server, against the root certificate alone: which node erased whom, and when.
    Verify(VerifyArgs),
}

/// Arguments of `dayshift erasure verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// File with a receipt as a node or the hub gave it (base64url or hexadecimal), or with what `dayshift erasure list
    /// --json` wrote: then each receipt in it is checked.
    file: PathBuf,
    /// The cluster's root certificate, PEM or DER.
    #[arg(long)]
    root: PathBuf,
}

/// A list of a thousand orders at a hundred nodes is smaller.
const FILE_BYTES_MAX: u64 = 64 << 20;

#[derive(Debug, Deserialize)]
struct Erasures {
    erasures: Vec<Erasure>,
}

#[derive(Debug, Deserialize)]
struct Erasure {
    order: String,
    worker: String,
    region: String,
    heard_at: String,
    nodes: Vec<Answer>,
    owed: u32,
}

#[derive(Debug, Deserialize)]
struct Answer {
    node: u32,
    name: String,
    state: String,
    at: Option<String>,
    receipt: Option<String>,
}

/// Runs `dayshift erasure`.
pub(crate) fn run(command: &ErasureCommand) -> Result<Outcome> {
    match command {
        ErasureCommand::List(hub) => list(hub),
        ErasureCommand::Verify(args) => verify_file(args),
    }
}

/// What an operator has to do about a node that has not signed.
fn words(state: &str) -> &str {
    match state {
        "erased" => "erased",
        "owes" => "owes it: follows at its next contact",
        "retired" => "retired: wipe its disk by hand",
        "old_disk" => "joined anew meanwhile: delete its old files by hand",
        other => other,
    }
}

fn list(args: &HubArgs) -> Result<Outcome> {
    let answer: Value = args.client()?.get("/v1/erasures")?;
    let Erasures { erasures } =
        serde_json::from_value(answer.clone()).context("the hub's list of erasures")?;
    let outcome =
        if erasures.iter().any(|erasure| erasure.owed > 0) { Outcome::Degraded } else { Outcome::Done };
    if args.json {
        output::result(&serde_json::to_string(&answer).context("write the answer")?);
        return Ok(outcome);
    }
    if erasures.is_empty() {
        output::note("nobody has asked to be erased");
    }
    for erasure in erasures {
        let Erasure { order, worker, region, heard_at, owed, .. } = &erasure;
        let owed = if *owed == 0 { "all signed".to_owned() } else { format!("{owed} open") };
        output::result(&format!("order {order}  worker {worker}  {region}  heard {heard_at}  {owed}"));
        for Answer { node, name, state, at, .. } in &erasure.nodes {
            let at = at.as_deref().unwrap_or_default();
            output::result(&format!("  {name:<24}{node:<6}{} {at}", words(state)));
        }
    }
    Ok(outcome)
}

fn verify_file(args: &VerifyArgs) -> Result<Outcome> {
    let (root, name) = (receipt::read_root(&args.root)?, args.file.display());
    let length = args.file.metadata().with_context(|| format!("read {name}"))?.len();
    ensure!(length <= FILE_BYTES_MAX, "{name} has {length} bytes; a receipt has a few hundred");
    let content = std::fs::read_to_string(&args.file).with_context(|| format!("read {name}"))?;
    let receipts = receipts_of(&content).with_context(|| name.to_string())?;
    ensure!(!receipts.is_empty(), "{name} holds no receipt: no node has signed yet");
    for (at, bytes) in receipts.iter().enumerate() {
        let body = verify(bytes, &root).with_context(|| format!("receipt {} of {name}", at + 1))?;
        output::result(&said(&body)?);
    }
    output::note(&format!("{} genuine, by the keys that this root vouches for", receipts.len()));
    Ok(Outcome::Done)
}

/// The receipts of a text: one, or those of a list.
fn receipts_of(text: &str) -> Result<Vec<Vec<u8>>> {
    if !text.trim_start().starts_with('{') {
        return Ok(vec![decoded(text)?]);
    }
    let list: Erasures =
        serde_json::from_str(text).context("not what `dayshift erasure list --json` writes")?;
    let nodes = list.erasures.iter().flat_map(|erasure| &erasure.nodes);
    nodes.filter_map(|node| node.receipt.as_deref()).map(decoded).collect()
}

/// Hexadecimal digits, as the hub lists receipts, or base64url, as a node answers its worker.
fn decoded(text: &str) -> Result<Vec<u8>> {
    let text = text.trim();
    if text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let pairs = text.as_bytes().chunks_exact(2);
        let bytes = pairs.map(|pair| Some((digit(pair[0])? << 4) | digit(pair[1])?));
        return bytes.collect::<Option<Vec<u8>>>().context("not a receipt");
    }
    URL_SAFE_NO_PAD.decode(text).context("not a receipt: was all of its text copied?")
}

fn verify(bytes: &[u8], root_key: &[u8; 32]) -> Result<ErasureBody> {
    let signed = ErasureReceipt::from_bytes(bytes)?;
    let (writer, key) = receipt::certified(&signed.certificate, root_key)?;
    let body = signed.verify(&key)?;
    receipt::by_its_own(body.writer, writer)?;
    Ok(body)
}

fn said(body: &ErasureBody) -> Result<String> {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let at = Timestamp::from_second(body.erased_at).context("the receipt's time")?;
    let kept = if body.had { "erased what it kept" } else { "kept nothing" };
    Ok(format!(
        "order {}  worker {}  node {} {kept} at {at} by its clock",
        hex(&body.order.id),
        hex(&body.order.worker.0),
        body.writer
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signer, SigningKey};
    use enrolment::LogKeyCertificate;
    use sync_protocol::erasure::EraseOrder;
    use sync_protocol::ids::{WorkerId, Writer};

    fn signed(named: Writer, certified: Writer) -> Vec<u8> {
        let (root, log) = (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]));
        let key = log.verifying_key().to_bytes();
        let statement = [b"dayshift log key v1".as_slice(), &certified.to_bytes(), &key].concat();
        let certificate =
            LogKeyCertificate { writer: certified, key, signature: root.sign(&statement).to_bytes() };
        let order = EraseOrder { id: [3; 16], worker: WorkerId([4; 16]), at: 5 };
        let body = ErasureBody { order, writer: named, erased_at: 6, had: true };
        ErasureReceipt::sign(&body, &log, &certificate.encode()).to_bytes()
    }

    #[test]
    fn a_genuine_receipt_passes_in_each_form_and_others_do_not() {
        let root = SigningKey::from_bytes(&[1; 32]).verifying_key().to_bytes();
        let writer = Writer::new(3, 1);
        let genuine = signed(writer, writer);
        let hex: String = genuine.iter().map(|byte| format!("{byte:02x}")).collect();
        let node =
            serde_json::json!({ "node": 3, "name": "hall", "state": "erased", "at": null, "receipt": hex });
        let owes =
            serde_json::json!({ "node": 4, "name": "yard", "state": "owes", "at": null, "receipt": null });
        let order = serde_json::json!({
            "order": "", "worker": "", "region": "", "heard_at": "", "nodes": [node, owes], "owed": 1
        });
        let list = serde_json::json!({ "erasures": [order] }).to_string();
        for text in [hex, format!("{}\n", URL_SAFE_NO_PAD.encode(&genuine)), list] {
            let receipts = receipts_of(&text).unwrap();
            assert_eq!(receipts, std::slice::from_ref(&genuine), "{text}");
        }
        let body = verify(&genuine, &root).unwrap();
        assert!(said(&body).unwrap().contains("node 3.1 erased what it kept at 1970-01-01T00:00:06Z"));
        assert!(verify(&signed(Writer::new(4, 1), writer), &root).is_err(), "signed for another node");
        let other = SigningKey::from_bytes(&[9; 32]).verifying_key().to_bytes();
        assert!(verify(&genuine, &other).is_err(), "another cluster");
        for at in 0..genuine.len() {
            let mut damaged = genuine.clone();
            damaged[at] ^= 1;
            assert!(verify(&damaged, &root).is_err(), "byte {at}");
        }
        assert!(receipts_of("not a receipt!").is_err());
    }
}

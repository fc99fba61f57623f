//! `dayshift receipt verify`: checks a worker's receipt without any server, against the root
//! certificate alone. The demo checks its receipts by the same function.

use crate::count::{self, CountArgs};
use crate::{Outcome, output};
use anyhow::{Context, Result, anyhow, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use clap::{Args, Subcommand};
use ed25519_dalek::VerifyingKey;
use enrolment::LogKeyCertificate;
use jiff::Timestamp;
use std::path::{Path, PathBuf};
use sync_protocol::{
    ids::Writer,
    receipt::{Receipt, ReceiptBody},
};

/// A receipt has about 400 bytes; anything beyond this is another file.
const RECEIPT_BYTES_MAX: u64 = 16 * 1024;
const PEM_BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const PEM_END: &str = "-----END CERTIFICATE-----";

/// What can be done with receipts.
#[derive(Debug, Subcommand)]
pub(crate) enum ReceiptCommand {
    /// Check that a node of the cluster signed the receipt: the place was given, by whom and when. Whether it still
    /// stands no receipt can know: it may have been cancelled, bumped or declared void since; ask the node or the hub.
    Verify(VerifyArgs),
    /// Count the receipts that workers hold against the seats of each job, without the ledger.
    Count(CountArgs),
}

/// Arguments of `dayshift receipt verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// File that holds the receipt, or the text of its QR code.
    receipt: String,
    /// The cluster's root certificate, PEM or DER.
    #[arg(long)]
    root: PathBuf,
}

/// Runs one `dayshift receipt` command.
pub(crate) fn run(command: &ReceiptCommand) -> Result<Outcome> {
    let args = match command {
        ReceiptCommand::Verify(args) => args,
        ReceiptCommand::Count(args) => return count::run(args),
    };
    let root_key = read_root(&args.root)?;
    let body = verify(&read_receipt(&args.receipt)?, &root_key)?;
    let issued_at = Timestamp::from_second(body.issued_at).context("the receipt's time")?;
    let worker: String = body.worker.to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    output::result("the receipt is genuine");
    output::result(&format!("job          {}", body.job));
    output::result(&format!("sign-up      {}", body.sign_up));
    output::result(&format!("worker       {worker}"));
    if body.writer.is_hub() {
        output::result("node         the hub, for a place that it gave itself");
    } else {
        output::result(&format!("node         {}", body.writer));
    }
    output::result(&format!("log row      {} of shard {}", body.wseq, body.vshard));
    output::result(&format!("issued       {issued_at} by the signer's clock"));
    output::result(&standing(&body)?);
    Ok(Outcome::Done)
}

/// Whether the place was final at once, in words.
fn standing(body: &ReceiptBody) -> Result<String> {
    let Some(until) = body.provisional_until() else {
        return Ok("final        at once".to_owned());
    };
    let until = Timestamp::from_second(until).context("the receipt's last time")?;
    Ok(format!(
        "final        no: provisional until the hub has heard of it. Before {until}, by the signer's clock, nothing can \
         void it; later a reclaim of its node's rights can"
    ))
}

/// Checks the receipt's signature by the log key and the log key's certificate by the root key.
pub(crate) fn verify(receipt: &[u8], root_key: &[u8; 32]) -> Result<ReceiptBody> {
    let receipt = Receipt::from_bytes(receipt)?;
    let (writer, key) = certified(&receipt.certificate, root_key)?;
    let body = receipt.verify(&key)?;
    by_its_own(body.writer, writer)?;
    Ok(body)
}

/// Whose log key a certificate vouches for, and the key, where the cluster's root has signed it.
pub(crate) fn certified(certificate: &[u8], root_key: &[u8; 32]) -> Result<(Writer, VerifyingKey)> {
    let certificate = LogKeyCertificate::decode(certificate)?;
    certificate.verify(root_key)?;
    let key = VerifyingKey::from_bytes(&certificate.key).context("the certified log key")?;
    Ok((certificate.writer, key))
}

/// A receipt is signed by the node that it names, and by no other.
pub(crate) fn by_its_own(named: Writer, certified: Writer) -> Result<()> {
    ensure!(
        named == certified,
        "the receipt names node {named} and its key is certified for node {certified}"
    );
    Ok(())
}

/// Decodes a receipt from base64url, alone or at the end of a link.
pub(crate) fn decode_text(text: &str) -> Result<Vec<u8>> {
    let text = text.trim().trim_end_matches('=');
    let text = text.rsplit(['/', '#', '?', '=', ':']).next().unwrap_or(text);
    URL_SAFE_NO_PAD.decode(text).context("not a receipt: was all of the QR code's text copied?")
}

/// Reads the public key of a root certificate in PEM or DER.
pub(crate) fn read_root(path: &Path) -> Result<[u8; 32]> {
    let name = path.display();
    let content = std::fs::read(path).with_context(|| format!("read the root certificate {name}"))?;
    let der = match std::str::from_utf8(&content) {
        Ok(text) if text.contains(PEM_BEGIN) => pem_content(text).with_context(|| name.to_string())?,
        Ok(_) | Err(_) => content,
    };
    enrolment::root_public_key(&der).with_context(|| format!("{name} is not a cluster's root certificate"))
}

fn pem_content(text: &str) -> Result<Vec<u8>> {
    let (_, rest) = text.split_once(PEM_BEGIN).context("no certificate begins")?;
    let (body, _) = rest.split_once(PEM_END).context("the certificate does not end")?;
    let body: String = body.split_whitespace().collect();
    STANDARD.decode(body).context("the certificate is damaged")
}

fn read_receipt(argument: &str) -> Result<Vec<u8>> {
    let path = Path::new(argument);
    let Ok(metadata) = path.metadata() else {
        let is_like_a_path = !argument.contains("://") && argument.contains(['/', '.']);
        return decode_text(argument).map_err(|error| match is_like_a_path {
            true => anyhow!("there is no file {argument}, and it is not the text of a receipt"),
            false => error,
        });
    };
    if metadata.len() > RECEIPT_BYTES_MAX {
        bail!("{argument} has {} bytes; a receipt has a few hundred", metadata.len());
    }
    let content = std::fs::read(path).with_context(|| format!("read {argument}"))?;
    match std::str::from_utf8(&content) {
        Ok(text) if text.is_ascii() => decode_text(text),
        Ok(_) | Err(_) => Ok(content),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signer, SigningKey};
    use sync_protocol::ids::{JobId, SignUpId, WorkerId};
    use sync_protocol::log::Head;

    const ROOT: [u8; 32] = [1; 32];
    const LOG: [u8; 32] = [2; 32];

    fn certificate(writer: Writer) -> LogKeyCertificate {
        let key = SigningKey::from_bytes(&LOG).verifying_key().to_bytes();
        let statement = [b"dayshift log key v1".as_slice(), &writer.to_bytes(), &key].concat();
        let signature = SigningKey::from_bytes(&ROOT).sign(&statement).to_bytes();
        LogKeyCertificate { writer, key, signature }
    }

    fn body(writer: Writer) -> ReceiptBody {
        ReceiptBody {
            job: JobId::job(writer, 1),
            sign_up: SignUpId::sign_up(writer, 2),
            worker: WorkerId([7; 16]),
            writer,
            vshard: 3,
            wseq: 4,
            head: Head([5; 32]),
            issued_at: 0,
            class: None,
            final_by: None,
        }
    }

    #[test]
    fn what_may_be_voided_yet_is_said_in_words() {
        let whole = body(Writer::new(3, 1));
        assert_eq!(standing(&whole).unwrap(), "final        at once");
        let class = Some(sync_protocol::seats::LossPolicy::Reclaim);
        let said = standing(&ReceiptBody { class, final_by: Some(1_800_000_120), ..whole }).unwrap();
        assert!(said.contains("provisional until the hub has heard of it"), "{said}");
        assert!(said.contains("Before 2027-01-15T08:02:00Z"), "{said}");
    }

    fn receipt(writer: Writer, certified: Writer) -> Vec<u8> {
        let body = body(writer);
        Receipt::sign(&body, &SigningKey::from_bytes(&LOG), &certificate(certified).encode()).to_bytes()
    }

    #[test]
    fn a_genuine_receipt_passes_and_others_do_not() {
        let root = SigningKey::from_bytes(&ROOT).verifying_key().to_bytes();
        let writer = Writer::new(3, 1);
        let genuine = receipt(writer, writer);
        assert_eq!(verify(&genuine, &root).unwrap().writer, writer);
        let hub = Writer::hub(0);
        assert_eq!(verify(&receipt(hub, hub), &root).unwrap().writer, hub);
        assert!(verify(&receipt(writer, Writer::new(4, 1)), &root).is_err());
        let other = SigningKey::from_bytes(&[9; 32]).verifying_key().to_bytes();
        assert!(verify(&genuine, &other).is_err());
        for at in 0..genuine.len() {
            let mut damaged = genuine.clone();
            damaged[at] ^= 1;
            assert!(verify(&damaged, &root).is_err() || damaged == genuine, "byte {at}");
        }
    }

    #[test]
    fn a_link_and_a_bare_text_hold_the_same() {
        let text = URL_SAFE_NO_PAD.encode(b"receipt");
        assert_eq!(decode_text(&text).unwrap(), b"receipt");
        assert_eq!(decode_text(&format!("http://node/r#{text}\n")).unwrap(), b"receipt");
        assert!(decode_text("not a receipt!").is_err());
        let said = read_receipt("nofile.txt").unwrap_err().to_string();
        assert!(said.contains("there is no file nofile.txt"), "{said}");
    }
}

//! `dayshift timesheet verify`: checks a timesheet that a node handed out without any server, against the root certificate alone.

use crate::{Outcome, output, receipt::read_root};
use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{Args, Subcommand};
use ed25519_dalek::VerifyingKey;
use enrolment::LogKeyCertificate;
use std::path::PathBuf;
use sync_protocol::ids::Writer;
use sync_protocol::timesheet::Seal;

/// A day of ten thousand people has about 2 MB; anything beyond this is another file.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// What can be done with timesheets.
#[derive(Debug, Subcommand)]
pub(crate) enum TimesheetCommand {
    /// Check that a node of the cluster handed the file out as it stands.
    Verify(VerifyArgs),
}

/// Arguments of `dayshift timesheet verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The CSV file.
    file: PathBuf,
    /// The cluster's root certificate, PEM or DER.
    #[arg(long)]
    root: PathBuf,
}

/// Runs one `dayshift timesheet` command.
pub(crate) fn run(command: &TimesheetCommand) -> Result<Outcome> {
    let TimesheetCommand::Verify(args) = command;
    let name = args.file.display();
    let metadata = args.file.metadata().with_context(|| format!("read {name}"))?;
    if metadata.len() > FILE_BYTES_MAX {
        bail!("{name} has {} bytes; a timesheet has at most {FILE_BYTES_MAX}", metadata.len());
    }
    let file = std::fs::read_to_string(&args.file).with_context(|| format!("read {name}"))?;
    let node = verify(&file, &read_root(&args.root)?)?;
    output::result("the timesheet is genuine");
    output::result(&format!("node         {node}"));
    output::result(&format!("lines        {}", file.lines().count().saturating_sub(2)));
    Ok(Outcome::Done)
}

/// Checks the seal under a timesheet; the node that sealed it.
fn verify(file: &str, root_key: &[u8; 32]) -> Result<Writer> {
    let at = file.rfind("seal,").context("no line begins with `seal,`: is this the whole file?")?;
    let (sheet, seal) = file.split_at(at);
    let seal = seal.trim_end().trim_start_matches("seal,");
    let seal = Seal::from_bytes(&URL_SAFE_NO_PAD.decode(seal).context("the seal is damaged")?)?;
    let certificate = LogKeyCertificate::decode(&seal.certificate)?;
    certificate.verify(root_key)?;
    let key = VerifyingKey::from_bytes(&certificate.key).context("the certified log key")?;
    seal.verify(sheet.as_bytes(), &key)?;
    Ok(certificate.writer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signer, SigningKey};

    #[test]
    fn a_genuine_timesheet_passes_and_a_changed_one_does_not() {
        let (root, log, writer) =
            (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]), Writer::new(3, 1));
        let key = log.verifying_key().to_bytes();
        let statement = [b"dayshift log key v1".as_slice(), &writer.to_bytes(), &key].concat();
        let certificate = LogKeyCertificate { writer, key, signature: root.sign(&statement).to_bytes() };
        let sheet = "date,minutes\r\n2026-11-23,540\r\n";
        let seal = Seal::sign(sheet.as_bytes(), &log, &certificate.encode()).to_bytes();
        let file = format!("{sheet}seal,{}\r\n", URL_SAFE_NO_PAD.encode(seal));
        let root = root.verifying_key().to_bytes();
        assert_eq!(verify(&file, &root).unwrap(), writer);
        assert!(verify(&file.replace("540", "541"), &root).is_err());
        assert!(verify(sheet, &root).is_err());
        assert!(verify(&file, &[9; 32]).is_err());
    }
}

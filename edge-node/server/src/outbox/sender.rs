//! Where messages leave the node: a file, a program or a web address, as `senders.toml` in the data folder says.

use anyhow::{Context, bail, ensure};
use ring::hmac;
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Mutex, PoisonError},
};
use tokio::{io::AsyncWriteExt, process::Command, time::timeout};

use crate::limits::{MESSAGE_FILE_BYTES_MAX, MESSAGE_WAIT, SENDERS_BYTES_MAX};

/// Where the senders are written down.
pub(crate) const SENDERS_FILE: &str = "senders.toml";

/// Whom a message is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Recipient {
    Worker,
    /// A tenant, by name.
    Tenant(String),
}

/// A message as it is sent.
#[derive(Debug, Clone)]
pub(super) struct Composed {
    pub(super) recipient: Recipient,
    /// The same for each try.
    pub(super) delivery: String,
    /// One JSON object.
    pub(super) body: String,
    /// Epoch seconds.
    pub(super) at: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SendersToml {
    workers: Option<SenderToml>,
    #[serde(default)]
    tenants: BTreeMap<String, SenderToml>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SenderToml {
    file: Option<PathBuf>,
    command: Option<Vec<String>>,
    url: Option<String>,
    secret_file: Option<PathBuf>,
}

#[derive(Debug)]
enum Sender {
    /// Lines of JSON, appended; the file before it is kept once it is full.
    File(Mutex<PathBuf>),
    /// A program that gets the message on its standard input and ends with 0 once it has it.
    Command(Vec<String>),
    /// A web address that gets the message by POST, signed with the secret.
    Webhook { url: String, secret: Vec<u8> },
}

/// All senders of a node.
#[derive(Debug)]
pub(crate) struct Senders {
    workers: Sender,
    /// Whether the operator has said where messages to workers go.
    workers_told: bool,
    tenants: BTreeMap<String, Sender>,
}

impl Senders {
    /// Reads `senders.toml`; without it messages to workers go to `messages.ndjson` in the data folder.
    pub(crate) fn load(data: &Path) -> anyhow::Result<Self> {
        let path = data.join(SENDERS_FILE);
        let toml = match fs::metadata(&path) {
            Ok(meta) => {
                ensure!(meta.len() <= SENDERS_BYTES_MAX, "{} is longer than 64 KiB", path.display());
                fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let read: SendersToml =
            toml::from_str(&toml).with_context(|| format!("{} is not understood", path.display()))?;
        let sender = |name: &str, of| {
            Sender::of(of, data).with_context(|| format!("{}: sender of {name}", path.display()))
        };
        let workers_told = read.workers.is_some();
        let workers = match read.workers {
            Some(of) => sender("workers", of)?,
            None => Sender::File(Mutex::new(data.join("messages.ndjson"))),
        };
        let tenants = read.tenants.into_iter().map(|(name, of)| Ok((name.clone(), sender(&name, of)?)));
        Ok(Self { workers, workers_told, tenants: tenants.collect::<anyhow::Result<_>>()? })
    }

    /// Whether messages reach workers: without a word of the operator they lie in a file that nobody may read.
    pub(crate) const fn reaches_workers(&self) -> bool {
        self.workers_told
    }

    /// Whether something is sent to a tenant.
    pub(crate) fn reaches(&self, tenant: &str) -> bool {
        self.tenants.contains_key(tenant)
    }

    /// Takes the lines out of the file of messages whose numbers `is_known` does not know any more. Nothing where messages go
    /// elsewhere: what a program or a web address was given is no longer here.
    pub(super) fn forget(&self, is_known: impl Fn(&str) -> bool) -> anyhow::Result<()> {
        let Sender::File(path) = &self.workers else { return Ok(()) };
        let path = path.lock().unwrap_or_else(PoisonError::into_inner);
        for file in [before(&path), path.clone()] {
            rewrite(&file, &is_known).with_context(|| format!("cannot write {} anew", file.display()))?;
        }
        Ok(())
    }

    /// Hands a message over; an error is text for people.
    pub(super) async fn send(&self, message: &Composed) -> Result<(), String> {
        let sender = match &message.recipient {
            Recipient::Worker => &self.workers,
            Recipient::Tenant(name) => self.tenants.get(name).ok_or_else(|| {
                format!("{SENDERS_FILE} has no [tenants.\"{name}\"]; add its url and secret_file")
            })?,
        };
        let sent = async {
            match sender {
                Sender::File(path) => append(path, &message.body),
                Sender::Command(argv) => run(argv, &message.body).await,
                Sender::Webhook { url, secret } => post(url, secret, message).await,
            }
        };
        match timeout(MESSAGE_WAIT, sent).await {
            Ok(result) => result.map_err(|error| format!("{error:#}")),
            Err(_) => Err(format!("no answer within {} s", MESSAGE_WAIT.as_secs())),
        }
    }
}

impl Sender {
    fn of(toml: SenderToml, data: &Path) -> anyhow::Result<Self> {
        match (toml.file, toml.command, toml.url, toml.secret_file) {
            (Some(file), None, None, None) => Ok(Self::File(Mutex::new(data.join(file)))),
            (None, Some(argv), None, None) => {
                ensure!(!argv.is_empty(), "command is empty: give the program and its arguments");
                Ok(Self::Command(argv))
            }
            (None, None, Some(url), Some(secret)) => {
                ensure!(
                    url.starts_with("https://") || is_near(&url),
                    "url {url}: https, or http to this very machine; messages name people"
                );
                let path = data.join(secret);
                let secret =
                    fs::read(&path).with_context(|| format!("cannot read secret_file {}", path.display()))?;
                let secret = secret.trim_ascii().to_vec();
                ensure!(
                    secret.len() >= 16,
                    "{} is shorter than 16 bytes: put a long random secret into it",
                    path.display()
                );
                Ok(Self::Webhook { url, secret })
            }
            (None, None, Some(_), None) => {
                bail!("url needs secret_file, by which the receiver knows this node")
            }
            _ => bail!("give one of file, command, or url with secret_file"),
        }
    }
}

/// Whether an address leads to this very machine; of `http://127.0.0.1.example` and `http://127.0.0.1@example` only the
/// letters do.
fn is_near(url: &str) -> bool {
    let authority = url.strip_prefix("http://").and_then(|rest| rest.split(['/', '?', '#']).next());
    let port = authority.and_then(|of| of.strip_prefix("127.0.0.1").or_else(|| of.strip_prefix("[::1]")));
    port.is_some_and(|port| {
        port.is_empty() || port.strip_prefix(':').is_some_and(|n| n.parse::<u16>().is_ok())
    })
}

/// Where a full file of messages is kept.
fn before(path: &Path) -> PathBuf {
    let mut before = path.to_owned().into_os_string();
    before.push(".before");
    before.into()
}

/// Keeps the lines that name a number that is known, and those that name none. A torn or foreign line is kept as it is.
fn rewrite(path: &Path, is_known: &impl Fn(&str) -> bool) -> anyhow::Result<()> {
    let old = match fs::read_to_string(path) {
        Ok(old) => old,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let is_kept = |line: &&str| {
        let message: Option<serde_json::Value> = serde_json::from_str(line).ok();
        message.as_ref().and_then(|message| message["to"].as_str()).is_none_or(is_known)
    };
    let new: String = old.split_inclusive('\n').filter(is_kept).collect();
    if new.len() == old.len() {
        return Ok(());
    }
    let mut aside = path.to_owned().into_os_string();
    aside.push(".new");
    let mut file = fs::OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&aside)?;
    file.write_all(new.as_bytes())?;
    file.sync_data()?;
    fs::rename(&aside, path)?;
    Ok(())
}

fn append(path: &Mutex<PathBuf>, body: &str) -> anyhow::Result<()> {
    let path = path.lock().unwrap_or_else(PoisonError::into_inner);
    let told = || format!("cannot write {}", path.display());
    if fs::metadata(&*path).is_ok_and(|meta| meta.len() > MESSAGE_FILE_BYTES_MAX) {
        fs::rename(&*path, before(&path)).with_context(told)?;
    }
    let mut file =
        fs::OpenOptions::new().create(true).append(true).mode(0o600).open(&*path).with_context(told)?;
    file.write_all(format!("{body}\n").as_bytes()).with_context(told)?;
    file.sync_data().with_context(told)
}

async fn run(argv: &[String], body: &str) -> anyhow::Result<()> {
    let (program, arguments) = argv.split_first().context("command is empty")?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot start {program}"))?;
    if let Some(mut input) = child.stdin.take() {
        // A program that does not read to the end says by its exit status whether it has what it needs.
        let _unread = input.write_all(format!("{body}\n").as_bytes()).await;
    }
    let status = child.wait().await?;
    ensure!(status.success(), "{program} ended with {status}");
    Ok(())
}

async fn post(url: &str, secret: &[u8], message: &Composed) -> anyhow::Result<()> {
    let signature = signature(secret, message.at, &message.body);
    let (url, body, delivery) = (url.to_owned(), message.body.clone(), message.delivery.clone());
    let posted = tokio::task::spawn_blocking(move || {
        let agent: ureq::Agent =
            ureq::Agent::config_builder().timeout_global(Some(MESSAGE_WAIT)).max_redirects(0).build().into();
        agent
            .post(&url)
            .header("content-type", "application/json")
            .header("dayshift-delivery", &delivery)
            .header("dayshift-signature", &signature)
            .send(body.as_bytes())
            .map(|answer| answer.status())
    });
    let status = posted.await??;
    // An address that has moved has taken nothing.
    ensure!(status.is_success(), "answered {status}: give the address that takes the message itself");
    Ok(())
}

/// `t=EPOCH_SECONDS,v1=HEX`: HMAC-SHA-256 (RFC 2104) over the seconds, a full stop and the body.
fn signature(secret: &[u8], at: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let tag = hmac::sign(&key, format!("{at}.{body}").as_bytes());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={at},v1={hex}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of a file of senders, or why it is refused.
    fn told(toml: &str) -> String {
        let folder = std::env::temp_dir().join(format!("dayshift-senders-{}-{toml:p}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(SENDERS_FILE), toml).unwrap();
        fs::write(folder.join("long"), "0123456789abcdef\n").unwrap();
        fs::write(folder.join("short"), "123\n").unwrap();
        let senders = Senders::load(&folder);
        fs::remove_dir_all(&folder).unwrap();
        senders.map_or_else(|error| format!("{error:#}"), |_| "taken".to_owned())
    }

    #[test]
    fn a_sender_is_a_file_a_program_or_a_signed_address() {
        let check = |toml: &str, expected: Option<&str>| {
            let told = told(toml);
            assert!(told.contains(expected.unwrap_or("taken")), "{toml}: {told}");
        };
        check("", None);
        check("[workers]\nfile = 'out.ndjson'", None);
        check("[workers]\ncommand = ['/bin/cat']", None);
        check("[workers]\nurl = 'https://sms.example/send'\nsecret_file = 'long'", None);
        check("[tenants.Shunda]\nurl = 'http://127.0.0.1:9/x'\nsecret_file = 'long'", None);
        check("[tenants.Shunda]\nurl = 'http://[::1]/x'\nsecret_file = 'long'", None);
        check("[workers]\ncommand = []", Some("command is empty"));
        check("[workers]\nurl = 'https://sms.example/send'", Some("needs secret_file"));
        check("[workers]\nurl = 'http://sms.example/send'\nsecret_file = 'long'", Some("https"));
        check("[workers]\nurl = 'https://sms.example'\nsecret_file = 'short'", Some("shorter than 16"));
        for lookalike in
            ["127.0.0.1.sms.example", "127.0.0.1@sms.example", "127.0.0.1:9@sms.example", "[::1].sms.example"]
        {
            let toml = format!("[workers]\nurl = 'http://{lookalike}/send'\nsecret_file = 'long'");
            check(&toml, Some("to this very machine"));
        }
        check(
            "[workers]\nurl = 'https://sms.example'\nsecret_file = 'none'",
            Some("cannot read secret_file"),
        );
        check("[workers]\nfile = 'a'\ncommand = ['b']", Some("give one of"));
        check("[workers]\nfiel = 'a'", Some("unknown field"));
    }

    #[test]
    fn who_was_erased_is_in_no_file_of_messages() {
        let folder = std::env::temp_dir().join(format!("dayshift-forgotten-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let senders = Senders::load(&folder).unwrap();
        let line = |to: &str| format!("{{\"to\":\"{to}\",\"text\":\"for {to}\"}}\n");
        let (now, full) = (folder.join("messages.ndjson"), folder.join("messages.ndjson.before"));
        senders.forget(|_| true).unwrap();
        assert!(!now.exists(), "nothing was sent, and no file is made");
        fs::write(
            &now,
            [line("1"), "{\"date\":\"x\"}\n".to_owned(), line("2"), "torn {".to_owned()].concat(),
        )
        .unwrap();
        fs::write(&full, [line("2"), line("3")].concat()).unwrap();
        senders.forget(|phone| phone != "2").unwrap();
        assert_eq!(fs::read_to_string(&now).unwrap(), [&line("1"), "{\"date\":\"x\"}\n", "torn {"].concat());
        assert_eq!(fs::read_to_string(&full).unwrap(), line("3"));
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_signature_is_the_hmac_over_time_and_body() {
        // Computed by another implementation: printf '1700000000.{}' | openssl dgst -sha256 -hmac 0123456789abcdef
        let expected = "t=1700000000,v1=e4f8e2ecae2295b2ddb2f0b5584c8275e226c0ebe9b3b819e70156bb67122e3e";
        assert_eq!(signature(b"0123456789abcdef", 1_700_000_000, "{}"), expected);
    }
}

//! The command line's HTTP client to the hub: one agent, one bearer token, bounded answers.
//! Called by every subcommand that talks to a hub; it knows paths and bodies of none of them.

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longest answer read from a hub: a refused chunk of 500 rows with long reasons is below 1 MiB.
const ANSWER_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Longest answer to a carried session: a file of 32 MiB in base64, with an account of what became of the other.
const FILE_ANSWER_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Whole time of one request; a chunk that takes longer means a hub in trouble.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(60);
/// Tries of one request that may be repeated, with doubling pauses from `PAUSE_FIRST`.
const TRIES_MAX: u32 = 4;
const PAUSE_FIRST: Duration = Duration::from_millis(250);

/// Names the hub where `--hub` is not given.
const HUB: &str = "DAYSHIFT_HUB";
/// Names the token's file where `--token-file` is not given.
const TOKEN_FILE: &str = "DAYSHIFT_TOKEN_FILE";

/// The hub that an optional `--hub` or the environment names.
pub(crate) fn address(given: Option<&String>) -> Option<String> {
    given.cloned().or_else(|| std::env::var(HUB).ok().filter(|hub| !hub.is_empty()))
}

/// The token's file that an optional `--token-file` or the environment names.
pub(crate) fn token_file(given: Option<&PathBuf>) -> Option<PathBuf> {
    given.cloned().or_else(|| std::env::var_os(TOKEN_FILE).filter(|path| !path.is_empty()).map(PathBuf::from))
}

/// Which hub, and what opens it.
#[derive(Debug, Args)]
pub(crate) struct HubArgs {
    /// Address of the hub, such as http://127.0.0.1:7480.
    #[arg(long, env = HUB)]
    hub: String,
    /// File that holds the hub's token (admin.token in its data folder); `-` reads it from standard input.
    #[arg(long, env = TOKEN_FILE)]
    token_file: PathBuf,
    /// Print the hub's answer as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

impl HubArgs {
    /// The client that these arguments name.
    pub(crate) fn client(&self) -> Result<HubClient> {
        HubClient::new(&self.hub, &read_token(&self.token_file)?)
    }
}

/// A hub's refusal, as its problem document says it.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// The last part of the problem's type; empty where the answer was none.
    pub(crate) code: String,
    /// What is the matter, in the hub's words.
    pub(crate) reason: String,
    message: String,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

/// A hub address with the token that opens it.
#[derive(Debug)]
pub(crate) struct HubClient {
    agent: ureq::Agent,
    base: String,
    bearer: String,
}

impl HubClient {
    /// Makes a client for `base` (such as `http://127.0.0.1:7480`) with a token as read by [`read_token`].
    pub(crate) fn new(base: &str, token: &str) -> Result<Self> {
        if !base.starts_with("http://") && !base.starts_with("https://") {
            bail!("hub address `{base}` has no scheme; write http://{base} or https://{base}");
        }
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(REQUEST_TIME_MAX))
            .http_status_as_error(false)
            .build()
            .into();
        Ok(Self { agent, base: base.trim_end_matches('/').to_owned(), bearer: format!("Bearer {token}") })
    }

    /// Posts NDJSON and reads a JSON answer. The path must be safe to repeat: a lost connection
    /// and the answers 429, 502, 503 and 504 are tried again.
    pub(crate) fn post_ndjson<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        body: &[u8],
    ) -> Result<T> {
        let url = format!("{}{path}", self.base);
        repeat("POST", &url, || {
            self.agent
                .post(&url)
                .query_pairs(query.iter().copied())
                .header("Authorization", &self.bearer)
                .header("Content-Type", "application/x-ndjson")
                .send(body)
        })
    }

    /// Posts a file and reads the answer's text. The path must be safe to repeat.
    pub(crate) fn post_bytes(&self, path: &str, query: &[(&str, &str)], body: &[u8]) -> Result<String> {
        let url = format!("{}{path}", self.base);
        repeat_text("POST", &url, FILE_ANSWER_BYTES_MAX, || {
            self.agent
                .post(&url)
                .query_pairs(query.iter().copied())
                .header("Authorization", &self.bearer)
                .header("Content-Type", "application/octet-stream")
                .send(body)
        })
    }

    /// Posts a JSON body, or none where it is `None`. The command must be safe to repeat, as above.
    pub(crate) fn post<T: DeserializeOwned>(&self, path: &str, body: Option<&impl Serialize>) -> Result<T> {
        let url = format!("{}{path}", self.base);
        let text = body.map(serde_json::to_vec).transpose().context("write the request")?;
        repeat("POST", &url, || {
            let request = self.agent.post(&url).header("Authorization", &self.bearer);
            match &text {
                Some(text) => request.header("Content-Type", "application/json").send(text.as_slice()),
                None => request.send_empty(),
            }
        })
    }

    /// Reads one resource.
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let url = format!("{}{path}", self.base);
        repeat("GET", &url, || self.agent.get(&url).header("Authorization", &self.bearer).call())
    }
}

/// Sends until there is an answer that stands, and reads it.
fn repeat<T: DeserializeOwned>(
    method: &str,
    url: &str,
    send: impl FnMut() -> Result<ureq::http::Response<ureq::Body>, ureq::Error>,
) -> Result<T> {
    let text = repeat_text(method, url, ANSWER_BYTES_MAX, send)?;
    serde_json::from_str(&text).with_context(|| format!("{url} answered something else than the hub's API"))
}

fn repeat_text(
    method: &str,
    url: &str,
    answer_max: u64,
    mut send: impl FnMut() -> Result<ureq::http::Response<ureq::Body>, ureq::Error>,
) -> Result<String> {
    let mut pause = PAUSE_FIRST;
    for attempt in 1.. {
        let last = attempt == TRIES_MAX;
        match send() {
            Ok(response) if !last && passes(response.status().as_u16()) => {}
            Ok(response) => return read_answer(url, response, answer_max),
            Err(error) if last || !is_transport(&error) => {
                return Err(anyhow!(error)).with_context(|| {
                    format!("{method} {url}; check the address, and that the hub runs there")
                });
            }
            Err(_) => {}
        }
        std::thread::sleep(pause);
        pause *= 2;
    }
    unreachable!("the last try returns")
}

/// Reads a token from a file, or from standard input when the path is `-`. Tokens are never
/// taken from the command line, where every user of the machine can read them.
pub(crate) fn read_token(path: &Path) -> Result<String> {
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).context("read the token from standard input")?;
    } else {
        text = std::fs::read_to_string(path)
            .with_context(|| format!("read the token file {}", path.display()))?;
    }
    let token = text.trim();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        bail!("{}: not a token; it must hold one line of visible ASCII characters", path.display());
    }
    Ok(token.to_owned())
}

fn passes(status: u16) -> bool {
    matches!(status, 429 | 502 | 503 | 504)
}

fn is_transport(error: &ureq::Error) -> bool {
    matches!(error, ureq::Error::Io(_) | ureq::Error::ConnectionFailed | ureq::Error::Timeout(_))
}

fn read_answer(url: &str, mut response: ureq::http::Response<ureq::Body>, answer_max: u64) -> Result<String> {
    let status = response.status();
    let text = response
        .body_mut()
        .with_config()
        .limit(answer_max)
        .read_to_string()
        .with_context(|| format!("read the answer of {url}"))?;
    if status.is_success() {
        return Ok(text);
    }
    Err(refusal(url, status, &text).into())
}

fn refusal(url: &str, status: ureq::http::StatusCode, text: &str) -> Refusal {
    let reason = problem_words(text, status.canonical_reason().unwrap_or_default());
    let code = problem_code(text);
    let fix = match (status.as_u16(), code.as_str()) {
        (401, _) => "; check the token file",
        (403, "") => "; the token's role does not allow this",
        (404, "") => "; check the hub address",
        _ => "",
    };
    let said = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    Refusal { code, message: format!("{url} answered {status}{said}{fix}"), reason }
}

/// The last part of an RFC 9457 problem's type; empty for other bodies.
fn problem_code(text: &str) -> String {
    let problem = serde_json::from_str::<serde_json::Value>(text).unwrap_or_default();
    let kind = problem.get("type").and_then(serde_json::Value::as_str).unwrap_or_default();
    kind.strip_prefix("/problems/").unwrap_or_default().to_owned()
}

/// The title and detail of an RFC 9457 problem, as `title, detail`; a title that only repeats the status is left out.
fn problem_words(text: &str, status: &str) -> String {
    let problem = serde_json::from_str::<serde_json::Value>(text).unwrap_or_default();
    let parts = ["title", "detail"].iter().filter_map(|name| problem.get(name)?.as_str());
    parts.filter(|part| *part != status).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::refusal;
    use ureq::http::StatusCode;

    #[test]
    fn a_refusal_says_each_thing_once() {
        let check = |status: u16, body: &str, expected: &str| {
            let said = refusal("http://hub/v1", StatusCode::from_u16(status).unwrap(), body).to_string();
            assert_eq!(said, format!("http://hub/v1 answered {expected}"), "{body}");
        };
        let region = r#"{"type":"/problems/no-right-to-region","title":"Forbidden","detail":"Acme may not"}"#;
        check(403, region, "403 Forbidden: Acme may not");
        check(403, "", "403 Forbidden; the token's role does not allow this");
        check(
            401,
            r#"{"title":"token not known"}"#,
            "401 Unauthorized: token not known; check the token file",
        );
        check(404, "<html>", "404 Not Found; check the hub address");
        let node = r#"{"type":"/problems/gap","title":"Entries are missing","detail":"export again"}"#;
        check(409, node, "409 Conflict: Entries are missing, export again");
    }
}

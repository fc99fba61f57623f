//! The HTTP interfaces of hub and node as the demo reads them: only the fields it judges by.

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;

/// A server on the same machine answers within milliseconds or is in trouble.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(10);

/// A server that answered with something else than success.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    said: String,
    /// The problem document in words, where there was one.
    problem: Option<Problem>,
}

/// What people read of a problem document.
#[derive(Debug, Deserialize)]
struct Problem {
    title: String,
    #[serde(default)]
    detail: String,
}

impl Refused {
    fn new(method: &str, url: &str, status: ureq::http::StatusCode, text: &str) -> Self {
        let said = format!("{method} {url} answered {status}: {text}");
        Self { status: status.as_u16(), said, problem: serde_json::from_str(text).ok() }
    }

    /// The problem's title and detail for people; what was said in full where it is no problem document.
    pub(crate) fn words(&self) -> String {
        match &self.problem {
            Some(Problem { title, detail }) if detail.is_empty() => title.clone(),
            Some(Problem { title, detail }) => format!("{title}: {detail}"),
            None => self.said.clone(),
        }
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.said)
    }
}

impl std::error::Error for Refused {}

/// One server's address with its connections.
#[derive(Debug)]
pub(crate) struct Api {
    agent: ureq::Agent,
    base: String,
}

/// A node about itself: `GET /v1/node`.
#[derive(Debug, Deserialize)]
pub(crate) struct NodeStatus {
    pub(crate) link: String,
    pub(crate) pending: u64,
    pub(crate) jobs: u64,
    /// Why it signs nobody up, where that is so.
    #[serde(default)]
    pub(crate) frozen: Option<String>,
    #[serde(default)]
    pub(crate) plugins: Vec<PluginStatus>,
}

/// One plugin of a node.
#[derive(Debug, Deserialize)]
pub(crate) struct PluginStatus {
    pub(crate) file: String,
    pub(crate) state: String,
    #[serde(default)]
    pub(crate) reason: Option<String>,
}

/// A node's or the hub's list of jobs: `GET /v1/jobs`.
#[derive(Debug, Deserialize)]
pub(crate) struct JobList {
    pub(crate) jobs: Vec<JobEntry>,
    pub(crate) total: u64,
}

/// One job of a list.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct JobEntry {
    pub(crate) id: String,
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) pay_minor_per_hour: i64,
    #[serde(default)]
    pub(crate) distance_m: Option<f64>,
    #[serde(default)]
    pub(crate) seats: JobSeats,
}

/// The seats of a job as a node sees them.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(crate) struct JobSeats {
    #[serde(default)]
    pub(crate) here: u64,
    #[serde(default)]
    pub(crate) cap: u64,
}

/// The answer to a sign-up, and its later state.
#[derive(Debug, Deserialize)]
pub(crate) struct SignUp {
    pub(crate) id: String,
    pub(crate) job: String,
    pub(crate) status: String,
    /// Six digits; empty to whoever did not show them.
    #[serde(default)]
    pub(crate) code: String,
    #[serde(default)]
    pub(crate) receipt: Option<String>,
    /// The place on the wait list counts only those at this node.
    #[serde(default)]
    pub(crate) at_this_node: bool,
}

/// The hub's account of one job: `GET /v1/jobs/{id}/seats`.
#[derive(Debug, Deserialize)]
pub(crate) struct Seats {
    pub(crate) cap: u64,
    pub(crate) live: u64,
    pub(crate) waiting: u64,
    pub(crate) oversold: u64,
    /// Rights that the hub has not granted.
    pub(crate) pool: i64,
    pub(crate) holders: Vec<Holder>,
    pub(crate) sign_ups: Vec<HubSignUp>,
}

/// The rights of one incarnation of a node, as the hub knows them.
#[derive(Debug, Deserialize)]
pub(crate) struct Holder {
    pub(crate) name: String,
    pub(crate) granted: u64,
    pub(crate) returned: u64,
    pub(crate) live: u64,
}

/// One sign-up as the hub knows it.
#[derive(Debug, Deserialize)]
pub(crate) struct HubSignUp {
    pub(crate) id: String,
    pub(crate) state: String,
}

/// The hub's account of all jobs: `GET /v1/seats`.
#[derive(Debug, Deserialize)]
pub(crate) struct SeatTotals {
    pub(crate) jobs: u64,
    pub(crate) oversold: u64,
}

/// The hub's list of nodes: `GET /v1/nodes`.
#[derive(Debug, Deserialize)]
pub(crate) struct NodeList {
    pub(crate) nodes: Vec<NodeEntry>,
}

/// One node as the hub knows it.
#[derive(Debug, Deserialize)]
pub(crate) struct NodeEntry {
    pub(crate) name: String,
    pub(crate) region: String,
    /// `up`, `behind`, `cut_off`, `fenced` or `never`.
    pub(crate) state: String,
    /// Why it is fenced, where it is.
    #[serde(default)]
    pub(crate) reason: Option<String>,
}

impl Api {
    /// A client for `address`, with or without its scheme.
    pub(crate) fn new(address: &str) -> Self {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(REQUEST_TIME_MAX))
            .http_status_as_error(false)
            .proxy(None)
            .build()
            .into();
        let host = address.trim_start_matches("http://").trim_end_matches('/');
        Self { agent, base: format!("http://{host}") }
    }

    /// The address that a browser takes.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Reads one resource.
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T> {
        let url = format!("{}{path}", self.base);
        let request = self.agent.get(&url).query_pairs(query.iter().copied());
        let mut response = request.call().with_context(|| format!("GET {url}"))?;
        let text = response.body_mut().read_to_string().with_context(|| format!("GET {url}"))?;
        if !response.status().is_success() {
            bail!(Refused::new("GET", &url, response.status(), &text));
        }
        serde_json::from_str(&text).with_context(|| format!("GET {url} answered {}", shortened(&text)))
    }

    /// Reads a page as a browser does and gives its length; anything but HTML is an error.
    pub(crate) fn page(&self, path: &str) -> Result<usize> {
        let url = format!("{}{path}", self.base);
        let request = self.agent.get(&url).header("Accept", "text/html");
        let mut response = request.call().with_context(|| format!("GET {url}"))?;
        let text = response.body_mut().read_to_string().with_context(|| format!("GET {url}"))?;
        let status = response.status();
        ensure!(status.is_success(), "GET {url} answered {status}: {}", shortened(&text));
        ensure!(text.contains("</html>"), "GET {url} answered no page: {}", shortened(&text));
        Ok(text.len())
    }

    /// The hub's account of one job.
    pub(crate) fn seats(&self, job: &str) -> Result<Seats> {
        self.get(&format!("/v1/jobs/{job}/seats"), &[])
    }

    /// Posts a JSON body, or nothing, with one more header.
    pub(crate) fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        header: (&str, &str),
        body: &Value,
    ) -> Result<T> {
        self.post_with(path, &[header], body)
    }

    /// The same with several.
    pub(crate) fn post_with<T: DeserializeOwned>(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Result<T> {
        let url = format!("{}{path}", self.base);
        let request = self.agent.post(&url);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let mut response = request.send_json(body).with_context(|| format!("POST {url}"))?;
        let text = response.body_mut().read_to_string().with_context(|| format!("POST {url}"))?;
        if !response.status().is_success() {
            bail!(Refused::new("POST", &url, response.status(), &text));
        }
        serde_json::from_str(&text).with_context(|| format!("POST {url} answered {}", shortened(&text)))
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_reads_as_words() {
        let said = |text| {
            Refused::new("POST", "http://h/v1/sign_ups", ureq::http::StatusCode::CONFLICT, text).words()
        };
        let problem = r#"{"type":"/problems/frozen","title":"Nobody is signed up here","detail":"Ask the desk","status":503}"#;
        assert_eq!(said(problem), "Nobody is signed up here: Ask the desk");
        assert_eq!(said(r#"{"title":"Busy"}"#), "Busy");
        assert_eq!(said("no JSON"), "POST http://h/v1/sign_ups answered 409 Conflict: no JSON");
    }
}

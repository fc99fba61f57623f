//! A small HTTP/1.1 client on one kept connection: the load generator must not cost more than what it measures.

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::Duration,
};

/// Longest answer that is read.
const ANSWER_BYTES_MAX: usize = 16 << 20;
const WAIT: Duration = Duration::from_secs(15);

/// One kept connection.
#[derive(Debug)]
pub(super) struct Client {
    address: String,
    stream: BufReader<TcpStream>,
}

impl Client {
    /// Connects to `host:port`.
    pub(super) fn connect(address: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).with_context(|| format!("cannot reach {address}"))?;
        stream.set_nodelay(true).context("cannot set TCP_NODELAY")?;
        stream.set_read_timeout(Some(WAIT)).context("cannot set a timeout")?;
        Ok(Self { address: address.to_owned(), stream: BufReader::new(stream) })
    }

    /// Reads a resource as JSON; any status but 200 is an error.
    pub(super) fn get(&mut self, path: &str) -> anyhow::Result<Value> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
        let (status, body) = self.exchange(request.as_bytes())?;
        ensure!(status == 200, "GET {path} gave {status}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).with_context(|| format!("GET {path} gave no JSON"))
    }

    /// Reads a page or a file; any status but 200 is an error.
    pub(super) fn page(&mut self, path: &str) -> anyhow::Result<Vec<u8>> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
        let (status, body) = self.exchange(request.as_bytes())?;
        ensure!(status == 200, "GET {path} gave {status}");
        Ok(body)
    }

    /// Jobs with a right at this node, `count` of them.
    pub(super) fn confirmable(&mut self, count: usize) -> anyhow::Result<Vec<String>> {
        let mut jobs = Vec::new();
        let mut token = String::new();
        while jobs.len() < count {
            let page =
                self.get(&format!("/v1/jobs?confirmable_only=true&sort=start&page_size=100{token}"))?;
            let found = page["jobs"].as_array().context("no jobs")?;
            jobs.extend(found.iter().filter_map(|job| job["id"].as_str().map(str::to_owned)));
            if jobs.len() < count {
                let next =
                    page["next_page_token"].as_str().context("fewer confirmable jobs than sign-ups")?;
                token = format!("&page_token={next}");
            }
        }
        jobs.truncate(count);
        Ok(jobs)
    }

    /// Sends JSON as a tenant; gives status and answer.
    pub(super) fn post_as(
        &mut self,
        path: &str,
        (bearer, key): (&str, &str),
        body: &Value,
    ) -> anyhow::Result<(u16, Value)> {
        self.send(path, &format!("Authorization: Bearer {bearer}\r\nIdempotency-Key: {key}"), body)
    }

    /// Sends JSON; gives status and answer.
    pub(super) fn post(&mut self, path: &str, key: &str, body: &Value) -> anyhow::Result<(u16, Value)> {
        self.send(path, &format!("Idempotency-Key: {key}"), body)
    }

    fn send(&mut self, path: &str, header: &str, body: &Value) -> anyhow::Result<(u16, Value)> {
        let body = body.to_string();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n{header}\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        let (status, answer) = self.exchange(request.as_bytes())?;
        Ok((status, serde_json::from_slice(&answer).context("the answer is no JSON")?))
    }

    fn exchange(&mut self, request: &[u8]) -> anyhow::Result<(u16, Vec<u8>)> {
        self.stream.get_mut().write_all(request).context("cannot send")?;
        let status_line = self.line()?;
        let status =
            status_line.split(' ').nth(1).and_then(|code| code.parse().ok()).context("no status line")?;
        let mut length = None;
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().ok();
            }
        }
        let Some(length): Option<usize> = length.filter(|length| *length <= ANSWER_BYTES_MAX) else {
            bail!("the answer has no usable Content-Length");
        };
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).context("the answer broke off")?;
        Ok((status, body))
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line).context("no answer")?;
        ensure!(read > 0, "the connection was closed");
        Ok(line.trim_end().to_owned())
    }
}

//! `dayshift jobs draw verify`: checks the public draw of a wait list without any server, as anybody may.

use crate::{Outcome, output};
use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use std::io::Read;
use sync_protocol::{
    documents::{DRAWN_MAX, Draw, draw_key},
    ids::SignUpId,
};

/// What a node says of a draw takes some 20 bytes a person; anything beyond this is another file.
const DRAW_BYTES_MAX: u64 = 1 << 20;

/// What can be done with draws.
#[derive(Debug, Subcommand)]
pub(crate) enum DrawCommand {
    /// Check that places were drawn from the seed whose hash was published before, and in its order.
    Verify(VerifyArgs),
}

/// Arguments of `dayshift jobs draw verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// File with the answer of a node to `GET /v1/jobs/ID/draw`; - reads it from standard input.
    draw: String,
    /// The hash of the seed as it was published before the draw, which whoever waits may note down.
    #[arg(long)]
    commitment: Option<String>,
    /// A sign-up whose place is to be told, such as the one of one's own ticket.
    #[arg(long)]
    sign_up: Option<SignUpId>,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

/// A draw as a node tells it.
#[derive(Debug, Deserialize)]
struct Told {
    job: String,
    draw_at: String,
    commitment: Option<String>,
    seed: Option<String>,
    count: u32,
    drawn: Vec<String>,
}

/// What was found.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Verified {
    job: String,
    draw_at: String,
    drawn: u32,
    published: usize,
    /// Place of the sign-up that was asked for; none where it was not drawn, or stands behind those who are published.
    place: Option<usize>,
}

/// Runs one `dayshift jobs draw` command.
pub(crate) fn run(command: &DrawCommand) -> Result<Outcome> {
    let DrawCommand::Verify(args) = command;
    let verified = verify(&read(&args.draw)?, args.commitment.as_deref(), args.sign_up)?;
    if args.json {
        output::result(&serde_json::to_string(&verified)?);
        return Ok(Outcome::Done);
    }
    output::result("the draw is what its seed says");
    output::result(&format!("job          {}", verified.job));
    output::result(&format!("held         {}", verified.draw_at));
    output::result(&format!("drawn        {}, of whom {} are published", verified.drawn, verified.published));
    if let (Some(sign_up), Some(place)) = (args.sign_up, verified.place) {
        output::result(&format!("{sign_up:<12} place {place}"));
    }
    Ok(Outcome::Done)
}

fn read(source: &str) -> Result<String> {
    let mut text = String::new();
    if source == "-" {
        std::io::stdin().take(DRAW_BYTES_MAX).read_to_string(&mut text).context("read standard input")?;
    } else {
        let file = std::fs::File::open(source).with_context(|| format!("open {source}"))?;
        file.take(DRAW_BYTES_MAX).read_to_string(&mut text).with_context(|| format!("read {source}"))?;
    }
    Ok(text)
}

fn hash(hex: &str, what: &str) -> Result<[u8; 32]> {
    let hash = blake3::Hash::from_hex(hex.trim().to_ascii_lowercase());
    Ok(*hash.with_context(|| format!("the {what} is not 64 digits of hex"))?.as_bytes())
}

fn verify(text: &str, noted: Option<&str>, sign_up: Option<SignUpId>) -> Result<Verified> {
    let told: Told = serde_json::from_str(text)
        .context("this is not a draw: save the answer of a node to GET /v1/jobs/ID/draw")?;
    let drawn: Result<Vec<SignUpId>, _> = told.drawn.iter().map(|id| id.parse()).collect();
    let draw = Draw {
        commitment: told.commitment.as_deref().map(|hex| hash(hex, "commitment")).transpose()?,
        seed: told.seed.as_deref().map(|hex| hash(hex, "seed")).transpose()?,
        drawn: drawn.context("a sign-up of the list")?,
        count: told.count,
    };
    if let Some(noted) = noted {
        let noted = Some(hash(noted, "noted commitment")?);
        ensure!(
            noted == draw.commitment,
            "the published commitment is not the one that was noted before the draw"
        );
    }
    draw.verify()?;
    let published = draw.drawn.len();
    let place = sign_up.and_then(|id| draw.drawn.iter().position(|of| *of == id)).map(|place| place + 1);
    if let (Some(id), None, Some(seed)) = (sign_up, place, draw.seed) {
        let last = draw.drawn.last().filter(|_| published == DRAWN_MAX);
        let is_behind = last.is_some_and(|last| draw_key(&seed, *last) < draw_key(&seed, id));
        if !is_behind {
            bail!("{id} was not drawn: it came after the draw, or was not known to the hub by then");
        }
        output::note(&format!("{id} stands behind the first {DRAWN_MAX}, who alone are published"));
    }
    Ok(Verified { job: told.job, draw_at: told.draw_at, drawn: draw.count, published, place })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use sync_protocol::{documents::commitment, ids::Writer};

    const SEED: [u8; 32] = [7; 32];

    fn hex(bytes: [u8; 32]) -> String {
        blake3::Hash::from_bytes(bytes).to_hex().to_string()
    }

    /// A draw of three; the last of four came after it.
    fn told(swap: bool) -> (String, [SignUpId; 4]) {
        let mut ids = [1, 2, 3, 4].map(|n| SignUpId::sign_up(Writer::new(3, 1), n));
        ids[..3].sort_by_key(|id| draw_key(&SEED, *id));
        let mut drawn = ids[..3].to_vec();
        if swap {
            drawn.swap(0, 2);
        }
        let drawn: Vec<String> = drawn.iter().map(ToString::to_string).collect();
        let told = json!({
            "job": "j1-1-1", "draw_at": "2026-11-23T05:00:00Z", "commitment": hex(commitment(&SEED)),
            "seed": hex(SEED), "count": 3, "drawn": drawn,
        });
        (told.to_string(), ids)
    }

    fn check(swap: bool, noted: Option<&str>, who: Option<usize>, expected: &str) {
        let (text, ids) = told(swap);
        let verdict = match verify(&text, noted, who.map(|n| ids[n])) {
            Ok(verified) => format!("{} drawn, place {:?}", verified.drawn, verified.place),
            Err(error) => format!("{error:#}"),
        };
        assert!(verdict.contains(expected), "{verdict}");
    }

    #[test]
    fn whoever_has_the_answer_of_a_node_can_check_a_draw() {
        let noted = hex(commitment(&SEED));
        check(false, None, None, "3 drawn, place None");
        check(false, Some(&noted.to_ascii_uppercase()), Some(1), "3 drawn, place Some(2)");
        check(false, Some(&hex([1; 32])), None, "not the one that was noted");
        check(false, Some("abc"), None, "64 digits of hex");
        check(false, None, Some(3), "was not drawn");
        check(true, None, None, "stands before one that was drawn ahead of it");
        assert!(verify("{}", None, None).unwrap_err().to_string().contains("GET /v1/jobs/ID/draw"));
    }
}

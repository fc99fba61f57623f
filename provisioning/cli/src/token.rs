//! `dayshift token`: makes the one string by which a box joins. The hub keeps a hash of its secret only.

use crate::{Outcome, hub, output, tenant};
use anyhow::{Context, Result, anyhow, bail};
use clap::Subcommand;
use enrolment::{Authority, JoinSecret, JoinToken, TokenId, TokenRecord, is_name};
use hub_core::layout;
use jiff::SignedDuration;
use std::path::PathBuf;
use sync_store::TokenRow;

/// What can be done with tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token for one node.
    #[command(
        after_long_help = "Example:\n  dayshift token create --data hub --region hangzhou --node hall-3 --hub-address hub.example:7443"
    )]
    Create(CreateArgs),
}

/// What a token says.
#[derive(Debug, clap::Args)]
pub(crate) struct CreateArgs {
    /// The hub's data folder.
    #[arg(long)]
    data: PathBuf,
    /// Region that the node will belong to.
    #[arg(long)]
    region: String,
    /// Name of the node; a name that has joined before gets its next incarnation.
    #[arg(long)]
    node: String,
    /// Where boxes reach the hub's QUIC port, as `host:port`.
    #[arg(long)]
    hub_address: String,
    /// How long the token works, such as `1h` or `30m`.
    #[arg(long, default_value = "1h")]
    expires: SignedDuration,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs `dayshift token`.
pub(crate) fn run(command: &TokenCommand) -> Result<Outcome> {
    match command {
        TokenCommand::Create(args) => create(args),
    }
}

fn create(args: &CreateArgs) -> Result<Outcome> {
    for (what, name) in [("region", &args.region), ("node", &args.node)] {
        if !is_name(name) {
            bail!("`{name}` cannot name a {what}: use letters, digits, `.`, `_` and `-`, at most 63");
        }
    }
    if args.expires <= SignedDuration::ZERO {
        bail!("a token that expires at once admits nobody; give --expires a positive time");
    }
    let store = hub::open_control(&args.data)?;
    tenant::check_known(&store, &args.region)?;
    let authority = Authority::open(&layout::authority(&args.data)).context("open the authority")?;
    let (id, secret) = (TokenId(hub::random()?), JoinSecret(hub::random()?));
    let expires_at = hub::now().saturating_add(args.expires.as_secs());
    let expires_unix = u64::try_from(expires_at).unwrap_or(0);
    let record = TokenRecord::new(id, &secret, &args.region, &args.node, expires_unix);
    let token = JoinToken::new(authority.root_spki_sha256(), &args.hub_address, id, secret).map_err(|_| {
        let address = &args.hub_address;
        anyhow!("--hub-address `{address}` is not host:port; the hub says its QUIC port at its start, such as {address}:7443")
    })?;
    store.add_token(&TokenRow {
        id: id.to_string(),
        secret_hash: record.secret_hash.to_vec(),
        region: record.region,
        node_name: record.node_name,
        expires_at,
        used_at: None,
    })?;
    if args.json {
        let answer = serde_json::json!({
            "token": token.to_string(),
            "id": id.to_string(),
            "region": args.region,
            "node": args.node,
            "expires_at": expires_at,
        });
        output::result(&answer.to_string());
    } else {
        output::result(&token.to_string());
    }
    Ok(Outcome::Done)
}

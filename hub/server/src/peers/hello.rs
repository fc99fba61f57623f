//! Who says hello: answers what the judgement asks for, and does what it comes to.

use crate::{app::App, clock, directory::vshards, fencing};
use anyhow::Result;
use hub_core::{
    hello::{self, Hearing, Next, Record, Welcomed},
    shard::{contacts_vshard, meet},
};
use sync_protocol::{
    ids::{VshardId, Writer},
    wire::{
        LATEST,
        v1::{Hello, Interest, Reason, Welcome},
    },
};
use sync_store::FenceCause;

/// What a hello is answered with.
pub(super) enum Verdict {
    Welcome(Welcome, Vec<(VshardId, u16, u64)>),
    Refuse(Reason, String),
}

/// Judges a hello; a node whose log or disk went back or apart is fenced.
pub(super) async fn judge(app: &App, writer: Writer, region: &str, hello: &Hello) -> Result<Verdict> {
    let record = record(app, writer, region);
    let mut next = Hearing::open(hello.clone(), &app.cluster.0, record.as_ref());
    let verdict = loop {
        next = match next {
            Next::Standings(hearing) => hearing.with_standings(&fencing::standings(app, writer).await?),
            Next::Logs(hearing) => {
                let known = app.shards.read_all_in_order(move |tx| tx.origins(writer)).await?;
                let acknowledged = app.board.cursors(writer);
                hearing.with_logs(known.into_iter().flatten().collect(), |vshard| {
                    acknowledged.get(&vshard).copied()
                })
            }
            Next::KeptLogs(hearing) => hearing.with_logs(fencing::log_heads(app, writer).await?, |_| None),
            Next::Contact(hearing) => {
                let shown = hello.contact;
                let met =
                    app.shards.write(contacts_vshard(writer), move |tx| meet(tx, writer, shown)).await?;
                Next::Done(hearing.with_contact(met))
            }
            Next::Done(verdict) => break verdict,
        }
    };
    match verdict {
        hello::Verdict::Welcome(welcomed) => welcome(app, region, welcomed).await,
        hello::Verdict::Refuse(reason, detail) => Ok(Verdict::Refuse(reason, detail)),
        hello::Verdict::Fence(reason) => {
            fencing::fence(app, writer, FenceCause::Copied, &reason).await?;
            Ok(Verdict::Refuse(Reason::Revoked, format!("fenced: {reason}")))
        }
        hello::Verdict::Apart(reason) => {
            let text =
                format!("node {writer}, which is over, came back and {reason}; nothing of it is taken");
            app.directory.note(text).await?;
            Ok(Verdict::Refuse(Reason::Revoked, format!("the node is over, and {reason}")))
        }
    }
}

async fn welcome(app: &App, region: &str, welcomed: Welcomed) -> Result<Verdict> {
    let Welcomed { hello, over: retired, acked, contact } = welcomed;
    let interest = app.directory.picture().interest(region);
    let (interest, lanes) = if retired.is_some() {
        (Interest { tenants: Vec::new(), ..interest }, Vec::new())
    } else {
        let lanes = lanes(app, &interest).await?;
        (interest, lanes)
    };
    let (version, time) = (hello.versions.1.min(LATEST), clock::now());
    Ok(Verdict::Welcome(Welcome { version, interest, acked, time, retired, contact }, lanes))
}

/// What the directory has of a node, whichever of its incarnations speaks.
fn record(app: &App, writer: Writer, region: &str) -> Option<Record> {
    let picture = app.directory.picture();
    let node = picture.nodes.get(&writer.node)?;
    Some(Record { newest: node.writer, region_fits: node.region == region, fenced: node.fenced.clone() })
}

/// Why a node has no place in the cluster; `None` where it has.
pub(super) fn standing(app: &App, writer: Writer, region: &str) -> Option<String> {
    hello::out_of_place(writer, record(app, writer, region).as_ref())
}

/// History and head of every vshard of an interest.
pub(super) async fn lanes(app: &App, interest: &Interest) -> Result<Vec<(VshardId, u16, u64)>> {
    let mut all = Vec::new();
    for vshard in vshards(interest) {
        let (history, head) = app.shards.read(vshard, move |tx| tx.head(vshard)).await?;
        all.push((vshard, history, head));
    }
    Ok(all)
}

//! Who says hello: the right cluster, a node that stands, and logs that go on from what the hub has.

use super::exchanges::standing;
use crate::{app::App, clock, directory::vshards, fencing};
use anyhow::Result;
use hub_core::shard::{contacts_vshard, meet};
use std::collections::BTreeMap;
use sync_protocol::{
    ids::{VshardId, Writer},
    log::{LogHead, goes_on},
    wire::{
        LATEST,
        v1::{Hello, Interest, Reason, UpAck, Welcome},
    },
};
use sync_store::FenceCause;

/// What a hello is answered with.
pub(super) enum Verdict {
    Welcome(Welcome, Vec<(VshardId, u16, u64)>),
    Refuse(Reason, String),
}

/// Judges a hello; a node whose log went back or apart is fenced.
pub(super) async fn judge(app: &App, writer: Writer, region: &str, hello: &Hello) -> Result<Verdict> {
    if hello.cluster != app.cluster.0 {
        return Ok(Verdict::Refuse(Reason::WrongCluster, format!("this hub serves cluster {}", app.cluster)));
    }
    if !app.directory.picture().nodes.contains_key(&writer.node) {
        // A hub from a backup may not know whom it admitted: nobody ends its incarnation for that.
        return Ok(Verdict::Refuse(Reason::Busy, "the node is not known here".to_owned()));
    }
    let retired = standing(app, writer, region);
    if let Some(reason) = &retired
        && !fencing::awaits_log(app, writer).await?
    {
        return Ok(Verdict::Refuse(Reason::Revoked, reason.clone()));
    }
    let known: BTreeMap<VshardId, LogHead> = match &retired {
        Some(_) => fencing::log_heads(app, writer).await?.into_iter().collect(),
        // Behind the merges of the node's earlier session, which may have come in with its last frames.
        None => {
            app.shards.read_all_in_order(move |tx| tx.origins(writer)).await?.into_iter().flatten().collect()
        }
    };
    if let Some(reason) = gone_back(&known, hello) {
        if retired.is_some() {
            // Its end and its cause stand: this is one machine more that has its name.
            let text =
                format!("node {writer}, which is over, came back and {reason}; nothing of it is taken");
            app.directory.note(text).await?;
            return Ok(Verdict::Refuse(Reason::Revoked, format!("the node is over, and {reason}")));
        }
        fencing::fence(app, writer, FenceCause::Copied, &reason).await?;
        return Ok(Verdict::Refuse(Reason::Revoked, format!("fenced: {reason}")));
    }
    let contact = match &retired {
        // Nothing is granted to it: an older disk of it changes nothing.
        Some(_) => 0,
        None => match older_disk(app, writer, hello).await? {
            Ok(contact) => contact,
            Err(reason) => {
                fencing::fence(app, writer, FenceCause::Copied, &reason).await?;
                return Ok(Verdict::Refuse(Reason::Revoked, format!("fenced: {reason}")));
            }
        },
    };
    let interest = app.directory.picture().interest(region);
    // Whoever is retired sends: it is told which logs it has to close, and nothing of what is in them.
    let (interest, lanes) = if retired.is_some() {
        (Interest { tenants: Vec::new(), ..interest }, Vec::new())
    } else {
        let lanes = lanes(app, &interest).await?;
        (interest, lanes)
    };
    let acked = known.iter().map(|(vshard, head)| UpAck { vshard: vshard.0, wseq: head.wseq }).collect();
    let version = hello.versions.1.min(LATEST);
    let time = clock::now();
    Ok(Verdict::Welcome(Welcome { version, interest, acked, time, retired, contact }, lanes))
}

/// The number of this contact, or why the disk that shows itself is older than one that was here.
async fn older_disk(app: &App, writer: Writer, hello: &Hello) -> Result<Result<u64, String>> {
    let acknowledged = app.board.cursors(writer);
    let behind = hello.down.iter().find_map(|told| {
        let known = acknowledged.get(&VshardId(told.vshard))?;
        (known.history == told.history && told.seq < known.seq).then(|| {
            format!(
                "its disk has vshard {} up to {}, which it had up to {}: a restored disk or a copy",
                told.vshard, told.seq, known.seq
            )
        })
    });
    if let Some(reason) = behind {
        return Ok(Err(reason));
    }
    let shown = hello.contact;
    let met = app.shards.write(contacts_vshard(writer), move |tx| meet(tx, writer, shown)).await?;
    Ok(met.map_err(|older| older.to_string()))
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

/// Why the node's logs are not those that the hub has seen: a restored disk, or a copy of it.
fn gone_back(known: &BTreeMap<VshardId, LogHead>, hello: &Hello) -> Option<String> {
    let told: BTreeMap<VshardId, LogHead> =
        hello.up.iter().map(|up| (VshardId(up.vshard), LogHead { wseq: up.wseq, head: up.head })).collect();
    known.iter().find_map(|(vshard, known)| {
        let why = goes_on(known, told.get(vshard)).err()?;
        Some(format!("its log of vshard {} {why}", vshard.0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_protocol::{log::Head, wire::v1::UpState};

    #[test]
    fn only_logs_that_go_on_are_welcome() {
        let head = |n| Head([n; 32]);
        let known = BTreeMap::from([(VshardId(3), LogHead { wseq: 5, head: head(1) })]);
        let check = |up: Vec<(u16, u64, u8)>, sound| {
            let up =
                up.into_iter().map(|(vshard, wseq, n)| UpState { vshard, wseq, head: head(n) }).collect();
            let writer = Writer::new(1, 1);
            let hello = Hello {
                versions: (1, 1),
                cluster: Vec::new(),
                writer,
                up,
                down: Vec::new(),
                build: String::new(),
                contact: 0,
            };
            assert_eq!(gone_back(&known, &hello).is_none(), sound, "{hello:?}");
        };
        check(vec![(3, 5, 1)], true);
        check(vec![(3, 9, 2), (4, 1, 1)], true);
        check(vec![(3, 5, 2)], false);
        check(vec![(3, 4, 1)], false);
        check(vec![], false);
    }
}

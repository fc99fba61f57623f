//! Judging a hello: the right cluster, a node that stands, logs and a disk that go on from what was here.
//!
//! What is asked for, and in which order, is part of why a copied disk is noticed, so it stands here once. Whoever keeps
//! the stores answers one question after the other; nothing is welcomed before the last answer.

use sync_protocol::{
    contact::OlderDisk,
    ids::{VshardId, Writer},
    log::{LogHead, goes_on},
    mutant::{self, Mutant},
    seats::Standing,
    wire::v1::{DownState, Hello, Reason, UpAck},
};
use sync_store::{ShardTx, StandingRow, StoreError};

/// What the directory has of the node that a hello names.
#[derive(Debug, Clone)]
pub struct Record {
    /// The incarnation that joined last.
    pub newest: Writer,
    /// The certificate names the region that the directory has.
    pub region_fits: bool,
    /// Why the newest incarnation is fenced.
    pub fenced: Option<String>,
}

/// Why an incarnation has no place in the cluster; `None` where it has.
#[must_use]
pub fn out_of_place(writer: Writer, record: Option<&Record>) -> Option<String> {
    if mutant::is(Mutant::FencedMerged) {
        return None;
    }
    let Some(record) = record else { return Some("the node is not known here".to_owned()) };
    if record.newest != writer {
        return Some("another incarnation of this node has taken over".to_owned());
    }
    if !record.region_fits {
        return Some("the certificate names another region than the directory".to_owned());
    }
    record.fenced.as_ref().map(|reason| format!("fenced: {reason}"))
}

/// Whether the log of a fenced incarnation is still wanted, because all of it would settle it.
#[must_use]
pub fn awaits_log<'a>(rows: impl Iterator<Item = &'a StandingRow> + Clone) -> bool {
    rows.clone().all(|row| row.cause.settles_by_itself())
        && rows.into_iter().any(|row| row.standing == Standing::Fenced)
}

/// Where an incarnation stands, in each vshard of a file in which it does not simply live.
pub fn standings(tx: &mut dyn ShardTx, writer: Writer) -> Result<Vec<(VshardId, StandingRow)>, StoreError> {
    let mut rows = Vec::new();
    for vshard in tx.vshards_of_writer(writer)? {
        rows.extend(tx.standing_row(vshard, writer)?.map(|row| (vshard, row)));
    }
    Ok(rows)
}

/// How far the log of a fenced incarnation is in a file, merged or kept as evidence.
pub fn kept_logs(tx: &mut dyn ShardTx, writer: Writer) -> Result<Vec<(VshardId, LogHead)>, StoreError> {
    let mut heads = Vec::new();
    for vshard in tx.vshards_of_writer(writer)? {
        let kept = tx.evidence_head(vshard, writer)?;
        let head = if kept.is_some() { kept } else { tx.origin(vshard, writer)? };
        heads.extend(head.map(|head| (vshard, head)));
    }
    Ok(heads)
}

/// A hello that is being judged.
#[derive(Debug, Clone)]
pub struct Hearing {
    hello: Hello,
    /// Why its incarnation is over.
    over: Option<String>,
    known: Vec<(VshardId, LogHead)>,
}

/// What the judgement needs next, or what it came to.
#[derive(Debug)]
pub enum Next {
    /// [`standings`] of all files, for [`Hearing::with_standings`].
    Standings(Hearing),
    /// Heads of the merged logs, read behind all merges that were asked for before, for [`Hearing::with_logs`]: those of
    /// the node's earlier session may have come in with its last frames.
    Logs(Hearing),
    /// [`kept_logs`] of all files, for [`Hearing::with_logs`].
    KeptLogs(Hearing),
    /// A number for this contact, for [`Hearing::with_contact`].
    Contact(Hearing),
    Done(Verdict),
}

/// What a hello is answered with.
#[derive(Debug)]
pub enum Verdict {
    Welcome(Welcomed),
    Refuse(Reason, String),
    /// The disk is a restored one or a copy: its incarnation ends for it.
    Fence(String),
    /// One machine more has the name of an incarnation that is over. Its end and its cause stand.
    Apart(String),
}

/// A welcome, but for what the node may see.
#[derive(Debug)]
pub struct Welcomed {
    pub hello: Hello,
    /// Why its incarnation is over: it only sends, and is told which logs it has to close and nothing of what is in them.
    pub over: Option<String>,
    pub acked: Vec<UpAck>,
    /// The number of this contact; 0 where the incarnation is over, because an older disk of it changes nothing.
    pub contact: u64,
}

impl Hearing {
    /// Begins with what the directory says.
    #[must_use]
    pub fn open(hello: Hello, cluster: &[u8], record: Option<&Record>) -> Next {
        if hello.cluster != cluster {
            let name: String = cluster.iter().map(|byte| format!("{byte:02x}")).collect();
            let reason = format!("this hub serves cluster {name}");
            return Next::Done(Verdict::Refuse(Reason::WrongCluster, reason));
        }
        if record.is_none() {
            // A hub from a backup may not know whom it admitted: nobody ends its incarnation for that.
            let reason = "the node is not known here".to_owned();
            return Next::Done(Verdict::Refuse(Reason::Busy, reason));
        }
        let over = out_of_place(hello.writer, record).filter(|_| !mutant::is(Mutant::OverWelcomed));
        let hearing = Self { hello, over, known: Vec::new() };
        if hearing.over.is_some() { Next::Standings(hearing) } else { Next::Logs(hearing) }
    }

    #[must_use]
    pub const fn writer(&self) -> Writer {
        self.hello.writer
    }

    #[must_use]
    pub const fn hello(&self) -> &Hello {
        &self.hello
    }

    /// An incarnation that is over is heard only where its log would settle it.
    #[must_use]
    pub fn with_standings(self, rows: &[(VshardId, StandingRow)]) -> Next {
        if awaits_log(rows.iter().map(|(_, row)| row)) {
            return Next::KeptLogs(self);
        }
        Next::Done(Verdict::Refuse(Reason::Revoked, self.over.unwrap_or_default()))
    }

    /// Compares the logs with those that are here, and what the disk has applied with what it said to have (`acknowledged`).
    #[must_use]
    pub fn with_logs(
        self,
        known: Vec<(VshardId, LogHead)>,
        acknowledged: impl Fn(VshardId) -> Option<DownState>,
    ) -> Next {
        let hearing = Self { known, ..self };
        let gone_back = hearing.gone_back();
        if hearing.over.is_some() {
            return Next::Done(match gone_back {
                Some(reason) => Verdict::Apart(reason),
                None => Verdict::Welcome(hearing.welcome(0)),
            });
        }
        match gone_back.or_else(|| hearing.older_cursors(acknowledged)) {
            Some(reason) => Next::Done(Verdict::Fence(reason)),
            None => Next::Contact(hearing),
        }
    }

    /// The contact has its number, durably, or the disk is an older one.
    #[must_use]
    pub fn with_contact(self, met: Result<u64, OlderDisk>) -> Verdict {
        match met {
            Ok(contact) => Verdict::Welcome(self.welcome(contact)),
            Err(older) => Verdict::Fence(older.to_string()),
        }
    }

    fn welcome(self, contact: u64) -> Welcomed {
        let acked =
            self.known.iter().map(|(vshard, head)| UpAck { vshard: vshard.0, wseq: head.wseq }).collect();
        Welcomed { hello: self.hello, over: self.over, acked, contact }
    }

    /// Why the node's logs are not those that were here: a restored disk, or a copy of it.
    fn gone_back(&self) -> Option<String> {
        self.known.iter().find_map(|(vshard, known)| {
            let told = self.hello.up.iter().find(|up| up.vshard == vshard.0);
            let told = told.map(|up| LogHead { wseq: up.wseq, head: up.head });
            let why = goes_on(known, told.as_ref()).err()?;
            Some(format!("its log of vshard {} {why}", vshard.0))
        })
    }

    fn older_cursors(&self, acknowledged: impl Fn(VshardId) -> Option<DownState>) -> Option<String> {
        if mutant::is(Mutant::RestoredUnnoticed) {
            return None;
        }
        self.hello.down.iter().find_map(|told| {
            let known = acknowledged(VshardId(told.vshard))?;
            (known.history == told.history && told.seq < known.seq).then(|| {
                format!(
                    "its disk has vshard {} up to {}, which it had up to {}: a restored disk or a copy",
                    told.vshard, told.seq, known.seq
                )
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_protocol::{log::Head, wire::v1::UpState};
    use sync_store::FenceCause;

    const WRITER: Writer = Writer::new(1, 2);

    fn hello(up: &[(u16, u64, u8)], down: &[(u16, u16, u64)]) -> Hello {
        let up = up.iter().map(|(vshard, wseq, n)| UpState { vshard: *vshard, wseq: *wseq, head: head(*n) });
        let down = down.iter().map(|(vshard, history, seq)| DownState {
            vshard: *vshard,
            history: *history,
            seq: *seq,
        });
        Hello {
            versions: (1, 1),
            cluster: vec![7],
            writer: WRITER,
            up: up.collect(),
            down: down.collect(),
            build: String::new(),
            contact: 0,
            draining: false,
        }
    }

    const fn head(n: u8) -> Head {
        Head([n; 32])
    }

    fn record(newest: Writer, fenced: Option<&str>) -> Record {
        Record { newest, region_fits: true, fenced: fenced.map(str::to_owned) }
    }

    fn words(next: Next) -> String {
        match next {
            Next::Standings(_) => "standings".to_owned(),
            Next::Logs(_) => "logs".to_owned(),
            Next::KeptLogs(_) => "kept logs".to_owned(),
            Next::Contact(_) => "contact".to_owned(),
            Next::Done(verdict) => verdict_words(&verdict),
        }
    }

    fn verdict_words(verdict: &Verdict) -> String {
        match verdict {
            Verdict::Welcome(welcomed) => format!("welcome {}", welcomed.contact),
            Verdict::Refuse(reason, _) => format!("{reason:?}"),
            Verdict::Fence(_) => "fence".to_owned(),
            Verdict::Apart(_) => "apart".to_owned(),
        }
    }

    #[test]
    fn the_directory_speaks_first() {
        let check = |cluster: u8, record: Option<Record>, expected: &str| {
            assert_eq!(words(Hearing::open(hello(&[], &[]), &[cluster], record.as_ref())), expected);
        };
        check(8, None, "WrongCluster");
        check(7, None, "Busy");
        check(7, Some(record(WRITER, None)), "logs");
        check(7, Some(record(WRITER, Some("a copy"))), "standings");
        check(7, Some(record(Writer::new(1, 3), None)), "standings");
        check(7, Some(Record { region_fits: false, ..record(WRITER, None) }), "standings");
    }

    #[test]
    fn who_is_over_is_heard_where_its_log_settles_it() {
        let check = |rows: &[(Standing, FenceCause)], expected: &str| {
            let Next::Standings(hearing) =
                Hearing::open(hello(&[], &[]), &[7], Some(&record(WRITER, Some("it"))))
            else {
                panic!("it is over")
            };
            let row = |(standing, cause): &(Standing, FenceCause)| StandingRow {
                writer: WRITER,
                standing: *standing,
                cause: *cause,
                detail: String::new(),
                at: 0,
            };
            let rows: Vec<_> = rows.iter().map(|of| (VshardId(3), row(of))).collect();
            assert_eq!(words(hearing.with_standings(&rows)), expected, "{rows:?}");
        };
        check(&[], "Revoked");
        check(&[(Standing::Fenced, FenceCause::Retired)], "kept logs");
        check(&[(Standing::Settled, FenceCause::Retired)], "Revoked");
        check(&[(Standing::Fenced, FenceCause::Copied)], "Revoked");
        check(&[(Standing::Fenced, FenceCause::Retired), (Standing::Fenced, FenceCause::Copied)], "Revoked");
    }

    #[test]
    fn only_logs_and_cursors_that_go_on_are_welcome() {
        let check = |up: &[(u16, u64, u8)], down: &[(u16, u16, u64)], live: &str, over: &str| {
            for (fenced, expected) in [(None, live), (Some("it"), over)] {
                let hearing =
                    Hearing { hello: hello(up, down), over: fenced.map(str::to_owned), known: Vec::new() };
                let known = vec![(VshardId(3), LogHead { wseq: 5, head: head(1) })];
                let acknowledged = |vshard: VshardId| {
                    (vshard.0 == 3).then_some(DownState { vshard: 3, history: 2, seq: 40 })
                };
                assert_eq!(words(hearing.with_logs(known, acknowledged)), expected, "{up:?} {down:?}");
            }
        };
        check(&[(3, 5, 1)], &[], "contact", "welcome 0");
        check(&[(3, 9, 2), (4, 1, 1)], &[(3, 2, 40), (4, 1, 1)], "contact", "welcome 0");
        check(&[(3, 5, 1)], &[(3, 1, 7)], "contact", "welcome 0");
        check(&[(3, 5, 1)], &[(3, 2, 39)], "fence", "welcome 0");
        check(&[(3, 5, 2)], &[], "fence", "apart");
        check(&[(3, 4, 1)], &[], "fence", "apart");
        check(&[], &[], "fence", "apart");
    }

    #[test]
    fn an_older_disk_is_fenced_at_its_contact() {
        let hearing = Hearing { hello: hello(&[], &[]), over: None, known: Vec::new() };
        assert_eq!(verdict_words(&hearing.clone().with_contact(Ok(9))), "welcome 9");
        assert_eq!(verdict_words(&hearing.with_contact(Err(OlderDisk { shown: 1, held: 2 }))), "fence");
    }
}

//! A folder of a test's own, and the values that the tests write.

use std::{fs, path::PathBuf};
use sync_protocol::{
    documents::{SignUpFields, Status},
    ids::{JobId, SignUpId, TenantId, TopicId, VshardId, WorkerId, Writer},
    log::{Entry, EntryKind},
};
use sync_store::JobSummary;

pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("dayshift-store-{}-{name}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("a.sqlite")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

pub(crate) const VSHARD: VshardId = VshardId(3);

/// SplitMix64 (Steele, Lea and Flood 2014).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % bound as u64).unwrap()
    }
}

pub(crate) fn writer() -> Writer {
    Writer::new(1, 1)
}

pub(crate) fn job(n: u64) -> JobId {
    JobId::job(writer(), n)
}

pub(crate) fn sign_up(n: u64) -> SignUpId {
    SignUpId::sign_up(writer(), n)
}

pub(crate) fn entry(n: u8) -> Entry {
    Entry::new(EntryKind::Change, TopicId(9), job(u64::from(n)), vec![n; 20])
}

pub(crate) fn summary(n: u64, key: &str, title: &str, end_at: i64) -> JobSummary {
    JobSummary {
        job: job(n),
        topic: TopicId(9),
        tenant: TenantId(2),
        key: key.to_owned(),
        title: title.to_owned(),
        start_at: end_at - 10,
        end_at,
    }
}

pub(crate) fn fields(job: JobId, n: u8, status: Status) -> SignUpFields {
    SignUpFields {
        job,
        worker: WorkerId([n; 16]),
        status,
        code: format!("00000{}", n % 10),
        idempotency: [n; 16],
        body_hash: [n + 1; 16],
        created_at: i64::from(n),
        reason: "closed".to_owned(),
    }
}

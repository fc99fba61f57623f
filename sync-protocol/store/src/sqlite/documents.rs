//! Documents and the rows made from them.

use super::tx::{SqliteTx, id, signed, unsigned};
use crate::{
    error::StoreError,
    rows::{JobSummary, SignUpRow, Stored},
};
use rusqlite::{Row, params};
use sync_protocol::{
    documents::{Document, SignUpFields, Status},
    ids::{DocumentId, JobId, SignUpId, TenantId, TopicId, VshardId, WorkerId},
};

pub(super) fn document(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    doc: DocumentId,
) -> Result<Option<Stored>, StoreError> {
    let sql = "SELECT vshard, doc, topic, state, sum FROM doc WHERE vshard = ?1 AND doc = ?2";
    let found = tx.one("doc", sql, params![vshard.0, doc.to_bytes()], |row| {
        Ok((TopicId(unsigned(row, 2)?), row.get::<_, Vec<u8>>(3)?))
    })?;
    let Some((topic, state)) = found else { return Ok(None) };
    let document = minicbor::decode(&state).map_err(|_| StoreError::BadRow("doc"))?;
    Ok(Some(Stored { topic, document }))
}

pub(super) fn put_document(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    doc: DocumentId,
    topic: TopicId,
    document: &Document,
) -> Result<(), StoreError> {
    let state = minicbor::to_vec(document).map_err(|_| StoreError::BadRow("doc"))?;
    let sql = "INSERT OR REPLACE INTO doc (vshard, doc, topic, state, sum) VALUES (?1, ?2, ?3, ?4, ?5)";
    tx.put("doc", sql, params![vshard.0, doc.to_bytes(), signed(topic.0), state])
}

/// What identifies a job stays as it was first written; title and times follow the summary.
pub(super) fn put_job_summary(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    summary: &JobSummary,
) -> Result<(), StoreError> {
    let known = job_summary(tx, vshard, summary.job)?;
    let first = known.as_ref().unwrap_or(summary);
    let sql = "INSERT OR REPLACE INTO job (vshard, job, topic, tenant, key, title, start_at, end_at, sum)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let values = params![
        vshard.0,
        summary.job.to_bytes(),
        signed(first.topic.0),
        first.tenant.0,
        first.key,
        summary.title,
        summary.start_at,
        summary.end_at
    ];
    tx.put("job", sql, values)
}

fn summary(row: &Row<'_>) -> rusqlite::Result<(VshardId, JobSummary)> {
    let summary = JobSummary {
        job: id(row, 1, JobId::from_bytes)?,
        topic: TopicId(unsigned(row, 2)?),
        tenant: TenantId(unsigned(row, 3)?),
        key: row.get(4)?,
        title: row.get(5)?,
        start_at: row.get(6)?,
        end_at: row.get(7)?,
    };
    Ok((VshardId(row.get(0)?), summary))
}

pub(super) fn job_summary(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    job: JobId,
) -> Result<Option<JobSummary>, StoreError> {
    let sql = "SELECT vshard, job, topic, tenant, key, title, start_at, end_at, sum FROM job
               WHERE vshard = ?1 AND job = ?2";
    Ok(tx.one("job", sql, params![vshard.0, job.to_bytes()], summary)?.map(|(_, summary)| summary))
}

pub(super) fn vshard_of(tx: &SqliteTx<'_>, job: JobId) -> Result<Option<VshardId>, StoreError> {
    let sql = "SELECT vshard, job, topic, tenant, key, title, start_at, end_at, sum FROM job WHERE job = ?1";
    Ok(tx.one("job", sql, [job.to_bytes()], summary)?.map(|(vshard, _)| vshard))
}

pub(super) fn job_by_key(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    tenant: TenantId,
    key: &str,
) -> Result<Option<JobId>, StoreError> {
    let sql = "SELECT vshard, job, topic, tenant, key, title, start_at, end_at, sum FROM job
               WHERE vshard = ?1 AND tenant = ?2 AND key = ?3 AND key <> ''";
    Ok(tx.one("job", sql, params![vshard.0, tenant.0, key], summary)?.map(|(_, summary)| summary.job))
}

pub(super) fn jobs_after(tx: &SqliteTx<'_>, now: i64) -> Result<Vec<(VshardId, JobSummary)>, StoreError> {
    let sql = "SELECT vshard, job, topic, tenant, key, title, start_at, end_at, sum FROM job
               WHERE end_at > ?1 ORDER BY vshard, job";
    tx.all("job", sql, [now], summary)
}

pub(super) fn jobs_of(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    tenant: TenantId,
    from: i64,
    until: i64,
) -> Result<Vec<JobSummary>, StoreError> {
    let sql = "SELECT vshard, job, topic, tenant, key, title, start_at, end_at, sum FROM job
               WHERE vshard = ?1 AND tenant = ?2 AND start_at >= ?3 AND start_at < ?4 ORDER BY start_at, job";
    let found = tx.all("job", sql, params![vshard.0, tenant.0, from, until], summary)?;
    Ok(found.into_iter().map(|(_, summary)| summary).collect())
}

pub(super) fn put_sign_up(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    sign_up: SignUpId,
    fields: &SignUpFields,
) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO sign_up
                 (vshard, sign_up, job, worker, status, code, idempotency, body_hash, created_at, reason, sum)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    let values = params![
        vshard.0,
        sign_up.to_bytes(),
        fields.job.to_bytes(),
        fields.worker.0,
        fields.status.as_str(),
        fields.code,
        fields.idempotency,
        fields.body_hash,
        fields.created_at,
        fields.reason
    ];
    tx.put("sign_up", sql, values)
}

/// By what sign-ups are looked for.
pub(super) enum SignUpsBy<'a> {
    Id(SignUpId),
    Idempotency(&'a [u8; 16]),
    Code(&'a str),
    Job(VshardId, JobId),
    Worker(VshardId, JobId, WorkerId),
    AnyJob(WorkerId),
}

/// Sign-ups in the order in which they were made.
pub(super) fn sign_ups(tx: &SqliteTx<'_>, by: SignUpsBy<'_>) -> Result<Vec<SignUpRow>, StoreError> {
    match by {
        SignUpsBy::Id(sign_up) => {
            let sql =
                "SELECT vshard, sign_up, job, worker, status, code, idempotency, body_hash, created_at, reason, sum FROM sign_up
                 WHERE sign_up = ?1 ORDER BY created_at";
            tx.all("sign_up", sql, [sign_up.to_bytes()], sign_up_row)
        }
        SignUpsBy::Idempotency(key) => {
            let sql =
                "SELECT vshard, sign_up, job, worker, status, code, idempotency, body_hash, created_at, reason, sum FROM sign_up
                 WHERE idempotency = ?1 ORDER BY created_at";
            tx.all("sign_up", sql, [key], sign_up_row)
        }
        SignUpsBy::Code(code) => {
            let sql =
                "SELECT vshard, sign_up, job, worker, status, code, idempotency, body_hash, created_at, reason, sum FROM sign_up
                 WHERE code = ?1 ORDER BY created_at";
            tx.all("sign_up", sql, [code], sign_up_row)
        }
        SignUpsBy::Job(vshard, job) => {
            let sql =
                "SELECT vshard, sign_up, job, worker, status, code, idempotency, body_hash, created_at, reason, sum FROM sign_up
                 INDEXED BY sign_up_job
                 WHERE vshard = ?1 AND job = ?2 ORDER BY created_at, sign_up";
            tx.all("sign_up", sql, params![vshard.0, job.to_bytes()], sign_up_row)
        }
        SignUpsBy::Worker(vshard, job, worker) => {
            // Without statistics SQLite takes the key of the table and reads all sign-ups of the vshard.
            let sql =
                "SELECT vshard, sign_up, job, worker, status, code, idempotency, body_hash, created_at, reason, sum FROM sign_up
                 INDEXED BY sign_up_job
                 WHERE vshard = ?1 AND job = ?2 AND worker = ?3 ORDER BY created_at";
            tx.all("sign_up", sql, params![vshard.0, job.to_bytes(), worker.0], sign_up_row)
        }
        SignUpsBy::AnyJob(worker) => {
            let sql =
                "SELECT vshard, sign_up, job, worker, status, code, idempotency, body_hash, created_at, reason, sum FROM sign_up
                 WHERE worker = ?1 ORDER BY created_at";
            tx.all("sign_up", sql, [worker.0], sign_up_row)
        }
    }
}

fn sign_up_row(row: &Row<'_>) -> rusqlite::Result<SignUpRow> {
    Ok(SignUpRow {
        vshard: VshardId(row.get(0)?),
        sign_up: id(row, 1, SignUpId::from_bytes)?,
        fields: SignUpFields {
            job: id(row, 2, JobId::from_bytes)?,
            worker: id(row, 3, WorkerId::from_bytes)?,
            status: Status::parse(&row.get::<_, String>(4)?).ok_or_else(|| {
                rusqlite::Error::InvalidColumnType(4, "status".to_owned(), rusqlite::types::Type::Text)
            })?,
            code: row.get(5)?,
            idempotency: row.get(6)?,
            body_hash: row.get(7)?,
            created_at: row.get(8)?,
            reason: row.get(9)?,
        },
    })
}

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
    let found = tx.one(
        "SELECT topic, state FROM doc WHERE vshard = ?1 AND doc = ?2",
        params![vshard.0, doc.to_bytes()],
        |row| Ok((TopicId(unsigned(row, 0)?), row.get::<_, Vec<u8>>(1)?)),
    )?;
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
    let sql = "INSERT OR REPLACE INTO doc (vshard, doc, topic, state) VALUES (?1, ?2, ?3, ?4)";
    tx.run(sql, params![vshard.0, doc.to_bytes(), signed(topic.0), state]).map(drop)
}

pub(super) fn put_job_summary(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    summary: &JobSummary,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO job (vshard, job, topic, tenant, key, title, start_at, end_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
               ON CONFLICT (vshard, job) DO UPDATE SET title = excluded.title, start_at = excluded.start_at, end_at = excluded.end_at";
    let values = params![
        vshard.0,
        summary.job.to_bytes(),
        signed(summary.topic.0),
        summary.tenant.0,
        summary.key,
        summary.title,
        summary.start_at,
        summary.end_at
    ];
    tx.run(sql, values).map(drop)
}

const SUMMARY: &str = "job, topic, tenant, key, title, start_at, end_at";

fn summary(row: &Row<'_>, from: usize) -> rusqlite::Result<JobSummary> {
    Ok(JobSummary {
        job: id(row, from, JobId::from_bytes)?,
        topic: TopicId(unsigned(row, from + 1)?),
        tenant: TenantId(unsigned(row, from + 2)?),
        key: row.get(from + 3)?,
        title: row.get(from + 4)?,
        start_at: row.get(from + 5)?,
        end_at: row.get(from + 6)?,
    })
}

pub(super) fn job_summary(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    job: JobId,
) -> Result<Option<JobSummary>, StoreError> {
    let sql = format!("SELECT {SUMMARY} FROM job WHERE vshard = ?1 AND job = ?2");
    tx.one(&sql, params![vshard.0, job.to_bytes()], |row| summary(row, 0))
}

pub(super) fn job_by_key(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    tenant: TenantId,
    key: &str,
) -> Result<Option<JobId>, StoreError> {
    let sql = "SELECT job FROM job WHERE vshard = ?1 AND tenant = ?2 AND key = ?3 AND key <> ''";
    tx.one(sql, params![vshard.0, tenant.0, key], |row| id(row, 0, JobId::from_bytes))
}

pub(super) fn jobs_after(tx: &SqliteTx<'_>, now: i64) -> Result<Vec<(VshardId, JobSummary)>, StoreError> {
    let sql = format!("SELECT vshard, {SUMMARY} FROM job WHERE end_at > ?1 ORDER BY vshard, job");
    tx.all(&sql, [now], |row| Ok((VshardId(row.get(0)?), summary(row, 1)?)))
}

pub(super) fn put_sign_up(
    tx: &SqliteTx<'_>,
    vshard: VshardId,
    sign_up: SignUpId,
    fields: &SignUpFields,
) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO sign_up (vshard, sign_up, job, worker, status, code, idempotency, body_hash, created_at, reason)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
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
    tx.run(sql, values).map(drop)
}

pub(super) fn sign_ups(
    tx: &SqliteTx<'_>,
    condition: &str,
    values: impl rusqlite::Params,
) -> Result<Vec<SignUpRow>, StoreError> {
    let sql = format!(
        "SELECT vshard, sign_up, job, worker, status, code, idempotency, body_hash, created_at, reason FROM sign_up
         WHERE {condition} ORDER BY created_at"
    );
    tx.all(&sql, values, |row| {
        Ok(SignUpRow {
            vshard: VshardId(row.get(0)?),
            sign_up: id(row, 1, SignUpId::from_bytes)?,
            fields: SignUpFields {
                job: id(row, 2, JobId::from_bytes)?,
                worker: id(row, 3, WorkerId::from_bytes)?,
                status: Status::parse(&row.get::<_, String>(4)?).ok_or(rusqlite::Error::InvalidQuery)?,
                code: row.get(5)?,
                idempotency: row.get(6)?,
                body_hash: row.get(7)?,
                created_at: row.get(8)?,
                reason: row.get(9)?,
            },
        })
    })
}

//! [`ShardTx`] on SQLite: each method names its table's part.

use super::{
    documents::{self, SignUpsBy},
    ledger, log, outbox, standing,
    sum::{self, RowSum},
};
use crate::{
    error::StoreError,
    rows::{
        EndingRow, HoldingTotals, JobSummary, LimboRow, MessageRow, SeatRow, SeatTotals, SignUpRow,
        StandingRow, Stored, WaitRow,
    },
    shard::{HubSaid, Page, ShardTx},
};
use rusqlite::{
    Connection, ErrorCode, Params, Row, ToSql, params,
    types::{ToSqlOutput, ValueRef},
};
use sync_protocol::{
    contact::Contacts,
    documents::{Document, SignUpFields},
    ids::{DocumentId, JobId, NodeId, SignUpId, TenantId, TopicId, VshardId, WorkerId, Writer},
    log::{Entry, LogHead},
    seats::{EndReason, HubHolding, HubJob, NodeJob, Standing},
    wire::v1::DownState,
};

pub(crate) struct SqliteTx<'a> {
    pub(crate) connection: &'a Connection,
}

/// Reads a signed column that holds an unsigned number.
pub(crate) fn unsigned<T: TryFrom<i64>>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let value: i64 = row.get(column)?;
    T::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, value))
}

/// Reads an id from a blob column.
pub(crate) fn id<T>(row: &Row<'_>, column: usize, from: impl Fn(&[u8]) -> Option<T>) -> rusqlite::Result<T> {
    let bytes: Vec<u8> = row.get(column)?;
    from(&bytes).ok_or_else(|| {
        rusqlite::Error::InvalidColumnType(column, "id".to_owned(), rusqlite::types::Type::Blob)
    })
}

/// SQLite integers are signed; sequences stay far below 2^63.
pub(crate) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

impl SqliteTx<'_> {
    pub(crate) fn run(&self, sql: &str, values: impl Params) -> Result<usize, StoreError> {
        Ok(self.connection.prepare_cached(sql)?.execute(values)?)
    }

    /// Writes a row of all columns in the order of the schema, and its checksum behind them.
    pub(crate) fn put(
        &self,
        table: &'static str,
        sql: &str,
        columns: &[&dyn ToSql],
    ) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut sum = RowSum::of(table);
        for (at, column) in columns.iter().enumerate() {
            let output = column.to_sql()?;
            let value = if let ToSqlOutput::Owned(value) = &output {
                ValueRef::from(value)
            } else if let ToSqlOutput::Borrowed(value) = output {
                value
            } else {
                return Err(StoreError::BadRow("a column of an unknown kind"));
            };
            sum.column(value);
            statement.raw_bind_parameter(at + 1, column)?;
        }
        statement.raw_bind_parameter(columns.len() + 1, sum.finish())?;
        match statement.raw_execute() {
            Ok(_) => Ok(()),
            // Sequences and lists are extended behind their last row: nothing can stand there.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => Err(
                StoreError::corrupt(table, format!("no row may stand where one is to be written: {error}")),
            ),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads one row of all columns and its checksum, and verifies it.
    pub(crate) fn one<T>(
        &self,
        table: &'static str,
        sql: &str,
        values: impl Params,
        map: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(values)?;
        let Some(row) = rows.next()? else { return Ok(None) };
        sum::verify(table, row)?;
        Ok(Some(map(row)?))
    }

    /// Reads rows of all columns and their checksums, and verifies each.
    pub(crate) fn all<T>(
        &self,
        table: &'static str,
        sql: &str,
        values: impl Params,
        map: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let mut all = Vec::new();
        self.each(table, sql, values, |row| {
            all.push(map(row)?);
            Ok(true)
        })?;
        Ok(all)
    }

    /// Hands verified rows to `take` until it says that it has enough.
    pub(crate) fn each(
        &self,
        table: &'static str,
        sql: &str,
        values: impl Params,
        mut take: impl FnMut(&Row<'_>) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(values)?;
        while let Some(row) = rows.next()? {
            sum::verify(table, row)?;
            if !take(row)? {
                break;
            }
        }
        Ok(())
    }

    /// Reads what was made of rows, such as sums for people to look at. No decision is made on it: it is not verified.
    pub(crate) fn figures<T>(
        &self,
        sql: &str,
        values: impl Params,
        map: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map(values, map)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Fails where `sql` finds rows that cannot be without the row that is missing.
    pub(crate) fn none(
        &self,
        table: &'static str,
        sql: &str,
        values: impl Params,
        missing: &str,
    ) -> Result<(), StoreError> {
        let found = self.connection.prepare_cached(sql)?.exists(values)?;
        if found { Err(StoreError::corrupt(table, format!("{missing} is missing"))) } else { Ok(()) }
    }

    pub(crate) fn meta(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.one("meta", "SELECT key, value, sum FROM meta WHERE key = ?1", [key], |row| row.get(1))
    }

    pub(crate) fn put_meta(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO meta (key, value, sum) VALUES (?1, ?2, ?3)";
        self.put("meta", sql, params![key, value])
    }
}

impl ShardTx for SqliteTx<'_> {
    fn vshards(&mut self) -> Result<Vec<VshardId>, StoreError> {
        log::vshards(self)
    }
    fn head(&mut self, vshard: VshardId) -> Result<(u16, u64), StoreError> {
        log::head(self, vshard)
    }
    fn append(
        &mut self,
        vshard: VshardId,
        audience: Option<NodeId>,
        writer: Writer,
        entry: &Entry,
    ) -> Result<u64, StoreError> {
        log::append(self, vshard, audience, writer, entry)
    }
    fn read_since(
        &mut self,
        vshard: VshardId,
        after: u64,
        limit: usize,
        bytes_max: usize,
    ) -> Result<Page, StoreError> {
        log::read_since(self, vshard, after, limit, bytes_max)
    }
    fn origin(&mut self, vshard: VshardId, writer: Writer) -> Result<Option<LogHead>, StoreError> {
        log::origin(self, vshard, writer)
    }
    fn origins(&mut self, writer: Writer) -> Result<Vec<(VshardId, LogHead)>, StoreError> {
        log::origins(self, writer)
    }
    fn put_origin(&mut self, vshard: VshardId, writer: Writer, head: LogHead) -> Result<(), StoreError> {
        log::put_origin(self, vshard, writer, head)
    }
    fn own_head(&mut self, vshard: VshardId) -> Result<Option<LogHead>, StoreError> {
        log::own_head(self, vshard)
    }
    fn own_heads(&mut self) -> Result<Vec<(VshardId, LogHead)>, StoreError> {
        log::own_heads(self)
    }
    fn append_own(&mut self, vshard: VshardId, writer: Writer, entry: &Entry) -> Result<LogHead, StoreError> {
        log::append_own(self, vshard, writer, entry)
    }
    fn read_own(
        &mut self,
        vshard: VshardId,
        after: u64,
        limit: usize,
        bytes_max: usize,
    ) -> Result<(Vec<Entry>, Option<LogHead>), StoreError> {
        log::read_own(self, vshard, after, limit, bytes_max)
    }
    fn acked(&mut self, vshard: VshardId) -> Result<u64, StoreError> {
        log::acked(self, vshard)
    }
    fn put_acked(&mut self, vshard: VshardId, wseq: u64) -> Result<(), StoreError> {
        log::put_acked(self, vshard, wseq)
    }
    fn cursors(&mut self) -> Result<Vec<DownState>, StoreError> {
        log::cursors(self)
    }
    fn put_cursor(&mut self, cursor: DownState) -> Result<(), StoreError> {
        log::put_cursor(self, cursor)
    }
    fn document(&mut self, vshard: VshardId, id: DocumentId) -> Result<Option<Stored>, StoreError> {
        documents::document(self, vshard, id)
    }
    fn put_document(
        &mut self,
        vshard: VshardId,
        id: DocumentId,
        topic: TopicId,
        document: &Document,
    ) -> Result<(), StoreError> {
        documents::put_document(self, vshard, id, topic, document)
    }
    fn put_job_summary(&mut self, vshard: VshardId, summary: &JobSummary) -> Result<(), StoreError> {
        documents::put_job_summary(self, vshard, summary)
    }
    fn job_summary(&mut self, vshard: VshardId, job: JobId) -> Result<Option<JobSummary>, StoreError> {
        documents::job_summary(self, vshard, job)
    }
    fn job_by_key(
        &mut self,
        vshard: VshardId,
        tenant: TenantId,
        key: &str,
    ) -> Result<Option<JobId>, StoreError> {
        documents::job_by_key(self, vshard, tenant, key)
    }
    fn jobs_after(&mut self, now: i64) -> Result<Vec<(VshardId, JobSummary)>, StoreError> {
        documents::jobs_after(self, now)
    }
    fn vshard_of(&mut self, job: JobId) -> Result<Option<VshardId>, StoreError> {
        documents::vshard_of(self, job)
    }
    fn put_sign_up(
        &mut self,
        vshard: VshardId,
        sign_up: SignUpId,
        fields: &SignUpFields,
    ) -> Result<(), StoreError> {
        documents::put_sign_up(self, vshard, sign_up, fields)
    }
    fn sign_up(&mut self, sign_up: SignUpId) -> Result<Option<SignUpRow>, StoreError> {
        Ok(documents::sign_ups(self, SignUpsBy::Id(sign_up))?.pop())
    }
    fn sign_up_by_idempotency(&mut self, key: &[u8; 16]) -> Result<Option<SignUpRow>, StoreError> {
        Ok(documents::sign_ups(self, SignUpsBy::Idempotency(key))?.pop())
    }
    fn sign_ups_by_code(&mut self, code: &str) -> Result<Vec<SignUpRow>, StoreError> {
        documents::sign_ups(self, SignUpsBy::Code(code))
    }
    fn sign_ups_for(&mut self, vshard: VshardId, job: JobId) -> Result<Vec<SignUpRow>, StoreError> {
        documents::sign_ups(self, SignUpsBy::Job(vshard, job))
    }
    fn jobs_of(
        &mut self,
        vshard: VshardId,
        tenant: TenantId,
        from: i64,
        until: i64,
    ) -> Result<Vec<JobSummary>, StoreError> {
        documents::jobs_of(self, vshard, tenant, from, until)
    }
    fn sign_ups_of(
        &mut self,
        vshard: VshardId,
        job: JobId,
        worker: WorkerId,
    ) -> Result<Vec<SignUpRow>, StoreError> {
        let mut rows = documents::sign_ups(self, SignUpsBy::Worker(vshard, job, worker))?;
        rows.retain(|row| row.status().is_current());
        Ok(rows)
    }
    fn sign_ups_of_worker(&mut self, worker: WorkerId) -> Result<Vec<SignUpRow>, StoreError> {
        documents::sign_ups(self, SignUpsBy::AnyJob(worker))
    }
    fn node_job(&mut self, vshard: VshardId, job: JobId) -> Result<Option<(NodeJob, HubSaid)>, StoreError> {
        ledger::node_job(self, vshard, job)
    }
    fn node_jobs(&mut self, vshard: VshardId) -> Result<Vec<(JobId, NodeJob, HubSaid)>, StoreError> {
        ledger::node_jobs(self, vshard)
    }
    fn put_node_job(
        &mut self,
        vshard: VshardId,
        job: JobId,
        seats: &NodeJob,
        said: &HubSaid,
    ) -> Result<(), StoreError> {
        ledger::put_node_job(self, vshard, job, seats, said)
    }
    fn hub_job(&mut self, vshard: VshardId, job: JobId) -> Result<Option<HubJob>, StoreError> {
        ledger::hub_job(self, vshard, job)
    }
    fn put_hub_job(&mut self, vshard: VshardId, job: JobId, seats: &HubJob) -> Result<(), StoreError> {
        ledger::put_hub_job(self, vshard, job, seats)
    }
    fn holding(&mut self, vshard: VshardId, job: JobId, writer: Writer) -> Result<HubHolding, StoreError> {
        ledger::holding(self, vshard, job, writer)
    }
    fn put_holding(
        &mut self,
        vshard: VshardId,
        job: JobId,
        writer: Writer,
        holding: &HubHolding,
    ) -> Result<(), StoreError> {
        ledger::put_holding(self, vshard, job, writer, holding)
    }
    fn holdings(&mut self, vshard: VshardId, job: JobId) -> Result<Vec<(Writer, HubHolding)>, StoreError> {
        ledger::holdings(self, vshard, job)
    }
    fn seat(
        &mut self,
        vshard: VshardId,
        job: JobId,
        sign_up: SignUpId,
    ) -> Result<Option<SeatRow>, StoreError> {
        ledger::seat(self, vshard, job, sign_up)
    }
    fn put_seat(&mut self, vshard: VshardId, job: JobId, seat: &SeatRow) -> Result<(), StoreError> {
        ledger::put_seat(self, vshard, job, seat)
    }
    fn seats(&mut self, vshard: VshardId, job: JobId) -> Result<Vec<SeatRow>, StoreError> {
        ledger::seats(self, vshard, job)
    }
    fn waiting(&mut self, vshard: VshardId, job: JobId) -> Result<Vec<WaitRow>, StoreError> {
        ledger::waiting(self, vshard, job)
    }
    fn wait(
        &mut self,
        vshard: VshardId,
        job: JobId,
        sign_up: SignUpId,
    ) -> Result<Option<WaitRow>, StoreError> {
        Ok(ledger::wait(self, vshard, job, sign_up)?.map(|(_, wait)| wait))
    }
    fn first_waiting(&mut self, vshard: VshardId, job: JobId) -> Result<Option<WaitRow>, StoreError> {
        ledger::first_waiting(self, vshard, job)
    }
    fn place_in_line(&mut self, vshard: VshardId, job: JobId, sign_up: SignUpId) -> Result<u32, StoreError> {
        ledger::place_in_line(self, vshard, job, sign_up)
    }
    fn put_waiting(&mut self, vshard: VshardId, job: JobId, wait: &WaitRow) -> Result<(), StoreError> {
        ledger::put_waiting(self, vshard, job, wait)
    }
    fn remove_waiting(&mut self, vshard: VshardId, job: JobId, sign_up: SignUpId) -> Result<(), StoreError> {
        let sql = "DELETE FROM waiting WHERE vshard = ?1 AND job = ?2 AND sign_up = ?3";
        self.run(sql, params![vshard.0, job.to_bytes(), sign_up.to_bytes()]).map(drop)
    }
    fn seats_of_worker(
        &mut self,
        vshard: VshardId,
        worker: WorkerId,
    ) -> Result<Vec<(JobId, SeatRow)>, StoreError> {
        ledger::seats_of_worker(self, vshard, worker)
    }
    fn seats_held_by(
        &mut self,
        vshard: VshardId,
        holder: Writer,
    ) -> Result<Vec<(JobId, SeatRow)>, StoreError> {
        ledger::seats_held_by(self, vshard, holder)
    }
    fn holdings_of(
        &mut self,
        vshard: VshardId,
        writer: Writer,
    ) -> Result<Vec<(JobId, HubHolding)>, StoreError> {
        ledger::holdings_of(self, vshard, writer)
    }
    fn standing(&mut self, vshard: VshardId, writer: Writer) -> Result<Standing, StoreError> {
        Ok(standing::row(self, vshard, writer)?.map(|row| row.standing).unwrap_or_default())
    }
    fn standing_row(&mut self, vshard: VshardId, writer: Writer) -> Result<Option<StandingRow>, StoreError> {
        standing::row(self, vshard, writer)
    }
    fn put_standing(&mut self, vshard: VshardId, row: &StandingRow) -> Result<(), StoreError> {
        standing::put(self, vshard, row)
    }
    fn vshards_of_writer(&mut self, writer: Writer) -> Result<Vec<VshardId>, StoreError> {
        standing::vshards(self, writer)
    }
    fn standings(&mut self) -> Result<Vec<(VshardId, StandingRow)>, StoreError> {
        standing::all(self)
    }
    fn limbo(&mut self) -> Result<Vec<LimboRow>, StoreError> {
        standing::limbo(self)
    }
    fn put_evidence(
        &mut self,
        vshard: VshardId,
        writer: Writer,
        at: LogHead,
        entry: &Entry,
    ) -> Result<(), StoreError> {
        standing::put_evidence(self, vshard, writer, at, entry)
    }
    fn evidence(
        &mut self,
        vshard: VshardId,
        writer: Writer,
    ) -> Result<(Vec<Entry>, Option<LogHead>), StoreError> {
        standing::evidence(self, vshard, writer)
    }
    fn evidence_head(&mut self, vshard: VshardId, writer: Writer) -> Result<Option<LogHead>, StoreError> {
        standing::evidence_head(self, vshard, writer)
    }
    fn remove_evidence(&mut self, vshard: VshardId, writer: Writer) -> Result<(), StoreError> {
        let sql = "DELETE FROM evidence WHERE vshard = ?1 AND writer = ?2";
        self.run(sql, params![vshard.0, writer.to_bytes()]).map(drop)
    }
    fn ending(
        &mut self,
        vshard: VshardId,
        job: JobId,
        sign_up: SignUpId,
    ) -> Result<Option<EndingRow>, StoreError> {
        standing::ending(self, vshard, job, sign_up)
    }
    fn put_ending(&mut self, vshard: VshardId, row: &EndingRow) -> Result<(), StoreError> {
        standing::put_ending(self, vshard, row)
    }
    fn endings(&mut self, vshard: VshardId, job: JobId) -> Result<Vec<EndingRow>, StoreError> {
        standing::endings(self, vshard, job)
    }
    fn endings_for(
        &mut self,
        vshard: VshardId,
        job: JobId,
        reason: EndReason,
    ) -> Result<Vec<EndingRow>, StoreError> {
        standing::endings_for(self, vshard, job, reason)
    }
    fn endings_open(&mut self) -> Result<u64, StoreError> {
        standing::endings_open(self)
    }
    fn recall(
        &mut self,
        vshard: VshardId,
        job: JobId,
        writer: Writer,
    ) -> Result<Option<(u32, u32)>, StoreError> {
        standing::recall(self, vshard, job, writer)
    }
    fn put_recall(
        &mut self,
        vshard: VshardId,
        job: JobId,
        writer: Writer,
        recall: (u32, u32),
    ) -> Result<(), StoreError> {
        standing::put_recall(self, vshard, job, writer, recall)
    }
    fn is_reclaimed(&mut self, vshard: VshardId, job: JobId, writer: Writer) -> Result<bool, StoreError> {
        standing::is_reclaimed(self, vshard, job, writer)
    }
    fn put_reclaimed(
        &mut self,
        vshard: VshardId,
        job: JobId,
        writer: Writer,
        at: i64,
    ) -> Result<(), StoreError> {
        standing::put_reclaimed(self, vshard, job, writer, at)
    }
    fn contacts(&mut self, vshard: VshardId, writer: Writer) -> Result<Contacts, StoreError> {
        standing::contacts(self, vshard, writer)
    }
    fn put_contacts(
        &mut self,
        vshard: VshardId,
        writer: Writer,
        contacts: Contacts,
    ) -> Result<(), StoreError> {
        standing::put_contacts(self, vshard, writer, contacts)
    }
    fn begin_history(&mut self, vshard: VshardId) -> Result<u16, StoreError> {
        log::begin_history(self, vshard)
    }
    fn seat_totals(&mut self) -> Result<SeatTotals, StoreError> {
        ledger::seat_totals(self)
    }
    fn holding_totals(&mut self) -> Result<Vec<HoldingTotals>, StoreError> {
        ledger::holding_totals(self)
    }
    fn receipt(&mut self, vshard: VshardId, sign_up: SignUpId) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT vshard, sign_up, receipt, sum FROM receipt WHERE vshard = ?1 AND sign_up = ?2";
        self.one("receipt", sql, params![vshard.0, sign_up.to_bytes()], |row| row.get(2))
    }
    fn put_receipt(&mut self, vshard: VshardId, sign_up: SignUpId, receipt: &[u8]) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO receipt (vshard, sign_up, receipt, sum) VALUES (?1, ?2, ?3, ?4)";
        self.put("receipt", sql, params![vshard.0, sign_up.to_bytes(), receipt])
    }
    fn put_message(&mut self, message: &MessageRow) -> Result<(), StoreError> {
        outbox::put(self, message)
    }
    fn remove_message(&mut self, vshard: VshardId, n: u64) -> Result<(), StoreError> {
        outbox::remove(self, vshard, n)
    }
    fn message(&mut self, vshard: VshardId, n: u64) -> Result<Option<MessageRow>, StoreError> {
        outbox::one(self, vshard, n)
    }
    fn messages(&mut self, is_dead: bool, limit: usize) -> Result<Vec<MessageRow>, StoreError> {
        outbox::list(self, is_dead, limit)
    }
    fn message_counts(&mut self) -> Result<(u64, u64), StoreError> {
        outbox::count(self)
    }
    fn park(
        &mut self,
        vshard: VshardId,
        writer: Writer,
        entry: &Entry,
        reason: &str,
    ) -> Result<(), StoreError> {
        log::park(self, vshard, writer, entry, reason)
    }
    fn parked(&mut self) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM parked WHERE vshard >= 0";
        Ok(self.figures(sql, [], |row| unsigned(row, 0))?.first().copied().unwrap_or(0))
    }
    fn meta(&mut self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Self::meta(self, key)
    }
    fn put_meta(&mut self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        Self::put_meta(self, key, value)
    }
    fn last_counter(&mut self) -> Result<u64, StoreError> {
        let stored =
            Self::meta(self, "counter")?.map_or(Some(0), |v| v.try_into().ok().map(u64::from_be_bytes));
        stored.ok_or(StoreError::BadRow("counter"))
    }
    fn next_counter(&mut self) -> Result<u64, StoreError> {
        let next = self.last_counter()? + 1;
        Self::put_meta(self, "counter", &next.to_be_bytes())?;
        Ok(next)
    }
}

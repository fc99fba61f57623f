//! What the hub knows about nodes, tenants, join tokens and topics: one small SQLite file beside the shards.

mod erasures;

pub use erasures::{ErasureAnswer, ErasureRecord};

use crate::{error::StoreError, rows::FenceCause, sqlite::migrate};
use rusqlite::{Connection, OptionalExtension, params};
use std::path::Path;
use sync_protocol::{
    documents::TENANT_KEY_BYTES,
    ids::{Incarnation, NodeId, TenantId, TopicId, VshardId, Writer},
    limits::TENANT_KEYS_MAX,
    wire::v1::Tenant,
};

const SCHEMA: &str = "
CREATE TABLE node (node INTEGER PRIMARY KEY, incarnation INTEGER NOT NULL, name TEXT NOT NULL UNIQUE, region TEXT NOT NULL,
  log_key BLOB NOT NULL, fenced TEXT, joined_at INTEGER NOT NULL) STRICT;
CREATE TABLE tenant (tenant INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, key_hash BLOB NOT NULL) STRICT;
CREATE TABLE token (id TEXT PRIMARY KEY, secret_hash BLOB NOT NULL, region TEXT NOT NULL, node_name TEXT NOT NULL,
  expires_at INTEGER NOT NULL, used_at INTEGER) STRICT;
CREATE TABLE topic (topic INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, region TEXT NOT NULL, bucket INTEGER NOT NULL,
  vshard INTEGER NOT NULL) STRICT;
CREATE TABLE event (n INTEGER PRIMARY KEY, at INTEGER NOT NULL, text TEXT NOT NULL) STRICT;
CREATE TABLE erasure (id BLOB PRIMARY KEY, region TEXT NOT NULL, worker BLOB NOT NULL, at INTEGER NOT NULL,
  heard_at INTEGER NOT NULL, heard_from INTEGER NOT NULL) STRICT;
CREATE TABLE erasure_receipt (id BLOB NOT NULL, node INTEGER NOT NULL, incarnation INTEGER NOT NULL, receipt BLOB NOT NULL,
  heard_at INTEGER NOT NULL, PRIMARY KEY (id, node)) STRICT;
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
";

/// A node that has joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRecord {
    pub writer: Writer,
    pub name: String,
    pub region: String,
    /// Ed25519 public key of its log.
    pub log_key: Vec<u8>,
    /// Why its incarnation is fenced, where it is.
    pub fenced: Option<String>,
    pub joined_at: i64,
}

/// A tenant with the hash of its API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantRecord {
    pub id: TenantId,
    pub name: String,
    pub key_hash: Vec<u8>,
    /// Public keys that sign in its name, the present one first, 32 bytes each.
    pub sign_keys: Vec<u8>,
}

impl TenantRecord {
    /// The form in which nodes are told of it.
    #[must_use]
    pub fn to_wire(&self) -> Tenant {
        let (key_hash, sign_keys) = (self.key_hash.clone(), self.sign_keys.clone());
        Tenant { id: self.id.0, name: self.name.clone(), key_hash, sign_keys }
    }
}

/// A join token; the secret itself is not stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    pub id: String,
    pub secret_hash: Vec<u8>,
    pub region: String,
    pub node_name: String,
    pub expires_at: i64,
    pub used_at: Option<i64>,
}

/// A topic in the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicRecord {
    pub topic: TopicId,
    pub tenant: TenantId,
    pub region: String,
    pub vshard: VshardId,
}

/// Numbers of nodes that are left out after a restore: more than join between two backups.
const NODES_SKIPPED: u32 = 1_000;
/// Incarnations of each node that are left out after a restore: more than one box begins between two backups.
const INCARNATIONS_SKIPPED: u32 = 8;
const NODE_FLOOR: &str = "node_floor";

fn incarnation_floor(node: NodeId) -> String {
    format!("incarnation_floor/{}", node.0)
}

fn cause_key(writer: Writer) -> String {
    format!("fence_cause/{writer}")
}

fn sign_keys_key(tenant: TenantId) -> String {
    format!("tenant_sign_keys/{}", tenant.0)
}

/// Keys of the log keys; a writer's bytes follow in hexadecimal digits.
const LOG_KEYS: &str = "log_key/";

fn log_key_key(writer: Writer) -> String {
    writer.to_bytes().iter().fold(LOG_KEYS.to_owned(), |key, byte| format!("{key}{byte:02x}"))
}

fn writer_of_log_key(key: &str) -> Option<Writer> {
    let digits = key.strip_prefix(LOG_KEYS)?;
    let pairs = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
    let bytes: Option<Vec<u8>> = pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect();
    Writer::from_bytes(&bytes?)
}

/// Events that are kept; the oldest go. Far more than an operator reads, and a few hundred KiB.
const EVENTS_KEPT: u32 = 10_000;

/// Something that happened, with how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// Epoch seconds of the last time.
    pub at: i64,
    pub text: String,
    pub times: u32,
}

/// The open control file. Several processes may open it at a time.
#[derive(Debug)]
pub struct ControlStore {
    connection: Connection,
}

impl ControlStore {
    /// Opens or creates the file.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let mut connection = Connection::open(path)?;
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        migrate(&mut connection, SCHEMA, 2)?;
        Ok(Self { connection })
    }

    pub fn nodes(&self) -> Result<Vec<NodeRecord>, StoreError> {
        let sql =
            "SELECT node, incarnation, name, region, log_key, fenced, joined_at FROM node ORDER BY node";
        let mut statement = self.connection.prepare(sql)?;
        let rows = statement.query_map([], |row| {
            Ok(NodeRecord {
                writer: Writer { node: NodeId(row.get(0)?), incarnation: Incarnation(row.get(1)?) },
                name: row.get(2)?,
                region: row.get(3)?,
                log_key: row.get(4)?,
                fenced: row.get(5)?,
                joined_at: row.get(6)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The writer that a join under `name` gets: a new node, or the next incarnation of the one with that name.
    pub fn next_writer(&self, name: &str) -> Result<Writer, StoreError> {
        let known = self
            .connection
            .query_row("SELECT node, incarnation FROM node WHERE name = ?1", [name], |row| {
                Ok(Writer::new(row.get(0)?, row.get(1)?))
            })
            .optional()?;
        if let Some(Writer { node, incarnation }) = known {
            let floor = self.floor(&incarnation_floor(node))?;
            return Ok(Writer::new(node.0, incarnation.0.max(u16::try_from(floor).unwrap_or(u16::MAX)) + 1));
        }
        Ok(Writer::new(self.last_node()?.max(self.floor(NODE_FLOOR)?) + 1, 1))
    }

    fn last_node(&self) -> Result<u32, StoreError> {
        Ok(self.connection.query_row("SELECT coalesce(max(node), 0) FROM node", [], |row| row.get(0))?)
    }

    fn floor(&self, key: &str) -> Result<u32, StoreError> {
        let Some(stored) = self.meta(key)? else { return Ok(0) };
        stored.try_into().map(u32::from_be_bytes).map_err(|_| StoreError::BadRow("number floor"))
    }

    /// Leaves out the numbers that may have been given after a backup that this file came from: no number is used twice.
    pub fn skip_numbers(&self) -> Result<(), StoreError> {
        let last = self.last_node()?.max(self.floor(NODE_FLOOR)?);
        self.put_meta(NODE_FLOOR, &(last + NODES_SKIPPED).to_be_bytes())?;
        for node in self.nodes()? {
            let key = incarnation_floor(node.writer.node);
            let last = u32::from(node.writer.incarnation.0).max(self.floor(&key)?);
            self.put_meta(&key, &(last + INCARNATIONS_SKIPPED).to_be_bytes())?;
        }
        Ok(())
    }

    /// Uses up a token and stores the node in one transaction; false where the token was used in the meantime.
    pub fn join(&mut self, token: &str, node: &NodeRecord) -> Result<bool, StoreError> {
        let tx = self.connection.transaction()?;
        let used = tx.execute(
            "UPDATE token SET used_at = ?2 WHERE id = ?1 AND used_at IS NULL",
            params![token, node.joined_at],
        )?;
        if used == 0 {
            return Ok(false);
        }
        let sql = "INSERT OR REPLACE INTO node (node, incarnation, name, region, log_key, fenced, joined_at)
                   VALUES (?1, ?2, ?3, ?4, ?5, NULL, ?6)";
        let writer = node.writer;
        // The row keeps the newest incarnation alone, and logs of the earlier ones may still come.
        for (writer, log_key) in
            former_of(&tx, writer.node)?.into_iter().chain([(writer, node.log_key.clone())])
        {
            let sql = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
            tx.execute(sql, params![log_key_key(writer), log_key])?;
        }
        tx.execute(
            sql,
            params![
                writer.node.0,
                writer.incarnation.0,
                node.name,
                node.region,
                node.log_key,
                node.joined_at
            ],
        )?;
        tx.commit()?;
        Ok(true)
    }

    /// The log key of every incarnation that has joined, also of those that are over.
    pub fn log_keys(&self) -> Result<Vec<(Writer, Vec<u8>)>, StoreError> {
        let mut keys: Vec<_> = self.nodes()?.into_iter().map(|node| (node.writer, node.log_key)).collect();
        let sql = "SELECT key, value FROM meta WHERE key >= 'log_key/' AND key < 'log_key0'";
        let mut statement = self.connection.prepare(sql)?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
        for row in rows {
            let (key, log_key) = row?;
            let writer = writer_of_log_key(&key).ok_or(StoreError::BadRow("log key"))?;
            keys.push((writer, log_key));
        }
        Ok(keys)
    }

    /// Fences an incarnation: one way, and the first cause stays. False where it was fenced before.
    pub fn fence(&mut self, writer: Writer, cause: FenceCause, reason: &str) -> Result<bool, StoreError> {
        let tx = self.connection.transaction()?;
        let sql = "UPDATE node SET fenced = ?3 WHERE node = ?1 AND incarnation = ?2 AND fenced IS NULL";
        let stood = tx.execute(sql, params![writer.node.0, writer.incarnation.0, reason])?;
        let sql = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        let had_no_cause = tx.execute(sql, params![cause_key(writer), cause.as_str().as_bytes()])?;
        tx.commit()?;
        Ok(stood + had_no_cause > 0)
    }

    /// Why an incarnation was fenced, where it was.
    pub fn fence_cause(&self, writer: Writer) -> Result<Option<FenceCause>, StoreError> {
        let stored = self.meta(&cause_key(writer))?;
        let word = stored.map(String::from_utf8).transpose().map_err(|_| StoreError::BadRow("cause"))?;
        word.map(|word| FenceCause::parse(&word).ok_or(StoreError::BadRow("cause"))).transpose()
    }

    pub fn tenants(&self) -> Result<Vec<TenantRecord>, StoreError> {
        let mut statement =
            self.connection.prepare("SELECT tenant, name, key_hash FROM tenant ORDER BY tenant")?;
        let rows = statement.query_map([], |row| Ok((TenantId(row.get(0)?), row.get(1)?, row.get(2)?)))?;
        let mut tenants = Vec::new();
        for row in rows {
            let (id, name, key_hash) = row?;
            let sign_keys = self.meta(&sign_keys_key(id))?.unwrap_or_default();
            tenants.push(TenantRecord { id, name, key_hash, sign_keys });
        }
        Ok(tenants)
    }

    /// Makes a public key the one that signs in a tenant's name from here on; those before it still count for jobs that were
    /// posted while their node was cut off.
    pub fn put_sign_key(&self, tenant: TenantId, key: &[u8; TENANT_KEY_BYTES]) -> Result<(), StoreError> {
        let before = self.meta(&sign_keys_key(tenant))?.unwrap_or_default();
        let mut keys = [&key[..], &before].concat();
        keys.truncate(TENANT_KEYS_MAX * TENANT_KEY_BYTES);
        self.put_meta(&sign_keys_key(tenant), &keys)
    }

    /// Gives a tenant another key; false where there is no tenant of this name.
    pub fn set_tenant_key(&self, name: &str, key_hash: &[u8]) -> Result<bool, StoreError> {
        let sql = "UPDATE tenant SET key_hash = ?2 WHERE name = ?1";
        Ok(self.connection.execute(sql, params![name, key_hash])? > 0)
    }

    /// Adds a tenant; `None` where the name is taken.
    pub fn add_tenant(&self, name: &str, key_hash: &[u8]) -> Result<Option<TenantId>, StoreError> {
        let sql =
            "INSERT INTO tenant (name, key_hash) VALUES (?1, ?2) ON CONFLICT DO NOTHING RETURNING tenant";
        let id = self
            .connection
            .query_row(sql, params![name, key_hash], |row| row.get(0).map(TenantId))
            .optional()?;
        Ok(id)
    }

    pub fn add_token(&self, token: &TokenRow) -> Result<(), StoreError> {
        let sql =
            "INSERT INTO token (id, secret_hash, region, node_name, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)";
        let values = params![token.id, token.secret_hash, token.region, token.node_name, token.expires_at];
        self.connection.execute(sql, values)?;
        Ok(())
    }

    pub fn token(&self, id: &str) -> Result<Option<TokenRow>, StoreError> {
        Ok(self.tokens()?.into_iter().find(|token| token.id == id))
    }

    pub fn tokens(&self) -> Result<Vec<TokenRow>, StoreError> {
        let sql =
            "SELECT id, secret_hash, region, node_name, expires_at, used_at FROM token ORDER BY expires_at";
        let mut statement = self.connection.prepare(sql)?;
        let rows = statement.query_map([], |row| {
            Ok(TokenRow {
                id: row.get(0)?,
                secret_hash: row.get(1)?,
                region: row.get(2)?,
                node_name: row.get(3)?,
                expires_at: row.get(4)?,
                used_at: row.get(5)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub fn topics(&self) -> Result<Vec<TopicRecord>, StoreError> {
        let mut statement =
            self.connection.prepare("SELECT topic, tenant, region, vshard FROM topic ORDER BY topic")?;
        let rows = statement.query_map([], |row| {
            Ok(TopicRecord {
                topic: TopicId(u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0)),
                tenant: TenantId(row.get(1)?),
                region: row.get(2)?,
                vshard: VshardId(row.get(3)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Puts a topic into the directory at its first use.
    pub fn add_topic(&self, tenant: TenantId, region: &str) -> Result<TopicRecord, StoreError> {
        let topic = TopicId::of(tenant, region, 0);
        let vshard = VshardId::of(topic);
        let sql = "INSERT INTO topic (topic, tenant, region, bucket, vshard) VALUES (?1, ?2, ?3, 0, ?4) ON CONFLICT DO NOTHING";
        self.connection
            .execute(sql, params![i64::try_from(topic.0).unwrap_or(0), tenant.0, region, vshard.0])?;
        Ok(TopicRecord { topic, tenant, region: region.to_owned(), vshard })
    }

    /// Takes a topic out of the directory; the caller has made sure that nothing was written to it.
    pub fn remove_topic(&self, topic: TopicId) -> Result<(), StoreError> {
        let topic = i64::try_from(topic.0).unwrap_or(0);
        self.connection.execute("DELETE FROM topic WHERE topic = ?1", params![topic])?;
        Ok(())
    }

    /// Writes a line for the operators; of very many the oldest go.
    pub fn add_event(&self, at: i64, text: &str) -> Result<(), StoreError> {
        self.connection.execute("INSERT INTO event (at, text) VALUES (?1, ?2)", params![at, text])?;
        let sql = "DELETE FROM event WHERE n <= (SELECT max(n) FROM event) - ?1";
        self.connection.execute(sql, [EVENTS_KEPT])?;
        Ok(())
    }

    /// The latest events, newest first; what was said several times is one of them.
    pub fn events(&self, limit: u32) -> Result<Vec<EventRow>, StoreError> {
        let sql = "SELECT max(at), text, count(*) FROM event GROUP BY text ORDER BY max(n) DESC LIMIT ?1";
        let mut statement = self.connection.prepare(sql)?;
        let rows = statement.query_map([limit], |row| {
            Ok(EventRow { at: row.get(0)?, text: row.get(1)?, times: row.get(2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The key of a region's worker pseudonyms; `fresh` becomes it at the first use of the region.
    pub fn region_key(&self, region: &str, fresh: &[u8; 32]) -> Result<[u8; 32], StoreError> {
        let key = format!("region_key/{region}");
        let sql = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        self.connection.execute(sql, params![key, fresh])?;
        let stored = self.meta(&key)?.and_then(|value| value.try_into().ok());
        stored.ok_or(StoreError::BadRow("region key"))
    }

    /// A number that changes when another process has changed the file.
    pub fn data_version(&self) -> Result<i64, StoreError> {
        Ok(self.connection.query_row("PRAGMA data_version", [], |row| row.get(0))?)
    }

    pub fn meta(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self
            .connection
            .query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0))
            .optional()?)
    }

    pub fn put_meta(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        self.connection
            .execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)", params![key, value])?;
        Ok(())
    }
}

/// The incarnation that a join replaces, with its log key.
fn former_of(connection: &Connection, node: NodeId) -> Result<Option<(Writer, Vec<u8>)>, StoreError> {
    let sql = "SELECT incarnation, log_key FROM node WHERE node = ?1";
    let former = connection
        .query_row(sql, [node.0], |row| Ok((Writer::new(node.0, row.get(0)?), row.get(1)?)))
        .optional()?;
    Ok(former)
}

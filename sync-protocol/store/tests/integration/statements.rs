//! A lint over the SQL as it stands in the sources: what is said of keys and statements is true of each of them.

use std::{collections::BTreeMap, fs, path::Path};

/// Tables without a vshard, and why.
const NOT_DATA: [(&str, &str); 5] = [
    ("meta", "is about the file, not about what is in it"),
    ("person", "belongs to the region; no vshard may carry it"),
    ("person_key", "belongs to the region; no vshard may carry it"),
    ("card", "belongs to the region; no vshard may carry it"),
    ("erasure", "is about a person, not about a vshard"),
];

/// Statements that do not ask for one vshard, by how they begin, and why.
const WHOLE_FILE: [(&str, &str); 37] = [
    ("SELECT vshard, writer, wseq, head, sum FROM origin_cursor WHERE vshard >= 0", "all logs of a writer"),
    ("SELECT vshard FROM log WHERE vshard > ?1", "steps from vshard to vshard"),
    ("SELECT vshard, history, seq, sum FROM node_cursor", "all cursors"),
    ("SELECT vshard, owner_term, history, next_seq, sum FROM vshard ORDER BY", "all vshards"),
    ("SELECT vshard, writer, standing, cause, detail, at, sum FROM standing ORDER BY", "all standings"),
    ("SELECT count(*) FROM ending", "a figure"),
    ("SELECT count(*) FROM parked", "a figure"),
    ("SELECT count(*), coalesce(sum(cap)", "a figure"),
    ("SELECT writer, sum(granted)", "a figure"),
    (
        "SELECT vshard, job, topic, tenant, key, title, start_at, end_at, sum FROM job WHERE job = ?1",
        "finds the vshard",
    ),
    (
        "SELECT vshard, job, topic, tenant, key, title, start_at, end_at, sum FROM job WHERE end_at > ?1",
        "all jobs, at start",
    ),
    (
        "SELECT vshard, sign_up, job, worker, status, code, idempotency, body_hash, created_at, reason, sum FROM sign_up WHERE sign_up = ?1",
        "finds the vshard",
    ),
    (
        "SELECT vshard, sign_up, job, worker, status, code, idempotency, body_hash, created_at, reason, sum FROM sign_up WHERE idempotency = ?1",
        "finds the vshard",
    ),
    (
        "SELECT vshard, sign_up, job, worker, status, code, idempotency, body_hash, created_at, reason, sum FROM sign_up WHERE code = ?1",
        "finds the vshard",
    ),
    (
        "SELECT vshard, sign_up, job, worker, status, code, idempotency, body_hash, created_at, reason, sum FROM sign_up WHERE worker = ?1",
        "shifts of a worker may lie in several",
    ),
    ("SELECT worker, wrapped, sum FROM person_key", "about a person"),
    ("SELECT worker, class, sealed, sum FROM person", "about a person"),
    ("SELECT token, worker, sum FROM card", "about a person"),
    ("SELECT id, worker, at, receipt, told, sum FROM erasure WHERE id", "about a person"),
    ("SELECT id, worker, at, receipt, told, sum FROM erasure WHERE told", "about persons"),
    ("INSERT OR REPLACE INTO person_key", "about a person"),
    ("INSERT OR REPLACE INTO person (", "about a person"),
    ("INSERT OR REPLACE INTO card", "about a person"),
    ("INSERT OR REPLACE INTO erasure", "about a person"),
    ("DELETE FROM card", "about a person"),
    ("DELETE FROM person_key", "about a person"),
    ("DELETE FROM person WHERE", "about a person"),
    ("SELECT vshard FROM origin_cursor WHERE vshard >= 0", "all vshards of a writer"),
    ("SELECT h.writer, h.job", "a figure"),
    (
        "SELECT vshard, n, kind, subject, at, tries, next_at, error, dead, sum FROM outbox WHERE dead = ?1",
        "whatever is due",
    ),
    ("SELECT count(*), coalesce(sum(dead)", "a figure"),
    ("SELECT key, value, sum FROM meta", "about the file"),
    ("SELECT vshard, max(seq) FROM change", "reading everything"),
    ("SELECT * FROM", "reading everything"),
    ("SELECT sql FROM sqlite_schema", "about the file"),
    ("SELECT count(*) FROM sqlite_schema", "about the file"),
    ("INSERT OR REPLACE INTO meta", "about the file"),
];

/// Statements whose rows are not read with their checksum, by how they begin, and why.
const UNVERIFIED: [(&str, &str); 16] = [
    ("SELECT 1 FROM", "asks whether there is a row"),
    ("SELECT vshard FROM log", "each log is then read verified"),
    ("SELECT vshard FROM origin_cursor", "each is then read verified"),
    ("SELECT h.writer, h.job", "a figure"),
    ("SELECT count(*)", "a figure"),
    ("SELECT writer, sum(granted)", "a figure"),
    ("SELECT coalesce(max(n), 0) + 1 FROM parked", "a free number; a wrong one meets the key"),
    ("SELECT vshard, max(seq) FROM change", "compared with what is verified"),
    ("SELECT * FROM", "all columns and the checksum"),
    ("SELECT sql FROM sqlite_schema", "compared with the schema"),
    ("DELETE FROM waiting", "removes what it names"),
    ("DELETE FROM person", "removes what it names"),
    ("DELETE FROM person_key", "removes what it names"),
    ("DELETE FROM card", "removes what it names"),
    ("DELETE FROM outbox", "removes what it names"),
    ("DELETE FROM evidence", "removes what it names"),
];

fn source(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(path)).unwrap()
}

/// Columns of each table, in order.
fn tables() -> BTreeMap<String, Vec<String>> {
    let schema = source("sqlite/schema.sql");
    let statements = schema.split(';').map(str::trim).filter(|sql| sql.starts_with("CREATE TABLE"));
    let table = |sql: &str| {
        let (name, rest) = sql["CREATE TABLE ".len()..].split_once(" (").unwrap();
        let (rest, _) = rest.rsplit_once(") STRICT").unwrap();
        let columns = rest.split(", ").flat_map(|part| part.split(",\n")).map(str::trim);
        let columns = columns.take_while(|part| !part.starts_with("PRIMARY KEY ("));
        (name.to_owned(), columns.map(|part| part.split(' ').next().unwrap().to_owned()).collect())
    };
    statements.map(table).collect()
}

/// Every string of the engine that is a statement, with its white space made single.
fn statements() -> Vec<String> {
    let mut found = Vec::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sqlite");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let files = files.filter(|name| name.ends_with(".rs")).map(|name| format!("sqlite/{name}"));
    for file in files.chain(["sqlite.rs".to_owned()]) {
        for part in source(&file).split('"').skip(1) {
            if ["SELECT ", "INSERT ", "UPDATE ", "DELETE "].iter().any(|verb| part.starts_with(verb)) {
                found.push(part.split_whitespace().collect::<Vec<_>>().join(" "));
            }
        }
    }
    found
}

fn is_listed(list: &[(&str, &str)], sql: &str) -> bool {
    list.iter().any(|(start, _)| sql.starts_with(start))
}

#[test]
fn every_key_begins_with_a_vshard_and_every_row_ends_with_its_checksum() {
    let tables = tables();
    assert_eq!(tables.len(), 28);
    for (name, columns) in &tables {
        assert_eq!(columns.last().unwrap(), "sum", "{name}");
        let is_data = !NOT_DATA.iter().any(|(table, _)| table == name);
        assert_eq!(columns[0] == "vshard", is_data, "{name} begins with {}", columns[0]);
    }
    for sql in source("sqlite/schema.sql").split(';').map(str::trim) {
        if let Some((_, key)) = sql.split_once("PRIMARY KEY (") {
            let is_data = !NOT_DATA.iter().any(|(table, _)| sql.contains(&format!("TABLE {table} (")));
            assert!(key.starts_with("vshard, ") || !is_data, "{sql}");
        }
    }
}

#[test]
fn every_statement_names_its_vshard() {
    let statements = statements();
    assert!(statements.len() > 50, "{}", statements.len());
    for sql in &statements {
        let asks = sql.contains("vshard = ?1") || (sql.starts_with("INSERT") && sql.contains("(vshard, "));
        assert_ne!(asks, is_listed(&WHOLE_FILE, sql), "name the vshard or give the reason: {sql}");
    }
    for (start, _) in WHOLE_FILE {
        assert!(statements.iter().any(|sql| sql.starts_with(start)), "no statement begins so: {start}");
    }
}

#[test]
fn every_row_is_read_and_written_whole() {
    let tables = tables();
    for sql in statements().iter().filter(|sql| !is_listed(&UNVERIFIED, sql)) {
        let words: Vec<&str> = sql.split([' ', '(']).collect();
        let name =
            words.iter().position(|word| matches!(*word, "FROM" | "INTO")).map(|at| words[at + 1]).unwrap();
        let columns = tables[name].join(", ");
        let whole = [format!("SELECT {columns} FROM {name} "), format!(" INTO {name} ({columns}) ")];
        let whole = whole
            .iter()
            .any(|whole| sql.contains(whole.as_str()) || format!("{sql} ").contains(whole.as_str()));
        assert!(whole, "all columns of {name} in their order: {sql}");
    }
}

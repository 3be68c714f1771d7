//! A founder's chain made in memory: `CREATE TABLE far.note`, then one 300-byte commit a row, in segments of 1,024.
//!
//! Promises: the segments are what a peer would send, signed tips included. Knows neither disk nor clock.

use crate::Failure;
use dag::author_key::AuthorKey;
use dag::catalogue::Catalogue;
use dag::change::{ChangeSet, Insert, Marks, TableChanges};
use dag::collation::Collation;
use dag::commit::{Commit, MAX_SEGMENT_COMMITS};
use dag::encode;
use dag::genesis::Genesis;
use dag::header::{CommitKind, Header};
use dag::hlc::Hlc;
use dag::id::{CommitId, EntityId, NodeId, RunId};
use dag::schema::{Column, ColumnType, Database, Index, IndexPart, MergePolicy, SchemaChange, Table};
use dag::tip::Tip;
use dag::value::Value;
use linearizer::commit::Ordered;
use serde_bytes::ByteBuf;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Wall time of the first commit, ms: the past, so that nothing is held for its time (R9).
const START_MILLIS: u64 = 1_700_000_000_000;

/// Commits as bytes, and the signed tip at the last.
pub struct Segment {
    pub commits: Vec<Arc<[u8]>>,
    pub tip: Arc<[u8]>,
}

/// The chain so far.
pub struct Chain {
    genesis: Genesis,
    key: AuthorKey,
    pub table: Arc<Table>,
    prev: Option<CommitId>,
    seq: u64,
    schema: Option<ChangeSet>,
}

impl Chain {
    /// Nothing written yet.
    pub fn new(genesis: Genesis, key: AuthorKey) -> Result<Chain, Failure> {
        let (schema, table) = schema()?;
        Ok(Chain { genesis, key, table, prev: None, seq: 0, schema: Some(schema) })
    }

    /// The next segment; its first commit ever makes the table.
    pub fn segment(&mut self, commits: usize) -> Result<(Segment, Vec<Commit>), Failure> {
        let made: Result<Vec<Commit>, Failure> = (0..commits.min(MAX_SEGMENT_COMMITS)).map(|_| self.commit()).collect();
        let made = made?;
        let last = made.last().ok_or("a segment has at least one commit")?;
        let tip = self.tip(last).sign(&self.key).to_bytes().into();
        Ok((Segment { commits: made.iter().map(|c| c.bytes().clone()).collect(), tip }, made))
    }

    fn commit(&mut self) -> Result<Commit, Failure> {
        let changes = match self.schema.take() {
            Some(schema) => schema,
            None => row(&self.table, self.seq as i64)?,
        };
        self.seq += 1;
        let commit = Commit::new(self.header(), &changes, &[])?;
        self.prev = Some(commit.id);
        Ok(commit)
    }

    fn header(&self) -> Header {
        Header {
            genesis: self.genesis.id(),
            author: self.key.id(),
            run: RunId(1),
            seq: self.seq,
            prev: self.prev,
            parents: self.prev.into_iter().collect(),
            hlc: Hlc((START_MILLIS << 16) + self.seq),
            rules_level: 1,
            kind: CommitKind::Data,
            body: NodeId([0; 32]),
            body_length: 0,
            changes: 0,
            settles: Vec::new(),
            read_set: NodeId([0; 32]),
            control: NodeId([0; 32]),
            next_hidden: 1,
            extensions: BTreeMap::new(),
        }
    }

    fn tip(&self, commit: &Commit) -> Tip {
        Tip {
            version: 1,
            genesis: self.genesis.id(),
            author: self.key.id(),
            run: commit.header.run,
            seq: commit.header.seq,
            commit: commit.id,
            promise: Hlc(0),
            floor: Hlc(0),
            floor_hash: NodeId([0; 32]),
            frontier: NodeId([0; 32]),
            extensions: BTreeMap::new(),
        }
    }
}

impl Segment {
    /// As a bundle file holds it.
    pub fn write(&self, out: &mut Vec<u8>) {
        let commits: Vec<ByteBuf> = self.commits.iter().map(|c| ByteBuf::from(c.to_vec())).collect();
        let bytes = encode::to_bytes(&(commits, ByteBuf::from(self.tip.to_vec())));
        out.extend((bytes.len() as u32).to_be_bytes());
        out.extend(bytes);
    }
}

/// One row inserted under a key.
pub fn row(table: &Table, id: i64) -> Result<ChangeSet, Failure> {
    let values = [Value::Int(id), Value::text("an audit line, short")];
    let key = table.primary_key_of(&values)?;
    let insert = Insert { key, row: table.write(&values)?, marks: Marks::default() };
    let layout = table.newest_layout().id;
    let (updates, deletes) = (Vec::new(), Vec::new());
    let part = TableChanges { table: table.id, layout, clear: false, inserts: vec![insert], updates, deletes };
    Ok(ChangeSet { tables: vec![part], ..ChangeSet::default() })
}

/// A commit as the fold takes it.
pub fn ordered(commit: &Commit) -> Result<Arc<Ordered>, Failure> {
    Ok(Arc::new(Ordered {
        id: commit.id,
        parents: commit.header.parents.clone(),
        hlc: commit.header.hlc,
        author: commit.header.author,
        run: commit.header.run,
        seq: commit.header.seq,
        settles: Vec::new(),
        changes: commit.changes().ok_or("small change sets are inline")?,
        bytes: commit.header.body_length,
    }))
}

/// `CREATE DATABASE far; CREATE TABLE far.note (id BIGINT PRIMARY KEY, text VARCHAR(50))`.
pub fn schema() -> Result<(ChangeSet, Arc<Table>), Failure> {
    let text = Collation::Utf8mb4_0900AiCi;
    let column = |n: u8, name: &str, kind, collation| Column {
        id: EntityId([n; 32]),
        name: name.into(),
        kind,
        collation,
        nullable: false,
        default: None,
        on_update: None,
        auto_increment: false,
        missing: Value::Null,
        comment: "".into(),
        policy: None,
    };
    let bigint = ColumnType::Integer { bytes: 8, unsigned: false, display_width: None };
    let parts = vec![IndexPart { column: EntityId([1; 32]), prefix: None, descending: false }];
    let nobody = EntityId([0; 32]);
    let primary = Index { id: nobody, name: "PRIMARY".into(), unique: true, parts, comment: "".into() };
    let mut catalogue = Catalogue::default();
    let database = catalogue.identify_database(Database { id: nobody, name: "far".into(), collation: text });
    let mut changes = vec![SchemaChange::CreateDatabase(database.clone())];
    catalogue.apply(&changes[0]).map_err(|e| format!("{e:?}"))?;
    let table = Arc::new(catalogue.identify_table(Table {
        id: nobody,
        database: database.id,
        name: "note".into(),
        columns: vec![column(1, "id", bigint, Collation::Binary), column(2, "text", ColumnType::VarChar(50), text)],
        primary: Some(primary),
        indexes: Vec::new(),
        layouts: Vec::new(),
        collation: text,
        policy: MergePolicy::FirstWriteWins,
        comment: "".into(),
        first_auto_increment: 1,
    }));
    changes.push(SchemaChange::CreateTable(table.clone()));
    Ok((ChangeSet { schema: changes, ..ChangeSet::default() }, table))
}

//! Replicas in folders of their own, and exchanges pumped between them in memory: what tests of receiving stand on.

use super::founding;
use super::local::Local;
use super::writer::Contents;
use super::{Replica, record};
use crate::config::{Config, Settings};
use dag::author_key::AuthorKey;
use dag::catalogue::Catalogue;
use dag::change::{ChangeSet, Insert, Marks, TableChanges};
use dag::clock::System;
use dag::collation::Collation;
use dag::commit::Commit;
use dag::control::{ControlRecord, Role};
use dag::genesis::Genesis;
use dag::header::{CommitKind, Header};
use dag::hlc::Hlc;
use dag::id::{CommitId, EntityId, NodeId, RunId};
use dag::schema::{Column, ColumnType, Database, Index, IndexPart, MergePolicy, SchemaChange, Table};
use dag::tip::Tip;
use dag::value::Value;
use gossip::{Announcement, Effect, Event, Exchange, Fault, RawSegment};
use serde_bytes::ByteBuf;
use sql::error::SqlError;
use sql::journal::{Draft, Journal};
use sql::response::{ColumnDefinition, Response, Step};
use sql::session::{Login, Session};
use sql::wait::Suspend;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

/// A replica that can be stopped and started again.
pub struct Peer {
    folder: TempDir,
    checkpoint_commits: u64,
    replica: Option<Arc<Replica>>,
}

impl Peer {
    /// The founder of a database, which cuts a checkpoint after so many commits.
    pub fn founder(checkpoint_commits: u64) -> Peer {
        let folder = tempfile::tempdir().unwrap();
        founding::found(folder.path(), &System::new()).unwrap();
        Peer::begin(folder, checkpoint_commits)
    }

    /// The same, in a database whose epochs are so short that every checkpoint leaves the newest commits above it.
    pub fn founder_of_short_epochs(checkpoint_commits: u64) -> Peer {
        let folder = tempfile::tempdir().unwrap();
        founding::found(folder.path(), &System::new()).unwrap();
        let genesis = founding::load_genesis(folder.path()).unwrap();
        founding::write_genesis(folder.path(), &Genesis { epoch_millis: 1, ..genesis }).unwrap();
        Peer::begin(folder, checkpoint_commits)
    }

    fn begin(folder: TempDir, checkpoint_commits: u64) -> Peer {
        let mut peer = Peer { folder, checkpoint_commits, replica: None };
        peer.start();
        peer
    }

    /// A member that the founder has admitted, with nothing but genesis and its key.
    pub fn newcomer(&self, checkpoint_commits: u64) -> Peer {
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy(self.folder.path().join("genesis"), folder.path().join("genesis")).unwrap();
        let key = AuthorKey::generate(&System::new()).unwrap();
        key.save(&founding::key_path(folder.path())).unwrap();
        self.admit(&key);
        let mut peer = Peer { folder, checkpoint_commits, replica: None };
        peer.start();
        peer
    }

    /// A folder with genesis and a key of its own, which nobody has admitted.
    pub fn stranger(&self, checkpoint_commits: u64) -> Peer {
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy(self.folder.path().join("genesis"), folder.path().join("genesis")).unwrap();
        AuthorKey::generate(&System::new()).unwrap().save(&founding::key_path(folder.path())).unwrap();
        let mut peer = Peer { folder, checkpoint_commits, replica: None };
        peer.start();
        peer
    }

    /// Runs one statement in a session of its own.
    pub fn sql(&self, text: &str) -> Result<Vec<String>, SqlError> {
        self.client().sql(text)
    }

    /// A session.
    pub fn client(&self) -> Client {
        let login = Login { connection_id: 1, user: "root".to_owned(), ..Login::default() };
        Client(self.replica().engine().open_session(login).unwrap())
    }

    /// Admits a key as a writer.
    pub fn admit(&self, key: &AuthorKey) -> CommitId {
        self.control(&[ControlRecord::Admit { author: key.id(), role: Role::Writer, name: "peer".into() }])
    }

    /// Starts the process.
    pub fn start(&mut self) {
        let settings = Settings {
            data: Some(self.folder.path().to_owned()),
            checkpoint_commits: Some(self.checkpoint_commits),
            ..Settings::default()
        };
        let config = Config::resolve(settings, None).unwrap();
        self.replica = Some(Replica::open(&config, &|_, _| {}).unwrap());
    }

    /// Stops the process and starts another.
    pub fn restart(&mut self) {
        let replica = self.replica.take().unwrap();
        replica.stop().unwrap();
        drop(replica);
        self.start();
    }

    /// Ends the process without a word, as kill -9, and starts another.
    pub fn crash(&mut self) {
        drop(self.replica.take());
        self.start();
    }

    /// A backup of its folder as it is now, put back as another process. The one it was taken from must write no more
    /// once this one does (R6).
    pub fn restored(&mut self) -> Peer {
        self.replica.take().unwrap().stop().unwrap();
        let folder = tempfile::tempdir().unwrap();
        copy(self.folder.path(), folder.path());
        self.start();
        Peer { folder, checkpoint_commits: self.checkpoint_commits, replica: None }
    }

    /// The replica.
    pub fn replica(&self) -> &Replica {
        self.replica.as_deref().unwrap()
    }

    /// The same, to be held on to.
    pub fn shared(&self) -> Arc<Replica> {
        self.replica.clone().unwrap()
    }

    /// Where it keeps everything.
    pub fn data(&self) -> &Path {
        self.folder.path()
    }

    /// Everything below the SQL engine.
    pub fn local(&self) -> &Arc<Local> {
        &self.replica().local
    }

    /// The author key.
    pub fn key(&self) -> AuthorKey {
        founding::load_key(self.folder.path()).unwrap()
    }

    /// A control commit.
    pub fn control(&self, records: &[ControlRecord]) -> CommitId {
        let local = self.local();
        let kind = if records.is_empty() { CommitKind::Join } else { CommitKind::Control };
        let contents = Contents { kind, control: records, ..local.joining() };
        let committed = local.write(&mut local.latch(), &contents).unwrap();
        local.desk.finish();
        committed.durable.wait_blocking().unwrap();
        committed.id
    }

    /// A transaction.
    pub fn write(&self, changes: ChangeSet) -> CommitId {
        let (_, basis) = self.local().newest();
        let draft = Draft { changes, basis, settles: Vec::new(), user: "".into() };
        let committed = self.local().commit(draft).unwrap();
        committed.durable.wait_blocking().unwrap();
        committed.id
    }

    /// So many empty commits, written as fast as they can be, and cut into a checkpoint where one is due.
    pub fn write_many(&self, count: usize) {
        let local = self.local();
        for _ in 0..count.div_ceil(1_000) {
            let last = {
                let mut writer = local.latch();
                let write = |_| local.write(&mut writer, &local.joining()).unwrap();
                (0..count.min(1_000)).map(write).last().unwrap()
            };
            local.desk.finish();
            last.durable.wait_blocking().unwrap();
            self.replica().linearize().unwrap();
        }
    }

    /// So many empty commits, each on the disk before the next begins.
    pub fn write_one_by_one(&self, count: usize) {
        for _ in 0..count {
            self.control(&[]);
        }
    }

    /// Commits by its own key until one lies in a later epoch than the one before it, so that peers cut between them.
    /// Epochs last a millisecond, but five commits may lie in one.
    pub fn write_over_an_epochs_end(&self) {
        let millis = || self.local().latch().hlc.millis();
        self.write_one_by_one(1);
        let begun = millis();
        while millis() == begun {
            self.write_one_by_one(1);
        }
    }

    /// The heads of the virtual merge, sorted, and main's hash over all commits.
    pub fn main(&self) -> (Vec<CommitId>, NodeId) {
        let writer = self.local().latch();
        (writer.heads.frontier(), writer.linearizer.main_hash())
    }

    /// What it announces.
    pub fn announcement(&self) -> Announcement {
        self.local().announcement(&[]).unwrap()
    }

    /// Ids and reasons of what is held.
    pub fn held(&self) -> Vec<(CommitId, String)> {
        self.local().latch().room.facts().into_iter().map(|fact| (fact.id, fact.reason)).collect()
    }

    /// Whether the commit is admitted and shows.
    pub fn has(&self, id: &CommitId) -> bool {
        gossip::Ledger::vertex(&**self.local(), id).is_some()
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let there = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir(&there).unwrap();
            copy(&entry.path(), &there);
        } else {
            std::fs::copy(entry.path(), there).unwrap();
        }
    }
}

/// A session of a client.
pub struct Client(Session);

impl Client {
    /// Runs one statement; rows as text, cells apart by a blank.
    pub fn sql(&mut self, text: &str) -> Result<Vec<String>, SqlError> {
        self.0.start_query(text)?;
        loop {
            match self.0.run() {
                Step::Done(Ok(Response::Ok(_))) => return Ok(Vec::new()),
                Step::Done(Ok(Response::Rows(mut set))) => {
                    let mut rows = Vec::new();
                    while set.rows.next_batch(100, &mut rows)? {}
                    let cell = |value: &Value, column: &ColumnDefinition| {
                        sql::render::text(value, &column.ty).map_or("NULL".to_owned(), |text| text.into_owned())
                    };
                    let line = |row: &Vec<Value>| {
                        let cells: Vec<String> = row.iter().zip(set.columns.iter()).map(|(v, c)| cell(v, c)).collect();
                        cells.join(" ")
                    };
                    return Ok(rows.iter().map(line).collect());
                }
                Step::Done(Err(error)) => return Err(error),
                Step::Suspend(Suspend::Commit(durable)) => self.0.resume(durable.wait_blocking()),
                Step::Suspend(_) => panic!("{text}: it waits for something else than the disk"),
            }
        }
    }
}

/// One connection, seen from the peer that asks.
#[derive(Default)]
pub struct Link {
    mine: Exchange,
    theirs: Exchange,
    /// Messages of answers.
    pub messages: usize,
    /// Requests, each with its answer a round trip.
    pub rounds: usize,
    /// Bytes of all messages, both ways.
    pub bytes: usize,
    /// Faults that admission found.
    pub faults: Vec<Fault>,
}

impl Link {
    /// Pulls what the giver announces, until nothing moves; how many commits entered.
    pub fn pull(&mut self, asker: &Peer, giver: &Peer) -> u64 {
        let announced = Event::Announced(giver.announcement());
        let mut todo = self.mine.apply(announced, &**asker.local(), 0);
        let (mut waiting, mut entered) = (Vec::new(), 0);
        while !todo.is_empty() {
            let mut events = Vec::new();
            for effect in std::mem::take(&mut todo) {
                match effect {
                    Effect::Send(message) => {
                        self.rounds += 1;
                        self.bytes += dag::encode::to_bytes(&message).len();
                        for effect in self.theirs.apply(Event::Received(message), &**giver.local(), 0) {
                            let Effect::Send(answer) = effect else { panic!("a server only sends") };
                            self.messages += 1;
                            self.bytes += dag::encode::to_bytes(&answer).len();
                            events.push(Event::Received(answer));
                        }
                    }
                    Effect::Admit(segment) => waiting.push(segment),
                    Effect::Finish(number) => {
                        let admission = asker.local().admit(&giver.local().author, std::mem::take(&mut waiting));
                        entered += admission.entered;
                        self.faults.extend(&admission.faults);
                        events.extend(admission.faults.iter().map(|fault| Event::Refused(*fault)));
                        events.push(Event::Missing(admission.missing));
                        events.push(Event::Stored(number));
                    }
                    Effect::Drop(fault) => panic!("dropped: {fault:?}"),
                }
            }
            for event in events {
                todo.extend(self.mine.apply(event, &**asker.local(), 0));
            }
        }
        entered
    }
}

/// Writes commits by hand, as any member's program might.
pub struct Hand {
    /// Whose.
    pub key: AuthorKey,
    /// Its chain.
    pub run: u64,
    /// Number of its last commit.
    pub seq: u64,
    /// Its last commit, or its admission.
    pub prev: CommitId,
}

impl Hand {
    /// A chain that begins behind an admission.
    pub fn new(key: AuthorKey, run: u64, admission: CommitId) -> Hand {
        Hand { key, run, seq: 0, prev: admission }
    }

    /// The header of the next commit, at this time.
    pub fn header(&self, peer: &Peer, parents: &[CommitId], hlc: Hlc) -> Header {
        let nothing = NodeId([0; 32]);
        let mut parents: Vec<CommitId> = parents.iter().copied().chain([self.prev]).collect();
        parents.sort_unstable();
        parents.dedup();
        Header {
            genesis: peer.local().genesis.id(),
            author: self.key.id(),
            run: RunId(self.run),
            seq: self.seq + 1,
            prev: Some(self.prev),
            parents,
            hlc,
            rules_level: 1,
            kind: CommitKind::Data,
            body: nothing,
            body_length: 0,
            changes: 0,
            settles: Vec::new(),
            read_set: nothing,
            control: nothing,
            next_hidden: 1,
            extensions: BTreeMap::new(),
        }
    }

    /// The next commit.
    pub fn commit(&mut self, header: Header, changes: &ChangeSet) -> Commit {
        let commit = Commit::new(header, changes, &[]).unwrap();
        (self.seq, self.prev) = (commit.header.seq, commit.id);
        commit
    }

    /// The tip at a commit.
    pub fn tip(&self, id: CommitId, header: &Header, promise: Hlc) -> Vec<u8> {
        let tip = Tip {
            version: 1,
            genesis: header.genesis,
            author: self.key.id(),
            run: header.run,
            seq: header.seq,
            commit: id,
            promise,
            floor: Hlc(0),
            floor_hash: NodeId([0; 32]),
            frontier: NodeId([0; 32]),
            extensions: BTreeMap::new(),
        };
        tip.sign(&self.key).to_bytes()
    }

    /// Commits with the tip at the last.
    pub fn segment(&self, commits: &[Commit], promise: Hlc) -> RawSegment {
        let last = commits.last().unwrap();
        let tip = ByteBuf::from(self.tip(last.id, &last.header, promise));
        RawSegment { commits: commits.iter().map(|c| ByteBuf::from(c.bytes().to_vec())).collect(), tip }
    }
}

/// `CREATE DATABASE far; CREATE TABLE far.note (id BIGINT PRIMARY KEY, text VARCHAR(50))`, as a change set.
pub fn schema() -> (ChangeSet, Arc<Table>) {
    let column = |n: u8, name: &str, kind: ColumnType, collation| Column {
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
    let part = IndexPart { column: EntityId([1; 32]), prefix: None, descending: false };
    let primary =
        Index { id: EntityId([0; 32]), name: "PRIMARY".into(), unique: true, parts: vec![part], comment: "".into() };
    let text = Collation::Utf8mb4_0900AiCi;
    let bigint = ColumnType::Integer { bytes: 8, unsigned: false, display_width: None };
    let mut catalogue = Catalogue::default();
    let database = catalogue.identify_database(Database { id: EntityId([0; 32]), name: "far".into(), collation: text });
    let mut changes = vec![SchemaChange::CreateDatabase(database.clone())];
    catalogue.apply(&changes[0]).unwrap();
    let table = Arc::new(catalogue.identify_table(Table {
        id: EntityId([0; 32]),
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
    (ChangeSet { schema: changes, ..ChangeSet::default() }, table)
}

/// One row.
pub fn insert(table: &Table, id: i64, text: &str) -> ChangeSet {
    let values = [Value::Int(id), Value::text(text)];
    let insert = Insert {
        key: table.primary_key_of(&values).unwrap(),
        row: table.write(&values).unwrap(),
        marks: Marks::default(),
    };
    let layout = table.newest_layout().id;
    let (updates, deletes) = (Vec::new(), Vec::new());
    let part = TableChanges { table: table.id, layout, clear: false, inserts: vec![insert], updates, deletes };
    ChangeSet { tables: vec![part], ..ChangeSet::default() }
}

/// Wall time here, milliseconds.
pub fn now(peer: &Peer) -> u64 {
    peer.local().clock.wall_millis()
}

/// The header of a commit that a peer stores.
pub fn header_of(peer: &Peer, id: CommitId) -> Arc<Header> {
    record::find(&peer.local().log, &id).unwrap().unwrap().commit.header
}

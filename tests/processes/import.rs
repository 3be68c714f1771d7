//! Chains of simulated peers, carried in a bundle file into a real folder: many heads, one of them parked, read through
//! the virtual merge, compacted into main, verified.

use super::BINARY;
use acceptance::instance::Instance;
use dag::author_key::AuthorKey;
use dag::catalogue::Catalogue;
use dag::change::{ChangeSet, Insert, Marks, TableChanges};
use dag::clock::{Clock, System};
use dag::collation::Collation;
use dag::commit::{Commit, Prepared};
use dag::control::{ControlRecord, Role};
use dag::encode;
use dag::genesis::Genesis;
use dag::header::{CommitKind, Header};
use dag::hlc::Hlc;
use dag::id::{CommitId, EntityId, NodeId, RunId};
use dag::schema::{Column, ColumnType, Database, Index, IndexPart, MergePolicy, SchemaChange, Table};
use dag::tip::Tip;
use dag::tree::{NodeSink, Shape, TreeError};
use dag::value::Value;
use mysql_async::prelude::Queryable;
use serde_bytes::ByteBuf;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

const PEERS: u64 = 20;
const MAGIC: &[u8] = b"headwaters bundle 2\n";

/// How far ahead of now the chains are written: above every promise that the founder's own replica makes meanwhile (R15),
/// below what is held (R9).
const AHEAD_MILLIS: u64 = 4_000;

/// A folder's database as the test sees it: its genesis, and its author's key.
pub struct World {
    genesis: Genesis,
    founder: AuthorKey,
    /// The time of the last commit.
    pub clock: u64,
    segments: Vec<u8>,
    /// Objects of the last commit's changes, where they are in trees.
    objects: Vec<(NodeId, ByteBuf)>,
    /// What the tips say.
    pub says: Says,
}

/// What a tip says beside its commit.
#[derive(Clone, Copy)]
pub struct Says {
    /// Nothing at or below it will be written.
    pub promise: Hlc,
    /// How far everybody was heard.
    pub floor: Hlc,
    /// main's hash there.
    pub floor_hash: NodeId,
}

/// Nothing promised, nothing heard.
const NOTHING: Says = Says { promise: Hlc(0), floor: Hlc(0), floor_hash: NodeId([0; 32]) };

#[derive(Default)]
struct Objects(Vec<(NodeId, ByteBuf)>);

impl NodeSink for Objects {
    fn put(&mut self, id: NodeId, bytes: &[u8]) -> Result<(), TreeError> {
        self.0.push((id, ByteBuf::from(bytes.to_vec())));
        Ok(())
    }
}

impl World {
    /// The database of a folder.
    pub fn of(folder: &Path) -> World {
        let genesis = Genesis::from_bytes(&std::fs::read(folder.join("genesis")).unwrap()).unwrap();
        let founder = AuthorKey::load(&folder.join("author.key")).unwrap();
        World {
            genesis,
            founder,
            clock: Hlc::new(System::new().wall_millis() + AHEAD_MILLIS, 0).0,
            segments: MAGIC.to_vec(),
            objects: Vec::new(),
            says: NOTHING,
        }
    }

    /// A bundle of one commit, at the moment behind this one.
    pub fn alone(
        &mut self,
        key: &AuthorKey,
        at: (u64, u64),
        prev: CommitId,
        content: (&ChangeSet, &[ControlRecord]),
        behind: Hlc,
    ) -> Vec<u8> {
        self.clock = behind.0;
        self.segments.truncate(MAGIC.len());
        self.write(key, at, prev, content);
        self.segments.clone()
    }

    /// One commit as a segment of its own: written into the bundle with its signed tip.
    fn write(
        &mut self,
        key: &AuthorKey,
        at: (u64, u64),
        prev: CommitId,
        content: (&ChangeSet, &[ControlRecord]),
    ) -> CommitId {
        let (run, seq) = at;
        self.clock += 1;
        let kind = if content.1.is_empty() { CommitKind::Data } else { CommitKind::Control };
        let header = header(&self.genesis, key, RunId(run), seq, prev, Hlc(self.clock), kind);
        let mut objects = Objects::default();
        let shape = Shape::new(self.genesis.tree_key.into_array());
        let prepared = Prepared::of(&Arc::new(content.0.clone()), &shape, &mut objects).unwrap();
        let commit = Commit::place(header, &prepared, content.1).unwrap();
        let tip = tip(&self.genesis, key, &commit, self.says).sign(key);
        self.item(&(vec![ByteBuf::from(commit.bytes().to_vec())], ByteBuf::from(tip.to_bytes())));
        self.objects = objects.0;
        commit.id
    }

    fn item(&mut self, written: &impl serde::Serialize) {
        let bytes = encode::to_bytes(written);
        self.segments.extend((bytes.len() as u32).to_be_bytes());
        self.segments.extend(bytes);
    }
}

fn header(
    genesis: &Genesis,
    key: &AuthorKey,
    run: RunId,
    seq: u64,
    prev: CommitId,
    hlc: Hlc,
    kind: CommitKind,
) -> Header {
    let nothing = NodeId([0; 32]);
    Header {
        genesis: genesis.id(),
        author: key.id(),
        run,
        seq,
        prev: Some(prev),
        parents: vec![prev],
        hlc,
        rules_level: 1,
        kind,
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

fn tip(genesis: &Genesis, key: &AuthorKey, commit: &Commit, says: Says) -> Tip {
    Tip {
        version: 1,
        genesis: genesis.id(),
        author: key.id(),
        run: commit.header.run,
        seq: commit.header.seq,
        commit: commit.id,
        promise: says.promise,
        floor: says.floor,
        floor_hash: says.floor_hash,
        frontier: NodeId([0; 32]),
        extensions: BTreeMap::new(),
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

fn insert(table: &Table, id: i64, text: &str) -> ChangeSet {
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

fn verb(folder: &Path, arguments: &[&str]) -> serde_json::Value {
    let out = Command::new(BINARY)
        .args(["--data", &folder.display().to_string()])
        .args(arguments)
        .arg("--json")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success(), "{arguments:?}: {text}{}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_str(text.lines().next().unwrap_or_default()).unwrap()
}

/// ```text
/// ... head -- schema -- admission --+-- peer 0: id 0
///                                   +-- peer 1: id 1   ... peer 18: id 18
///                                   +-- peer 19: id 0 again: parked
/// ```
#[tokio::test]
async fn many_heads_are_merged_one_is_parked_and_main_takes_them_all() {
    let folder = tempfile::tempdir().unwrap();
    let instance = Instance::start(BINARY, folder.path());
    let mut connection = instance.connect().await;
    connection.query_drop("CREATE DATABASE here").await.unwrap();
    assert!(instance.stop());
    let head = verb(folder.path(), &["heads"])[0].clone();
    let id = head["id"].as_str().unwrap();
    let mut world = World::of(folder.path());
    let founder = AuthorKey::from_text(&world.founder.to_text()).unwrap();
    let (schema, table) = schema();
    let first = world.write(&founder, (77, 1), CommitId::parse(id).unwrap(), (&schema, &[]));
    let keys: Vec<AuthorKey> = (0..PEERS).map(|n| AuthorKey::from_seed([n as u8 + 1; 32])).collect();
    let admit = |key: &AuthorKey| ControlRecord::Admit { author: key.id(), role: Role::Writer, name: "peer".into() };
    let records: Vec<ControlRecord> = keys.iter().map(admit).collect();
    let admission = world.write(&founder, (77, 2), first, (&ChangeSet::default(), &records));
    for (n, key) in keys.iter().enumerate() {
        let row = if n as u64 == PEERS - 1 { 0 } else { n as i64 };
        world.write(key, (1, 1), admission, (&insert(&table, row, &format!("from peer {n}")), &[]));
    }
    let bundle = folder.path().join("peers.bundle");
    std::fs::write(&bundle, &world.segments).unwrap();
    let receipt = verb(folder.path(), &["import", &bundle.display().to_string()]);
    assert_eq!(receipt["entered"], PEERS + 2, "{receipt}");
    assert_eq!(
        verb(folder.path(), &["import", &bundle.display().to_string()])["known"],
        PEERS + 2,
        "twice changes nothing"
    );

    assert_eq!(verb(folder.path(), &["heads"]).as_array().unwrap().len() as u64, PEERS);
    let parked = verb(folder.path(), &["conflicts"]);
    assert_eq!(parked.as_array().unwrap().len(), 1, "{parked}");
    let count = verb(folder.path(), &["sql", "SELECT COUNT(*) AS n, MIN(text) AS first FROM far.note"]);
    assert_eq!((&count[0]["n"], &count[0]["first"]), (&"19".into(), &"from peer 0".into()), "the first write wins");
    let cut = verb(folder.path(), &["compact"]);
    assert_eq!(cut["position"], (PEERS + 3).to_string(), "{cut}");
    assert_eq!(
        verb(folder.path(), &["sql", "SELECT COUNT(*) AS n FROM far.note"])[0]["n"],
        "19",
        "read from the checkpoint"
    );
    assert_eq!(verb(folder.path(), &["verify"])["sound"], true);
    settle(folder.path(), parked[0]["id"].as_str().unwrap()).await;
    verb(folder.path(), &["sql", "INSERT INTO far.note VALUES (100, 'joins the heads')"]);
    assert_eq!(verb(folder.path(), &["heads"]).as_array().unwrap().len(), 1, "a commit joins all heads");
}

/// R24: settled once, by what stands; then nothing waits, and a second time is refused.
async fn settle(folder: &Path, parked: &str) {
    let instance = Instance::start(BINARY, folder);
    let mut connection = instance.connect().await;
    let cases = [
        (format!("CALL headwaters.resolve('{}', 'theirs')", &parked[..7]), Some("1105")),
        (format!("CALL headwaters.resolve('{parked}', 'ours')"), Some("1235")),
        ("CALL headwaters.resolve(1, 'theirs')".to_owned(), Some("1210")),
        (format!("CALL headwaters.resolve('{}', 'THEIRS')", &parked[..8]), None),
        (format!("CALL headwaters.resolve('{parked}', 'theirs')"), Some("1105")),
    ];
    for (call, refused) in cases {
        let said = connection.query_drop(&call).await.err().map(|e| e.to_string());
        assert_eq!(said.is_some(), refused.is_some(), "{call}: {said:?}");
        assert!(said.unwrap_or_default().contains(refused.unwrap_or_default()), "{call}");
    }
    assert!(instance.stop());
    assert_eq!(verb(folder, &["conflicts"]), serde_json::json!([]));
}

#[tokio::test]
async fn a_strangers_chain_and_a_forged_one_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let instance = Instance::start(BINARY, folder.path());
    instance.connect().await.query_drop("CREATE DATABASE here").await.unwrap();
    assert!(instance.stop());
    let head = verb(folder.path(), &["heads"])[0].clone();
    let id = CommitId::parse(head["id"].as_str().unwrap()).unwrap();
    let stranger = AuthorKey::from_seed([200; 32]);
    let mut world = World::of(folder.path());
    world.write(&stranger, (1, 1), id, (&schema().0, &[]));
    let intact = world.segments.clone();
    let mut forged = intact.clone();
    let middle = forged.len() / 2;
    forged[middle] ^= 1;
    for (name, bytes) in [("stranger", intact), ("forged", forged)] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let data = folder.path().display().to_string();
        let out = Command::new(BINARY).args(["--data", &data, "import", &path.display().to_string()]).output().unwrap();
        assert!(!out.status.success(), "{name} was taken");
    }
    assert_eq!(verb(folder.path(), &["heads"]), serde_json::json!([head]), "nothing changed");
}

#[tokio::test]
async fn a_large_commit_enters_when_all_its_objects_are_here() {
    let folder = tempfile::tempdir().unwrap();
    let instance = Instance::start(BINARY, folder.path());
    instance.connect().await.query_drop("CREATE DATABASE here").await.unwrap();
    assert!(instance.stop());
    let head = verb(folder.path(), &["heads"])[0].clone();
    let id = CommitId::parse(head["id"].as_str().unwrap()).unwrap();
    let mut world = World::of(folder.path());
    let founder = AuthorKey::from_text(&world.founder.to_text()).unwrap();
    let (schema, table) = schema();
    let first = world.write(&founder, (77, 1), id, (&schema, &[]));
    let mut rows = insert(&table, 0, "a row");
    rows.tables[0].inserts = (0..3_000).flat_map(|n| insert(&table, n, "a row").tables.remove(0).inserts).collect();
    world.write(&founder, (77, 2), first, (&rows, &[]));
    let path = folder.path().join("large.bundle").display().to_string();
    let import = |segments: &[u8]| {
        std::fs::write(&path, segments).unwrap();
        verb(folder.path(), &["import", &path])
    };
    let without = import(&world.segments);
    assert_eq!((&without["entered"], without["waiting"].as_array().unwrap().len()), (&1.into(), 1), "{without}");
    assert!(without["waiting"][0].as_str().unwrap().contains("objects of its changes"), "{without}");
    let mut objects = std::mem::take(&mut world.objects);
    let last = objects.split_off(objects.len() - 1);
    assert!(objects.len() > 20, "{} objects", objects.len());
    world.item(&(objects,));
    assert_eq!(import(&world.segments)["entered"], 0, "the root is still missing");
    world.segments.truncate(MAGIC.len());
    world.item(&(last,));
    import(&world.segments);
    let commits = without_objects(&mut world, &founder, first, &rows);
    assert_eq!(import(&commits)["entered"], 1);
    assert_eq!(verb(folder.path(), &["sql", "SELECT COUNT(*) AS n FROM far.note"])[0]["n"], "3000");
    assert_eq!(verb(folder.path(), &["verify"])["sound"], true);
}

/// The same rows as a commit alone: its objects are here already, by their hashes.
fn without_objects(world: &mut World, founder: &AuthorKey, prev: CommitId, rows: &ChangeSet) -> Vec<u8> {
    world.segments.truncate(MAGIC.len());
    world.write(founder, (77, 2), prev, (rows, &[]));
    world.segments.clone()
}

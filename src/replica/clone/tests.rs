//! Two real replicas in one process: one clones from the other, which writes on meanwhile.

use super::shelf::Shelf;
use super::*;
use crate::config::{Config, Settings};
use crate::failure::Failure;
use crate::replica::receiving::Taken;
use crate::replica::{Replica, founding};
use dag::author_key::AuthorKey;
use dag::clock::System;
use dag::id::NodeId;
use dag::version::Ask;
use gossip::objects::answer;
use gossip::{Ledger, Message, RawSegment, TransportId};
use serde_bytes::ByteBuf;
use sql::response::Response;
use sql::session::{Login, Session};
use sql::wait::Suspend;
use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

fn config(data: &Path) -> Config {
    Config::resolve(Settings { data: Some(data.to_owned()), ..Settings::default() }, None).unwrap()
}

struct Member {
    replica: Arc<Replica>,
    session: Session,
}

impl Member {
    fn open(data: &Path) -> Member {
        let replica = Replica::open(&config(data), &|_, _| {}).unwrap();
        let login = Login { user: "root".to_owned(), account: "root@localhost".to_owned(), ..Login::default() };
        let session = replica.engine().open_session(login).unwrap();
        Member { replica, session }
    }

    fn founded(data: &Path) -> Member {
        founding::found(data, &System::new()).unwrap();
        Member::open(data)
    }

    /// Runs a statement; a query's rows as text.
    fn sql(&mut self, text: &str) -> Result<Vec<Vec<String>>, String> {
        self.session.start_query(text).map_err(|e| e.to_string())?;
        loop {
            match self.session.run() {
                sql::response::Step::Done(Ok(Response::Ok(_))) => return Ok(Vec::new()),
                sql::response::Step::Done(Ok(Response::Rows(mut set))) => {
                    let mut rows = Vec::new();
                    while set.rows.next_batch(1_000, &mut rows).map_err(|e| e.to_string())? {}
                    let cell = |(value, column): (_, &sql::response::ColumnDefinition)| {
                        sql::render::text(value, &column.ty).map_or("NULL".to_owned(), |t| t.into_owned())
                    };
                    return Ok(rows.iter().map(|r| r.iter().zip(set.columns.iter()).map(cell).collect()).collect());
                }
                sql::response::Step::Done(Err(error)) => return Err(error.to_string()),
                sql::response::Step::Suspend(Suspend::Commit(durable)) => self.session.resume(durable.wait_blocking()),
                sql::response::Step::Suspend(_) => panic!("nobody else is here"),
            }
        }
    }

    fn run(&mut self, statements: &[&str]) {
        for statement in statements {
            self.sql(statement).unwrap_or_else(|e| panic!("{statement}: {e}"));
        }
    }

    fn status(&mut self, name: &str) -> String {
        let rows = self.sql("SELECT * FROM headwaters.status").unwrap();
        rows.into_iter().find(|row| row[0] == name).unwrap_or_else(|| panic!("no {name}"))[1].clone()
    }

    fn cut(&self) {
        crate::replica::linearizing::cut_now(&self.replica.local).unwrap();
    }
}

/// Everything the other has and this one lacks, whole segments.
fn pull(from: &Member, to: &Member) -> Taken {
    let (from, to) = (&from.replica.local, &to.replica);
    from.announcement(&[]).unwrap();
    let ask = Ask { want: &from.heads(), have: &to.local.have(), also: &[], settled: true };
    let mut lack = from.lack(&ask);
    let (mut parcels, mut open) = (Vec::new(), Vec::new());
    for id in from.next(&mut lack.walk, usize::MAX) {
        let served = from.served(&id).unwrap();
        open.push(ByteBuf::from(served.commit.to_vec()));
        if let Some(tip) = served.tip {
            parcels.push(RawSegment { commits: std::mem::take(&mut open), tip: ByteBuf::from(tip.to_vec()) });
        }
    }
    to.receive(parcels).unwrap()
}

/// Asks replicas of this process, at once.
struct Near<'a> {
    members: &'a [(u8, &'a Member, Manner)],
    asked: Cell<u64>,
}

#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Honest,
    /// Every object has a flipped bit.
    Lies,
    /// Answers so many requests, with few objects each, and then no more.
    Until(u64),
}

impl Peers for Near<'_> {
    fn connected(&self) -> Vec<TransportId> {
        self.members.iter().map(|(n, ..)| TransportId([*n; 32])).collect()
    }

    fn ask(&self, peer: TransportId, number: u64, request: Message, answers: &SyncSender<Answer>) {
        self.asked.set(self.asked.get() + 1);
        let (_, member, manner) = self.members.iter().find(|(n, ..)| TransportId([*n; 32]) == peer).unwrap();
        if matches!(manner, Manner::Until(most) if self.asked.get() > *most) {
            panic!("the process is killed here");
        }
        let local = &member.replica.local;
        let messages = match request {
            Message::Checkpoints => {
                let checkpoints = local.offers().into_iter().map(ByteBuf::from).collect();
                vec![Message::Offer { checkpoints }]
            }
            Message::Get { get, ids } => {
                let mut objects = local.objects(&ids);
                if matches!(manner, Manner::Until(_)) {
                    objects.truncate(4);
                }
                if *manner == Manner::Lies {
                    objects.iter_mut().flatten().for_each(|object| Arc::make_mut(object)[0] ^= 1);
                }
                answer(get, &objects)
            }
            other => panic!("{other:?}"),
        };
        answers.send(Answer { peer, number, messages: Ok(messages) }).unwrap();
    }
}

/// A folder of the same database under a new key, as `join` leaves it.
fn newcomer(from: &Path, data: &Path) {
    std::fs::create_dir_all(data).unwrap();
    std::fs::copy(from.join("genesis"), data.join("genesis")).unwrap();
    AuthorKey::generate(&System::new()).unwrap().save(&founding::key_path(data)).unwrap();
}

fn take(data: &Path, members: &[(u8, &Member, Manner)]) -> Result<Outcome, Failure> {
    let (clock, peers) = (System::new(), Near { members, asked: Cell::new(0) });
    let genesis = founding::load_genesis(data).unwrap();
    Taking::new(data, genesis, open_stores(data).unwrap(), &clock, &peers, &|_, _| {}).sealing_after(40_000).run()
}

const ROWS: &str = "SELECT COUNT(*), SUM(n), MIN(name), MAX(name) FROM shop.goods";

fn fill(member: &mut Member, from: u32, to: u32) {
    for start in (from..to).step_by(500) {
        let rows: Vec<String> = (start..(start + 500).min(to))
            .map(|n| format!("({n}, {}, 'name {n}', REPEAT('x', {}))", n * 3, n % 90))
            .collect();
        member.run(&[&format!("INSERT INTO shop.goods VALUES {}", rows.join(","))]);
    }
}

fn stocked(data: &Path) -> Member {
    let mut first = Member::founded(data);
    first.run(&[
        "CREATE DATABASE shop",
        "CREATE TABLE shop.goods (id INT PRIMARY KEY, n INT, name VARCHAR(40), note MEDIUMTEXT, KEY (name))",
        "CREATE TABLE shop.empty (id INT PRIMARY KEY AUTO_INCREMENT, v INT)",
    ]);
    fill(&mut first, 0, 4_000);
    first
}

/// A row whose commit is in trees itself (R10), and whose value is an object of its own.
const LARGE: &str = "INSERT INTO shop.goods VALUES (900000, 1, 'large', REPEAT('long', 20000))";

#[test]
fn a_clone_reads_the_same_goes_on_with_the_tail_and_serves_the_next_clone() {
    let folders: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
    let paths: Vec<_> = folders.iter().map(|f| f.path().join("data")).collect();
    let mut first = stocked(&paths[0]);
    first.run(&[LARGE]);
    first.cut();
    first.run(&["UPDATE shop.goods SET n = n + 1 WHERE id < 100", "DELETE FROM shop.goods WHERE id = 7"]);
    newcomer(&paths[0], &paths[1]);
    let outcome = take(&paths[1], &[(1, &first, Manner::Honest)]).unwrap();
    assert!(matches!(outcome, Outcome::Checkpoint { position: 12, skipped: 0, .. }), "{outcome:?}");
    assert!(!is_under_way(&paths[1]));

    let mut second = Member::open(&paths[1]);
    assert_eq!(second.status("cloned_at"), "12");
    assert_eq!(second.sql(ROWS).unwrap()[0][0], "4001");
    fill(&mut first, 4_000, 5_000);
    let receipt = pull(&first, &second);
    assert!(receipt.refused.is_empty() && receipt.waiting.is_empty() && receipt.entered == 4, "{receipt:?}");
    assert_eq!(second.sql(ROWS).unwrap(), first.sql(ROWS).unwrap());
    assert_eq!(second.status("main_hash"), first.status("main_hash"));
    let by_index = "SELECT id, LENGTH(note) FROM shop.goods WHERE name IN ('large', 'name 4321') ORDER BY id";
    assert_eq!(second.sql(by_index).unwrap(), first.sql(by_index).unwrap());
    let below = second.sql("SELECT * FROM `shop@aaaaaaaaaa`.goods").unwrap_err();
    assert!(below.contains("12 commits below it were not fetched"), "{below}");
    second.replica.linearize().unwrap();
    assert_eq!(second.sql("SELECT MIN(position) FROM headwaters.log").unwrap()[0][0], "13");

    // It restarts, cuts checkpoints of its own and serves a clone in its turn: only what its stable prefix holds.
    let main_hash = second.status("main_hash");
    drop(second);
    let mut second = Member::open(&paths[1]);
    assert_eq!(second.status("main_hash"), main_hash);
    second.replica.stop().unwrap();
    drop(second);
    let verified = crate::replica::verifying::verify(&config(&paths[1]), &|_, _| {}).unwrap();
    assert!(verified.faults.is_empty(), "{:?}", verified.faults);
    assert_eq!((verified.unfetched, &verified.main_hash), (Some((12, 12)), &main_hash));
    assert!(
        verified.objects > 50 && verified.lines().iter().any(|line| line.starts_with("NOT checked: the 12 commits"))
    );
    let second = Member::open(&paths[1]);
    newcomer(&paths[0], &paths[2]);
    let members = [(2, &second, Manner::Honest), (1, &first, Manner::Lies)];
    let outcome = take(&paths[2], &members).unwrap();
    assert!(matches!(outcome, Outcome::Checkpoint { position: 12, .. }), "{outcome:?}");
    let mut third = Member::open(&paths[2]);
    let receipt = pull(&second, &third);
    assert_eq!(receipt.entered, 4, "{receipt:?}");
    assert_eq!(third.status("main_hash"), main_hash);
    assert_eq!(third.sql(ROWS).unwrap(), first.sql(ROWS).unwrap());
}

#[test]
fn a_clone_that_is_killed_goes_on_where_the_disk_stands() {
    let folders: Vec<_> = (0..2).map(|_| tempfile::tempdir().unwrap()).collect();
    let paths: Vec<_> = folders.iter().map(|f| f.path().join("data")).collect();
    let first = stocked(&paths[0]);
    first.cut();
    newcomer(&paths[0], &paths[1]);
    let killed =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| take(&paths[1], &[(1, &first, Manner::Until(14))])));
    assert!(killed.is_err() && is_under_way(&paths[1]));
    let outcome = take(&paths[1], &[(1, &first, Manner::Honest)]).unwrap();
    let Outcome::Checkpoint { skipped, objects, .. } = outcome else { panic!("{outcome:?}") };
    assert!(skipped > 5 && objects > 5, "{outcome:?}");
    let mut second = Member::open(&paths[1]);
    assert_eq!(second.sql("SELECT COUNT(*) FROM shop.goods").unwrap()[0][0], "4000");
}

#[test]
fn without_a_stable_checkpoint_or_a_signature_the_whole_history_is_left_to_the_exchange() {
    let folders: Vec<_> = (0..2).map(|_| tempfile::tempdir().unwrap()).collect();
    let paths: Vec<_> = folders.iter().map(|f| f.path().join("data")).collect();
    let first = stocked(&paths[0]);
    newcomer(&paths[0], &paths[1]);
    let outcome = take(&paths[1], &[(1, &first, Manner::Honest)]).unwrap();
    assert!(matches!(&outcome, Outcome::WholeHistory(why) if why.contains("no connected member")), "{outcome:?}");
    let mut second = Member::open(&paths[1]);
    assert_eq!(second.status("cloned_at"), "0");
    let receipt = pull(&first, &second);
    assert!(receipt.refused.is_empty() && receipt.entered == 11, "{receipt:?}");
    assert_eq!(second.sql("SELECT COUNT(*) FROM shop.goods").unwrap()[0][0], "4000");
}

#[test]
fn objects_are_served_by_hash_and_hang_from_the_stable_checkpoint() {
    use dag::objects::Objects;
    let folder = tempfile::tempdir().unwrap();
    let first = stocked(&folder.path().join("data"));
    let local = &first.replica.local;
    let shelf = Shelf::new(local.tree_store.clone(), local.log.clone());
    assert_eq!((shelf.root(), shelf.rebase().unwrap()), (None, None));
    first.cut();
    let checkpoint = local.latch().linearizer.checkpoints().next_back().unwrap().clone();
    assert_eq!(shelf.rebase().unwrap(), Some(checkpoint.root()));
    assert_eq!(shelf.root(), Some(checkpoint.root()));
    let ids = [checkpoint.catalogue, NodeId([9; 32]), checkpoint.trees[0].1];
    assert_eq!(shelf.has_many(&ids).unwrap(), [true, false, true]);
    let found = shelf.get_many(&ids).unwrap();
    assert!(found[0].is_some() && found[1].is_none() && found[2] == shelf.get(ids[2]).unwrap());
    assert!(shelf.size() > 100_000 && !shelf.sources().is_empty());
}

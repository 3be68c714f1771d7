//! Many sessions over one journal, driven step by step with random transactions on few rows (R33 to R36).

mod support;

use sql::session::Session;
use sql::wait::Suspend;
use support::{Answer, World, begin, describe, go_on, run};

/// Sessions at once: enough for deadlocks among three.
const SESSIONS: usize = 5;
/// Accounts: few, so that they meet.
const ACCOUNTS: u64 = 4;
/// What every account begins with.
const START: i64 = 100;

/// A small generator: the seed in the failure's text replays it.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// A session and its transaction.
struct Client {
    session: Session,
    /// What is still to send; empty: a new transaction is begun.
    script: Vec<String>,
    /// The wait of the statement under way.
    wait: Option<Suspend>,
    /// Additions of the transaction under way: account and amount.
    added: Vec<(u64, i64)>,
    committing: bool,
    summing: bool,
}

/// What the sessions together have been told.
#[derive(Default)]
struct Ledger {
    balances: Vec<i64>,
    commits: u64,
    deadlocks: u64,
    waits: u64,
}

impl Client {
    /// A transfer between two accounts, locked beforehand or not; sometimes taken back.
    fn plan(&mut self, random: &mut Random) {
        let (from, amount) = (random.below(ACCOUNTS), random.below(20) as i64);
        let to = (from + 1 + random.below(ACCOUNTS - 1)) % ACCOUNTS;
        let add = |id: u64, n: i64| format!("UPDATE account SET n = n + {n} WHERE id = {id}");
        let mut script = vec!["BEGIN".to_owned()];
        match random.below(4) {
            0 => script.push(format!("SELECT n FROM account WHERE id = {from} FOR UPDATE")),
            1 => script.push("SELECT SUM(n) FROM account".to_owned()),
            2 => script.push(format!("SELECT n FROM account WHERE id = {to} LOCK IN SHARE MODE")),
            _ => {}
        }
        if random.below(4) == 0 {
            script.extend(["SAVEPOINT s".to_owned(), add(to, 1000), "ROLLBACK TO s".to_owned()]);
        }
        script.extend([add(from, -amount), add(to, amount)]);
        self.added = vec![(from, -amount), (to, amount)];
        script.push(if random.below(5) == 0 { "ROLLBACK" } else { "COMMIT" }.to_owned());
        script.reverse();
        self.script = script;
    }

    /// Sends the next statement, or works on after a wait that is over.
    fn step(&mut self, random: &mut Random, ledger: &mut Ledger) {
        let answer = match self.wait.take() {
            None => {
                if self.script.is_empty() {
                    self.plan(random);
                }
                let text = self.script.pop().expect("planned");
                self.committing = text == "COMMIT";
                self.summing = text.starts_with("SELECT SUM");
                begin(&mut self.session, &text)
            }
            Some(Suspend::Lock { granted, timeout }) => match granted.answer() {
                None => return self.wait = Some(Suspend::Lock { granted, timeout }),
                Some(result) => {
                    self.session.resume(result);
                    go_on(&mut self.session)
                }
            },
            Some(_) => panic!("a wait that is not for a lock"),
        };
        match answer {
            Answer::Waits(wait) => {
                ledger.waits += 1;
                self.wait = Some(wait);
            }
            Answer::Done(result) => self.answered(&describe(result), ledger),
        }
    }

    fn answered(&mut self, answer: &str, ledger: &mut Ledger) {
        if answer == "error 1213" {
            // Parked at birth would be a 1213 at COMMIT: among sessions of one replica, locks prevent it.
            assert!(!self.committing, "a commit was refused");
            ledger.deadlocks += 1;
            self.script.clear();
            return;
        }
        assert!(!answer.starts_with("error"), "{answer}");
        if self.summing {
            assert_eq!(answer, format!("[{}]", START * ACCOUNTS as i64), "half of a transfer was seen");
        }
        if self.committing {
            ledger.commits += 1;
            self.added.iter().for_each(|(id, n)| ledger.balances[*id as usize] += n);
        }
    }
}

fn balances(session: &mut Session) -> String {
    run(session, "SELECT n FROM account ORDER BY id")
}

fn drive(seed: u64) -> Ledger {
    let world = World::new();
    let mut watcher = world.session(100);
    for text in ["CREATE DATABASE d", "USE d", "CREATE TABLE account (id INT PRIMARY KEY, n INT NOT NULL)"] {
        assert!(!run(&mut watcher, text).starts_with("error"), "{text}");
    }
    for id in 0..ACCOUNTS {
        run(&mut watcher, &format!("INSERT INTO account VALUES ({id}, {START})"));
    }
    let mut random = Random(seed);
    let mut ledger = Ledger { balances: vec![START; ACCOUNTS as usize], ..Ledger::default() };
    let client = |id: usize| {
        let mut session = world.session(id as u64 + 1);
        run(&mut session, "USE d");
        if id == 0 {
            run(&mut session, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
        }
        Client { session, script: Vec::new(), wait: None, added: Vec::new(), committing: false, summing: false }
    };
    let mut clients: Vec<Client> = (0..SESSIONS).map(client).collect();
    for turn in 0..600 {
        let at = random.below(SESSIONS as u64) as usize;
        clients[at].step(&mut random, &mut ledger);
        let stuck = clients
            .iter()
            .all(|c| matches!(&c.wait, Some(Suspend::Lock { granted, .. }) if granted.answer().is_none()));
        assert!(!stuck, "seed {seed}, turn {turn}: all sessions wait");
        if turn % 7 == 0 {
            // Every acknowledged commit is visible at once, and nothing else is.
            let shown: Vec<String> = ledger.balances.iter().map(i64::to_string).collect();
            assert_eq!(balances(&mut watcher), format!("[{}]", shown.join(" ")), "seed {seed}, turn {turn}");
            let total = run(&mut watcher, "SELECT SUM(n) FROM account");
            assert_eq!(total, format!("[{}]", START * ACCOUNTS as i64), "seed {seed}, turn {turn}");
        }
    }
    drop(clients);
    assert_eq!(run(&mut watcher, "UPDATE account SET n = n + 1"), "4 affected", "locks outlived their sessions");
    ledger
}

#[test]
fn transfers_keep_the_total_and_no_update_is_lost() {
    let mut all = Ledger::default();
    for seed in 1..=30 {
        let ledger = drive(seed);
        all.commits += ledger.commits;
        all.deadlocks += ledger.deadlocks;
        all.waits += ledger.waits;
    }
    // The runs met what they are for.
    assert!(
        all.commits > 300 && all.deadlocks > 20 && all.waits > 100,
        "{} {} {}",
        all.commits,
        all.deadlocks,
        all.waits
    );
}

//! Three replicas without a network: tips and chains are carried by hand.

use super::super::opening;
use super::*;
use crate::config::{Config, Settings};
use crate::replica::founding;
use crate::replica::report::Report;
use crate::replica::writer::Contents;
use dag::author_key::AuthorKey;
use dag::clock::System;
use dag::control::{ControlRecord, Role};
use dag::header::CommitKind;
use dag::id::CommitId;
use dag::version::Ask;
use dag::vertex::Chain;
use gossip::{Heard, Ledger, RawSegment};
use serde_bytes::ByteBuf;
use std::collections::BTreeMap;
use std::path::Path;

fn config(data: &Path) -> Config {
    Config::resolve(Settings { data: Some(data.to_owned()), ..Settings::default() }, None).unwrap()
}

fn reopen(local: Arc<Local>) -> Arc<Local> {
    let config = local.config.clone();
    drop(local);
    open(&config)
}

fn open(config: &Config) -> Arc<Local> {
    let local = opening::open(config, &|_, _| {}).unwrap();
    sign_tail(&local).unwrap();
    local
}

/// A founder, and members it admits.
fn database(root: &Path, members: usize) -> Vec<Arc<Local>> {
    let founder = root.join("0");
    founding::found(&founder, &System::new()).unwrap();
    let mut configs = vec![config(&founder)];
    let mut records = Vec::new();
    for n in 1..members {
        let folder = root.join(n.to_string());
        std::fs::create_dir(&folder).unwrap();
        std::fs::copy(founder.join("genesis"), folder.join("genesis")).unwrap();
        let key = AuthorKey::generate(&System::new()).unwrap();
        key.save(&founding::key_path(&folder)).unwrap();
        records.push(ControlRecord::Admit { author: key.id(), role: Role::Writer, name: n.to_string() });
        configs.push(config(&folder));
    }
    let all: Vec<Arc<Local>> = configs.iter().map(open).collect();
    write(&all[0], CommitKind::Join, &[]);
    write(&all[0], CommitKind::Control, &records);
    all
}

/// An empty commit, or one of control records.
fn write(local: &Local, kind: CommitKind, control: &[ControlRecord]) -> CommitId {
    let mut writer = local.latch();
    let contents = Contents { kind, control, ..local.joining() };
    let id = local.write(&mut writer, &contents).unwrap().id;
    local.publish(&writer);
    drop(writer);
    local.desk.finish();
    id
}

/// Everything that one replica shows, as another receives it.
fn carry(from: &Local, to: &Local) {
    let mut open: BTreeMap<Chain, Vec<ByteBuf>> = BTreeMap::new();
    let mut parcels = Vec::new();
    let ask = Ask { want: &Ledger::heads(from), have: &[], also: &[], settled: true };
    let commits = from.next(&mut from.lack(&ask).walk, usize::MAX);
    for id in commits {
        let served = from.served(&id).unwrap();
        let chain = open.entry(Ledger::vertex(from, &id).unwrap().chain()).or_default();
        chain.push(ByteBuf::from(served.commit.to_vec()));
        if let Some(tip) = served.tip {
            parcels.push(RawSegment { commits: std::mem::take(chain), tip: ByteBuf::from(tip.to_vec()) });
        }
    }
    let receipt = to.receive(&from.author, parcels).unwrap();
    assert!(receipt.refused.is_empty() && receipt.waiting.is_empty(), "{receipt:?}");
    to.settle().unwrap();
}

/// Everybody announces to everybody, until nobody has anything new to say; gives how many tips that took.
fn talk(all: &[Arc<Local>]) -> usize {
    let mut spoken: Vec<Option<Vec<u8>>> = vec![None; all.len()];
    let mut tips = 0;
    loop {
        let mut is_quiet = true;
        for (n, local) in all.iter().enumerate() {
            let tip = local.announcement(&[]).unwrap().tip.map(|tip| tip.to_vec());
            if tip.is_none() || tip == spoken[n] {
                continue;
            }
            (is_quiet, tips) = (false, tips + 1);
            for other in all.iter().filter(|other| other.author != local.author) {
                carry(local, other);
                assert!(!matches!(other.heard(tip.as_ref().unwrap()), Heard::Forged | Heard::Stranger));
                other.settle().unwrap();
            }
            spoken[n] = tip;
        }
        if is_quiet {
            return tips;
        }
    }
}

fn stable(local: &Local) -> Hlc {
    local.latch().linearizer.stable().map_or(Hlc::default(), |place| place.hlc)
}

fn time(local: &Local, id: CommitId) -> Hlc {
    local.latch().known.vertex(&id).unwrap().hlc
}

#[test]
fn a_commit_becomes_stable_on_all_and_stays_so_over_a_restart() {
    let root = tempfile::tempdir().unwrap();
    let mut all = database(root.path(), 3);
    talk(&all);
    let commit = write(&all[1], CommitKind::Join, &[]);
    let tips = talk(&all);
    assert!(tips <= 9, "{tips} tips for one commit");
    let hlc = time(&all[1], commit);
    assert!(all.iter().all(|local| stable(local) >= hlc && local.voices().iter().all(|voice| !voice.holds)));
    let hashes: Vec<NodeId> = all.iter().map(|local| local.latch().linearizer.main_hash()).collect();
    assert!(hashes.windows(2).all(|pair| pair[0] == pair[1]));
    let (before, promised) = (stable(&all[2]), all[2].latch().finality.promise());
    let again = reopen(all.pop().unwrap());
    assert_eq!(stable(&again), before);
    assert!(again.latch().finality.promise() >= promised);
    assert!(again.latch().next_hlc(again.clock.wall_millis()).unwrap() > promised);
}

#[test]
fn a_silent_member_holds_stable_and_is_named() {
    let root = tempfile::tempdir().unwrap();
    let all = database(root.path(), 3);
    talk(&all);
    let commit = write(&all[0], CommitKind::Join, &[]);
    talk(&all[..2]);
    assert!(stable(&all[0]) < time(&all[0], commit));
    let held: Vec<AuthorId> = all[0].voices().iter().filter(|v| v.holds).map(|v| v.author).collect();
    assert_eq!(held, [all[2].author]);
}

#[test]
fn a_tip_counts_when_its_commit_comes_and_a_forged_one_never() {
    let root = tempfile::tempdir().unwrap();
    let all = database(root.path(), 2);
    talk(&all);
    let commit = write(&all[0], CommitKind::Join, &[]);
    let tip = all[0].announcement(&[]).unwrap().tip.unwrap().to_vec();
    let promise = |local: &Local| local.voices().iter().find(|v| v.author == all[0].author).unwrap().promise;
    let before = promise(&all[1]);
    let mut forged = tip.clone();
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(all[1].heard(&forged), Heard::Forged);
    assert!(!matches!(all[1].heard(&tip), Heard::Forged | Heard::Stranger));
    assert_eq!(promise(&all[1]), before, "its commit is not here yet");
    let held = |local: &Local| Report::held(local).unwrap().into_iter().map(|h| (h.kind, h.id)).collect::<Vec<_>>();
    assert_eq!(held(&all[1]), [("announcement", commit)]);
    carry(&all[0], &all[1]);
    assert_eq!(held(&all[1]), []);
    assert!(promise(&all[1]) >= time(&all[0], commit));
}

/// A relay that lacked the commit passed such a tip on, was blamed for it by who had the commit, and banned after three.
#[test]
fn a_tip_against_its_authors_own_commit_is_the_authors_fault_alone() {
    let root = tempfile::tempdir().unwrap();
    let all = database(root.path(), 2);
    talk(&all);
    write(&all[0], CommitKind::Join, &[]);
    let tip = all[0].announcement(&[]).unwrap().tip.unwrap();
    let said = SignedTip::verify(&tip).unwrap().tip;
    let wrong = Tip { seq: said.seq + 1, ..said }.sign(all[0].latch().key()).to_bytes();
    assert_eq!(all[1].heard(&wrong), Heard::Ahead, "who lacks the commit cannot tell");
    carry(&all[0], &all[1]);
    assert_eq!(all[1].heard(&wrong), Heard::Contradicted);
    assert_eq!(all[1].heard(&tip), Heard::Kept);
}

//! The offline check of a whole folder: every record, hash, signature and chain, main folded again from nothing, and
//! the stored checkpoints against it.
//!
//! Promises: changes nothing but a torn tail that opening would cut anyway; goes on after a fault where it can, so that
//! one run shows all; says what it checked, so that "sound" has a meaning.

use super::Progress;
use super::clone::Cloned;
use super::founding;
use super::kept::Kept;
use super::opening::{cuts, refused};
use super::record::{self, Stored};
use crate::config::Config;
use crate::failure::Failure;
use crate::limits::{FOLD_BATCH, LISTED_FAULTS};
use dag::admit::{Ground, Known, Verdict, Window, admit};
use dag::control::Members;
use dag::disk::{Disk, Files};
use dag::genesis::Genesis;
use dag::id::CommitId;
use dag::store::{Entry, Kind, Log, Options, Position, TreeStore};
use dag::tip::SignedTip;
use dag::tree::{Need, Nodes, Shape, Tree, Trees};
use linearizer::checkpoint::Checkpoint;
use linearizer::commit::Ordered;
use linearizer::linearizer::{Linearizer, NoHistory};
use linearizer::order::Place;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

/// What was checked and what was wrong.
#[derive(Default)]
pub struct Verified {
    /// Log records read, each with its checksum.
    pub records: u64,
    /// Commits whose hashes, links, times and authors were checked.
    pub commits: u64,
    /// Signed tips whose signatures were checked.
    pub tips: u64,
    /// Commits of this author behind its last signed tip.
    pub unsigned: u64,
    /// Checkpoints whose place in main was compared.
    pub checkpoints: u64,
    /// What a clone does not have and therefore was not checked: commits below its checkpoint, and where main was
    /// folded from instead.
    pub unfetched: Option<(u64, u64)>,
    /// Tree nodes and values below that place, each against its hash and its parent.
    pub objects: u64,
    /// main's hash over everything.
    pub main_hash: String,
    /// What is wrong: the first of it.
    pub faults: Vec<String>,
    /// How many more faults there are that are not listed.
    pub unlisted: u64,
}

impl Verified {
    /// For people.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![
            format!("{} log records: checksums", self.records),
            format!("{} commits: header and body hashes, chain links, parents, times, authors' standing", self.commits),
            format!(
                "{} tips: signatures, and that they name commits here; {} commits not signed yet",
                self.tips, self.unsigned
            ),
            format!(
                "{} checkpoints: their place and main's hash there, folded again from the first commit",
                self.checkpoints
            ),
            format!("main's hash: {}", self.main_hash),
        ];
        if let Some((commits, folded_from)) = self.unfetched {
            lines.push(format!(
                "NOT checked: the {commits} commits below the checkpoint this replica was cloned from are not here; a \
                 majority of the members signed for the state and main's hash there"
            ));
            lines.push(format!(
                "main was folded again from position {folded_from} on, over {} tree objects whose hashes were checked",
                self.objects
            ));
        }
        lines.extend(self.faults.iter().map(|fault| format!("FAULT: {fault}")));
        lines.push(match (self.faults.is_empty(), self.unlisted) {
            (true, _) => "Everything is sound.".to_owned(),
            (false, 0) => format!("{} faults.", self.faults.len()),
            (false, _) => format!("{} faults; the first {} are listed.", self.count(), self.faults.len()),
        });
        lines
    }

    /// For scripts.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "sound": self.faults.is_empty(),
            "records": self.records,
            "commits": self.commits,
            "tips": self.tips,
            "unsigned": self.unsigned,
            "checkpoints": self.checkpoints,
            "unfetched": self.unfetched.map(|(commits, _)| commits),
            "main_hash": self.main_hash,
            "faults": self.faults,
            "unlisted_faults": self.unlisted,
        })
    }

    /// How many faults there are, listed or not.
    pub fn count(&self) -> u64 {
        self.faults.len() as u64 + self.unlisted
    }

    fn fault(&mut self, text: String) {
        if self.faults.len() < LISTED_FAULTS { self.faults.push(text) } else { self.unlisted += 1 }
    }
}

/// Checks the folder. Error: it cannot be opened at all (another instance has it, the log is damaged in the middle).
pub fn verify(config: &Config, progress: &Progress<'_>) -> Result<Verified, Failure> {
    if !founding::is_founded(&config.data) {
        return Err(Failure::usage(format!("{} holds no database", config.data.display())));
    }
    let genesis = founding::load_genesis(&config.data)?;
    let disk: Arc<dyn Disk> = Arc::new(Files::open(&config.data).map_err(refused)?);
    let (log, _) = Log::open(disk.clone(), Options::default()).map_err(refused)?;
    let log = Arc::new(log);
    let (store, _) = TreeStore::open(disk).map_err(refused)?;
    let mut check = Check::new(&genesis, &log);
    if let Some(cloned) = Cloned::load(&log)? {
        check.begin_above(&genesis, cloned, Arc::new(store))?;
    }
    let total = log.end().segment.max(1);
    log.scan(Position::START, &mut |entry| {
        progress(entry.position.segment, total);
        check.take(&entry);
        ControlFlow::Continue(())
    })
    .map_err(refused)?;
    check.fold();
    check.compare_checkpoints(&log)?;
    check.count_unsigned();
    check.found.main_hash = check.linearizer.main_hash().to_string();
    Ok(check.found)
}

struct Check {
    ground: Ground,
    known: super::known::Knowledge,
    runs: Trees,
    linearizer: Linearizer,
    /// A clone's main is folded from here.
    base: Option<Place>,
    waiting: Vec<Arc<Ordered>>,
    tips: BTreeMap<CommitId, SignedTip>,
    found: Verified,
}

impl Check {
    fn new(genesis: &Genesis, log: &Arc<Log>) -> Self {
        Check {
            ground: Ground { genesis: genesis.id(), founder: genesis.founder },
            known: super::known::Knowledge::new(log.clone(), Members::founding(genesis)),
            runs: record::runs(log, genesis),
            linearizer: Linearizer::new(cuts(genesis)),
            base: None,
            waiting: Vec::new(),
            tips: BTreeMap::new(),
            found: Verified::default(),
        }
    }

    /// A clone: main is folded from the oldest checkpoint that is kept, whose objects are checked instead.
    fn begin_above(&mut self, genesis: &Genesis, cloned: Arc<Cloned>, store: Arc<TreeStore>) -> Result<(), Failure> {
        let kept = Kept::load(self.known.log()).map_err(refused)?;
        let Some(checkpoint) = kept.and_then(|kept| kept.checkpoints.first().cloned()) else {
            self.found.fault("the checkpoint that this replica was cloned from is not recorded".to_owned());
            return Ok(());
        };
        let trees = Trees::new(store.clone(), Shape::new(genesis.tree_key.into_array()), 0);
        let base = checkpoint.open(&*store, &trees).map_err(|e| Failure::Damaged(e.to_string()))?;
        self.check_objects(&checkpoint, &store);
        self.found.unfetched = Some((cloned.position, checkpoint.position()));
        self.base = Some(checkpoint.place);
        self.linearizer = Linearizer::open(cuts(genesis), vec![(checkpoint, base)]);
        self.known.stand_on(cloned);
        Ok(())
    }

    fn check_objects(&mut self, checkpoint: &Checkpoint, store: &TreeStore) {
        let spaces = checkpoint.trees.iter().chain(&checkpoint.indexes);
        let trees = spaces.filter_map(|(_, root)| Need::root(Tree { root: Some(*root) }));
        let mut open: Vec<Need> = trees.chain([Need::value(checkpoint.catalogue)]).collect();
        while let Some(need) = open.pop() {
            self.found.objects += 1;
            match store.get(need.id).and_then(|bytes| need.check(&bytes)) {
                Ok(named) => open.extend(named),
                Err(error) => self.found.fault(error.to_string()),
            }
        }
    }

    fn take(&mut self, entry: &Entry<'_>) {
        self.found.records += 1;
        if entry.kind == Kind::TIP {
            self.take_tip(entry);
        }
        match record::of_entry(entry) {
            None => {}
            Some(Err(reason)) => self.found.fault(reason),
            Some(Ok(stored)) => self.take_commit(&stored),
        }
    }

    fn take_tip(&mut self, entry: &Entry<'_>) {
        self.found.tips += 1;
        match SignedTip::verify(entry.bytes) {
            Err(error) => self.found.fault(format!("tip at {:?}: {error}", entry.position)),
            Ok(signed) => {
                if self.known.vertex(&signed.tip.commit).is_none() {
                    self.found.fault(format!(
                        "tip of {} names commit {}, which is not here",
                        signed.tip.author, signed.tip.commit
                    ));
                }
                self.tips.insert(signed.tip.commit, signed);
            }
        }
    }

    /// Admission again, without the clock: what is stored was admitted once.
    fn take_commit(&mut self, stored: &Stored) {
        self.found.commits += 1;
        let candidate = record::candidate(&stored.commit);
        match admit(candidate.id, candidate.header, &self.ground, &self.known, u64::MAX >> 16) {
            Verdict::Admit { generation, .. } if generation == stored.generation => {}
            Verdict::Admit { generation, .. } => {
                let text =
                    format!("commit {}: its generation is {generation}, not {}", stored.commit.id, stored.generation);
                self.found.fault(text);
            }
            verdict => self.found.fault(format!("commit {}: {verdict:?}", stored.commit.id)),
        }
        self.known.enter(&stored.vertex(), &candidate);
        let header = &stored.commit.header;
        let place = Place::new(header.hlc, header.author, header.run, stored.commit.id);
        match stored.changes(&self.runs) {
            Ok(_) if self.base.is_some_and(|base| place <= base) => {}
            Ok(changes) => self.waiting.push(Arc::new(record::ordered(&stored.commit, changes))),
            Err(reason) => self.found.fault(reason),
        }
        if self.waiting.len() >= FOLD_BATCH {
            self.fold();
        }
    }

    fn fold(&mut self) {
        let commits = std::mem::take(&mut self.waiting);
        if let Err(error) = self.linearizer.add(commits, &NoHistory) {
            self.found.fault(error.to_string());
        }
    }

    fn compare_checkpoints(&mut self, log: &Log) -> Result<(), Failure> {
        let Some(kept) = Kept::load(log).map_err(refused)? else { return Ok(()) };
        for checkpoint in kept.checkpoints {
            self.found.checkpoints += 1;
            let again = self.linearizer.main_hash_through(checkpoint.place);
            if again != checkpoint.main.hash() {
                let text = format!(
                    "checkpoint at position {}: main folded again has another hash there",
                    checkpoint.position()
                );
                self.found.fault(text);
            }
        }
        Ok(())
    }

    /// Commits above the last tip of their chain: signed when the replica next leaves or announces something (R14).
    fn count_unsigned(&mut self) {
        let signed: BTreeMap<_, u64> = self.tips.values().fold(BTreeMap::new(), |mut last, signed| {
            let seq = last.entry((signed.tip.author, signed.tip.run)).or_insert(0);
            *seq = signed.tip.seq.max(*seq);
            last
        });
        let versions = self.known.chains.versions();
        let behind = |(chain, position): (&dag::vertex::Chain, &dag::version::Position)| {
            position.seq - signed.get(&(chain.author, chain.run)).copied().unwrap_or(0).min(position.seq)
        };
        self.found.unsigned = versions.iter().map(behind).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_past_the_listed_ones_are_counted() {
        for (faults, last) in [
            (0, "Everything is sound."),
            (LISTED_FAULTS, "100 faults."),
            (LISTED_FAULTS + 1, "101 faults; the first 100 are listed."),
        ] {
            let mut found = Verified::default();
            (0..faults).for_each(|n| found.fault(n.to_string()));
            assert_eq!(found.lines().last().map(String::as_str), Some(last));
            assert_eq!((found.count(), found.to_json()["sound"] == true), (faults as u64, faults == 0));
        }
    }
}

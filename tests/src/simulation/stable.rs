//! What the world remembers of stable, and what must hold (R16): it never moves back, over crashes too; two replicas'
//! stable prefixes are one main; nothing that comes later lies in it.

use super::replica::Replica;
use dag::hlc::Hlc;
use dag::id::NodeId;
use std::collections::BTreeMap;

/// The memory.
pub struct Ledger {
    /// The greatest stable each replica has shown.
    shown: Vec<Hlc>,
    /// main's hash at every stable place that was ever shown, whoever showed it first.
    hashes: BTreeMap<Hlc, NodeId>,
}

impl Ledger {
    /// Of so many replicas.
    pub fn new(peers: usize) -> Self {
        Ledger { shown: vec![Hlc::default(); peers], hashes: BTreeMap::new() }
    }

    /// A replica shows stable as far as this.
    pub fn moved(&mut self, peer: usize, hlc: Hlc, replica: &mut Replica) -> Result<(), String> {
        if hlc < self.shown[peer] {
            return Err(format!("replica {peer}'s stable moved back from {} to {hlc}", self.shown[peer]));
        }
        self.shown[peer] = hlc;
        // main's hash is a chain: it is the same in between if it is the same here.
        let known = self.hashes.range(..=hlc).next_back().map(|(at, hash)| (*at, *hash));
        if let Some((at, expected)) = known
            && replica.hash_at(at).is_some_and(|hash| hash != expected)
        {
            return Err(format!("replica {peer}'s stable prefix through {at} is another main"));
        }
        if let Some(hash) = replica.hash_at(hlc) {
            self.hashes.insert(hlc, hash);
        }
        Ok(())
    }

    /// The disk of a replica was set back, and what it has shown with it.
    pub fn forget(&mut self, peer: usize) {
        self.shown[peer] = Hlc::default();
    }

    /// What a reader sees now.
    pub fn look(&mut self, peer: usize, replica: &Replica) {
        self.shown[peer] = self.shown[peer].max(replica.stable().unwrap_or_default());
    }

    /// A replica came back.
    pub fn started(&mut self, peer: usize, replica: &Replica) -> Result<(), String> {
        let shown = self.shown[peer];
        match replica.stable() {
            Some(stable) if stable < shown => {
                Err(format!("replica {peer}'s stable moved back from {shown} to {stable} over a crash"))
            }
            _ => Ok(()),
        }
    }

    /// Commits came: none of them may lie in what is stable here.
    pub fn grown(&mut self, peer: usize, replica: &mut Replica) -> Result<(), String> {
        let shown = replica.stable().unwrap_or_default();
        let known = self.hashes.range(..=shown).next_back().map(|(at, hash)| (*at, *hash));
        match known {
            Some((at, expected)) if replica.hash_at(at).is_some_and(|hash| hash != expected) => {
                Err(format!("something came into replica {peer}'s stable prefix through {at}"))
            }
            _ => Ok(()),
        }
    }
}

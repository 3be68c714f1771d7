//! The replica as `gossip` sees it.
//!
//! Promises: what `gossip::Host` asks; the latch is held only for look-ups, and never by [`LocalHost::hello`], which
//! the network's loop calls itself.

use crate::failure::Failure;
use crate::replica::founding;
use crate::replica::local::Local;
use dag::admit::Standing;
use dag::author_key::AuthorKey;
use dag::id::{AuthorId, GenesisId, NodeId};
use dag::tree::{Nodes, TreeError};
use gossip::ticket::{JoinRequest, Refusal, Welcome};
use gossip::{Access, Admission, Announcement, Heard, Hello, Host, HostError, Ledger, RawSegment, Stock, TransportId};
use std::sync::Arc;

/// One replica, as host of the network.
pub struct LocalHost {
    local: Arc<Local>,
    genesis: GenesisId,
    key: AuthorKey,
}

impl LocalHost {
    /// Over an opened replica.
    pub fn new(local: Arc<Local>) -> Result<Self, Failure> {
        let key = founding::load_key(&local.config.data)?;
        Ok(LocalHost { genesis: local.genesis.id(), key, local })
    }
}

impl Host for LocalHost {
    fn genesis(&self) -> GenesisId {
        self.genesis
    }

    fn hello(&self, transport: &TransportId) -> Hello {
        Hello::sign(&self.key, self.genesis, self.local.run, transport, self.local.clock.wall_millis())
    }

    fn access(&self, author: &AuthorId) -> Access {
        let writer = self.local.latch();
        let members = writer.known.members(&writer.heads.frontier());
        match members.standing(author) {
            Standing::Stranger if members.is_removed(author) => Access::Removed,
            Standing::Stranger => Access::Stranger,
            Standing::Reader => Access::Reader,
            _ => Access::Member,
        }
    }

    fn announcement(&self) -> Result<Announcement, HostError> {
        self.local.announcement(&[]).map_err(|e| HostError(e.to_string()))
    }

    fn heard(&self, tip: &[u8]) -> Heard {
        self.local.heard(tip)
    }

    fn read(&self, job: &mut dyn FnMut(&dyn Ledger, u64)) {
        self.local.read(job);
    }

    fn admit(&self, from: &AuthorId, segments: Vec<RawSegment>) -> Admission {
        self.local.admit(from, segments)
    }

    fn join(&self, request: &JoinRequest) -> Result<Welcome, Refusal> {
        self.local.redeem(request)
    }

    fn objects(&self, ids: &[NodeId]) -> Vec<Option<Arc<[u8]>>> {
        self.local.objects(ids)
    }

    fn has(&self, ids: &[NodeId]) -> Vec<bool> {
        self.local.has_objects(ids)
    }

    fn stock(&self) -> Stock {
        self.local.stock()
    }

    fn checkpoints(&self) -> Vec<Vec<u8>> {
        self.local.offers()
    }

    fn kept(&self, id: NodeId) -> Result<Option<Arc<[u8]>>, HostError> {
        match Nodes::get(&*self.local.log, id) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(TreeError::Missing(_)) => Ok(None),
            Err(error) => Err(HostError(error.to_string())),
        }
    }

    fn keep(&self, objects: Vec<(NodeId, Arc<[u8]>)>) -> Result<(), HostError> {
        self.local.store_objects(objects).map_err(|e| HostError(e.to_string()))
    }

    fn gone(&self, author: &AuthorId) {
        self.local.forget_peer(author);
    }

    fn twin(&self, said: &Hello) {
        let reason =
            format!("another process (run {}) is live under the same author key, as a copied folder is", said.run.0);
        self.local.stop_writing(&reason);
    }
}

//! Whom a simulated replica serves and listens to: members and readers, by the records here (R12).
//!
//! Promises: a stranger is served nothing, and what it announces is not looked at; a newcomer that knows nobody yet
//! listens to everybody, and believes what it can verify.

use super::super::network::Packet;
use super::super::step::Output;
use super::Replica;
use dag::admit::Standing;
use gossip::Message;
use gossip::codec::frame;

impl Replica {
    /// Whether a peer may fetch here.
    pub fn serves(&self, peer: usize) -> bool {
        self.is_running() && self.standing(&self.directory[peer]) >= Standing::Reader
    }

    /// Whether what a peer announces is looked at.
    pub(super) fn listens(&self, peer: usize) -> bool {
        self.serves(peer) || self.standing(&self.author()) == Standing::Stranger
    }

    /// A message that only members and readers may send: gives it back if the peer is one, and answers with nothing if
    /// it is not.
    pub(super) fn served(&self, packet: &Packet, message: Message, output: &mut Output) -> Option<Message> {
        let (Message::Fetch { fetch, .. } | Message::Climb { fetch, .. }) = message else { return Some(message) };
        if self.serves(packet.from) {
            return Some(message);
        }
        let nothing = frame(&Message::Done { fetch, parts: 0, more: false }).expect("a short message");
        let Packet { from, to, connection, .. } = *packet;
        output.packets.push(Packet { from: to, to: from, connection, bytes: nothing });
        None
    }
}

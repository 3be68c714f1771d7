//! Two live instances of one author key (R6): how a simulated replica hears of another, and stops.
//!
//! Promises: decides as the real code does, by hellos of the other, straight or told by a third, and by commits of
//! another run from after its own start. Who has stopped writes nothing until it is started again.

use super::super::network::Packet;
use super::super::step::Output;
use super::Replica;
use dag::commit::Segment;
use dag::hlc::Hlc;
use dag::id::RunId;
use gossip::codec::frame;
use gossip::{Hello, Message, TransportId};

impl Replica {
    /// Says hello from now on.
    pub fn let_greet(&mut self) {
        self.greets = true;
    }

    /// Whether it has heard of another instance.
    pub fn has_stopped(&self) -> bool {
        self.memory.as_ref().is_some_and(|memory| memory.stopped)
    }

    /// This start of it.
    pub fn run(&self) -> Option<RunId> {
        self.memory.as_ref().map(|memory| memory.run)
    }

    /// Its first words to everybody it is connected with; again and again, because the weather may take them.
    pub(super) fn greet(&self, now_millis: u64, output: &mut Output) {
        let Some(memory) = self.memory.as_ref().filter(|_| self.greets) else { return };
        let transport = TransportId([self.number as u8; 32]);
        let hello = Hello::sign(&self.key, self.ground.genesis, memory.run, &transport, now_millis);
        self.send_all(&Message::Hello(hello), memory.connections.keys().copied(), output);
    }

    /// Hears a hello: of itself in another place, or of two others that do not know of each other.
    pub(super) fn meet(&mut self, from: usize, hello: Hello, output: &mut Output) {
        let author = self.author();
        let Some(memory) = &mut self.memory else { return };
        memory.stopped |= hello.is_twin_of(&author, memory.run, 0);
        let mut others = memory.hellos.iter().filter(|(peer, _)| **peer != from);
        let other = others.find(|(_, other)| hello.is_twin_of(&other.author, other.run, 0));
        if let Some((peer, other)) = other.map(|(peer, other)| (*peer, other.clone())) {
            self.send_all(&Message::Twin(other), [from].into_iter(), output);
            self.send_all(&Message::Twin(hello.clone()), [peer].into_iter(), output);
        }
        self.memory.iter_mut().for_each(|memory| _ = memory.hellos.insert(from, hello.clone()));
    }

    /// A third says that another lives under this key.
    pub(super) fn warned(&mut self, hello: &Hello) {
        let author = self.author();
        let Some(memory) = &mut self.memory else { return };
        memory.stopped |= hello.is_twin_of(&author, memory.run, memory.started_millis);
    }

    /// Commits came that may be of another live instance.
    pub(super) fn watch(&mut self, segment: &Segment, newest: Hlc) {
        let author = self.author();
        let Some(memory) = &mut self.memory else { return };
        memory.stopped |= segment.tip.tip.is_of_twin(&author, memory.run, memory.started_millis, newest);
    }

    fn send_all(&self, message: &Message, to: impl Iterator<Item = usize>, output: &mut Output) {
        let bytes = frame(message).expect("a short message");
        let connection = |peer: &usize| self.memory.as_ref()?.connections.get(peer).map(|(number, _)| *number);
        for peer in to {
            let connection = connection(&peer);
            output.packets.push(Packet { from: self.number, to: peer, connection, bytes: bytes.clone() });
        }
    }
}

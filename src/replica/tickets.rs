//! Tickets that this replica issued, and their redeeming (R12).
//!
//! Promises: a ticket admits one author key, also across a crash: before the admission is written the ticket is bound to
//! the key on disk, and the same key, asking again, gets the same welcome. Of the secret only what it stands for is
//! kept. What becomes of a request is decided without I/O by [`Issued::decide`].

use super::local::{Local, stopped};
use super::membership::{Decision, check_name, same_name};
use crate::limits::MAX_ISSUED;
use dag::admit::Standing;
use dag::control::{ControlRecord, Members, Role};
use dag::encode;
use dag::id::{AuthorId, CommitId};
use dag::store::{Log, Record};
use gossip::ticket::{JoinRequest, Refusal, RefusalKind, Ticket, TicketId, TicketKey, Welcome};
use serde::{Deserialize, Serialize};
use sql::error::SqlError;
use std::sync::PoisonError;

/// Name of the record in the log.
const NAME: &str = "tickets";
/// How long an expired ticket is remembered, so that whoever brings it is told that it expired: 30 days.
const REMEMBERED_MILLIS: u64 = 30 * 24 * 3_600_000;

/// One ticket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Entry {
    id: TicketId,
    key: TicketKey,
    role: Role,
    name: String,
    expires: u64,
    /// The key that it admits; bound before the admission is written.
    author: Option<AuthorId>,
}

/// All that were issued here. Version 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Issued {
    version: u32,
    entries: Vec<Entry>,
}

/// What to do with a request that is good.
#[derive(Debug, PartialEq)]
enum Step {
    /// It is a member by this ticket already.
    Again(CommitId),
    /// Bind the ticket of this place in the list, then admit.
    Admit { place: usize, role: Role, name: String },
}

/// What is known of the one who asks.
struct Asker {
    now_millis: u64,
    members: Members,
    /// The commit that admitted the author, if one did.
    admission: Option<CommitId>,
    /// Whether this replica may admit.
    is_admin: bool,
}

impl Issued {
    fn load(log: &Log) -> Result<Issued, SqlError> {
        let unreadable =
            |e: &dyn std::fmt::Display| SqlError::new(1030, format!("the tickets issued here cannot be read: {e}"));
        match log.named(NAME).map_err(|e| unreadable(&e))? {
            None => Ok(Issued { version: 1, entries: Vec::new() }),
            Some(bytes) => encode::from_bytes("tickets", &bytes).map_err(|e| unreadable(&e)),
        }
    }

    /// Forgets what expired long ago; error: there are too many.
    fn make_room(&mut self, now_millis: u64) -> Result<(), SqlError> {
        self.entries.retain(|entry| entry.expires.saturating_add(REMEMBERED_MILLIS) > now_millis);
        if self.entries.len() < MAX_ISSUED {
            return Ok(());
        }
        Err(SqlError::new(
            1105,
            format!(
                "{MAX_ISSUED} tickets of the last weeks are remembered here, and there is no room for more; invite on another administrator"
            ),
        ))
    }

    fn decide(&self, request: &JoinRequest, asker: &Asker) -> Result<Step, Refusal> {
        if !request.is_signed() {
            return Err(RefusalKind::Signature.into());
        }
        let place = self.entries.iter().position(|entry| entry.id == request.ticket).ok_or(RefusalKind::Unknown)?;
        let entry = &self.entries[place];
        if !request.proves(&entry.key) {
            return Err(RefusalKind::Proof.into());
        }
        if asker.members.is_removed(&request.author) {
            return Err(RefusalKind::Removed.into());
        }
        match (entry.author, asker.admission) {
            (Some(author), Some(admission)) if author == request.author => return Ok(Step::Again(admission)),
            (Some(author), _) if author != request.author => return Err(RefusalKind::Used.into()),
            // Bound, but not admitted: a crash came between.
            (Some(_), _) => {}
            (None, _) if entry.expires <= asker.now_millis => return Err(RefusalKind::Expired.into()),
            (None, _) => {}
        }
        if !asker.is_admin {
            return Err(RefusalKind::NotAdmin.into());
        }
        if asker.members.standing(&request.author) != Standing::Stranger {
            return Err(RefusalKind::Member.into());
        }
        let name = entry.name_for(request)?;
        if asker.members.iter().any(|(_, member)| same_name(&member.name, &name)) {
            return Err(Refusal::new(
                RefusalKind::NameTaken,
                format!("another member is named '{name}'; choose another with --name"),
            ));
        }
        Ok(Step::Admit { place, role: entry.role, name })
    }
}

impl Entry {
    /// The invitation's name, else the one asked for, else one made of the key.
    fn name_for(&self, request: &JoinRequest) -> Result<String, Refusal> {
        let wrong = |why: String| Refusal::new(RefusalKind::Name, format!("the name cannot be used: {why}"));
        let name = match (self.name.as_str(), request.name.as_str()) {
            ("", "") => format!("replica-{}", request.author.short()),
            ("", asked) => asked.to_owned(),
            (given, asked) if asked.is_empty() || asked == given => given.to_owned(),
            (given, _) => return Err(wrong(format!("the invitation is for '{given}'; leave --name out"))),
        };
        check_name(&name).map_err(|why| wrong(why.to_owned()))?;
        Ok(name)
    }
}

impl Local {
    /// Issues a ticket; it is on disk before it is given out. Errors: 1290 this replica may not; 1105 no addresses, a
    /// name that is taken or cannot be used.
    pub fn issue(&self, role: Role, name: &str, expires: u64) -> Result<Ticket, SqlError> {
        let _one_at_a_time = self.tickets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(refused) = self.write_refusal() {
            return Err(refused);
        }
        let members = self.latch().known.members_now();
        super::membership::check_admin(&members, &self.author)?;
        if !name.is_empty() {
            check_name(name).map_err(|why| SqlError::new(1105, format!("The name '{name}' cannot be used: {why}")))?;
            if members.iter().any(|(_, member)| same_name(&member.name, name)) {
                return Err(SqlError::new(1105, format!("A member is named '{name}' already; choose another name")));
            }
        }
        let addresses = self.near();
        if addresses.is_empty() {
            return Err(SqlError::new(
                1290,
                "This replica listens for no peers, so a ticket could not be redeemed; start it with --peers-listen",
            ));
        }
        let mut issued = Issued::load(&self.log)?;
        issued.make_room(self.clock.wall_millis())?;
        let ticket = Ticket::issue(self.genesis.id(), addresses, role, name.to_owned(), expires, &*self.entropy)
            .map_err(|e| SqlError::new(1105, e.to_string()))?;
        let (key, name) = (ticket.key(), ticket.name.clone());
        issued.entries.push(Entry { id: ticket.id, key, role, name, expires, author: None });
        self.keep_tickets(&issued)?;
        Ok(ticket)
    }

    /// Redeems a ticket: when this returns, the admission is on disk.
    pub fn redeem(&self, request: &JoinRequest) -> Result<Welcome, Refusal> {
        let busy = |e: SqlError| Refusal::new(RefusalKind::Busy, e.message.into_owned());
        if request.genesis != self.genesis.id() {
            return Err(RefusalKind::OtherDatabase.into());
        }
        let _one_at_a_time = self.tickets.lock().unwrap_or_else(PoisonError::into_inner);
        let mut issued = Issued::load(&self.log).map_err(busy)?;
        let step = issued.decide(request, &self.asker(&request.author))?;
        let key = |issued: &Issued| issued.entries.iter().find(|e| e.id == request.ticket).map(|e| e.key.clone());
        let key = key(&issued).ok_or(RefusalKind::Unknown)?;
        let (admission, name) = match step {
            Step::Again(admission) => (admission, self.name_of(&request.author)),
            Step::Admit { place, role, name } => {
                issued.entries[place].author = Some(request.author);
                self.keep_tickets(&issued).map_err(busy)?;
                (self.admit_member(request.author, role, &name).map_err(busy)?, name)
            }
        };
        tracing::info!(member = name, author = %request.author, "a ticket was redeemed");
        Ok(Welcome::new(&self.genesis, admission, name, &request.author, &key))
    }

    fn asker(&self, author: &AuthorId) -> Asker {
        let writer = self.latch();
        let members = writer.known.members_now();
        let is_admin = members.standing(&self.author) == Standing::Admin;
        Asker { now_millis: self.clock.wall_millis(), members, admission: writer.known.admission(author), is_admin }
    }

    fn name_of(&self, author: &AuthorId) -> String {
        let members = self.latch().known.members_now();
        members.iter().find(|(known, _)| *known == author).map(|(_, member)| member.name.clone()).unwrap_or_default()
    }

    /// Writes the admission, with half of the slots if the member will write, and waits for the disk.
    fn admit_member(&self, author: AuthorId, role: Role, name: &str) -> Result<CommitId, SqlError> {
        let committed = self.rule(|_| {
            let records = vec![ControlRecord::Admit { author, role, name: name.to_owned() }];
            Ok(if role == Role::Reader { Decision::Records(records) } else { Decision::WithSlots(records, author) })
        })?;
        committed.durable.wait_blocking()?;
        Ok(committed.id)
    }

    fn keep_tickets(&self, issued: &Issued) -> Result<(), SqlError> {
        let answer = self.enqueue_all(vec![Record::named(NAME, encode::to_bytes(issued))])?;
        answer.wait_blocking().map_err(|e| stopped(&e))
    }
}

#[cfg(test)]
mod tests;

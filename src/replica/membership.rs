//! Who may do what, changed by control commits (R12): admit, change a role, remove, hand slots over (R38).
//!
//! Promises: a control commit goes the way of every commit, through the latch and the same admission; only a member that
//! is an administrator by all commits here writes one, and is told so before anything is written. Does not know
//! tickets, nor who asks.

use super::journal::Staged;
use super::local::Local;
use super::writer::{Contents, Writer};
use dag::admit::Standing;
use dag::control::{ControlRecord, MAX_MEMBER_NAME, Member, Members, Role};
use dag::header::{CommitKind, MAX_PARENTS};
use dag::id::{AuthorId, MIN_PREFIX};
use dag::slots::MAX_FLOORS;
use serde_bytes::ByteBuf;
use sql::error::SqlError;
use sql::journal::Committed;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What is to change, decided under the latch on the members of now.
pub struct Ruling<'a> {
    /// All members.
    pub members: Members,
    /// Slots in hand by author: whether it has any.
    pub has_slots: &'a dyn Fn(&AuthorId) -> bool,
}

/// One change.
pub enum Decision {
    /// Nothing but records.
    Records(Vec<ControlRecord>),
    /// Records, and half of this replica's AUTO_INCREMENT slots to a member that will write.
    WithSlots(Vec<ControlRecord>, AuthorId),
}

impl Local {
    /// Writes a control commit. Errors: 1290 if this replica may not; whatever `decide` refuses; then nothing changed.
    /// The caller waits until the commit is durable.
    pub fn rule(&self, decide: impl FnOnce(&Ruling<'_>) -> Result<Decision, SqlError>) -> Result<Committed, SqlError> {
        if let Some(refused) = self.write_refusal() {
            return Err(refused);
        }
        let _staged = Staged(&self.desk);
        let mut latch = self.latch();
        let writer = &mut *latch;
        let members = writer.known.members_now();
        check_admin(&members, &self.author)?;
        let slots = writer.known.slots(&self.genesis);
        let has_slots = |author: &AuthorId| !slots.share(author).mask.is_empty();
        let decision = decide(&Ruling { members, has_slots: &has_slots })?;
        let records = match decision {
            Decision::Records(records) => records,
            Decision::WithSlots(mut records, to) => {
                records.extend(self.slots_for(writer, to));
                records
            }
        };
        let written = self.write_control(writer, &records);
        // Brings handed slots back if the commit was refused, and takes them for good if it was not.
        self.govern(writer);
        self.publish(writer);
        written
    }

    fn write_control(&self, writer: &mut Writer, records: &[ControlRecord]) -> Result<Committed, SqlError> {
        while writer.heads.len() > MAX_PARENTS {
            self.write(writer, &self.joining())?;
        }
        let contents = Contents {
            kind: CommitKind::Control,
            changes: Arc::default(),
            control: records,
            settles: Vec::new(),
            user: "",
            next_hidden: self.hidden.load(Ordering::Relaxed),
        };
        self.write(writer, &contents)
    }

    /// Half of the slots, given up here at once. Without a slot to spare there is no record, and the new member
    /// generates no numbers (1467 says so).
    fn slots_for(&self, writer: &Writer, to: AuthorId) -> Vec<ControlRecord> {
        let Some((mask, floors)) = self.counters.halve(&*writer.linearizer.view()) else { return Vec::new() };
        let mut floors = floors.chunks(MAX_FLOORS);
        let first = ControlRecord::HandOver {
            to,
            slots: mask.to_bytes(),
            floors: floors.next().map_or_else(Vec::new, <[_]>::to_vec),
        };
        let more = floors.map(|more| ControlRecord::HandOver { to, slots: ByteBuf::new(), floors: more.to_vec() });
        // Floors first: who has slots has every floor, too.
        let mut records: Vec<ControlRecord> = more.collect();
        records.push(first);
        records
    }

    /// A member goes for good. Errors: 1105 no such member, or one that must stay.
    pub fn remove_member(&self, who: &str) -> Result<Committed, SqlError> {
        let own = self.author;
        self.rule(|ruling| {
            let (author, _) = find(&ruling.members, who)?;
            check_other(&author, own, self.genesis.recovery, "removes")?;
            Ok(Decision::Records(vec![ControlRecord::Remove(author)]))
        })
    }

    /// A member may do something else from now on. Errors: 1105 no such member, or one whose role must stay.
    pub fn change_role(&self, who: &str, role: Role) -> Result<Committed, SqlError> {
        let own = self.author;
        self.rule(|ruling| {
            let (author, member) = find(&ruling.members, who)?;
            check_other(&author, own, self.genesis.recovery, "changes the role of")?;
            if member.role == role {
                return Err(SqlError::new(1105, format!("Member '{who}' has this role already; nothing was changed")));
            }
            let records = vec![ControlRecord::ChangeRole { author, role }];
            let needs_slots = role > Role::Reader && !(ruling.has_slots)(&author);
            Ok(if needs_slots { Decision::WithSlots(records, author) } else { Decision::Records(records) })
        })
    }

    /// Half of this replica's AUTO_INCREMENT slots go to a member that writes. Error: 1105 no such member.
    pub fn hand_over_slots(&self, who: &str) -> Result<Committed, SqlError> {
        let own = self.author;
        let spare = self.latch().known.slots(&self.genesis).share(&own).mask.len() > 1;
        self.rule(|ruling| {
            let (author, member) = find(&ruling.members, who)?;
            if author == own || member.role == Role::Reader {
                return Err(SqlError::new(1105, "Slots go to another member that writes"));
            }
            if !spare {
                return Err(SqlError::new(1105, "This replica has no AUTO_INCREMENT slot to spare: run it on another member (headwaters.members shows slots)"));
            }
            Ok(Decision::WithSlots(Vec::new(), author))
        })
    }

    /// Why this author may not write here, if it may not: 1290 with the way out, sooner than admission would say it.
    pub fn check_writes(&self, writer: &Writer) -> Result<(), SqlError> {
        let members = writer.known.members_now();
        let no = |why: &str| Err(SqlError::new(1290, format!("This replica takes no writes: {why}")));
        match members.standing(&self.author) {
            Standing::Writer | Standing::Admin => Ok(()),
            Standing::Reader => no(
                "it is a reader of the database; write on another member, or let an administrator run: CALL headwaters.change_role('MEMBER', 'writer')",
            ),
            Standing::Stranger if members.is_removed(&self.author) => {
                no("its author key was removed from the database; join again from an empty folder, with a new ticket")
            }
            Standing::Stranger => no(
                "it has joined, but not fetched its admission from its peers yet; see headwaters.peers, and try again when it has",
            ),
        }
    }
}

/// Error: 1290 with those who may.
pub fn check_admin(members: &Members, own: &AuthorId) -> Result<(), SqlError> {
    if members.standing(own) == Standing::Admin {
        return Ok(());
    }
    let admins: Vec<&str> = members
        .iter()
        .filter(|(_, m)| m.role == Role::Admin && m.name != "recovery")
        .map(|(_, m)| m.name.as_str())
        .collect();
    let text = format!("This replica is no administrator of the database; run this on one of: {}", admins.join(", "));
    Err(SqlError::new(1290, text))
}

fn check_other(author: &AuthorId, own: AuthorId, recovery: AuthorId, verb: &str) -> Result<(), SqlError> {
    if *author == recovery {
        return Err(SqlError::new(
            1105,
            "The recovery key stays what it is: it is the way back when no administrator is left",
        ));
    }
    if *author == own {
        return Err(SqlError::new(1105, format!("An administrator never {verb} itself; run this on another one")));
    }
    Ok(())
}

/// A member by name, without case, or by an unambiguous prefix of its author key of 8 or more characters.
pub fn find(members: &Members, who: &str) -> Result<(AuthorId, Member), SqlError> {
    let named = |(author, member): &(&AuthorId, &Member)| {
        same_name(&member.name, who)
            || who.len() >= MIN_PREFIX && author.to_string().starts_with(&who.to_ascii_lowercase())
    };
    let mut found = members.iter().filter(named);
    match (found.next(), found.next()) {
        (Some((author, member)), None) => Ok((*author, member.clone())),
        (None, _) => Err(SqlError::new(1105, format!("No member is named '{who}'; see headwaters.members"))),
        _ => Err(SqlError::new(1105, format!("'{who}' is more than one member; give more of the author key"))),
    }
}

/// Names that people would take for one.
pub fn same_name(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}

/// What a member may be called: something that people can read and type.
pub fn check_name(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        Err("it is empty")
    } else if name.len() > MAX_MEMBER_NAME {
        Err("it is longer than 64 bytes")
    } else if name.chars().any(char::is_control) || name.trim() != name {
        Err("it has control characters, or blanks at an end")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests;

//! Control records (R12) and the member set they make.
//!
//! Promises: the member set of a closure is a function of its control records in the order; a removal or cut wins over
//! everything, before or after. Does not decide whether a record's author was an admin: that is `admit`.

use crate::admit::Standing;
use crate::encode::positional::{positional, tagged};
use crate::encode::{self, Domain};
use crate::error::{Error, Result};
use crate::genesis::Genesis;
use crate::id::{AuthorId, CommitId, EntityId, NodeId, RunId};
pub use crate::limits::{MAX_MEMBER_NAME, MAX_RECORDS, MAX_SETTING};
use crate::slots::{MAX_FLOORS, MAX_SLOTS};
use serde_bytes::{ByteArray, ByteBuf};
use std::collections::{BTreeMap, BTreeSet};

/// What a member may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Fetches and reads; writes no commits.
    Reader,
    /// Writes commits.
    Writer,
    /// Writes control records, too.
    Admin,
}

tagged!(Role { 1 => Reader {}, 2 => Writer {}, 3 => Admin {} });

/// One author's consent to a cut (R17).
#[derive(Clone, Debug, PartialEq)]
pub struct Vote {
    /// Who consents.
    pub author: AuthorId,
    /// Signature over the cut.
    pub signature: ByteArray<64>,
}

positional!(Vote { author, signature });

/// One control record.
#[derive(Clone, Debug, PartialEq)]
pub enum ControlRecord {
    /// A key becomes a member; its first commit follows this one (R6).
    Admit {
        /// The key.
        author: AuthorId,
        /// What it may do.
        role: Role,
        /// A name for people.
        name: String,
    },
    /// A member's role changes.
    ChangeRole {
        /// The member.
        author: AuthorId,
        /// What it may do from here on.
        role: Role,
    },
    /// A member is removed for good.
    Remove(AuthorId),
    /// A member goes on under a new key.
    RenewKey {
        /// The old key: removed.
        old: AuthorId,
        /// The new key: has the old one's role.
        new: AuthorId,
    },
    /// An author's commits outside the past of `last` are void (R17).
    Cut {
        /// The author.
        author: AuthorId,
        /// Its run.
        run: RunId,
        /// Its last valid commit.
        last: CommitId,
        /// The majority's consent.
        votes: Vec<Vote>,
    },
    /// The author takes its own late commits back: they are void (R18).
    Withdraw(Vec<CommitId>),
    /// A higher rules level is in force from this place in the order (R2).
    RaiseRules(u32),
    /// A setting of the whole database.
    Setting {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// The commit's author hands AUTO_INCREMENT slots on (R38).
    HandOver {
        /// To whom.
        to: AuthorId,
        /// Which, of those that are the author's: bit `s % 8` of byte `s / 8` is slot `s`.
        slots: ByteBuf,
        /// By table: the new owner generates only numbers above this, because the author may have used those below.
        floors: Vec<(EntityId, u64)>,
    },
}

tagged!(ControlRecord {
    1 => Admit { author: author, role: role, name: name },
    2 => ChangeRole { author: author, role: role },
    3 => Remove { 0: author },
    4 => RenewKey { old: old, new: new },
    5 => Cut { author: author, run: run, last: last, votes: votes },
    6 => Withdraw { 0: commits },
    7 => RaiseRules { 0: level },
    8 => Setting { name: name, value: value },
    9 => HandOver { to: to, slots: slots, floors: floors },
});

/// Canonical bytes of a commit's control records; empty for none.
pub fn encode_records(records: &[ControlRecord]) -> Vec<u8> {
    if records.is_empty() { Vec::new() } else { encode::to_bytes(&records) }
}

/// What the header's `control` field holds for these bytes.
pub fn root(bytes: &[u8]) -> NodeId {
    NodeId(if bytes.is_empty() { [0; 32] } else { Domain::CONTROL.hash(bytes) })
}

/// Reads a commit's control records.
pub fn decode_records(bytes: &[u8]) -> Result<Vec<ControlRecord>> {
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let records: Vec<ControlRecord> = encode::from_bytes("control records", bytes)?;
    if records.is_empty() {
        return Err(Error::malformed("control records", "an empty list is no bytes"));
    }
    Error::limit("control records of a commit", records.len(), MAX_RECORDS)?;
    records.iter().try_for_each(check_lengths)?;
    Ok(records)
}

fn check_lengths(record: &ControlRecord) -> Result<()> {
    match record {
        ControlRecord::Admit { name, .. } => Error::limit("bytes of a member's name", name.len(), MAX_MEMBER_NAME),
        ControlRecord::Setting { name, value } => {
            Error::limit("bytes of a setting's name", name.len(), MAX_MEMBER_NAME)?;
            Error::limit("bytes of a setting", value.len(), MAX_SETTING)
        }
        ControlRecord::Cut { votes, .. } => Error::limit("votes of a cut", votes.len(), MAX_RECORDS),
        ControlRecord::Withdraw(commits) => Error::limit("withdrawn commits", commits.len(), MAX_RECORDS),
        ControlRecord::HandOver { slots, floors, .. } => {
            Error::limit("slots of a record", slots.len() * 8, MAX_SLOTS as usize)?;
            Error::limit("tables of a record", floors.len(), MAX_FLOORS)
        }
        _ => Ok(()),
    }
}

/// A member as people see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// What it may do.
    pub role: Role,
    /// Its name; empty for the founder.
    pub name: String,
}

/// The member set of a closure: fold its control records in the order.
#[derive(Clone, Debug, PartialEq)]
pub struct Members {
    present: BTreeMap<AuthorId, Member>,
    removed: BTreeSet<AuthorId>,
    rules_level: u32,
}

impl Members {
    /// The founder and the recovery key, both admins.
    pub fn founding(genesis: &Genesis) -> Self {
        let admin = |name: &str| Member { role: Role::Admin, name: name.to_owned() };
        let present = BTreeMap::from([(genesis.founder, admin("founder")), (genesis.recovery, admin("recovery"))]);
        Members { present, removed: BTreeSet::new(), rules_level: genesis.rules_level }
    }

    /// Folds in one more record; records come in the order of their commits.
    pub fn apply(&mut self, record: &ControlRecord) {
        match record {
            ControlRecord::Admit { author, role, name } => {
                self.admit(*author, Member { role: *role, name: name.clone() })
            }
            ControlRecord::ChangeRole { author, role } => {
                if let Some(member) = self.present.get_mut(author) {
                    member.role = *role;
                }
            }
            ControlRecord::Remove(author) | ControlRecord::Cut { author, .. } => self.remove(author),
            ControlRecord::RenewKey { old, new } => {
                if let Some(member) = self.present.get(old).cloned() {
                    self.admit(*new, member);
                }
                self.remove(old);
            }
            ControlRecord::RaiseRules(level) => self.rules_level = self.rules_level.max(*level),
            ControlRecord::Withdraw(_) | ControlRecord::Setting { .. } | ControlRecord::HandOver { .. } => {}
        }
    }

    /// Removal wins (R12): a removed key never comes back, its owner makes a new one.
    fn admit(&mut self, author: AuthorId, member: Member) {
        if !self.removed.contains(&author) {
            self.present.insert(author, member);
        }
    }

    fn remove(&mut self, author: &AuthorId) {
        self.present.remove(author);
        self.removed.insert(*author);
    }

    /// What the author may do.
    pub fn standing(&self, author: &AuthorId) -> Standing {
        match self.present.get(author).map(|member| member.role) {
            None => Standing::Stranger,
            Some(Role::Reader) => Standing::Reader,
            Some(Role::Writer) => Standing::Writer,
            Some(Role::Admin) => Standing::Admin,
        }
    }

    /// Whether this key was a member and is none any more, for good.
    pub fn is_removed(&self, author: &AuthorId) -> bool {
        self.removed.contains(author)
    }

    /// The rules level in force.
    pub fn rules_level(&self) -> u32 {
        self.rules_level
    }

    /// Every member, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&AuthorId, &Member)> {
        self.present.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER;

    fn author(n: u8) -> AuthorId {
        AuthorId([n; 32])
    }

    fn admit(n: u8, role: Role) -> ControlRecord {
        ControlRecord::Admit { author: author(n), role, name: "n".to_owned() }
    }

    fn members(records: &[ControlRecord]) -> Members {
        let mut members = Members { present: BTreeMap::new(), removed: BTreeSet::new(), rules_level: 1 };
        records.iter().for_each(|record| members.apply(record));
        members
    }

    #[test]
    fn golden_bytes() {
        let one = "01".repeat(32);
        let two = "02".repeat(32);
        let cases = [
            (admit(1, Role::Writer), format!("8184015820{one}8102616e")),
            (ControlRecord::Remove(author(2)), format!("8182035820{two}")),
            (ControlRecord::RenewKey { old: author(1), new: author(2) }, format!("8183045820{one}5820{two}")),
            (ControlRecord::Withdraw(vec![CommitId([1; 32])]), format!("818206815820{one}")),
            (ControlRecord::RaiseRules(2), "81820702".to_owned()),
            (ControlRecord::Setting { name: "a".into(), value: "b".into() }, "81830861616162".to_owned()),
            (
                ControlRecord::HandOver {
                    to: author(1),
                    slots: ByteBuf::from([0xaa]),
                    floors: vec![(EntityId([2; 32]), 7)],
                },
                format!("8184095820{one}41aa81825820{two}07"),
            ),
        ];
        for (record, golden) in cases {
            let bytes = encode_records(std::slice::from_ref(&record));
            assert_eq!(HEXLOWER.encode(&bytes), golden, "{record:?}");
            assert_eq!(decode_records(&bytes).unwrap(), [record]);
        }
    }

    #[test]
    fn removal_wins_whatever_the_order() {
        let (entry, removal) = (admit(1, Role::Admin), ControlRecord::Remove(author(1)));
        for records in [[entry.clone(), removal.clone()], [removal, entry]] {
            assert_eq!(members(&records).standing(&author(1)), Standing::Stranger);
        }
    }

    #[test]
    fn a_renewed_key_has_the_old_ones_role() {
        let renewed = members(&[admit(1, Role::Writer), ControlRecord::RenewKey { old: author(1), new: author(2) }]);
        assert_eq!(renewed.standing(&author(1)), Standing::Stranger);
        assert_eq!(renewed.standing(&author(2)), Standing::Writer);
    }

    #[test]
    fn limits_hold_at_the_limit_and_not_one_past() {
        let text = |n: usize| "x".repeat(n);
        let name = |n| ControlRecord::Admit { author: author(1), role: Role::Reader, name: text(n) };
        let given = |slots: usize, floors| ControlRecord::HandOver {
            to: author(1),
            slots: ByteBuf::from(vec![0; slots]),
            floors: vec![(EntityId::ZERO, 1); floors],
        };
        let cut = |votes| ControlRecord::Cut {
            author: author(1),
            run: RunId(1),
            last: CommitId([1; 32]),
            votes: vec![Vote { author: author(2), signature: ByteArray::new([0; 64]) }; votes],
        };
        type Case<'a> = (&'a str, usize, &'a dyn Fn(usize) -> Vec<ControlRecord>);
        let cases: [Case<'_>; 8] = [
            ("records", MAX_RECORDS, &|n| vec![ControlRecord::RaiseRules(1); n]),
            ("a member's name", MAX_MEMBER_NAME, &|n| vec![name(n)]),
            ("a setting's name", MAX_MEMBER_NAME, &|n| vec![ControlRecord::Setting { name: text(n), value: text(1) }]),
            ("a setting", MAX_SETTING, &|n| vec![ControlRecord::Setting { name: text(1), value: text(n) }]),
            ("votes", MAX_RECORDS, &|n| vec![cut(n)]),
            ("withdrawn", MAX_RECORDS, &|n| vec![ControlRecord::Withdraw(vec![CommitId([1; 32]); n])]),
            ("bytes of slots", MAX_SLOTS as usize / 8, &|n| vec![given(n, 0)]),
            ("floors", MAX_FLOORS, &|n| vec![given(1, n)]),
        ];
        for (what, limit, records) in cases {
            assert!(decode_records(&encode_records(&records(limit))).is_ok(), "{what}: {limit}");
            assert!(decode_records(&encode_records(&records(limit + 1))).is_err(), "{what}: {limit} and one");
        }
    }
}

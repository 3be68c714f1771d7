//! Members that come, are given other roles, and go (R12): which administrator decides what when.
//!
//! Promises: an administrator that is down or whose clock is off decides later. A newcomer starts once its admission is
//! written, wherever that is known; the founder and the other administrators stay, so that somebody can always decide.

use super::super::founding::Cast;
use super::super::kind::Kind;
use super::super::random::Random;
use super::super::replica::Replica;
use super::super::step::Refused;
use super::cloning::PATIENCE_MILLIS;
use super::{Happening, STORM_MILLIS, World};
use dag::admit::Standing;
use dag::control::{ControlRecord, Role};

/// A decision of an administrator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Ruling {
    Admit(usize, Role),
    Promote(usize),
    Demote(usize),
    Remove(usize),
}

/// Members from the beginning, of which one may be removed or demoted, and at least one newcomer.
pub(super) fn cast(kind: Kind, random: &mut Random) -> Cast {
    let peers = random.between(3, 7) as usize;
    // Who is demoted is no administrator.
    let least = if kind == Kind::Demoted { 2 } else { 1 };
    let founding = random.between(least, peers as u64) as usize;
    let most_admins = if kind == Kind::Demoted { founding as u64 } else { founding as u64 / 2 + 2 };
    Cast { peers, founding, admins: random.between(1, most_admins) as usize, doubled: false }
}

impl World<'_> {
    /// Who comes and goes.
    pub(super) fn plan_rulings(&mut self, cast: Cast) {
        let somebody_goes = cast.founding > cast.admins && self.random.chance(700);
        let somebody_goes = somebody_goes && self.kind == Kind::Members || self.kind == Kind::Demoted;
        for who in cast.founding..cast.peers {
            let role = if self.random.chance(300) { Role::Reader } else { Role::Writer };
            let when = match self.kind {
                // Late, so that there is something to take, and some of them in the calm.
                Kind::Cloned => self.random.between(STORM_MILLIS / 4, STORM_MILLIS + 5_000),
                _ => self.random.below(STORM_MILLIS * 3 / 4),
            };
            self.plan_ruling(cast, when, Ruling::Admit(who, role));
            if self.random.chance(200) {
                // Two administrators admit one key, perhaps without knowing of each other.
                self.plan_ruling(cast, when + 100, Ruling::Admit(who, role));
            }
            if role == Role::Reader && self.random.chance(500) {
                let later = self.random.between(when, STORM_MILLIS.max(when + 2_000));
                self.plan_ruling(cast, later, Ruling::Promote(who));
            }
        }
        if somebody_goes {
            let who = self.random.between(cast.admins as u64, cast.founding as u64) as usize;
            let when = self.random.between(1_000, STORM_MILLIS);
            let goes = if self.kind == Kind::Demoted { Ruling::Demote(who) } else { Ruling::Remove(who) };
            self.plan_ruling(cast, when, goes);
            let before = self.random.below(5_000);
            self.at(when.saturating_sub(before), Happening::CutOff(who));
            self.suspect = Some(who);
        }
    }

    fn plan_ruling(&mut self, cast: Cast, when: u64, ruling: Ruling) {
        let by = self.random.below(cast.admins as u64) as usize;
        self.at(when, Happening::Rule(by, ruling));
    }

    /// Whether a decision is still to be written.
    pub(super) fn is_ruling(&self) -> bool {
        self.agenda.values().any(|what| matches!(what, Happening::Rule(..)))
    }

    /// An administrator decides.
    pub(super) fn rule(&mut self, by: usize, ruling: Ruling) -> Result<(), String> {
        let author = |who: usize| self.replicas[who].author();
        let record = match ruling {
            Ruling::Admit(who, role) => ControlRecord::Admit { author: author(who), role, name: who.to_string() },
            Ruling::Promote(who) => ControlRecord::ChangeRole { author: author(who), role: Role::Writer },
            Ruling::Demote(who) => ControlRecord::ChangeRole { author: author(who), role: Role::Reader },
            Ruling::Remove(who) => ControlRecord::Remove(author(who)),
        };
        // A role is changed by who knows the member.
        let is_unknown = matches!(ruling, Ruling::Promote(who)
            if self.replicas[by].standing(&author(who)) == Standing::Stranger);
        let wall = self.wall(by);
        let ruled = if is_unknown { Err(Refused::Standing) } else { self.replicas[by].rule(&[record], wall) };
        match ruled {
            Ok(id) => {
                self.record(&format!("{by} ruled {ruling:?} in {id}"));
                self.summary.rulings += 1;
                if let Ruling::Admit(who, _) = ruling {
                    let patient = Happening::Clone(who, self.now + PATIENCE_MILLIS);
                    self.after(0, if self.kind == Kind::Cloned { patient } else { Happening::Start(who) });
                }
                self.grown(by)?;
            }
            Err(Refused::Clock | Refused::Standing) => self.after(500, Happening::Rule(by, ruling)),
            Err(refused) => return Err(format!("administrator {by} could not rule {ruling:?}: {refused:?}")),
        }
        self.sync_soon(by);
        Ok(())
    }

    /// Whether the founder knows that it wrote once and may write no more.
    pub(super) fn is_demoted(&self, replica: &Replica) -> bool {
        replica.number < self.cast.founding && self.replicas[0].standing(&replica.author()) == Standing::Reader
    }

    /// Whether the founder knows that it is no member any more.
    pub(super) fn is_removed(&self, replica: &Replica) -> bool {
        replica.number < self.cast.founding && self.replicas[0].standing(&replica.author()) == Standing::Stranger
    }
}

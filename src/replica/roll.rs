//! Members as `headwaters.members` shows them, and control records as `headwaters.control` does (R12).
//!
//! Promises: read under the latch, given out without it. Runs, last commits and proofs of equivocation are those in
//! memory: of a member that has been silent since before the last checkpoint there may be none.

use super::finality::VoiceFact;
use super::local::Local;
use super::report::{ControlFact, MemberFact};
use dag::admit::Known;
use dag::control::{ControlRecord, Member, Role};
use dag::hlc::Hlc;
use dag::id::AuthorId;
use std::collections::BTreeMap;

impl Local {
    /// Every member.
    pub fn member_facts(&self) -> Vec<MemberFact> {
        let voices: BTreeMap<AuthorId, VoiceFact> = self.voices().into_iter().map(|v| (v.author, v)).collect();
        let writer = self.latch();
        let known = &writer.known;
        let (slots, versions) = (known.slots(&self.genesis), known.chains.versions());
        let equivocators = known.chains.equivocators();
        let since = |author: &AuthorId| known.admission(author).and_then(|id| known.vertex(&id)).map(|v| v.hlc);
        let fact = |(author, member): (&AuthorId, &Member)| {
            let chains: Vec<_> = versions.iter().filter(|(chain, _)| chain.author == *author).collect();
            let last = |(_, position): &(_, &dag::version::Position)| known.vertex(&position.id).map(|v| v.hlc);
            let voice = voices.get(author).cloned();
            MemberFact {
                author: *author,
                name: member.name.clone(),
                role: if *author == self.genesis.recovery { "recovery" } else { role(member.role) },
                since: since(author),
                slots: slots.share(author).mask.len(),
                promise: voice.as_ref().map(|v| v.promise).filter(|hlc| *hlc > Hlc::default()),
                voice,
                equivocated: equivocators.contains(author),
                runs: chains.len() as u64,
                last_commit: chains.iter().filter_map(last).max(),
                here: *author == self.author,
            }
        };
        known.members_now().iter().map(fact).collect()
    }

    /// Every control record, in the order of its commits.
    pub fn control_facts(&self) -> Vec<ControlFact> {
        let writer = self.latch();
        let mut facts = Vec::new();
        for (commit, author, hlc, records) in writer.known.control_commits() {
            for (place, record) in records.iter().enumerate() {
                let (kind, member, detail) = describe(record);
                facts.push(ControlFact { commit, place: place as u64 + 1, author, hlc, kind, member, detail });
            }
        }
        facts
    }
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Reader => "reader",
        Role::Writer => "writer",
        Role::Admin => "admin",
    }
}

/// What a record does, to whom, and how, in words.
fn describe(record: &ControlRecord) -> (&'static str, Option<AuthorId>, String) {
    match record {
        ControlRecord::Admit { author, role: given, name } => {
            ("admit", Some(*author), format!("{} '{name}'", role(*given)))
        }
        ControlRecord::ChangeRole { author, role: given } => ("change role", Some(*author), role(*given).to_owned()),
        ControlRecord::Remove(author) => ("remove", Some(*author), String::new()),
        ControlRecord::RenewKey { old, new } => ("renew key", Some(*old), new.to_string()),
        ControlRecord::Cut { author, run, last, votes } => {
            ("cut", Some(*author), format!("run {} after {last}, {} votes", run.0, votes.len()))
        }
        ControlRecord::Withdraw(commits) => ("withdraw", None, format!("{} commits", commits.len())),
        ControlRecord::RaiseRules(level) => ("raise rules", None, level.to_string()),
        ControlRecord::Setting { name, value } => ("setting", None, format!("{name}={value}")),
        ControlRecord::HandOver { to, slots, floors } => {
            let count: u32 = slots.iter().map(|byte| byte.count_ones()).sum();
            ("hand over slots", Some(*to), format!("{count} slots, floors of {} tables", floors.len()))
        }
    }
}

//! `headwaters join TICKET`: makes the data folder of a new member.
//!
//! Promises: nothing but the author key is written before somebody let us in; repeated with the same ticket and the same folder
//! it goes on with the same key, so that an interrupted join can be finished. Fetches no data: `start` does.

use super::print;
use crate::config::Config;
use crate::failure::Failure;
use crate::network;
use crate::replica::{founding, joining};
use clap::Args;
use dag::author_key::AuthorKey;
use dag::clock::System;
use dag::control::Role;
use gossip::ticket::{JoinRequest, Ticket, Welcome};
use tokio::runtime::Builder;

/// The ticket, and how to be called.
#[derive(Args, Debug)]
pub struct Arguments {
    /// What `headwaters invite` printed
    ticket: String,
    /// The name of this replica among the members; without one the invitation's, or one made of its key
    #[arg(long, default_value = "")]
    name: String,
}

/// Joins, and says what to do next.
pub fn run(config: &Config, arguments: &Arguments) -> Result<(), Failure> {
    let ticket = Ticket::parse(&arguments.ticket).map_err(|e| Failure::usage(e.to_string()))?;
    if let Some(done) = already(config, &ticket)? {
        print::line(done);
        return Ok(());
    }
    let system = System::new();
    let author = joining::prepare(&config.data, &system)?;
    let transport = network::transport_key(&system)?;
    let named = (ticket.id, &ticket.key());
    let request = JoinRequest::new(ticket.genesis, named, &author, network::transport_id(&transport), &arguments.name);
    print::remark(format!("Asking {} for admission to database {} ...", addresses(&ticket), ticket.genesis.short()));
    let welcome = ask(&transport, &ticket, &request)?;
    let genesis = welcome
        .check(&ticket.genesis, &author.id(), &ticket.key())
        .map_err(|e| Failure::environment(format!("nothing was joined: {e}; ask for a new ticket")))?;
    network::remember(&config.data, &ticket.addresses)?;
    joining::finish(&config.data, &genesis)?;
    let role = match ticket.role {
        Role::Reader => "reader",
        Role::Writer => "writer",
        Role::Admin => "administrator",
    };
    print::line(format!(
        "Joined database {} as {role} '{}', in {}",
        ticket.genesis,
        welcome.name,
        config.data.display()
    ));
    print::line(format!("Next: headwaters --data {} start, which fetches the data", config.data.display()));
    Ok(())
}

/// What to say if there is nothing to do. Error: the folder holds another database.
fn already(config: &Config, ticket: &Ticket) -> Result<Option<String>, Failure> {
    if !founding::is_founded(&config.data) {
        return Ok(None);
    }
    let (held, folder) = (founding::load_genesis(&config.data)?.id(), config.data.display());
    if held == ticket.genesis {
        return Ok(Some(format!("{folder} has joined this database already. Next: headwaters --data {folder} start")));
    }
    Err(Failure::usage(format!(
        "{folder} holds another database, {held}; nothing was changed. Give an empty folder: headwaters --data OTHER join TICKET"
    )))
}

fn addresses(ticket: &Ticket) -> String {
    ticket.addresses.join(", ")
}

/// Redeems the ticket at one of its addresses.
fn ask(transport: &AuthorKey, ticket: &Ticket, request: &JoinRequest) -> Result<Welcome, Failure> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|e| Failure::environment(format!("cannot start a runtime: {e}")))?;
    let refused = |e: gossip::JoinError| Failure::environment(format!("not joined: {e}"));
    runtime.block_on(gossip::join(transport, &ticket.addresses, request)).map_err(refused)
}

//! `headwaters import`: takes the chains of a bundle file through the same admission as any commit from outside.

use super::{Output, print};
use crate::config::Config;
use crate::failure::Failure;
use crate::replica::receiving::Taken;
use crate::replica::{Replica, bundle};
use clap::Args;
use std::path::PathBuf;

/// What to import.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Bundle files
    #[arg(required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    output: Output,
}

/// Imports and says what became of every segment; fails if one was refused.
pub fn run(config: &Config, arguments: &Arguments) -> Result<(), Failure> {
    let replica = Replica::open(config, &|_, _| {})?;
    let receipt = take(&replica, &arguments.files);
    replica.stop()?;
    let receipt = receipt?;
    if arguments.output.json {
        let value = serde_json::json!({
            "entered": receipt.entered,
            "known": receipt.known,
            "waiting": receipt.waiting,
            "refused": receipt.refused.iter().map(|(_, why)| why).collect::<Vec<_>>(),
        });
        print::line(value.to_string());
    } else {
        print::line(format!("{} commits entered, {} were here already", receipt.entered, receipt.known));
        receipt.waiting.iter().for_each(|why| print::line(format!("waits: {why}")));
        receipt.refused.iter().for_each(|(_, why)| print::line(format!("refused: {why}")));
    }
    match receipt.refused.len() {
        0 => Ok(()),
        n => Err(Failure::Check(format!("{n} segments were refused"))),
    }
}

/// Objects are stored as they are read; segments are taken when all files are read, so that any order will do.
fn take(replica: &Replica, files: &[PathBuf]) -> Result<Taken, Failure> {
    let mut parcels = Vec::new();
    for file in files {
        parcels.extend(bundle::read(file, &mut |objects| replica.store_objects(objects))?);
    }
    replica.receive(parcels)
}

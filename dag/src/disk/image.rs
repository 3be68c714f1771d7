//! A disk in memory that knows what a power cut would leave: for tests and the simulator.
//!
//! Every file has what was last synced and the writes since; names have the same. [`Image::after_power_cut`] makes the
//! disk that a machine would find, with each unsynced change lost, kept, or torn at sector borders. One [`Fault`] can
//! be set to strike at a numbered operation, so that a test can try them all.

use super::{Disk, DiskFile};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a disk writes as one piece.
const SECTOR: usize = 512;

/// What goes wrong at the chosen operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The power goes: this operation and all later ones fail. A write may be under way on the disk.
    PowerCut,
    /// The disk is full: half of a write is done, the rest fails. Later operations succeed.
    Full,
    /// The operation fails with EIO; a sync that fails loses what it should have saved, without further notice.
    Broken,
    /// No error: syncs from here on answer without saving anything.
    LyingSync,
}

/// Which unsynced changes a power cut leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tear {
    /// None.
    Lost,
    /// All.
    Kept,
    /// Sector by sector and name by name, drawn from a seed.
    Torn(u64),
}

#[derive(Clone)]
enum Change {
    Write { offset: u64, bytes: Vec<u8> },
    Length(u64),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Change::Write { offset, bytes: written } => {
                let start = *offset as usize;
                bytes.resize(bytes.len().max(start + written.len()), 0);
                bytes[start..start + written.len()].copy_from_slice(written);
            }
            Change::Length(length) => bytes.resize(*length as usize, 0),
        }
    }
}

#[derive(Clone, Default)]
struct Contents {
    synced: Vec<u8>,
    now: Vec<u8>,
    unsynced: Vec<Change>,
}

impl Contents {
    fn change(&mut self, change: Change) {
        change.apply(&mut self.now);
        self.unsynced.push(change);
    }

    fn sync(&mut self) {
        // Not a copy of `now`: what a failed sync dropped stays lost.
        self.unsynced.drain(..).for_each(|change| change.apply(&mut self.synced));
    }

    fn torn(&self, random: &mut Draws) -> Vec<u8> {
        let mut bytes = self.synced.clone();
        for change in &self.unsynced {
            match change {
                Change::Length(_) if random.coin() => change.apply(&mut bytes),
                Change::Length(_) => {}
                Change::Write { offset, bytes: written } => {
                    for (index, sector) in written.chunks(SECTOR).enumerate() {
                        if random.coin() {
                            let offset = offset + (index * SECTOR) as u64;
                            Change::Write { offset, bytes: sector.to_vec() }.apply(&mut bytes);
                        }
                    }
                }
            }
        }
        bytes
    }
}

#[derive(Clone)]
enum NameChange {
    Made(String, usize),
    Renamed(String, String),
    Removed(String),
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            NameChange::Made(name, file) => {
                names.insert(name.clone(), *file);
            }
            NameChange::Renamed(from, to) => {
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
            }
            NameChange::Removed(name) => {
                names.remove(name);
            }
        }
    }

    fn folder(&self) -> &str {
        let (NameChange::Made(name, _) | NameChange::Renamed(name, _) | NameChange::Removed(name)) = self;
        name.split('/').next().unwrap_or(name)
    }
}

#[derive(Default)]
struct State {
    files: Vec<Contents>,
    synced_names: BTreeMap<String, usize>,
    names: BTreeMap<String, usize>,
    unsynced_names: Vec<NameChange>,
    operations: u64,
    fault: Option<(u64, Fault)>,
    is_off: bool,
    is_lying: bool,
}

impl State {
    /// Counts a changing operation; an error is what it must fail with.
    fn operation(&mut self) -> Result<(), Fault> {
        if self.is_off {
            return Err(Fault::PowerCut);
        }
        let number = self.operations;
        self.operations += 1;
        match self.fault {
            Some((at, Fault::LyingSync)) if at == number => {
                self.is_lying = true;
                Ok(())
            }
            Some((at, fault)) if at == number => {
                self.is_off = fault == Fault::PowerCut;
                Err(fault)
            }
            _ => Ok(()),
        }
    }

    fn change_names(&mut self, change: NameChange) -> io::Result<()> {
        self.operation().map_err(error_of)?;
        change.apply(&mut self.names);
        self.unsynced_names.push(change);
        Ok(())
    }
}

fn error_of(fault: Fault) -> io::Error {
    match fault {
        Fault::PowerCut => io::Error::other("the power is off"),
        Fault::Full => io::ErrorKind::StorageFull.into(),
        // EIO on Linux; std has no stable kind for it.
        Fault::Broken | Fault::LyingSync => io::Error::from_raw_os_error(5),
    }
}

/// The disk; clones are the same disk.
#[derive(Clone, Default)]
pub struct Image(Arc<Mutex<State>>);

impl Image {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a fault strike at operation number `at`, counted from 0 over all that change or sync something.
    pub fn strike(&self, at: u64, fault: Fault) {
        self.state().fault = Some((at, fault));
    }

    /// How many operations changed or synced something so far.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// The disk as a machine finds it after losing power now.
    pub fn after_power_cut(&self, tear: Tear) -> Image {
        let state = self.state();
        let mut random = Draws(if let Tear::Torn(seed) = tear { seed } else { 0 });
        let surviving = |contents: &Contents, random: &mut Draws| match tear {
            Tear::Lost => contents.synced.clone(),
            Tear::Kept => {
                let mut bytes = contents.synced.clone();
                contents.unsynced.iter().for_each(|change| change.apply(&mut bytes));
                bytes
            }
            Tear::Torn(_) => contents.torn(random),
        };
        let files = state.files.iter().map(|contents| surviving(contents, &mut random));
        let files: Vec<_> = files.map(|now| Contents { synced: now.clone(), now, unsynced: Vec::new() }).collect();
        // Journalling file systems keep the order of name changes, so a power cut leaves some first part of them.
        let kept = match tear {
            Tear::Lost => 0,
            Tear::Kept => state.unsynced_names.len(),
            Tear::Torn(_) => random.next() as usize % (state.unsynced_names.len() + 1),
        };
        let mut names = state.synced_names.clone();
        state.unsynced_names[..kept].iter().for_each(|change| change.apply(&mut names));
        Image(Arc::new(Mutex::new(State { files, synced_names: names.clone(), names, ..State::default() })))
    }

    /// Flips bits of a file, synced and all: what bad hardware does.
    pub fn damage(&self, name: &str, offset: u64, mask: u8) {
        let mut state = self.state();
        if let Some(file) = state.names.get(name).copied() {
            let contents = &mut state.files[file];
            for bytes in [&mut contents.synced, &mut contents.now] {
                if let Some(byte) = bytes.get_mut(offset as usize) {
                    *byte ^= mask;
                }
            }
        }
    }
}

impl Disk for Image {
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state();
        let file = match state.names.get(name) {
            Some(file) => *file,
            None => {
                let file = state.files.len();
                state.change_names(NameChange::Made(name.to_owned(), file))?;
                state.files.push(Contents::default());
                file
            }
        };
        Ok(Arc::new(ImageFile { image: self.clone(), file }))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let names = self
            .state()
            .names
            .keys()
            .filter_map(|name| name.strip_prefix(folder)?.strip_prefix('/').map(str::to_owned))
            .collect();
        Ok(names)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.state().change_names(NameChange::Renamed(from.to_owned(), to.to_owned()))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.state().change_names(NameChange::Removed(name.to_owned()))
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        let mut state = self.state();
        state.operation().map_err(error_of)?;
        if !state.is_lying {
            let (synced, open) =
                std::mem::take(&mut state.unsynced_names).into_iter().partition(|c| c.folder() == folder);
            let synced: Vec<NameChange> = synced;
            synced.iter().for_each(|change| change.apply(&mut state.synced_names));
            state.unsynced_names = open;
        }
        Ok(())
    }
}

struct ImageFile {
    image: Image,
    file: usize,
}

impl DiskFile for ImageFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.image.state().files[self.file].now.len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let state = self.image.state();
        let rest = state.files[self.file].now.get(offset as usize..).unwrap_or(&[]);
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.image.state();
        let was_off = state.is_off;
        let done = state.operation();
        // The write that meets the fault may be on its way to the disk: whole when the power goes, half when full.
        let reaches = match done {
            Err(_) if was_off => return done.map_err(error_of),
            Ok(()) | Err(Fault::PowerCut) => bytes.len(),
            Err(_) => bytes.len() / 2,
        };
        state.files[self.file].change(Change::Write { offset, bytes: bytes[..reaches].to_vec() });
        done.map_err(error_of)
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        let mut state = self.image.state();
        state.operation().map_err(error_of)?;
        state.files[self.file].change(Change::Length(length));
        Ok(())
    }

    fn reserve(&self, length: u64) -> io::Result<()> {
        if self.length()? < length { self.set_length(length) } else { Ok(()) }
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.image.state();
        let (done, is_lying) = (state.operation(), state.is_lying);
        let contents = &mut state.files[self.file];
        match done {
            Ok(()) if !is_lying => contents.sync(),
            // The pages are marked clean although they never reached the disk: readable now, gone after a power cut.
            Err(Fault::Broken) => contents.unsynced.clear(),
            _ => {}
        }
        done.map_err(error_of)
    }
}

/// A fixed sequence of draws (SplitMix64): an image must tear alike for the same seed.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn coin(&mut self) -> bool {
        self.next() & 1 == 0
    }
}

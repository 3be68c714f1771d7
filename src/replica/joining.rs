//! The folder of a replica that joins: keys first, genesis last.
//!
//! Promises: the folder counts as a replica's only when the whole is there; an interrupted join finds its keys again.
//! Does not ask anybody.

use super::founding;
use crate::failure::Failure;
use dag::author_key::AuthorKey;
use dag::clock::Entropy;
use dag::genesis::Genesis;
use std::path::Path;

/// Makes the folder, private, with a new author key, or finds the key of an interrupted join. Error: the folder holds
/// something else, or cannot be written.
pub fn prepare(data: &Path, entropy: &dyn Entropy) -> Result<AuthorKey, Failure> {
    if data.join("log").exists() {
        let text = format!(
            "{} holds a log but no genesis: it is no empty folder; nothing was changed. Give another with --data",
            data.display()
        );
        return Err(Failure::usage(text));
    }
    founding::make_folder(data)?;
    if founding::key_path(data).exists() {
        return founding::load_key(data);
    }
    let failed = |e: dag::author_key::KeyError| Failure::environment(e.to_string());
    let key = AuthorKey::generate(entropy).map_err(failed)?;
    key.save(&founding::key_path(data)).map_err(failed)?;
    Ok(key)
}

/// Writes genesis: the folder is a replica's from now on.
pub fn finish(data: &Path, genesis: &Genesis) -> Result<(), Failure> {
    founding::write_genesis(data, genesis)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dag::clock::System;
    use dag::id::AuthorId;

    #[test]
    fn an_interrupted_join_goes_on_with_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let first = prepare(&data, &System::new()).unwrap().id();
        assert!(!founding::is_founded(&data));
        assert_eq!(prepare(&data, &System::new()).unwrap().id(), first);
        let genesis = Genesis::found(AuthorId([1; 32]), AuthorId([2; 32]), &System::new()).unwrap();
        finish(&data, &genesis).unwrap();
        assert_eq!(founding::load_genesis(&data).unwrap(), genesis);
    }

    #[test]
    fn a_folder_with_a_log_is_not_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("log")).unwrap();
        let Err(refused) = prepare(folder.path(), &System::new()) else { panic!("it was taken over") };
        assert!(refused.to_string().contains("nothing was changed"), "{refused}");
    }
}

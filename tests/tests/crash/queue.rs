//! The committer in front of the log: many writers, one failure, no false answer.

use super::workload::commit;
use dag::disk::{Fault, Image, Tear};
use dag::store::{Committer, Kind, Limits, Log, Options, StoreError};
use std::sync::{Arc, Mutex};

#[test]
fn after_a_failed_sync_no_writer_gets_an_answer_that_is_not_true() {
    for at in (10..150).step_by(3) {
        let disk = Image::default();
        disk.strike(at, Fault::Broken);
        let log = Arc::new(Log::open(Arc::new(disk.clone()), Options::default()).unwrap().0);
        let committer = Committer::start(log, Limits::default()).unwrap();
        let acknowledged = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for writer in 0..6 {
                let (committer, acknowledged) = (&committer, &acknowledged);
                scope.spawn(move || {
                    for number in (writer * 100)..(writer * 100 + 60) {
                        match committer.submit(vec![commit(number)]).wait_blocking() {
                            Ok(()) => acknowledged.lock().unwrap().push(number),
                            Err(_) => return,
                        }
                    }
                });
            }
        });
        if committer.failure().is_some() {
            let late = committer.submit(vec![commit(1)]).wait_blocking();
            assert!(matches!(late, Err(StoreError::Poisoned(_))), "{late:?}");
        }
        drop(committer);
        let after = Arc::new(disk.after_power_cut(Tear::Lost));
        let (log, _) = Log::open(after, Options::default()).unwrap();
        for number in acknowledged.into_inner().unwrap() {
            let record = commit(number);
            assert_eq!(log.get(Kind::COMMIT, &record.id).unwrap(), Some(record.bytes), "fault at {at}");
        }
    }
}

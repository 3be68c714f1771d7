//! Watches over statements that compute: one thread beside the runtime.
//!
//! A computing statement holds its thread, so it cannot watch its client, and tokio leaves sockets and timers unpolled
//! when the thread that last polled them computes while the others sleep. So a plain thread looks every
//! [`ROUND`]: it nudges the runtime awake while anything computes, and ends the statement of a client that hung up.
//! At most [`crate::limits::Limits::connections`] entries; the thread is joined by [`Patrol`].

use crate::error::Error;
use crate::handler::Handlers;
use dag::clock::Clock;
use std::collections::HashMap;
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::Notify;

/// Between two looks: the longest that new commands wait beside a computing statement while a thread is free.
const ROUND: Duration = Duration::from_millis(10);

/// Age from which a statement's client is looked at: one that hung up has cost a second of one thread at most.
const LOOK_AFTER: Duration = Duration::from_secs(1);

/// One client under watch.
pub(crate) struct Swimmer {
    connection: u32,
    socket: TcpStream,
    /// Microseconds of the monotonic clock when the statement began to compute; 0 while none does.
    since: AtomicU64,
    pool: Arc<Lifeguard>,
}

/// All clients under watch.
#[derive(Default)]
pub(crate) struct Lifeguard {
    swimmers: Mutex<HashMap<u32, Arc<Swimmer>>>,
}

/// Takes its client out of the watch when the connection ends.
pub(crate) struct Watched(Arc<Swimmer>);

impl Lifeguard {
    fn swimmers(&self) -> MutexGuard<'_, HashMap<u32, Arc<Swimmer>>> {
        self.swimmers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Watches a client; `socket` is a second handle on its stream, never blocking.
    pub fn watch(self: &Arc<Self>, connection: u32, socket: TcpStream) -> Watched {
        let swimmer = Arc::new(Swimmer { connection, socket, since: AtomicU64::new(0), pool: self.clone() });
        self.swimmers().insert(connection, swimmer.clone());
        Watched(swimmer)
    }

    /// Starts the thread; `nudge` is what the server's loop waits on.
    pub fn start(
        self: &Arc<Self>,
        clock: Arc<dyn Clock>,
        handlers: Arc<dyn Handlers>,
        nudge: Arc<Notify>,
    ) -> Result<Patrol, Error> {
        let (stop, stopped) = sync_channel(0);
        let lifeguard = self.clone();
        let thread = std::thread::Builder::new()
            .name("lifeguard".to_owned())
            .spawn(move || lifeguard.patrol(&stopped, clock.as_ref(), handlers.as_ref(), &nudge))
            .map_err(Error::Lifeguard)?;
        Ok(Patrol { stop: Some(stop), thread: Some(thread) })
    }

    fn patrol(&self, stopped: &Receiver<()>, clock: &dyn Clock, handlers: &dyn Handlers, nudge: &Notify) {
        while stopped.recv_timeout(ROUND) == Err(RecvTimeoutError::Timeout) {
            let micros = |age| clock.monotonic().saturating_sub(age).as_micros() as u64;
            let (round_ago, long_ago) = (micros(ROUND), micros(LOOK_AFTER));
            let swimmers = self.swimmers();
            if swimmers.values().any(|swimmer| swimmer.has_computed_since(round_ago)) {
                nudge.notify_one();
            }
            for swimmer in swimmers.values().filter(|swimmer| swimmer.is_lost(long_ago)) {
                tracing::info!(connection = swimmer.connection, "the client is gone; its statement is ended");
                handlers.kill(swimmer.connection.into());
            }
        }
    }
}

/// The running thread; dropping it ends and joins it.
pub(crate) struct Patrol {
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Patrol {
    fn drop(&mut self) {
        drop(self.stop.take());
        // A panic there has been reported by the panic hook.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Swimmer {
    fn has_computed_since(&self, before: u64) -> bool {
        let since = self.since.load(Ordering::Relaxed);
        since != 0 && since <= before
    }

    /// Whether its statement has computed since `before` and nobody waits for it. A client that has sent ahead is not
    /// seen to be gone until that is read.
    fn is_lost(&self, before: u64) -> bool {
        self.has_computed_since(before)
            && match self.socket.peek(&mut [0]) {
                Ok(count) => count == 0,
                Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
            }
    }
}

impl Watched {
    /// The statement begins to compute.
    pub fn begin(&self, now: Duration) {
        self.0.since.store((now.as_micros() as u64).max(1), Ordering::Relaxed);
    }

    /// It has ended, or waits.
    pub fn end(&self) {
        self.0.since.store(0, Ordering::Relaxed);
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.0.pool.swimmers().remove(&self.0.connection);
    }
}

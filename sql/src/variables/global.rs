//! The global values, shared by all sessions and copied at a session's start.

use super::{Definition, Kind, Settings, VariableId, defaults, find, parse_default};
use dag::value::Value;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Global values with their parsed form.
pub(crate) struct Globals {
    current: Mutex<(Arc<Vec<Value>>, Arc<Settings>)>,
    /// When the engine started, on the monotonic clock: for SHOW STATUS.
    pub started: Duration,
}

impl Globals {
    /// The defaults, with the replica's own facts put in.
    pub fn new(facts: &[(String, String)], started: Duration) -> Self {
        let mut values = defaults();
        for (name, value) in facts {
            if let Ok(id) = find(name) {
                let definition: &Definition = id.definition();
                values[usize::from(id.0)] = fact(definition.kind, value);
            }
        }
        let settings = Arc::new(Settings::of(&values));
        Globals { current: Mutex::new((Arc::new(values), settings)), started }
    }

    fn lock(&self) -> MutexGuard<'_, (Arc<Vec<Value>>, Arc<Settings>)> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a new session starts from.
    pub fn copy(&self) -> (Arc<Vec<Value>>, Arc<Settings>) {
        self.lock().clone()
    }

    /// One value.
    pub fn get(&self, id: VariableId) -> Value {
        self.lock().0[usize::from(id.0)].clone()
    }

    /// SET GLOBAL, with a checked value.
    pub fn set(&self, id: VariableId, value: Value) {
        let mut current = self.lock();
        Arc::make_mut(&mut current.0)[usize::from(id.0)] = value;
        current.1 = Arc::new(Settings::of(&current.0));
    }
}

fn fact(kind: Kind, value: &str) -> Value {
    parse_default(kind, value)
}

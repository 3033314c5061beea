//! The leases of the jobs that are under way in this process.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};
use uuid::Uuid;

/// Counts jobs by lease: the links of one claim share one.
#[derive(Clone, Default)]
pub(super) struct Active(Arc<Mutex<BTreeMap<Uuid, usize>>>);

impl Active {
    fn counts(&self) -> std::sync::MutexGuard<'_, BTreeMap<Uuid, usize>> {
        // plain counters: whole whatever panicked
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a job until the guard is dropped.
    pub(super) fn begin(&self, lease: Uuid) -> Guard {
        *self.counts().entry(lease).or_insert(0) += 1;
        Guard {
            active: self.clone(),
            lease,
        }
    }

    pub(super) fn leases(&self) -> Vec<Uuid> {
        self.counts().keys().copied().collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.counts().is_empty()
    }
}

pub(super) struct Guard {
    active: Active,
    lease: Uuid,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut counts = self.active.counts();
        if let Some(count) = counts.get_mut(&self.lease) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.lease);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_held_until_its_last_job_is_done() {
        let (active, lease) = (Active::default(), Uuid::from_u128(7));
        let (one, two) = (active.begin(lease), active.begin(lease));
        drop(one);
        assert_eq!(active.leases(), [lease]);
        drop(two);
        assert!(active.is_empty());
    }
}

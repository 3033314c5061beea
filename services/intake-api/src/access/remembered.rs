//! Who holds which credential, remembered for a moment, so that not every request asks the entity service.
//!
//! What ends elsewhere (a session signed out through another process, a revoked token, a changed role) ends here after
//! [`REMEMBERED`] at the latest; what ends through this process ends at once.

use super::Identity;
use sha2::{Digest as _, Sha256};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How long an answer counts.
pub(crate) const REMEMBERED: Duration = Duration::from_secs(3);
/// Most credentials that are remembered.
const MOST: usize = 10_000;

type Digest = [u8; 32];

/// Valid credentials by their digest; the credentials themselves are not kept.
#[derive(Default)]
pub(crate) struct Remembered {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    known: HashMap<Digest, (Instant, Arc<Identity>)>,
    /// How often everybody was forgotten: an answer that was on its way meanwhile is not kept.
    forgotten: u64,
}

/// A question on its way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    at: Instant,
    forgotten: u64,
}

impl Remembered {
    /// Who showed this at most [`REMEMBERED`] ago.
    pub(super) fn get(&self, credential: &str, now: Instant) -> Option<Arc<Identity>> {
        let inner = self.lock();
        let (since, identity) = inner.known.get(&digest(credential))?;
        (now.duration_since(*since) < REMEMBERED).then(|| identity.clone())
    }

    /// A question that is sent now: its answer may be as old as that.
    pub(super) fn asking(&self, at: Instant) -> Asked {
        let forgotten = self.lock().forgotten;
        Asked { at, forgotten }
    }

    /// Keeps the answer to a question.
    pub(super) fn keep(&self, credential: &str, identity: Arc<Identity>, asked: Asked) {
        let mut inner = self.lock();
        if inner.forgotten != asked.forgotten {
            return;
        }
        let (known, asked) = (&mut inner.known, asked.at);
        if known.len() >= MOST {
            known.retain(|_, (since, _)| asked.duration_since(*since) < REMEMBERED);
        }
        // so many at one time are simply asked about each time
        if known.len() < MOST {
            known.insert(digest(credential), (asked, identity));
        }
    }

    /// Forgets everybody, because something about accounts or tokens was changed.
    pub(crate) fn forget(&self) {
        let mut inner = self.lock();
        inner.known.clear();
        inner.forgotten += 1;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // an insert that panicked leaves a usable map
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn digest(credential: &str) -> Digest {
    Sha256::digest(credential.as_bytes()).into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use keylight_domain::access::Role;

    fn somebody() -> Arc<Identity> {
        Arc::new(Identity {
            actor: "staff:ada".to_owned(),
            role: Role::Viewer,
            scopes: Vec::new(),
            id: String::new(),
            username: "ada".to_owned(),
            full_name: String::new(),
            csrf_token: String::new(),
            expires_at: None,
            must_change_password: false,
        })
    }

    #[test]
    fn for_a_moment_and_not_longer() {
        let (remembered, now) = (Remembered::default(), Instant::now());
        remembered.keep("secret", somebody(), remembered.asking(now));
        assert!(remembered.get("secret", now + REMEMBERED / 2).is_some());
        assert!(remembered.get("secret", now + REMEMBERED).is_none());
        assert!(remembered.get("other", now).is_none());
        let asked = remembered.asking(now);
        remembered.forget();
        assert!(remembered.get("secret", now).is_none());
        // asked before everybody was forgotten
        remembered.keep("secret", somebody(), asked);
        assert!(remembered.get("secret", now).is_none());
    }

    #[test]
    fn never_more_than_it_may_hold() {
        let (remembered, now) = (Remembered::default(), Instant::now());
        for number in 0..MOST + 10 {
            remembered.keep(&number.to_string(), somebody(), remembered.asking(now));
        }
        assert_eq!(remembered.lock().known.len(), MOST);
        remembered.keep("late", somebody(), remembered.asking(now + REMEMBERED));
        assert_eq!(remembered.lock().known.len(), 1);
    }
}

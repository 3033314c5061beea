//! Hashing of passwords: Argon2id with 19 MiB and two passes, as OWASP recommends. It is slow on purpose, so it runs
//! beside the other work and only a few at a time.

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use keylight_domain::error::DomainError;
use std::{sync::Arc, time::Duration};
use tokio::sync::Semaphore;

/// Passwords in work at one time: each takes a processor core and 19 MiB.
const AT_ONCE: usize = 2;
/// How long one waits for its turn before the answer is 503.
const PATIENCE: Duration = Duration::from_secs(3);
/// Memory in KiB.
const MEMORY: u32 = 19 * 1024;
/// Passes over the memory.
const PASSES: u32 = 2;

/// A hash of nobody's password, with the parameters of all others: looking at it takes as long as at a real one.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGlzIGhlcmUh$\
                      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes and checks passwords; clones share the places.
#[derive(Clone)]
pub struct Passwords {
    places: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

impl Passwords {
    /// The hash to store, with a salt of its own.
    ///
    /// # Errors
    /// When too many wait already.
    pub async fn hash(&self, password: &str) -> Result<String, DomainError> {
        let password = password.to_owned();
        self.work(move || {
            argon2()?
                .hash_password(password.as_bytes())
                .map(|hash| hash.to_string())
                .map_err(|error| DomainError::internal(format!("hashing a password: {error}")))
        })
        .await
    }

    /// Whether `password` is the one of `hash`. Without a hash the answer is no, and takes as long.
    ///
    /// # Errors
    /// When too many wait already.
    pub async fn is(&self, password: &str, hash: Option<&str>) -> Result<bool, DomainError> {
        let (password, known) = (password.to_owned(), hash.is_some());
        let hash = hash.unwrap_or(NOBODY).to_owned();
        self.work(move || {
            let hash = PasswordHash::new(&hash)
                .map_err(|error| DomainError::internal(format!("stored password hash: {error}")))?;
            let same = argon2()?
                .verify_password(password.as_bytes(), &hash)
                .is_ok();
            Ok(same && known)
        })
        .await
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, DomainError> + Send + 'static,
    ) -> Result<T, DomainError> {
        let waited = tokio::time::timeout(PATIENCE, self.places.clone().acquire_owned()).await;
        let Ok(Ok(place)) = waited else {
            return Err(DomainError::unavailable("too many passwords to hash"));
        };
        tokio::task::spawn_blocking(move || {
            // the place is free when the work is done, also when nobody waits for it any more
            let _place = place;
            work()
        })
        .await
        .map_err(|_| DomainError::internal("hashing a password did not end"))?
    }
}

fn argon2() -> Result<Argon2<'static>, DomainError> {
    let params = Params::new(MEMORY, PASSES, 1, None)
        .map_err(|error| DomainError::internal(format!("parameters of argon2: {error}")))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_itself_and_nobody_has_one() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse battery").await.unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert!(
            passwords
                .is("correct horse battery", Some(&hash))
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .is("correct horse batterz", Some(&hash))
                .await
                .unwrap()
        );
        assert!(!passwords.is("anything", None).await.unwrap());
        assert_ne!(hash, passwords.hash("correct horse battery").await.unwrap());
    }

    #[tokio::test]
    async fn a_look_at_nobodys_takes_as_long() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse battery").await.unwrap();
        let time = async |hash: Option<&str>| {
            let began = std::time::Instant::now();
            for _ in 0..5 {
                passwords.is("something else", hash).await.unwrap();
            }
            began.elapsed()
        };
        // a busy machine may slow one of them down, so the quickest of a few rounds counts
        let (mut real, mut nobody) = (Duration::MAX, Duration::MAX);
        for _ in 0..5 {
            real = real.min(time(Some(&hash)).await);
            nobody = nobody.min(time(None).await);
        }
        assert!(
            nobody > real / 2 && real > nobody / 2,
            "{real:?} {nobody:?}"
        );
    }
}

//! Attempts to sign in, counted in the database: by name and by address, over all processes.

use chrono::{DateTime, TimeDelta, Utc};
use keylight_domain::{
    access::{Attempts, Subject},
    error::DomainError,
};
use keylight_store::StoreError;
use sha2::{Digest as _, Sha256};
use sqlx::{PgConnection, PgPool};
use std::net::IpAddr;

/// Whom an attempt is counted for.
pub struct Counted {
    name: Vec<u8>,
    /// None when the address is not known.
    address: Option<Vec<u8>>,
}

impl Counted {
    /// Of a name as it was typed and an address as text.
    #[must_use]
    pub fn new(name: &str, address: &str) -> Self {
        let subject = |kind: &str, text: &str| {
            let mut digest = Sha256::new();
            digest.update(kind.as_bytes());
            digest.update([0]);
            digest.update(text.as_bytes());
            digest.finalize().to_vec()
        };
        Self {
            name: subject("name", &name.trim().to_lowercase()),
            address: network(address).map(|network| subject("address", &network)),
        }
    }

    fn of(&self, digest: &[u8]) -> Subject {
        if digest == self.name {
            Subject::Name
        } else {
            Subject::Address
        }
    }

    fn all(&self) -> Vec<Vec<u8>> {
        std::iter::once(self.name.clone())
            .chain(self.address.clone())
            .collect()
    }
}

/// The address, or for IPv6 the network that one household or server has to itself.
fn network(address: &str) -> Option<String> {
    match address.parse().ok()? {
        IpAddr::V4(address) => Some(address.to_string()),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => Some(address.to_string()),
            None => Some(format!("{:?}", &address.segments()[..4])),
        },
    }
}

/// Counts an attempt before it is made.
///
/// # Errors
/// `RateLimited` with the seconds to wait; then nothing is counted.
pub async fn count(
    pool: &PgPool,
    counted: &Counted,
    now: DateTime<Utc>,
) -> Result<(), DomainError> {
    let subjects = counted.all();
    let mut transaction = pool.begin().await.map_err(StoreError::from)?;
    sqlx::query!(
        "INSERT INTO entity.sign_in_attempts (subject, failures, last_at)
         SELECT subject, 0, $2 FROM unnest($1::bytea[]) AS subject ORDER BY subject
         ON CONFLICT (subject) DO NOTHING",
        &subjects,
        now,
    )
    .execute(&mut *transaction)
    .await
    .map_err(StoreError::from)?;
    // in one order, so that two attempts never wait for each other
    let rows = sqlx::query!(
        "SELECT subject, failures, last_at, blocked_until FROM entity.sign_in_attempts
         WHERE subject = ANY ($1) ORDER BY subject FOR UPDATE",
        &subjects,
    )
    .fetch_all(&mut *transaction)
    .await
    .map_err(StoreError::from)?;
    for row in rows {
        let attempts = Attempts {
            failures: u32::try_from(row.failures).unwrap_or_default(),
            last_at: row.last_at,
            blocked_until: row.blocked_until,
        };
        let next = attempts
            .one_more(counted.of(&row.subject), now)
            .map_err(too_often)?;
        sqlx::query!(
            "UPDATE entity.sign_in_attempts SET failures = $2, last_at = $3, blocked_until = $4 WHERE subject = $1",
            row.subject,
            i32::try_from(next.failures).unwrap_or(i32::MAX),
            next.last_at,
            next.blocked_until,
        )
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::from)?;
    }
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(())
}

/// Takes a counted attempt back, because it succeeded: the name begins anew, the address has one failure less.
///
/// # Errors
/// When the database fails.
pub async fn forgive(connection: &mut PgConnection, counted: &Counted) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE entity.sign_in_attempts
         SET failures = CASE WHEN subject = $1 THEN 0 ELSE greatest(failures - 1, 0) END, blocked_until = NULL
         WHERE subject = ANY ($2)",
        counted.name,
        &counted.all(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

fn too_often(wait: TimeDelta) -> DomainError {
    // rounded up, so that coming at the stated time is late enough
    let seconds = u32::try_from(wait.num_milliseconds().max(0) / 1000 + 1).unwrap_or(u32::MAX);
    DomainError::rate_limited(
        format!("Too many attempts to sign in, please try again in {seconds} seconds"),
        seconds,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_counts_as_one() {
        assert_eq!(network("192.0.2.1"), Some("192.0.2.1".to_owned()));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("somewhere"), None);
    }
}

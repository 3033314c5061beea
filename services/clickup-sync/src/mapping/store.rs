//! The versions of the mapping, as rows.

use chrono::{DateTime, Utc};
use keylight_domain::sync::mapping::remap::Ways;
use keylight_store::error::StoreError;
use serde_json::Value as Json;
use sqlx::{PgPool, types::Json as Column};
use std::collections::BTreeMap;

/// Of every list how its fields are written.
pub type ListWays = BTreeMap<String, Ways>;

/// A version.
#[derive(Debug, Clone)]
pub struct Version {
    /// 1, 2, …
    pub version: i64,
    /// The mapping.
    pub document: Json,
    /// When it became active.
    pub made_at: DateTime<Utc>,
    /// By whom.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// The version that it is a copy of.
    pub copy_of: Option<i64>,
}

/// A version that is about to become active.
#[derive(Debug, Clone)]
pub struct NewVersion<'a> {
    /// The version that is active now; another one means that somebody was faster.
    pub after: i64,
    /// The mapping.
    pub document: &'a Json,
    /// How its fields are written.
    pub ways: &'a ListWays,
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub actor: &'a str,
    /// Why.
    pub reason: &'a str,
    /// The request that did it.
    pub correlation_id: &'a str,
    /// The version that it is a copy of.
    pub copy_of: Option<i64>,
}

/// The number of the active version; 0 when there is none.
///
/// # Errors
/// When the database is away.
pub async fn active_number(pool: &PgPool) -> Result<i64, StoreError> {
    let number = sqlx::query_scalar!(
        r#"SELECT coalesce(max(version), 0) AS "number!" FROM sync.mapping_versions"#
    )
    .fetch_one(pool)
    .await?;
    Ok(number)
}

/// A version; the active one when no number is given.
///
/// # Errors
/// When the database is away.
pub async fn find(pool: &PgPool, version: Option<i64>) -> Result<Option<Version>, StoreError> {
    let row = sqlx::query_as!(
        Version,
        r#"SELECT version, document, made_at, actor, reason, copy_of FROM sync.mapping_versions
            WHERE version = $1 OR $1 IS NULL ORDER BY version DESC LIMIT 1"#,
        version,
    )
    .fetch_optional(pool)
    .await?;
    Ok(row)
}

/// Versions before `before`, newest first.
///
/// # Errors
/// When the database is away.
pub async fn before(pool: &PgPool, before: i64, limit: i64) -> Result<Vec<Version>, StoreError> {
    let rows = sqlx::query_as!(
        Version,
        r#"SELECT version, document, made_at, actor, reason, copy_of FROM sync.mapping_versions
            WHERE version < $1 ORDER BY version DESC LIMIT $2"#,
        before,
        limit,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows)
}

/// How the fields were written by the last `limit` versions.
///
/// # Errors
/// When the database is away.
pub async fn ways(pool: &PgPool, limit: i64) -> Result<BTreeMap<i64, ListWays>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT version, ways AS "ways: Column<ListWays>" FROM sync.mapping_versions ORDER BY version DESC LIMIT $1"#,
        limit,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.version, row.ways.0))
        .collect())
}

/// Adds a version, which makes it the active one; its number, or `None` when somebody was faster.
///
/// # Errors
/// When the database is away.
pub async fn add(pool: &PgPool, new: NewVersion<'_>) -> Result<Option<i64>, StoreError> {
    let added = sqlx::query_scalar!(
        r#"INSERT INTO sync.mapping_versions (version, document, ways, made_at, actor, reason, correlation_id, copy_of)
           SELECT $1::bigint + 1, $2, $3, $4, $5, $6, $7, $8
            WHERE $1::bigint = (SELECT coalesce(max(version), 0) FROM sync.mapping_versions)
           ON CONFLICT DO NOTHING RETURNING version"#,
        new.after,
        new.document,
        Column(new.ways) as _,
        new.at,
        new.actor,
        new.reason,
        new.correlation_id,
        new.copy_of,
    )
    .fetch_optional(pool)
    .await?;
    Ok(added)
}

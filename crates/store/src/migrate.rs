//! Each service migrates its own schema and keeps the book of it there, so that one database or one per service work.

use sqlx::{PgPool, migrate::Migrator};
use std::{borrow::Cow, time::Duration};
use tokio_util::sync::CancellationToken;

/// Applies the migrations that are missing. Several processes may do so at once: a lock lets one go first.
///
/// # Errors
/// When the database does not answer, or an applied migration was edited.
pub async fn migrate(
    pool: &PgPool,
    migrator: &Migrator,
    schema: &'static str,
) -> Result<(), sqlx::migrate::MigrateError> {
    let migrator = Migrator {
        migrations: Cow::Owned(migrator.migrations.to_vec()),
        table_name: Cow::Owned(format!("{schema}._migrations")),
        create_schemas: Cow::Owned(vec![Cow::Borrowed(schema)]),
        ..Migrator::DEFAULT
    };
    migrator.run(pool).await
}

/// Migrates as soon as the database answers, however long that takes; gives up only when asked to stop.
///
/// # Errors
/// When a migration itself is refused: waiting would not help.
pub async fn migrate_when_up(
    pool: &PgPool,
    migrator: &Migrator,
    schema: &'static str,
    stopping: &CancellationToken,
) -> anyhow::Result<()> {
    let mut told = false;
    loop {
        match migrate(pool, migrator, schema).await {
            Ok(()) => return Ok(()),
            Err(sqlx::migrate::MigrateError::Execute(error)) if is_absence(&error) => {
                if !told {
                    tracing::warn!(schema, error = %error, "database does not answer yet, waiting for it");
                    told = true;
                }
            }
            Err(error) => {
                return Err(anyhow::Error::new(error).context(format!("migrating schema {schema}")));
            }
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(500)) => {}
            () = stopping.cancelled() => anyhow::bail!("stopped while waiting for the database"),
        }
    }
}

fn is_absence(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::Protocol(_) => true,
        // 57P03 cannot_connect_now, 57P01 admin_shutdown, 53300 too_many_connections
        sqlx::Error::Database(error) => {
            matches!(error.code().as_deref(), Some("57P03" | "57P01" | "53300"))
        }
        _ => false,
    }
}

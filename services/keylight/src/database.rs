//! The database of the process: the one that `DATABASE_URL` names, or the embedded one.

use keylight_runtime::lifecycle::Lifecycle;
use sqlx::PgPool;
use std::path::Path;

/// A started database. What is embedded is stopped by [`Database::stop`].
#[derive(Clone, Default)]
pub(crate) struct Database {
    #[cfg(feature = "embedded")]
    embedded: std::sync::Arc<std::sync::OnceLock<crate::embedded::Embedded>>,
}

impl Database {
    /// The pool of connections to the database that the settings name.
    ///
    /// # Errors
    /// When its URL cannot be understood.
    pub(crate) fn connect(config: &keylight_store::Config) -> anyhow::Result<PgPool> {
        keylight_store::connect(config, "keylight")
    }

    /// Starts the embedded database with its files in `folder`, and keeps it running.
    ///
    /// # Errors
    /// When it does not start.
    #[cfg(feature = "embedded")]
    pub(crate) async fn start_embedded(
        &self,
        folder: &Path,
        lifecycle: &Lifecycle,
    ) -> anyhow::Result<PgPool> {
        let embedded = crate::embedded::Embedded::start(folder).await?;
        let pool = embedded.pool().await?;
        embedded.watch(&pool, lifecycle);
        // started once per process, so the place is free
        let _ = self.embedded.set(embedded);
        Ok(pool)
    }

    /// Without the feature there is nothing to start; the settings' check has said so.
    #[cfg(not(feature = "embedded"))]
    #[expect(clippy::unused_async, reason = "the same call as with the feature")]
    pub(crate) async fn start_embedded(
        &self,
        _folder: &Path,
        _lifecycle: &Lifecycle,
    ) -> anyhow::Result<PgPool> {
        anyhow::bail!("this program was built without an embedded database: set DATABASE_URL")
    }

    /// Stops what was started here, once every connection has gone.
    ///
    /// # Errors
    /// When it does not stop in time.
    pub(crate) fn stop(&self) -> anyhow::Result<()> {
        #[cfg(feature = "embedded")]
        if let Some(embedded) = self.embedded.get() {
            return embedded.stop();
        }
        Ok(())
    }
}

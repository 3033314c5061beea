//! Setting up an account: checked first, stored sealed, taken up by whoever waits for one.

use super::{
    check::{Check, State},
    examine::{examine_places, examine_token},
};
use crate::{
    account::stored::{self, Stored},
    config::{Account, Connection},
    operations::{Doer, book},
    remote::{CallError, Remote, Subject},
};
use keylight_clickup::{CreateTask, Priority, Sent};
use keylight_domain::{error::DomainError, sync::budget::Lane};
use keylight_runtime::clock::Clock;
use keylight_store::{error::StoreError, sealed::Keyring};
use sqlx::PgPool;
use std::sync::Arc;

/// Name of the task that is made and deleted again.
const TEST_TASK: &str = "Keylight test task, may be deleted";

/// Stores accounts.
#[derive(Clone)]
pub struct Connector {
    /// The database.
    pub pool: PgPool,
    /// Keys for the token.
    pub keyring: Keyring,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// How ClickUp is reached, whatever the account.
    pub connection: Connection,
    /// Whether the settings name an account, which goes before a stored one.
    pub in_settings: bool,
}

/// What somebody wants.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The account.
    pub account: Stored,
    /// Make a task and delete it again.
    pub test_task: bool,
    /// Only check.
    pub preview: bool,
}

/// What came of it.
#[derive(Debug)]
pub struct Connected {
    /// What was checked.
    pub checks: Vec<Check>,
    /// Whether it is stored now.
    pub stored: bool,
}

impl Connector {
    /// Checks an account and stores it when nothing is wrong with it.
    ///
    /// # Errors
    /// When the token cannot be sent in a header, or the database is away.
    pub async fn connect(&self, wanted: &Wanted, doer: &Doer) -> Result<Connected, DomainError> {
        let account = self.connection.with(&wanted.account);
        let remote =
            Remote::new(account, self.pool.clone(), self.clock.clone()).map_err(|error| {
                DomainError::invalid("token cannot be used").caused_by(error.to_string())
            })?;
        let mut checks = Vec::new();
        if examine_token(&remote, &mut checks).await {
            examine_places(&remote, &mut checks).await;
        }
        let mut good = is_good(&checks);
        if good && wanted.test_task {
            checks.extend(try_task(&remote).await);
            good = is_good(&checks);
        }
        // what the answers told of the budget is for those who work with the account later
        if let Err(error) = remote.tell_books().await {
            tracing::debug!(error = %error, "budget is not told about the checks");
        }
        if !good || wanted.preview {
            return Ok(Connected {
                checks,
                stored: false,
            });
        }
        let now = self.clock.now();
        let mut transaction = self.pool.begin().await.map_err(StoreError::from)?;
        stored::store(
            &mut transaction,
            &self.keyring,
            &wanted.account,
            now,
            &doer.actor,
        )
        .await?;
        let target = format!("list {}", wanted.account.list_id);
        book::write(&mut transaction, now, doer, "connect", &target, 0).await?;
        transaction.commit().await.map_err(StoreError::from)?;
        Ok(Connected {
            checks,
            stored: true,
        })
    }
}

fn is_good(checks: &[Check]) -> bool {
    checks
        .iter()
        .all(|check| matches!(check.state, State::Good | State::Note))
}

/// Makes a task and deletes it again.
async fn try_task(remote: &Remote) -> Vec<Check> {
    let Account { list_id, .. } = &remote.account;
    let task = CreateTask {
        name: TEST_TASK.to_owned(),
        priority: Some(Priority::Low),
        notify_all: Some(false),
        ..CreateTask::default()
    };
    let call = remote.client.create_task(list_id, &task);
    let made = match remote.call(Lane::Interactive, Subject::none(), call).await {
        Ok(made) => made,
        Err(error) => {
            let mut check = Check::of_failure("test_task", &error);
            let perhaps = matches!(&error, CallError::Failed(failed) if failed.sent != Sent::No);
            if perhaps {
                let hint = format!(" If there is a task \"{TEST_TASK}\" in the list, delete it.");
                check.remedy.push_str(&hint);
            }
            return vec![check];
        }
    };
    let call = remote.client.delete_task(&made.id);
    match remote.call(Lane::Interactive, Subject::none(), call).await {
        Ok(()) => vec![Check::good(
            "test_task",
            "a task was made and deleted again",
        )],
        Err(error) => vec![Check::new(
            "test_task",
            State::Note,
            format!("a task was made, and could not be deleted again: {error}"),
            format!("Delete the task {} in ClickUp.", made.id),
        )],
    }
}

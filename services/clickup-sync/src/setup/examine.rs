//! Looks at everything that the synchronisation needs: the account by a few calls, the rest in our rows.

use super::check::{Check, State};
use crate::{
    account::{Current, Working},
    canary,
    chores::WEBHOOK_NAME,
    mapping::KnownMapping,
    operations::{failures, pauses},
    remote::{Remote, Subject},
};
use chrono::{DateTime, TimeDelta, Utc};
use keylight_domain::sync::{Field, budget::Lane};
use keylight_store::error::StoreError;
use sqlx::PgPool;
use std::{fmt::Write as _, time::Duration};
use url::Url;

/// A person waits for the answer.
const LANE: Lane = Lane::Interactive;
/// A sweep or a look at the webhook that is older was late.
const LATE: TimeDelta = TimeDelta::minutes(5);

/// What is looked at besides the account.
#[derive(Clone)]
pub struct Examiner {
    /// The database.
    pub pool: PgPool,
    /// The account of now.
    pub current: Current,
    /// Between two canaries; zero = none.
    pub canary_interval: Duration,
    /// Between two sweeps.
    pub sweep_interval: Duration,
}

impl Examiner {
    /// Looks at everything. Makes three calls to ClickUp and two for each list, which count in the budget.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn examine(&self, now: DateTime<Utc>) -> Result<Vec<Check>, StoreError> {
        let mut checks = Vec::new();
        match self.current.get() {
            Some(working) => {
                checks.push(Check::good(
                    "account",
                    format!(
                        "list {} at {}",
                        working.remote.account.list_id, working.remote.account.base_url
                    ),
                ));
                if examine_token(&working.remote, &mut checks).await {
                    examine_places(&working.remote, &mut checks).await;
                }
                checks.push(self.webhook(&working, now).await?);
                checks.push(self.sweep(now).await?);
            }
            None => checks.push(Check::new(
                "account",
                State::Bad,
                "there is no ClickUp account: submissions are taken and wait",
                "Run `keylight clickup connect`, or set CLICKUP_TOKEN and CLICKUP_LIST_ID and restart clickup-sync.",
            )),
        }
        if !self.canary_interval.is_zero() {
            checks.push(self.canary(now).await?);
        }
        checks.push(self.failures().await?);
        checks.push(self.pauses().await?);
        Ok(checks)
    }

    async fn webhook(&self, working: &Working, now: DateTime<Utc>) -> Result<Check, StoreError> {
        let row = sqlx::query!(
            r#"SELECT webhook_id IS NOT NULL AND sealed_secret IS NOT NULL AS "complete!", endpoint, health, fail_count,
                      checked_at
                 FROM sync.webhooks WHERE name = $1"#,
            WEBHOOK_NAME
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(wanted) = &working.remote.account.webhook_url else {
            return Ok(Check::new(
                "webhook",
                State::Note,
                "no address is set, so changes in ClickUp are found by the sweep alone",
                "Set KEYLIGHT_WEBHOOK_URL to the public address of the webhook gateway.",
            ));
        };
        let bad = |found: String, remedy: &str| Check::new("webhook", State::Bad, found, remedy);
        Ok(match row {
            None => bad(
                "it is not registered with ClickUp yet".to_owned(),
                "It is tried every few seconds. If this stays, the log of clickup-sync says why, most likely that ClickUp \
                 does not allow the address.",
            ),
            Some(row) if !row.complete => bad(
                "its secret is not known, so deliveries cannot be verified".to_owned(),
                "It is registered anew within a minute.",
            ),
            Some(row) if Url::parse(&row.endpoint).ok().as_ref() != Some(wanted) => bad(
                format!("it is registered for {}", row.endpoint),
                "It is registered anew for the address of the settings within a minute.",
            ),
            Some(row) if row.health != "active" => bad(
                format!(
                    "ClickUp says that it is {}, after {} failed deliveries",
                    row.health, row.fail_count
                ),
                "It is woken up within a minute. Make sure that ClickUp reaches the webhook gateway over HTTPS.",
            ),
            Some(row) if now - row.checked_at > LATE => bad(
                format!(
                    "it was last looked after at {}",
                    row.checked_at.to_rfc3339()
                ),
                "Look at the log of clickup-sync.",
            ),
            Some(row) if row.fail_count > 0 => Check::new(
                "webhook",
                State::Note,
                format!("{} deliveries have failed", row.fail_count),
                "Make sure that ClickUp reaches the webhook gateway over HTTPS; the sweep finds what was lost.",
            ),
            Some(_) => Check::good(
                "webhook",
                "it is registered, active, and its secret is known",
            ),
        })
    }

    async fn sweep(&self, now: DateTime<Utc>) -> Result<Check, StoreError> {
        let last = sqlx::query_scalar!("SELECT last_run_at FROM sync.chores WHERE name = 'sweep'")
            .fetch_optional(&self.pool)
            .await?
            .flatten();
        let late = LATE.max(crate::config::delta(self.sweep_interval) * 3);
        Ok(match last {
            None => Check::new(
                "sweep",
                State::Note,
                "the list has not been looked through yet",
                "It begins by itself as soon as the list can be read.",
            ),
            Some(last) if now - last > late => Check::new(
                "sweep",
                State::Bad,
                format!("the list was last looked through at {}", last.to_rfc3339()),
                "See whether the synchronisation is paused or ClickUp is away; otherwise look at the log of clickup-sync.",
            ),
            Some(_) => Check::good("sweep", "the list is looked through regularly"),
        })
    }

    async fn canary(&self, now: DateTime<Utc>) -> Result<Check, StoreError> {
        let place = canary::row::place(&self.pool).await?;
        let age = place.passed.map(|passed| now - passed);
        Ok(match age {
            Some(age) if age < canary::patience(self.canary_interval) => Check::good(
                "canary",
                format!("one came through {} s ago", age.num_seconds().max(0)),
            ),
            _ => Check::new(
                "canary",
                State::Bad,
                "changes do not get over the bus to a worker",
                "Look whether the bus, entity-service and the workers run; the log of clickup-sync says what fails.",
            ),
        })
    }

    async fn failures(&self) -> Result<Check, StoreError> {
        let counts = failures::counts(&self.pool).await?;
        let dead: i64 = counts.iter().map(|count| count.dead).sum();
        if dead == 0 {
            return Ok(Check::good("failures", "no record is given up"));
        }
        let mut found = format!("{dead} records are given up:");
        for count in counts.iter().filter(|count| count.dead > 0) {
            let _ = write!(found, " {} {}", count.dead, count.class);
        }
        Ok(Check::new(
            "failures",
            State::Note,
            found,
            "`keylight sync status` says what to do about each kind.",
        ))
    }

    async fn pauses(&self) -> Result<Check, StoreError> {
        let pauses = pauses::list(&self.pool).await?;
        Ok(if pauses.is_empty() {
            Check::good("pauses", "nothing is paused")
        } else {
            Check::new(
                "pauses",
                State::Note,
                format!("{} pauses hold records back", pauses.len()),
                "`keylight sync status` shows them, `keylight sync resume` ends one.",
            )
        })
    }
}

/// Whether the token works; without it no other call makes sense.
pub(super) async fn examine_token(remote: &Remote, checks: &mut Vec<Check>) -> bool {
    match remote
        .call(LANE, Subject::none(), remote.client.authorized_user())
        .await
    {
        Ok(user) => {
            checks.push(Check::good(
                "token",
                format!("it belongs to ClickUp user {}", user.id),
            ));
            true
        }
        Err(error) => {
            checks.push(Check::of_failure("token", &error));
            false
        }
    }
}

/// Whether workspace and list are there, and fit.
pub(super) async fn examine_places(remote: &Remote, checks: &mut Vec<Check>) {
    let teams = remote
        .call(LANE, Subject::none(), remote.client.teams())
        .await;
    checks.push(match teams {
        Err(error) => Check::of_failure("workspace", &error),
        Ok(teams) => {
            let ids: Vec<&str> = teams.iter().map(|team| team.id.as_str()).collect();
            workspace(remote.account.team_id.as_deref(), &ids)
        }
    });
    let list_id = &remote.account.list_id;
    match remote
        .call(LANE, Subject::none(), remote.client.list(list_id))
        .await
    {
        Err(error) => return checks.push(Check::of_failure("list", &error)),
        Ok(list) if list.deleted || list.archived => {
            let how = if list.deleted { "deleted" } else { "archived" };
            return checks.push(Check::new(
                "list",
                State::Bad,
                format!("list {list_id} is {how}"),
                "Restore it in ClickUp, or set CLICKUP_LIST_ID to another list.",
            ));
        }
        Ok(_) => checks.push(Check::good("list", format!("list {list_id} can be read"))),
    }
    // as it is now, not as it was some minutes ago
    remote.distrust_list();
    match remote.surroundings().await {
        Err(error) => checks.push(Check::of_failure("statuses", &error)),
        Ok(known) => {
            checks.extend(gone(&known.mapping, list_id));
            checks.extend(fitting(&missing(&known.mapping)));
        }
    }
}

fn workspace(wanted: Option<&str>, found: &[&str]) -> Check {
    match (wanted, found) {
        (_, []) => Check::new(
            "workspace",
            State::Bad,
            "the token may use no workspace",
            "Invite its user to the workspace, or for an OAuth token let it have the workspace.",
        ),
        (None, [one]) => Check::good("workspace", format!("workspace {one} is the only one")),
        (None, many) => Check::new(
            "workspace",
            State::Bad,
            format!("the token may use several: {}", many.join(", ")),
            "Set CLICKUP_TEAM_ID to one of them.",
        ),
        (Some(wanted), many) if many.contains(&wanted) => {
            Check::good("workspace", format!("workspace {wanted}"))
        }
        (Some(wanted), many) => Check::new(
            "workspace",
            State::Bad,
            format!(
                "the token may not use workspace {wanted}, only {}",
                many.join(", ")
            ),
            "Set CLICKUP_TEAM_ID to one of them, or invite the token's user.",
        ),
    }
}

/// Lists besides the one of the settings in which tasks cannot be made, although the mapping says so.
fn gone(mapping: &KnownMapping, settings: &str) -> Vec<Check> {
    let gone = mapping
        .lists()
        .filter(|(list, known)| known.gone && *list != settings && mapping.uses(list));
    gone.map(|(list, _)| {
        Check::new(
            "list",
            State::Bad,
            format!("list {list} of the mapping is deleted, or the token may not use it"),
            "Restore or share it in ClickUp, or name another list in the mapping.",
        )
    })
    .collect()
}

/// What the lists in which tasks are made have no place for, with the list where there are several.
fn missing(mapping: &KnownMapping) -> Vec<(Field, String)> {
    let used = || mapping.lists().filter(|(list, _)| mapping.uses(list));
    let several = used().nth(1).is_some();
    let mut missing = Vec::new();
    for (list, known) in used() {
        for lack in known.mapping.missing() {
            let mut name = lack.field.as_str().to_owned();
            if let Some(code) = &lack.code {
                let _ = write!(name, " {code}");
            }
            if several {
                let _ = write!(name, " (list {list})");
            }
            missing.push((lack.field, name));
        }
    }
    missing
}

/// Statuses have to be there; a field without a place only leaves its value out.
fn fitting(missing: &[(Field, String)]) -> [Check; 2] {
    let (statuses, fields): (Vec<_>, Vec<_>) = missing
        .iter()
        .partition(|(field, _)| *field == Field::Status);
    let list = |some: &[&(Field, String)]| {
        let names: Vec<&str> = some.iter().map(|(_, name)| name.as_str()).collect();
        names.join(", ")
    };
    [
        if statuses.is_empty() {
            Check::good("statuses", "the list has every status that is needed")
        } else {
            Check::new(
                "statuses",
                State::Bad,
                format!("the list has no {}", list(&statuses)),
                "Add the statuses to the list in ClickUp, or say in CLICKUP_STATUSES or the mapping which ones stand for them.",
            )
        },
        if fields.is_empty() {
            Check::good("fields", "the list has a place for every field")
        } else {
            Check::new(
                "fields",
                State::Note,
                format!(
                    "left out, because the list has no place for them: {}",
                    list(&fields)
                ),
                "Add the fields or options to the list in ClickUp if you want to see them there.",
            )
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workspaces() {
        let state = |wanted, found: &[&str]| workspace(wanted, found).state;
        assert_eq!(state(None, &["1"]), State::Good);
        assert_eq!(state(None, &["1", "2"]), State::Bad);
        assert_eq!(state(Some("2"), &["1", "2"]), State::Good);
        assert_eq!(state(Some("3"), &["1", "2"]), State::Bad);
        assert_eq!(state(None, &[]), State::Bad);
    }

    #[test]
    fn a_missing_status_is_bad_and_a_missing_field_is_not() {
        let missing = [
            (Field::Status, "status qualified".to_owned()),
            (Field::Budget, "budget".to_owned()),
        ];
        let [statuses, fields] = fitting(&missing);
        assert_eq!((statuses.state, fields.state), (State::Bad, State::Note));
        assert!(
            statuses.found.contains("status qualified"),
            "{}",
            statuses.found
        );
        assert!(fitting(&[]).iter().all(|check| check.state == State::Good));
    }
}

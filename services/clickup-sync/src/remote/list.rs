//! What must be known of ClickUp before any task is touched: who we are, which workspace, and the statuses and fields of
//! the list.

use super::{CallError, Remote, Subject};
use chrono::{DateTime, TimeDelta, Utc};
use keylight_clickup::{FieldDefinition, FieldKind};
use keylight_domain::sync::budget::Lane;
use keylight_domain::sync::mapping::{Document, FieldShape, Kind, ListShape, Mapping, OptionShape};
use std::sync::{Arc, Mutex, PoisonError};

/// After this long it is read again: people rename statuses.
const GOOD_FOR: TimeDelta = TimeDelta::minutes(10);
/// After a failed refresh what is known is used for this much longer.
const GRACE: TimeDelta = TimeDelta::minutes(1);

/// What is known.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The workspace.
    pub team_id: String,
    /// Our own user.
    pub user_id: Option<i64>,
    /// The mapping as data.
    pub document: Document,
    /// Translation for the list.
    pub mapping: Mapping,
}

/// A custom field as the mapping sees it.
#[must_use]
pub fn field_shape(field: FieldDefinition) -> FieldShape {
    FieldShape {
        kind: mapped_kind(field.kind()),
        options: options(&field),
        id: field.id,
        name: field.name,
    }
}

/// The options of a field, of a list or of a task.
#[must_use]
pub fn options(field: &FieldDefinition) -> Vec<OptionShape> {
    let options = field.options().iter();
    options
        .map(|option| OptionShape {
            id: option.id.clone(),
            name: option.name.clone(),
            place: option.orderindex,
        })
        .collect()
}

const fn mapped_kind(kind: FieldKind) -> Option<Kind> {
    Some(match kind {
        FieldKind::DropDown => Kind::DropDown,
        FieldKind::Labels => Kind::Labels,
        FieldKind::ShortText => Kind::ShortText,
        FieldKind::Text => Kind::Text,
        FieldKind::Number => Kind::Number,
        FieldKind::Currency => Kind::Currency,
        FieldKind::Date => Kind::Date,
        FieldKind::Checkbox => Kind::Checkbox,
        FieldKind::Location => Kind::Location,
        FieldKind::Phone => Kind::Phone,
        FieldKind::Email => Kind::Email,
        _ => return None,
    })
}

/// Reads it once for all, and again when it is old or turned out wrong.
#[derive(Default)]
pub struct Cache {
    known: Mutex<Option<(Arc<Surroundings>, DateTime<Utc>)>>,
    reading: tokio::sync::Mutex<()>,
}

impl Cache {
    /// What was read last, however old.
    #[must_use]
    pub fn last(&self) -> Option<Arc<Surroundings>> {
        self.entry().map(|(known, _)| known)
    }

    fn entry(&self) -> Option<(Arc<Surroundings>, DateTime<Utc>)> {
        // replaced as a whole, so never half done
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn fresh(&self, now: DateTime<Utc>) -> Option<Arc<Surroundings>> {
        self.entry()
            .filter(|(_, good_until)| *good_until > now)
            .map(|(known, _)| known)
    }

    fn keep(&self, known: Arc<Surroundings>, until: DateTime<Utc>) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some((known, until));
    }

    /// Has it read again before it is used next.
    pub fn distrust(&self) {
        if let Some((known, _)) = self.entry() {
            self.keep(known, DateTime::UNIX_EPOCH);
        }
    }
}

impl Remote {
    /// What is known of ClickUp, read if need be.
    ///
    /// # Errors
    /// When it was never read and cannot be read now.
    pub async fn surroundings(&self) -> Result<Arc<Surroundings>, CallError> {
        if let Some(known) = self.cache.fresh(self.clock.now()) {
            return Ok(known);
        }
        let _reading = self.cache.reading.lock().await;
        if let Some(known) = self.cache.fresh(self.clock.now()) {
            return Ok(known);
        }
        let old = self.cache.last();
        match self.read_surroundings(old.as_deref()).await {
            Ok(read) => {
                let read = Arc::new(read);
                self.cache.keep(read.clone(), self.clock.now() + GOOD_FOR);
                Ok(read)
            }
            Err(error) => {
                let old = old.ok_or(error)?;
                self.cache.keep(old.clone(), self.clock.now() + GRACE);
                Ok(old)
            }
        }
    }

    async fn read_surroundings(
        &self,
        old: Option<&Surroundings>,
    ) -> Result<Surroundings, CallError> {
        let lane = Lane::Interactive;
        let (user_id, team_id) = match old {
            Some(old) => (old.user_id, old.team_id.clone()),
            None => {
                let user = self
                    .call(lane, Subject::none(), self.client.authorized_user())
                    .await?;
                (user.id.parse().ok(), self.find_team(lane).await?)
            }
        };
        let list = self
            .call(
                lane,
                Subject::none(),
                self.client.list(&self.account.list_id),
            )
            .await?;
        let fields = self
            .call(
                lane,
                Subject::none(),
                self.client.list_fields(&self.account.list_id),
            )
            .await?;
        let shape = ListShape {
            name: list.name.unwrap_or_default(),
            statuses: list
                .statuses
                .into_iter()
                .map(|status| status.name)
                .collect(),
            fields: fields.into_iter().map(field_shape).collect(),
        };
        let document = self.account.rules.document();
        let mapping = Mapping::of(&document, &self.account.list_id, &shape);
        if old.is_none_or(|old| old.mapping != mapping) {
            for missing in mapping.missing() {
                tracing::warn!(
                    field = missing.field.as_str(),
                    code = missing.code.as_deref().unwrap_or("any"),
                    "the clickup list has no place for this value, it is left out"
                );
            }
        }
        Ok(Surroundings {
            team_id,
            user_id,
            document,
            mapping,
        })
    }

    async fn find_team(&self, lane: Lane) -> Result<String, CallError> {
        if let Some(team_id) = &self.account.team_id {
            return Ok(team_id.clone());
        }
        let mut teams = self
            .call(lane, Subject::none(), self.client.teams())
            .await?;
        match (teams.pop(), teams.is_empty()) {
            (Some(team), true) => Ok(team.id),
            _ => Err(CallError::Unclear(
                "the token may use no or several workspaces: set CLICKUP_TEAM_ID",
            )),
        }
    }
}

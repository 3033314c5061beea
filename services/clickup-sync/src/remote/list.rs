//! What must be known of ClickUp before any task is touched: who we are, which workspace, the active mapping, and the
//! statuses and fields of its lists.

use super::{CallError, Remote, Subject};
use crate::mapping::{KnownMapping, Shapes, store};
use chrono::{DateTime, TimeDelta, Utc};
use keylight_clickup::{Class, FieldDefinition, FieldKind};
use keylight_domain::sync::budget::Lane;
use keylight_domain::sync::mapping::{Document, FieldShape, Kind, ListShape, OptionShape};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// After this long it is read again: people rename statuses.
const GOOD_FOR: TimeDelta = TimeDelta::minutes(10);
/// After a failed refresh what is known is used for this much longer.
const GRACE: TimeDelta = TimeDelta::minutes(1);
/// A version of the mapping that another process made active is found after this time.
const LOOK_FOR_VERSION: TimeDelta = TimeDelta::seconds(2);
/// Versions whose way of writing is remembered. Tasks that are further behind are looked at anew.
const VERSIONS: i64 = 50;
/// Lists that are known at once: those of the mapping, and of earlier ones.
const LISTS: usize = 30;

/// What is known.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The workspace.
    pub team_id: String,
    /// Our own user.
    pub user_id: Option<i64>,
    /// What goes where.
    pub mapping: KnownMapping,
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
        FieldKind::Phone => Kind::Phone,
        FieldKind::Email => Kind::Email,
        FieldKind::Location => Kind::Location,
        _ => return None,
    })
}

#[derive(Clone)]
struct Entry {
    known: Arc<Surroundings>,
    good_until: DateTime<Utc>,
    version_seen_at: DateTime<Utc>,
}

/// Reads it once for all, and again when it is old or turned out wrong.
#[derive(Default)]
pub struct Cache {
    known: Mutex<Option<Entry>>,
    reading: tokio::sync::Mutex<()>,
}

impl Cache {
    /// What was read last, however old.
    #[must_use]
    pub fn last(&self) -> Option<Arc<Surroundings>> {
        self.entry().map(|entry| entry.known)
    }

    fn entry(&self) -> Option<Entry> {
        // replaced as a whole, so never half done
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn fresh(&self, now: DateTime<Utc>) -> Option<Arc<Surroundings>> {
        self.entry()
            .filter(|entry| {
                entry.good_until > now && now - entry.version_seen_at < LOOK_FOR_VERSION
            })
            .map(|entry| entry.known)
    }

    fn keep(&self, known: Arc<Surroundings>, good_until: DateTime<Utc>, now: DateTime<Utc>) {
        let entry = Entry {
            known,
            good_until,
            version_seen_at: now,
        };
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(entry);
    }

    /// Has it read again before it is used next.
    pub fn distrust(&self) {
        if let Some(entry) = self.entry() {
            self.keep(entry.known, DateTime::UNIX_EPOCH, entry.version_seen_at);
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
        let now = self.clock.now();
        if let Some(known) = self.cache.fresh(now) {
            return Ok(known);
        }
        let old = self.cache.entry();
        if let Some(old) = old.as_ref().filter(|old| old.good_until > now) {
            let same = store::active_number(&self.pool).await? == old.known.mapping.version;
            if same {
                self.cache.keep(old.known.clone(), old.good_until, now);
                return Ok(old.known.clone());
            }
        }
        let old = old.map(|old| old.known);
        match self.read_surroundings(old.as_deref()).await {
            Ok(read) => {
                let read = Arc::new(read);
                let now = self.clock.now();
                self.cache.keep(read.clone(), now + GOOD_FOR, now);
                Ok(read)
            }
            Err(error) => {
                let old = old.ok_or(error)?;
                let now = self.clock.now();
                self.cache.keep(old.clone(), now + GRACE, now);
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
        let active = store::find(&self.pool, None).await?;
        let (version, document) = match active {
            Some(active) => {
                let document = Document::parse(&active.document).map_err(|_| {
                    CallError::Unclear("this version of keylight cannot read the active mapping")
                })?;
                (active.version, document)
            }
            None => (0, self.account.rules.document()),
        };
        let mapping = self.mapping_of(version, document).await?;
        if old.is_none_or(|old| old.mapping != mapping) {
            tell_missing(&mapping);
        }
        Ok(Surroundings {
            team_id,
            user_id,
            mapping,
        })
    }

    /// A mapping together with the live lists, those of earlier versions included: tasks stay where they are.
    ///
    /// # Errors
    /// When a list cannot be read; one that is gone is no error.
    pub async fn mapping_of(
        &self,
        version: i64,
        document: Document,
    ) -> Result<KnownMapping, CallError> {
        let old_ways = store::ways(&self.pool, VERSIONS).await?;
        let settings = self.account.list_id.as_str();
        let mut lists: BTreeSet<String> = document
            .lists_used(settings)
            .into_iter()
            .chain([settings])
            .map(ToOwned::to_owned)
            .collect();
        for earlier in old_ways.values().rev().flat_map(|lists| lists.keys()) {
            if lists.len() < LISTS {
                lists.insert(earlier.clone());
            }
        }
        let mut shapes = Shapes::new();
        for list in lists {
            let shape = self.list_shape(&list).await?;
            shapes.insert(list, shape);
        }
        let by_name = self.account.rules.document();
        Ok(KnownMapping::new(
            version, document, &by_name, settings, &shapes, old_ways,
        ))
    }

    /// A list as it is; `None` when it is gone.
    async fn list_shape(&self, list: &str) -> Result<Option<ListShape>, CallError> {
        let lane = Lane::Interactive;
        let info = match self
            .call(lane, Subject::none(), self.client.list(list))
            .await
        {
            Ok(info) if info.deleted => return Ok(None),
            Ok(info) => info,
            Err(CallError::Failed(error))
                if matches!(error.class, Class::Gone | Class::Forbidden) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let fields = self
            .call(lane, Subject::none(), self.client.list_fields(list))
            .await?;
        let statuses = info.statuses.into_iter().map(|status| status.name);
        Ok(Some(ListShape {
            name: info.name.unwrap_or_default(),
            statuses: statuses.collect(),
            fields: fields.into_iter().map(field_shape).collect(),
        }))
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

fn tell_missing(mapping: &KnownMapping) {
    for (list, known) in mapping.lists() {
        if known.gone {
            tracing::warn!(list_id = list, "a clickup list of the mapping is gone");
        }
        for missing in known.mapping.missing() {
            tracing::warn!(
                list_id = list,
                field = missing.field.as_str(),
                code = missing.code.as_deref().unwrap_or("any"),
                "the clickup list has no place for this value, it is left out"
            );
        }
    }
}

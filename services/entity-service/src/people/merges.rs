//! Merges as they are told.

use chrono::{DateTime, Utc};
use keylight_contracts::{time::to_wire, v1};
use keylight_domain::{
    error::DomainError,
    submissions::{MAX_PAGE, MAX_PAGE_SIZE},
};
use keylight_store::StoreError;
use sqlx::PgConnection;
use uuid::Uuid;

struct Row {
    id: Uuid,
    kept_id: i64,
    merged_id: i64,
    at: DateTime<Utc>,
    actor: String,
    submission_ids: Vec<i64>,
    project_ids: Vec<i64>,
    undone_at: Option<DateTime<Utc>>,
    left_behind: Vec<String>,
}

impl From<Row> for v1::Merge {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.to_string(),
            kept_id: row.kept_id,
            merged_id: row.merged_id,
            at: Some(to_wire(row.at)),
            actor: row.actor,
            submission_ids: row.submission_ids,
            project_ids: row.project_ids,
            undone_at: row.undone_at.map(to_wire),
            left: row.left_behind,
        }
    }
}

macro_rules! select_merges {
    ($tail:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Row,
            "SELECT m.id, m.kept_id, m.merged_id, m.at, m.actor, m.undone_at, m.left_behind, \
             ARRAY(SELECT record_id FROM entity.merge_moves v WHERE v.merge_id = m.id AND v.kind = 'submission' \
                   ORDER BY record_id) AS \"submission_ids!\", \
             ARRAY(SELECT record_id FROM entity.merge_moves v WHERE v.merge_id = m.id AND v.kind = 'project' \
                   ORDER BY record_id) AS \"project_ids!\" FROM entity.merges m " + $tail
            $(, $argument)*
        )
    };
}

/// One merge.
///
/// # Errors
/// When the database fails.
pub async fn read(connection: &mut PgConnection, id: Uuid) -> Result<v1::Merge, DomainError> {
    let row = select_merges!("WHERE m.id = $1", id)
        .fetch_one(connection)
        .await
        .map_err(StoreError::from)?;
    Ok(row.into())
}

/// A page of merges, newest first.
///
/// # Errors
/// `InvalidInput` when the place is none.
pub async fn list(
    connection: &mut PgConnection,
    page: Option<v1::Page>,
) -> Result<v1::MergeList, DomainError> {
    let place = Place::read(page)?;
    let rows = select_merges!(
        "WHERE ($1::uuid IS NULL OR m.id < $1) ORDER BY m.id DESC LIMIT $2 OFFSET $3",
        place.after,
        place.size + 1,
        place.offset,
    )
    .fetch_all(connection)
    .await
    .map_err(StoreError::from)?;
    let (rows, next) = place.cut(rows, |row| row.id);
    Ok(v1::MergeList {
        merges: rows.into_iter().map(Into::into).collect(),
        next,
    })
}

/// A place in a list of records whose ids grow with time.
pub(super) struct Place {
    pub(super) after: Option<Uuid>,
    pub(super) size: i64,
    pub(super) offset: i64,
}

impl Place {
    /// Reads a page.
    pub(super) fn read(page: Option<v1::Page>) -> Result<Self, DomainError> {
        let page = page.unwrap_or_default();
        let size = i64::from(page.size.clamp(1, MAX_PAGE_SIZE));
        let after = match page.after.as_str() {
            "" => None,
            text => Some(Uuid::try_parse(text).map_err(|_| {
                DomainError::invalid("after must be what the page before gave as next")
            })?),
        };
        let offset = match (after, page.number) {
            (None, number) if number > 1 => (number.min(MAX_PAGE) - 1) * size,
            _ => 0,
        };
        Ok(Self {
            after,
            size,
            offset,
        })
    }

    /// The page of rows of which one more than its size was read, and the place of the next one.
    pub(super) fn cut<R>(&self, mut rows: Vec<R>, id: impl Fn(&R) -> Uuid) -> (Vec<R>, String) {
        let size = usize::try_from(self.size).unwrap_or_default();
        let more = rows.len() > size;
        rows.truncate(size);
        let next = rows
            .last()
            .filter(|_| more)
            .map(|row| id(row).to_string())
            .unwrap_or_default();
        (rows, next)
    }
}

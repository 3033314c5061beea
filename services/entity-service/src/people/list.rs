//! Lists of people: filter, order, and two ways to page.

use super::{
    cursor::Cursor,
    row::{COLUMNS, PersonRow},
};
use chrono::{DateTime, Utc};
use keylight_contracts::{time::from_wire, v1};
use keylight_domain::{
    error::DomainError,
    intake::trim,
    people::{digits, folded_email},
    submissions::{MAX_PAGE, MAX_PAGE_SIZE},
};
use keylight_store::StoreError;
use prost::Message as _;
use sqlx::{AssertSqlSafe, Execute as _, PgConnection, Postgres, QueryBuilder};

/// Longest text that is searched for.
const MAX_SEARCH: usize = 255;

/// By what a list is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Order {
    column: &'static str,
    /// What an index holds; equal values are told apart by id.
    key: &'static str,
    is_time: bool,
    descending: bool,
}

impl Order {
    fn parse(text: &str) -> Result<Self, DomainError> {
        let text = if text.is_empty() { "-created_at" } else { text };
        let (descending, name) = match text.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, text),
        };
        let (column, key, is_time) = match name {
            "created_at" => ("created_at", "coalesce(u.created_at, '-infinity')", true),
            "updated_at" => ("updated_at", "coalesce(u.updated_at, '-infinity')", true),
            "full_name" => ("full_name", "lower(u.full_name)", false),
            "email_address" => ("email_address", "u.email_key", false),
            _ => {
                return Err(DomainError::invalid(
                    "sort must be one of: created_at, updated_at, full_name, email_address, with - before it to turn it round",
                ));
            }
        };
        Ok(Self {
            column,
            key,
            is_time,
            descending,
        })
    }
}

/// What is looked for, read and checked.
struct Wanted {
    /// Patterns of which one must match.
    patterns: Vec<String>,
    /// People whom the index does not know as they are.
    waiting: Vec<i64>,
    email: Option<String>,
    created_from: Option<DateTime<Utc>>,
    created_to: Option<DateTime<Utc>>,
    has_company: Option<bool>,
    include_deleted: bool,
}

impl Wanted {
    fn read(filter: &v1::PersonFilter) -> Result<Self, DomainError> {
        let time = |field: &str, time: &Option<prost_types::Timestamp>| match time {
            None => Ok(None),
            Some(time) => from_wire(time).map(Some).ok_or_else(|| {
                DomainError::invalid(format!("{field} must be a time of the calendar"))
            }),
        };
        Ok(Self {
            patterns: patterns(filter.search.as_deref().unwrap_or_default())?,
            waiting: Vec::new(),
            email: filter
                .email
                .as_deref()
                .map(folded_email)
                .filter(|text| !text.is_empty()),
            created_from: time("created_from", &filter.created_from)?,
            created_to: time("created_to", &filter.created_to)?,
            has_company: filter.has_company,
            include_deleted: filter.include_deleted,
        })
    }

    /// Adds the conditions.
    fn restrict(&self, query: &mut QueryBuilder<Postgres>) {
        query.push(" WHERE true");
        if !self.include_deleted {
            query.push(" AND u.deleted_at IS NULL AND u.merged_into IS NULL");
        }
        if let Some(email) = &self.email {
            query.push(" AND u.email_key = ").push_bind(email.clone());
        }
        if let Some(from) = self.created_from {
            query
                .push(" AND coalesce(u.created_at, '-infinity') >= ")
                .push_bind(from);
        }
        if let Some(to) = self.created_to {
            query
                .push(" AND u.created_at IS NOT NULL AND coalesce(u.created_at, '-infinity') < ")
                .push_bind(to);
        }
        match self.has_company {
            Some(true) => query.push(" AND btrim(u.company_name) <> ''"),
            Some(false) => query.push(" AND coalesce(btrim(u.company_name), '') = ''"),
            None => query,
        };
        if !self.patterns.is_empty() {
            // those who wait for the index are looked at one by one: a search is right at any moment
            query.push(" AND u.id IN (SELECT i.user_id FROM entity.people_search i WHERE i.text LIKE ANY (");
            query.push_bind(self.patterns.clone());
            query.push(") AND i.user_id <> ALL (");
            query.push_bind(self.waiting.clone());
            query.push(
                ") UNION ALL SELECT v.id FROM entity.users v \
                 WHERE lower(concat_ws(E'\\n', v.full_name, v.email_address, v.company_name, v.phone_number, \
                     regexp_replace(v.phone_number, '[^0-9]', '', 'g'))) LIKE ANY (",
            );
            query.push_bind(self.patterns.clone());
            query.push(") AND v.id = ANY (");
            query.push_bind(self.waiting.clone());
            query.push("))");
        }
    }

    /// Learns who waits for the index, when something is searched for.
    async fn look_who_waits(&mut self, connection: &mut PgConnection) -> Result<(), StoreError> {
        if !self.patterns.is_empty() {
            self.waiting = sqlx::query_scalar!(
                r#"SELECT DISTINCT unnest(ids) AS "id!" FROM entity.people_pending"#
            )
            .fetch_all(connection)
            .await?;
        }
        Ok(())
    }
}

/// The patterns of a piece of text. A piece of a phone number is found however the number is written.
fn patterns(search: &str) -> Result<Vec<String>, DomainError> {
    let term = trim(search);
    if term.is_empty() {
        return Ok(Vec::new());
    }
    if term.contains('\0') || term.chars().count() > MAX_SEARCH {
        return Err(DomainError::invalid(format!(
            "search must be at most {MAX_SEARCH} characters, without NUL characters"
        )));
    }
    let mut patterns = vec![containing(&term.to_lowercase())];
    let number = digits(term);
    let phone_like = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '-' | '(' | ')' | '+' | '.');
    if number.len() >= 3 && number != term && term.chars().all(phone_like) {
        patterns.push(containing(&number));
    }
    Ok(patterns)
}

/// A pattern for `LIKE` that matches texts with `term` in them, its wildcards taken as plain characters.
fn containing(term: &str) -> String {
    let mut pattern = String::with_capacity(term.len() + 2);
    pattern.push('%');
    for c in term.chars() {
        if matches!(c, '\\' | '%' | '_') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[derive(sqlx::FromRow)]
struct Listed {
    #[sqlx(flatten)]
    person: PersonRow,
    place: String,
}

/// A page of the people that match the filter, with the exact number of all that do. Counts of what belongs to each come
/// from the same statement.
///
/// # Errors
/// `InvalidInput` when sort, filter or place make no sense.
pub async fn list(
    connection: &mut PgConnection,
    request: &v1::ListPeopleRequest,
) -> Result<v1::PersonPage, DomainError> {
    let order = Order::parse(&request.sort)?;
    let filter = request.filter.clone().unwrap_or_default();
    let mut wanted = Wanted::read(&filter)?;
    let page = request.page.clone().unwrap_or_default();
    let size = i64::from(page.size.clamp(1, MAX_PAGE_SIZE));
    let mut this_list = filter.encode_to_vec();
    this_list.extend(order.column.as_bytes());
    this_list.push(u8::from(order.descending));
    let after = match page.after.as_str() {
        "" => None,
        text => Some(Cursor::read(text, &this_list)?),
    };

    wanted.look_who_waits(connection).await?;
    let total_count = count(connection, &wanted).await?;
    let offset = if after.is_none() && page.number > 1 {
        (page.number.min(MAX_PAGE) - 1) * size
    } else {
        0
    };
    let mut query = page_query(&wanted, order, after.as_ref(), size + 1, offset);
    // planned for these very values: what is best for a rare name is bad for a frequent one
    let mut rows: Vec<Listed> = query
        .build_query_as()
        .persistent(false)
        .fetch_all(connection)
        .await
        .map_err(StoreError::from)?;
    // one more than asked for tells whether there is more
    let more = i64::try_from(rows.len()).unwrap_or(i64::MAX) > size;
    rows.truncate(usize::try_from(size).unwrap_or_default());
    let next = rows.last().filter(|_| more).map(|last| {
        let time = if order.is_time {
            last.place.clone()
        } else {
            String::new()
        };
        Cursor {
            id: last.person.id,
            time,
        }
        .write(&this_list)
    });
    Ok(v1::PersonPage {
        people: rows.into_iter().map(|row| row.person.into()).collect(),
        total_count,
        next: next.unwrap_or_default(),
    })
}

async fn count(connection: &mut PgConnection, wanted: &Wanted) -> Result<i64, StoreError> {
    let mut query = QueryBuilder::new("SELECT count(*) FROM entity.users u");
    wanted.restrict(&mut query);
    Ok(query
        .build_query_scalar()
        .persistent(false)
        .fetch_one(connection)
        .await?)
}

/// The statement of a page. What belongs to each person is counted for the page alone, hence the inner select.
fn page_query(
    wanted: &Wanted,
    order: Order,
    after: Option<&Cursor>,
    limit: i64,
    offset: i64,
) -> QueryBuilder<Postgres> {
    let Order {
        key,
        is_time,
        descending,
        ..
    } = order;
    let way = if descending { " DESC" } else { "" };
    let place = if is_time { key } else { "''" };
    let mut query = QueryBuilder::new("SELECT ");
    query
        .push(COLUMNS)
        .push(", page.place FROM (SELECT u.id, (")
        .push(place)
        .push(")::text AS place FROM entity.users u");
    wanted.restrict(&mut query);
    if let Some(cursor) = after {
        let sign = if descending { " < " } else { " > " };
        query
            .push(" AND (")
            .push(key)
            .push(", u.id)")
            .push(sign)
            .push("(");
        if is_time {
            query
                .push_bind(cursor.time.clone())
                .push("::text::timestamptz");
        } else {
            let of_last = key.replace("u.", "c.");
            query
                .push("(SELECT ")
                .push(of_last)
                .push(" FROM entity.users c WHERE c.id = ")
                .push_bind(cursor.id)
                .push(")");
        }
        query.push(", ").push_bind(cursor.id).push(")");
    }
    let sorted = |query: &mut QueryBuilder<Postgres>| {
        query
            .push(" ORDER BY ")
            .push(key)
            .push(way)
            .push(", u.id")
            .push(way);
    };
    sorted(&mut query);
    query.push(" LIMIT ").push_bind(limit);
    if offset > 0 {
        query.push(" OFFSET ").push_bind(offset);
    }
    query.push(") page JOIN entity.users u ON u.id = page.id");
    sorted(&mut query);
    query
}

/// How the database would go about a page, for tests of its plans.
///
/// # Errors
/// As [`list`].
pub async fn explain(
    connection: &mut PgConnection,
    request: &v1::ListPeopleRequest,
) -> Result<String, DomainError> {
    let mut wanted = Wanted::read(&request.filter.clone().unwrap_or_default())?;
    wanted.look_who_waits(connection).await?;
    let mut query = page_query(&wanted, Order::parse(&request.sort)?, None, 20, 0);
    let mut built = query.build();
    let arguments = built
        .take_arguments()
        .map_err(|_| DomainError::internal("arguments cannot be taken"))?
        .unwrap_or_default();
    let statement = format!("EXPLAIN {}", built.sql().as_str());
    let lines: Vec<String> = sqlx::query_scalar_with(AssertSqlSafe(statement), arguments)
        .persistent(false)
        .fetch_all(connection)
        .await
        .map_err(StoreError::from)?;
    Ok(lines.join("\n"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_known_ones() {
        assert_eq!(
            Order::parse("").unwrap(),
            Order::parse("-created_at").unwrap()
        );
        assert!(!Order::parse("full_name").unwrap().descending);
        for wrong in [
            "id",
            "--created_at",
            "full_name; DROP TABLE",
            " created_at",
            "-",
        ] {
            assert!(Order::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn pieces_of_phone_numbers_are_found_however_they_are_written() {
        assert_eq!(patterns(" Ada ").unwrap(), ["%ada%"]);
        assert_eq!(patterns("555-12").unwrap(), ["%555-12%", "%55512%"]);
        assert_eq!(patterns("55512").unwrap(), ["%55512%"]);
        assert_eq!(patterns("50%_").unwrap(), ["%50\\%\\_%"]);
        assert!(patterns("\0").is_err() && patterns(&"x".repeat(256)).is_err());
    }
}

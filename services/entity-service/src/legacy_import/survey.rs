//! What must be known of all rows before the first can be judged: who shares an address, which rows are doubled, which
//! links lead somewhere. About a hundred bytes are held for each row of the predecessor.

use super::{
    ImportError, fold,
    source::{Found, Source},
    tables::{Kind, Table},
};
use futures::TryStreamExt as _;
use sha2::{Digest as _, Sha256};
use sqlx::{AssertSqlSafe, Row as _};
use std::collections::{HashMap, HashSet};

/// Stands for a text of any length.
pub(super) type Print = [u8; 16];

/// The print of an address as it is compared.
pub(super) fn print_of(address: &str) -> Print {
    shortened(&Sha256::digest(fold(address).as_bytes()))
}

fn shortened(digest: &[u8]) -> Print {
    let mut print = Print::default();
    print.copy_from_slice(&digest[..16]);
    print
}

/// Rows that have something in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) count: u64,
    /// The lowest id.
    pub(super) first: i64,
}

/// The survey.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// Addresses of users, by id.
    pub(super) users: HashMap<i64, Print>,
    /// Users by address.
    pub(super) user_addresses: HashMap<Print, Group>,
    /// Owners of projects, by id.
    pub(super) projects: HashMap<i64, Option<i64>>,
    /// Applications by address.
    pub(super) addresses: HashMap<Print, Group>,
    /// Users that an application links.
    pub(super) linked_users: HashSet<i64>,
    /// Applications of each project.
    pub(super) project_uses: HashMap<i64, u64>,
    /// Rows that say the same as an earlier one.
    pub(super) doubles: HashMap<(Table, i64), i64>,
    /// Every id, in order.
    pub(super) ids: HashMap<Table, Vec<i64>>,
}

impl Survey {
    /// Reads what is needed of every row of the snapshot.
    pub(super) async fn make(source: &mut Source) -> Result<Self, ImportError> {
        let mut survey = Self::default();
        for found in source.tables.clone() {
            survey.look_through(source, &found).await?;
        }
        Ok(survey)
    }

    async fn look_through(
        &mut self,
        source: &mut Source,
        found: &Found,
    ) -> Result<(), ImportError> {
        let table = found.table;
        let expressions = found.expressions();
        // a column that the table does not know at all counts as null
        let column = |name: &str| {
            let known = table
                .columns()
                .iter()
                .position(|column| column.name == name);
            known.map_or("NULL::text", |place| expressions[place].as_str())
        };
        let content: Vec<&str> = table
            .columns()
            .iter()
            .zip(&expressions)
            .filter(|(column, _)| !matches!(column.kind, Kind::Time | Kind::Link))
            .map(|(_, expression)| expression.as_str())
            .collect();
        let sql = format!(
            "SELECT t.id::bigint, {}, ({})::bigint, ({})::bigint, sha256(convert_to(ROW({})::text, 'UTF8')) FROM {} t ORDER BY t.id",
            column("email_address"),
            column("user_id"),
            column("project_id"),
            content.join(", "),
            table.legacy_name(),
        );
        let mut rows = sqlx::query(AssertSqlSafe(sql))
            .persistent(false)
            .fetch(source.connection());
        let mut prints: HashMap<Print, i64> = HashMap::new();
        while let Some(row) = rows.try_next().await.map_err(ImportError::source)? {
            let read = || -> Result<_, sqlx::Error> {
                let content: &[u8] = row.try_get(4)?;
                Ok((
                    row.try_get::<i64, _>(0)?,
                    row.try_get::<Option<&str>, _>(1)?,
                    row.try_get::<Option<i64>, _>(2)?,
                    row.try_get::<Option<i64>, _>(3)?,
                    shortened(content),
                ))
            };
            let (id, address, user, project, content) = read().map_err(ImportError::source)?;
            self.ids.entry(table).or_default().push(id);
            let first = *prints.entry(content).or_insert(id);
            if first != id {
                self.doubles.insert((table, id), first);
            }
            let print = print_of(address.unwrap_or_default());
            match table {
                Table::Users => {
                    self.users.insert(id, print);
                    count(&mut self.user_addresses, print, id);
                }
                Table::Projects => {
                    self.projects.insert(id, user);
                }
                Table::Submissions => {
                    count(&mut self.addresses, print, id);
                    self.linked_users.extend(user);
                    if let Some(project) = project {
                        *self.project_uses.entry(project).or_insert(0) += 1;
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether a link leads to a row of the snapshot.
    pub(super) fn knows(&self, column: &str, id: i64) -> bool {
        match column {
            "user_id" => self.users.contains_key(&id),
            _ => self.projects.contains_key(&id),
        }
    }
}

fn count(groups: &mut HashMap<Print, Group>, print: Print, id: i64) {
    let group = groups.entry(print).or_insert(Group {
        count: 0,
        first: id,
    });
    group.count += 1;
}

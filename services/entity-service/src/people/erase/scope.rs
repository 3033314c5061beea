//! What belongs to a person, and by which words they would be recognised.

use crate::people::{locks, row::PersonRow};
use keylight_domain::{error::DomainError, people::digits};
use keylight_store::StoreError;
use sqlx::PgConnection;
use std::collections::BTreeSet;

/// Shorter words are no names that anybody would be recognised by, and are in every other text.
const SHORTEST_WORD: usize = 5;

/// Everything that an erasure touches, locked.
#[derive(Debug, Default)]
pub(super) struct Scope {
    /// The person, doubles, and who was merged into one of them.
    pub(super) people: Vec<i64>,
    /// Their folded addresses.
    pub(super) email_keys: Vec<String>,
    /// Their submissions and those of their addresses, deleted or not.
    pub(super) submissions: Vec<i64>,
    /// Projects that they own, deleted or not.
    pub(super) projects: Vec<i64>,
    /// Projects of others in which they have or had a part.
    pub(super) others_projects: Vec<i64>,
    /// Addresses and phone numbers, as written, in lower case.
    pub(super) contacts: Vec<String>,
    /// Names, as written, in lower case.
    pub(super) names: Vec<String>,
}

/// Addresses by which people are told apart: to have none is nothing that two people have in common.
fn addresses(keys: impl IntoIterator<Item = String>) -> Vec<String> {
    let keys: BTreeSet<_> = keys.into_iter().filter(|key| key.contains('@')).collect();
    keys.into_iter().collect()
}

impl Scope {
    /// Collects and locks it.
    pub(super) async fn lock(
        connection: &mut PgConnection,
        person: &PersonRow,
    ) -> Result<Self, DomainError> {
        let mut scope = Self {
            people: vec![person.id],
            email_keys: addresses([person.email_key.clone()]),
            ..Self::default()
        };
        // until nobody is added: whoever is locked cannot get more doubles merged into them
        loop {
            let found = sqlx::query!(
                "SELECT id, email_key FROM entity.users
                 WHERE id = ANY($1) OR email_key = ANY($2) OR merged_into = ANY($1) ORDER BY id",
                &scope.people,
                &scope.email_keys,
            )
            .fetch_all(&mut *connection)
            .await
            .map_err(StoreError::from)?;
            let grown = found.len() > scope.people.len();
            scope.people = found.iter().map(|row| row.id).collect();
            scope.email_keys = addresses(found.into_iter().map(|row| row.email_key));
            let people = locks::lock(connection, &scope.people).await?;
            if !grown {
                scope.read_words(connection, &people).await?;
                break;
            }
        }
        Ok(scope)
    }

    async fn read_words(
        &mut self,
        connection: &mut PgConnection,
        people: &[PersonRow],
    ) -> Result<(), StoreError> {
        let (mut names, mut contacts) = (BTreeSet::new(), BTreeSet::new());
        for person in people {
            names.insert(person.full_name.clone());
            contacts.insert(person.email_address.clone());
            contacts.extend(person.phone_number.clone());
        }
        let mut part_of = BTreeSet::new();
        let submissions = sqlx::query!(
            "SELECT id, full_name, email_address, phone_number, project_id FROM entity.submissions
             WHERE user_id = ANY($1) OR email_key = ANY($2) ORDER BY id FOR UPDATE",
            &self.people,
            &self.email_keys,
        )
        .fetch_all(&mut *connection)
        .await?;
        for row in submissions {
            self.submissions.push(row.id);
            names.insert(row.full_name);
            contacts.insert(row.email_address);
            contacts.insert(row.phone_number);
            part_of.extend(row.project_id);
        }
        part_of.extend(
            sqlx::query_scalar!(
                "SELECT project_id FROM entity.project_people WHERE user_id = ANY($1)",
                &self.people
            )
            .fetch_all(&mut *connection)
            .await?,
        );
        let part_of: Vec<i64> = part_of.into_iter().collect();
        let projects = sqlx::query!(
            r#"SELECT id, coalesce(user_id = ANY($1), true) AS "own!" FROM entity.projects
               WHERE user_id = ANY($1) OR id = ANY($2) ORDER BY id FOR UPDATE"#,
            &self.people,
            &part_of,
        )
        .fetch_all(connection)
        .await?;
        for row in projects {
            if row.own {
                self.projects.push(row.id);
            } else {
                self.others_projects.push(row.id);
            }
        }
        contacts.extend(self.email_keys.iter().cloned());
        let telling = |words: BTreeSet<String>| -> Vec<String> {
            let folded: BTreeSet<_> = words
                .into_iter()
                .map(|word| word.trim().to_lowercase())
                .filter(|word| word.chars().count() >= SHORTEST_WORD)
                .collect();
            folded.into_iter().collect()
        };
        self.names = telling(names);
        // "unknown" is no phone number
        contacts.retain(|text| text.contains('@') || digits(text).len() >= 7);
        self.contacts = telling(contacts);
        Ok(())
    }

    /// Names, addresses and phone numbers.
    pub(super) fn words(&self) -> Vec<String> {
        self.names.iter().chain(&self.contacts).cloned().collect()
    }

    /// The text, unless the person is recognised by it.
    pub(super) fn without_words(&self, text: &str) -> String {
        let folded = text.to_lowercase();
        if self.words().iter().any(|word| folded.contains(word)) {
            return super::ERASED.to_owned();
        }
        text.to_owned()
    }
}

//! Calls of the people's service, and what tests need around them.

use crate::system::{PATIENCE, System, application};
use keylight_contracts::v1::{self, people_service_client::PeopleServiceClient};
use keylight_domain::error::{DomainError, ErrorCode};
use keylight_rpc::client;
use keylight_testkit::wait::wait_until;

pub type Client = PeopleServiceClient<client::Channel>;

pub fn people(system: &System) -> Client {
    PeopleServiceClient::new(system.channel.clone())
}

/// `ask!(system, create_person, request)`: the answer, or the failure as the caller understands it.
macro_rules! ask {
    ($system:expr, $method:ident, $request:expr) => {
        $crate::people_system::people(&$system)
            .$method($request)
            .await
            .map(tonic::Response::into_inner)
            .map_err(|status| keylight_rpc::status::error_of(&status))
    };
}
pub(crate) use ask;

pub fn caller() -> Option<v1::Caller> {
    Some(v1::Caller {
        actor: "staff:grace".to_owned(),
        correlation_id: String::new(),
        reason: String::new(),
        idempotency: None,
    })
}

/// A caller whose request may come twice.
pub fn keyed(key: &str) -> Option<v1::Caller> {
    let idempotency = v1::Idempotency {
        key: key.to_owned(),
        fingerprint: b"the same request".to_vec(),
    };
    Some(v1::Caller {
        idempotency: Some(idempotency),
        ..caller().unwrap()
    })
}

pub fn newcomer(name: &str, email: &str) -> v1::CreatePersonRequest {
    v1::CreatePersonRequest {
        full_name: name.to_owned(),
        email_address: email.to_owned(),
        phone_number: None,
        company_name: None,
        caller: caller(),
    }
}

impl System {
    pub async fn person(&self, name: &str, email: &str) -> v1::Person {
        ask!(*self, create_person, newcomer(name, email)).unwrap()
    }

    /// Somebody who applied: the submission.
    pub async fn applicant(&self, name: &str, email: &str) -> v1::Submission {
        self.create(v1::CreateSubmissionRequest {
            full_name: name.to_owned(),
            ..application(email)
        })
        .await
        .unwrap()
    }

    pub async fn look(&self, id: i64) -> Result<v1::PersonView, DomainError> {
        let request = v1::GetPersonRequest {
            id,
            with_submissions: true,
            with_projects: true,
            include_deleted: false,
        };
        ask!(*self, get_person, request)
    }

    pub async fn list_people(
        &self,
        sort: &str,
        filter: v1::PersonFilter,
        page: v1::Page,
    ) -> Result<v1::PersonPage, DomainError> {
        let request = v1::ListPeopleRequest {
            filter: Some(filter),
            sort: sort.to_owned(),
            page: Some(page),
        };
        ask!(*self, list_people, request)
    }

    pub async fn found(&self, search: &str) -> Vec<String> {
        let filter = v1::PersonFilter {
            search: Some(search.to_owned()),
            ..Default::default()
        };
        let page = self
            .list_people("full_name", filter, page(1, 100))
            .await
            .unwrap();
        assert_eq!(page.total_count, i64::try_from(page.people.len()).unwrap());
        page.people
            .into_iter()
            .map(|person| person.full_name)
            .collect()
    }

    /// Waits until nothing waits to be counted or indexed.
    pub async fn indexed(&self) {
        wait_until("everything is indexed", PATIENCE, || async {
            for table in [
                "people_pending",
                "project_search_pending",
                "submission_search_pending",
                "submission_deltas",
            ] {
                let rows = self.count(table).await;
                if rows > 0 {
                    return Err(format!("{rows} rows in {table}"));
                }
            }
            Ok(())
        })
        .await;
    }

    pub async fn merge(&self, kept_id: i64, merged_id: i64) -> Result<v1::Merge, DomainError> {
        let request = v1::MergePeopleRequest {
            kept_id,
            merged_id,
            caller: caller(),
        };
        ask!(*self, merge_people, request)
    }

    pub async fn delete_person(
        &self,
        id: i64,
        cascade: bool,
    ) -> Result<v1::DeletedPerson, DomainError> {
        let request = v1::DeletePersonRequest {
            id,
            cascade,
            expected_version: None,
            caller: caller(),
        };
        ask!(*self, delete_person, request)
    }

    pub async fn restore_person(&self, id: i64) -> Result<v1::Person, DomainError> {
        ask!(
            *self,
            restore_person,
            v1::RestorePersonRequest {
                id,
                caller: caller()
            }
        )
    }

    /// Rows of people, submissions, projects and roles, without what a change and its undoing leave behind.
    pub async fn picture(&self) -> Vec<String> {
        let statement = "
            SELECT 'user ' || id || ' ' || (to_jsonb(t) - '{version,updated_at}'::text[])::text FROM entity.users t
            UNION ALL SELECT 'submission ' || id || ' ' || (to_jsonb(t) - '{version,updated_at,sync_state}'::text[])::text
                FROM entity.submissions t
            UNION ALL SELECT 'project ' || id || ' ' || (to_jsonb(t) - '{version,updated_at}'::text[])::text FROM entity.projects t
            UNION ALL SELECT 'role ' || to_jsonb(t)::text FROM entity.project_people t ORDER BY 1";
        sqlx::query_scalar(statement)
            .fetch_all(&self.pool)
            .await
            .unwrap()
    }

    /// The count on the row that holds the address must be the count of its submissions.
    pub async fn assert_counts_are_right(&self) {
        let wrong: Vec<(i64, i32, i64)> = sqlx::query_as(
            "SELECT u.id, u.open_submissions, c.open FROM entity.users u CROSS JOIN LATERAL (
                 SELECT count(*) AS open FROM entity.submissions s WHERE s.email_key = u.email_key AND s.deleted_at IS NULL) c
             WHERE u.holds_email AND u.open_submissions <> c.open",
        )
        .fetch_all(&self.pool)
        .await
        .unwrap();
        assert_eq!(wrong, []);
        let doubles: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM entity.users WHERE holds_email AND (deleted_at IS NOT NULL OR merged_into IS NOT NULL)",
        )
        .fetch_one(&self.pool)
        .await
        .unwrap();
        assert_eq!(doubles, 0);
    }

    pub async fn run(&self, statement: &'static str) {
        sqlx::query(statement).execute(&self.pool).await.unwrap();
    }

    /// Actions of the audit log on one record.
    pub async fn actions(&self, entity: &str, id: i64) -> Vec<String> {
        sqlx::query_scalar(
            "SELECT action FROM entity.audit_log WHERE entity = $1 AND entity_id = $2 ORDER BY id",
        )
        .bind(entity)
        .bind(id)
        .fetch_all(&self.pool)
        .await
        .unwrap()
    }
}

pub fn page(number: i64, size: i32) -> v1::Page {
    v1::Page {
        number,
        size,
        after: String::new(),
    }
}

pub fn after(next: &str, size: i32) -> v1::Page {
    v1::Page {
        number: 0,
        size,
        after: next.to_owned(),
    }
}

pub fn code<T: std::fmt::Debug>(answer: Result<T, DomainError>) -> ErrorCode {
    answer.unwrap_err().code
}

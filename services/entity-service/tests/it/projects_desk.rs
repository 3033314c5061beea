//! What the tests of projects and records share: a desk at which staff work with them.

use crate::system::{System, application};
use keylight_contracts::v1::{self, project_service_client::ProjectServiceClient};
use keylight_domain::error::DomainError;
use keylight_rpc::{client::Channel, status::error_of};
use tonic::{Response, Status};

pub struct Desk {
    pub system: System,
    pub projects: ProjectServiceClient<Channel>,
}

pub type Outcome<T> = Result<T, DomainError>;

/// Action, before, after and why.
pub type Entry = (String, serde_json::Value, serde_json::Value, Option<String>);
type StoredEntry = (
    String,
    Option<serde_json::Value>,
    Option<serde_json::Value>,
    Option<String>,
);

pub fn outcome<T>(answer: Result<Response<T>, Status>) -> Outcome<T> {
    answer
        .map(Response::into_inner)
        .map_err(|status| error_of(&status))
}

pub fn caller(why: &str) -> Option<v1::Caller> {
    Some(v1::Caller {
        actor: "staff:ada".to_owned(),
        reason: why.to_owned(),
        ..Default::default()
    })
}

/// A caller whose request carries this key.
pub fn keyed(key: &str, fingerprint: &str) -> Option<v1::Caller> {
    Some(v1::Caller {
        actor: "staff:ada".to_owned(),
        idempotency: Some(v1::Idempotency {
            key: key.to_owned(),
            fingerprint: fingerprint.as_bytes().to_vec(),
        }),
        ..Default::default()
    })
}

impl Desk {
    pub async fn start() -> Self {
        Self::with_connections(8).await
    }

    /// As embedded, where there is one connection for everything.
    pub async fn with_connections(connections: u32) -> Self {
        let system = System::start_with(connections, |_| {}).await;
        let projects = ProjectServiceClient::new(system.channel.clone());
        Self { system, projects }
    }

    /// A submission with its person and project.
    pub async fn applied(&self, email: &str) -> v1::Submission {
        self.system.create(application(email)).await.unwrap()
    }

    /// A person.
    pub async fn person(&self, email: &str) -> i64 {
        sqlx::query_scalar(
            "INSERT INTO entity.users (full_name, email_address, email_key, created_at, updated_at)
             VALUES ('Some Body', $1, lower($1), now(), now()) RETURNING id",
        )
        .bind(email)
        .fetch_one(&self.system.pool)
        .await
        .unwrap()
    }

    /// A project of this owner.
    pub async fn project(&self, owner: i64, name: &str) -> v1::Project {
        let request = v1::CreateProjectRequest {
            fields: Some(v1::ProjectFields {
                name: Some(name.to_owned()),
                user_id: Some(owner),
                ..Default::default()
            }),
            caller: caller(""),
        };
        outcome(self.projects.clone().create_project(request).await).unwrap()
    }

    pub async fn update(
        &self,
        id: i64,
        fields: v1::ProjectFields,
        expected_version: Option<i64>,
    ) -> Outcome<v1::Project> {
        let request = v1::UpdateProjectRequest {
            id,
            fields: Some(fields),
            expected_version,
            caller: caller("asked by phone"),
        };
        outcome(self.projects.clone().update_project(request).await)
    }

    pub async fn change(&self, id: i64, operation: &str) -> Outcome<v1::Project> {
        let request = v1::ChangeProjectRequest {
            id,
            operation: operation.to_owned(),
            expected_version: None,
            caller: caller("decided"),
        };
        outcome(self.projects.clone().change_project(request).await)
    }

    pub async fn delete(&self, id: i64, cascade: bool) -> Outcome<v1::DeletedProject> {
        let request = v1::DeleteProjectRequest {
            id,
            cascade,
            expected_version: None,
            caller: caller("by mistake"),
        };
        outcome(self.projects.clone().delete_project(request).await)
    }

    pub async fn restore(&self, id: i64) -> Outcome<v1::Project> {
        let request = v1::RestoreProjectRequest {
            id,
            caller: caller("after all"),
        };
        outcome(self.projects.clone().restore_project(request).await)
    }

    pub async fn add(
        &self,
        project_id: i64,
        user_id: i64,
        role: &str,
    ) -> Outcome<v1::ProjectPeople> {
        let request = v1::ProjectPersonRequest {
            project_id,
            user_id,
            role: role.to_owned(),
            caller: caller(""),
        };
        outcome(self.projects.clone().add_project_person(request).await)
    }

    pub async fn remove(
        &self,
        project_id: i64,
        user_id: i64,
        role: &str,
    ) -> Outcome<v1::ProjectPeople> {
        let request = v1::ProjectPersonRequest {
            project_id,
            user_id,
            role: role.to_owned(),
            caller: caller(""),
        };
        outcome(self.projects.clone().remove_project_person(request).await)
    }

    pub async fn link(&self, submission_id: i64, project_id: i64) -> Outcome<v1::Submission> {
        let request = v1::LinkSubmissionRequest {
            submission_id,
            project_id,
            expected_version: None,
            caller: caller(""),
        };
        outcome(self.projects.clone().link_submission(request).await)
    }

    /// The project with everything that belongs to it.
    pub async fn view(&self, id: i64) -> Outcome<v1::ProjectView> {
        let request = v1::GetProjectRequest {
            id,
            with_people: true,
            with_submissions: true,
            include_deleted: false,
        };
        outcome(self.projects.clone().get_project(request).await)
    }

    pub async fn list(
        &self,
        filter: v1::ProjectFilter,
        sort: &str,
        page: v1::Page,
    ) -> Outcome<v1::ProjectPage> {
        let request = v1::ListProjectsRequest {
            filter: Some(filter),
            sort: sort.to_owned(),
            page: Some(page),
        };
        outcome(self.projects.clone().list_projects(request).await)
    }

    /// Ids of everything that matches, by name, with the total checked.
    pub async fn matching(&self, filter: v1::ProjectFilter) -> Vec<i64> {
        let page = v1::Page {
            number: 1,
            size: 100,
            ..Default::default()
        };
        let page = self.list(filter, "name", page).await.unwrap();
        let ids: Vec<i64> = page.projects.iter().map(|project| project.id).collect();
        assert_eq!(page.total_count, i64::try_from(ids.len()).unwrap());
        ids
    }

    /// Runs a statement behind the service's back.
    pub async fn sql(&self, statement: &'static str) {
        sqlx::raw_sql(statement)
            .execute(&self.system.pool)
            .await
            .unwrap();
    }

    /// Actions in the audit log of a record, in order, each with before, after and why.
    pub async fn audit(&self, entity: &str, id: i64) -> Vec<Entry> {
        let null = serde_json::Value::Null;
        let rows: Vec<StoredEntry> = sqlx::query_as(
            "SELECT action, before, after, cause FROM entity.audit_log
             WHERE entity = $1 AND entity_id = $2 ORDER BY id",
        )
        .bind(entity)
        .bind(id)
        .fetch_all(&self.system.pool)
        .await
        .unwrap();
        rows.into_iter()
            .map(|(action, before, after, why)| {
                let value = |value: Option<_>| value.unwrap_or_else(|| null.clone());
                (action, value(before), value(after), why)
            })
            .collect()
    }
}

pub fn roles(people: &[v1::ProjectPerson]) -> Vec<(i64, &str)> {
    people
        .iter()
        .map(|person| (person.user_id, person.role.as_str()))
        .collect()
}

//! The door of `ProjectService`: reads requests, calls the operation, answers.

use super::{Workshop, change, create, delete, find, link, list, people, restore, update};
use crate::app::Migrated;
use keylight_contracts::v1::{self, project_service_server::ProjectService};
use keylight_domain::error::DomainError;
use keylight_rpc::status::status_of;
use tonic::{Request, Response, Status};

/// Answers the calls of `ProjectService`.
pub struct ProjectDoor {
    /// What the operations need.
    pub workshop: Workshop,
    /// Whether the schema is there.
    pub(crate) migrated: Migrated,
}

type Answer<T> = Result<Response<T>, Status>;

fn answer<T>(result: Result<T, DomainError>) -> Answer<T> {
    result.map(Response::new).map_err(|error| status_of(&error))
}

#[tonic::async_trait]
impl ProjectService for ProjectDoor {
    async fn list_projects(
        &self,
        request: Request<v1::ListProjectsRequest>,
    ) -> Answer<v1::ProjectPage> {
        self.migrated.check()?;
        answer(list::list(&self.workshop, request.into_inner()).await)
    }

    async fn get_project(
        &self,
        request: Request<v1::GetProjectRequest>,
    ) -> Answer<v1::ProjectView> {
        self.migrated.check()?;
        answer(find::get(&self.workshop, request.into_inner()).await)
    }

    async fn create_project(
        &self,
        request: Request<v1::CreateProjectRequest>,
    ) -> Answer<v1::Project> {
        self.migrated.check()?;
        answer(create::create(&self.workshop, request.into_inner()).await)
    }

    async fn update_project(
        &self,
        request: Request<v1::UpdateProjectRequest>,
    ) -> Answer<v1::Project> {
        self.migrated.check()?;
        answer(update::update(&self.workshop, request.into_inner()).await)
    }

    async fn change_project(
        &self,
        request: Request<v1::ChangeProjectRequest>,
    ) -> Answer<v1::Project> {
        self.migrated.check()?;
        answer(change::change(&self.workshop, request.into_inner()).await)
    }

    async fn delete_project(
        &self,
        request: Request<v1::DeleteProjectRequest>,
    ) -> Answer<v1::DeletedProject> {
        self.migrated.check()?;
        answer(delete::delete(&self.workshop, request.into_inner()).await)
    }

    async fn restore_project(
        &self,
        request: Request<v1::RestoreProjectRequest>,
    ) -> Answer<v1::Project> {
        self.migrated.check()?;
        answer(restore::restore(&self.workshop, request.into_inner()).await)
    }

    async fn list_project_people(
        &self,
        request: Request<v1::ListProjectPeopleRequest>,
    ) -> Answer<v1::ProjectPeople> {
        self.migrated.check()?;
        answer(people::list(&self.workshop, request.into_inner().project_id).await)
    }

    async fn add_project_person(
        &self,
        request: Request<v1::ProjectPersonRequest>,
    ) -> Answer<v1::ProjectPeople> {
        self.migrated.check()?;
        answer(people::add(&self.workshop, request.into_inner()).await)
    }

    async fn remove_project_person(
        &self,
        request: Request<v1::ProjectPersonRequest>,
    ) -> Answer<v1::ProjectPeople> {
        self.migrated.check()?;
        answer(people::remove(&self.workshop, request.into_inner()).await)
    }

    async fn link_submission(
        &self,
        request: Request<v1::LinkSubmissionRequest>,
    ) -> Answer<v1::Submission> {
        self.migrated.check()?;
        answer(link::link(&self.workshop, request.into_inner()).await)
    }
}

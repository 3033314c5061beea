//! The door of the people: reads requests, calls the operation in one transaction, answers.

use super::{
    act::Act, create, delete, duplicates, erase, list, merge, merges, read, restore, undo_merge,
    update,
};
use crate::{
    app::Migrated,
    idempotency::{self, Begun},
    journal::Caller,
};
use keylight_contracts::v1::{
    self,
    people_service_server::{PeopleService, PeopleServiceServer},
};
use keylight_domain::error::DomainError;
use keylight_rpc::status::status_of;
use keylight_runtime::clock::Clock;
use keylight_store::{StoreError, outbox::Outbox};
use sqlx::{PgPool, Postgres, pool::PoolConnection};
use std::sync::Arc;
use tokio::sync::Notify;
use tonic::{Request, Response, Status};

/// Largest request that is read: names and addresses, no long texts.
const MAX_REQUEST: usize = 1 << 18;
/// Largest answer: a person with a hundred submissions and projects of the longest texts.
const MAX_ANSWER: usize = 32 << 20;

/// Answers the calls of `PeopleService`.
pub struct PeopleDoor {
    /// Connections to the schema `entity`.
    pub pool: PgPool,
    /// Time and ids.
    pub clock: Arc<dyn Clock>,
    /// This process's end of the outbox.
    pub outbox: Outbox,
    /// Rings for whoever keeps the index.
    pub bell: Arc<Notify>,
    /// Whether the schema is there.
    pub(crate) migrated: Migrated,
}

type Answer<T> = Result<Response<T>, Status>;

fn answer<T>(result: Result<T, DomainError>) -> Answer<T> {
    result.map(Response::new).map_err(|error| status_of(&error))
}

/// `act!(door, caller, |connection, act| work)`: does the work once, in one transaction with its audit entries and with the
/// answer that a repeated request gets. The work gives the answer, and the person whose data it holds.
macro_rules! act {
    ($door:expr, $caller:expr, |$connection:ident, $act:ident| $work:expr) => {{
        let caller = Caller::read($caller, &*$door.clock);
        let $act = &Act::now(&*$door.clock, &$door.outbox, &caller);
        let mut transaction = $door.pool.begin().await.map_err(StoreError::from)?;
        match idempotency::begin(&mut transaction, &caller, $act.at).await? {
            Begun::Done(reply) => Ok(reply),
            Begun::Fresh(ticket) => {
                let $connection = &mut *transaction;
                let (reply, person_id): (_, Option<i64>) = $work;
                ticket.finish(&mut transaction, &reply, person_id).await?;
                transaction.commit().await.map_err(StoreError::from)?;
                $door.outbox.wake();
                $door.bell.notify_one();
                Ok(reply)
            }
        }
    }};
}

impl PeopleDoor {
    /// The service.
    pub(crate) fn server(
        pool: &PgPool,
        clock: &Arc<dyn Clock>,
        outbox: &Outbox,
        migrated: &Migrated,
        bell: &Arc<Notify>,
    ) -> PeopleServiceServer<Self> {
        let door = Self {
            pool: pool.clone(),
            clock: clock.clone(),
            outbox: outbox.clone(),
            bell: bell.clone(),
            migrated: migrated.clone(),
        };
        PeopleServiceServer::new(door)
            .max_decoding_message_size(MAX_REQUEST)
            .max_encoding_message_size(MAX_ANSWER)
    }

    async fn connection(&self) -> Result<PoolConnection<Postgres>, StoreError> {
        Ok(self.pool.acquire().await?)
    }

    async fn create(&self, request: v1::CreatePersonRequest) -> Result<v1::Person, DomainError> {
        let person = create::check(
            &request.full_name,
            &request.email_address,
            request.phone_number.as_deref(),
            request.company_name.as_deref(),
        )?;
        act!(self, request.caller, |connection, act| {
            let row = create::create(connection, act, person).await?;
            let id = row.id;
            (v1::Person::from(row), Some(id))
        })
    }

    async fn update(&self, request: v1::UpdatePersonRequest) -> Result<v1::Person, DomainError> {
        let change = update::check(
            request.full_name.as_deref(),
            request.email_address.as_deref(),
            request.phone_number.as_deref(),
            request.company_name.as_deref(),
        )?;
        act!(self, request.caller, |connection, act| {
            let row = update::update(
                connection,
                act,
                request.id,
                request.expected_version,
                change,
            )
            .await?;
            (v1::Person::from(row), Some(request.id))
        })
    }

    async fn delete(
        &self,
        request: v1::DeletePersonRequest,
    ) -> Result<v1::DeletedPerson, DomainError> {
        act!(self, request.caller, |connection, act| {
            let deleted = delete::delete(
                connection,
                act,
                request.id,
                request.cascade,
                request.expected_version,
            )
            .await?;
            (deleted, Some(request.id))
        })
    }

    async fn restore(&self, request: v1::RestorePersonRequest) -> Result<v1::Person, DomainError> {
        act!(self, request.caller, |connection, act| {
            let row = restore::restore(connection, act, request.id).await?;
            (v1::Person::from(row), Some(request.id))
        })
    }

    async fn erase(&self, request: v1::ErasePersonRequest) -> Result<v1::Erasure, DomainError> {
        act!(self, request.caller, |connection, act| {
            let erasure = erase::erase(connection, act, request.id, &request.confirm_email).await?;
            (erasure, None)
        })
    }

    async fn dismiss(
        &self,
        request: v1::DismissDuplicateRequest,
    ) -> Result<v1::DismissDuplicateReply, DomainError> {
        act!(self, request.caller, |connection, act| {
            duplicates::dismiss(connection, act, request.first_id, request.second_id).await?;
            (v1::DismissDuplicateReply {}, None)
        })
    }

    async fn merge(&self, request: v1::MergePeopleRequest) -> Result<v1::Merge, DomainError> {
        act!(self, request.caller, |connection, act| {
            let merge = merge::merge(connection, act, request.kept_id, request.merged_id).await?;
            (merge, None)
        })
    }

    async fn undo(&self, request: v1::UndoMergeRequest) -> Result<v1::Merge, DomainError> {
        act!(self, request.caller, |connection, act| {
            let merge = undo_merge::undo(connection, act, &request.merge_id).await?;
            (merge, None)
        })
    }
}

#[tonic::async_trait]
impl PeopleService for PeopleDoor {
    async fn list_people(&self, request: Request<v1::ListPeopleRequest>) -> Answer<v1::PersonPage> {
        self.migrated.check()?;
        let found = async {
            let mut connection = self.connection().await?;
            list::list(&mut connection, request.get_ref()).await
        };
        answer(found.await)
    }

    async fn get_person(&self, request: Request<v1::GetPersonRequest>) -> Answer<v1::PersonView> {
        self.migrated.check()?;
        let found = async {
            let mut connection = self.connection().await?;
            read::view(&mut connection, request.get_ref()).await
        };
        answer(found.await)
    }

    async fn create_person(&self, request: Request<v1::CreatePersonRequest>) -> Answer<v1::Person> {
        self.migrated.check()?;
        answer(self.create(request.into_inner()).await)
    }

    async fn update_person(&self, request: Request<v1::UpdatePersonRequest>) -> Answer<v1::Person> {
        self.migrated.check()?;
        answer(self.update(request.into_inner()).await)
    }

    async fn delete_person(
        &self,
        request: Request<v1::DeletePersonRequest>,
    ) -> Answer<v1::DeletedPerson> {
        self.migrated.check()?;
        answer(self.delete(request.into_inner()).await)
    }

    async fn restore_person(
        &self,
        request: Request<v1::RestorePersonRequest>,
    ) -> Answer<v1::Person> {
        self.migrated.check()?;
        answer(self.restore(request.into_inner()).await)
    }

    async fn erase_person(&self, request: Request<v1::ErasePersonRequest>) -> Answer<v1::Erasure> {
        self.migrated.check()?;
        answer(self.erase(request.into_inner()).await)
    }

    async fn list_erasures(
        &self,
        request: Request<v1::ListErasuresRequest>,
    ) -> Answer<v1::ErasureList> {
        self.migrated.check()?;
        let found = async {
            let mut connection = self.connection().await?;
            erase::list(&mut connection, request.into_inner().page).await
        };
        answer(found.await)
    }

    async fn suggest_duplicates(
        &self,
        request: Request<v1::SuggestDuplicatesRequest>,
    ) -> Answer<v1::DuplicateList> {
        self.migrated.check()?;
        let found = async {
            let mut connection = self.connection().await?;
            duplicates::suggest(&mut connection, request.get_ref()).await
        };
        answer(found.await)
    }

    async fn dismiss_duplicate(
        &self,
        request: Request<v1::DismissDuplicateRequest>,
    ) -> Answer<v1::DismissDuplicateReply> {
        self.migrated.check()?;
        answer(self.dismiss(request.into_inner()).await)
    }

    async fn merge_people(&self, request: Request<v1::MergePeopleRequest>) -> Answer<v1::Merge> {
        self.migrated.check()?;
        answer(self.merge(request.into_inner()).await)
    }

    async fn undo_merge(&self, request: Request<v1::UndoMergeRequest>) -> Answer<v1::Merge> {
        self.migrated.check()?;
        answer(self.undo(request.into_inner()).await)
    }

    async fn list_merges(&self, request: Request<v1::ListMergesRequest>) -> Answer<v1::MergeList> {
        self.migrated.check()?;
        let found = async {
            let mut connection = self.connection().await?;
            merges::list(&mut connection, request.into_inner().page).await
        };
        answer(found.await)
    }
}

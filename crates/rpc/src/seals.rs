//! The contract of services that keep secrets sealed in their tables, the same for all of them.

use crate::status::status_of;
use keylight_contracts::v1::{
    self,
    seal_service_server::{SealService, SealServiceServer},
};
use keylight_domain::error::DomainError;
use tonic::{Request, Response, Status};

/// Sealed values of one place under one key; an empty key means that they stand there unsealed.
pub struct Values {
    /// schema.table.column
    pub place: &'static str,
    /// Id of the key.
    pub key: String,
    /// How many.
    pub count: u64,
}

/// What a service does about its sealed values.
#[tonic::async_trait]
pub trait KeepsSeals: Send + Sync + 'static {
    /// The ids of the key that seals, and of all that open.
    fn keys(&self) -> (String, Vec<String>);
    /// How many values stand under which key.
    async fn values(&self) -> Result<Vec<Values>, DomainError>;
    /// Seals everything anew that is not under the first key, all or nothing; tells how many values.
    async fn reseal(&self) -> Result<i64, DomainError>;
}

/// The contract over what a service does.
pub struct Seals<K>(K);

/// Serves the contract.
pub fn server<K: KeepsSeals>(keeper: K) -> SealServiceServer<Seals<K>> {
    SealServiceServer::new(Seals(keeper))
}

impl<K: KeepsSeals> Seals<K> {
    async fn status(&self) -> Result<v1::SealStatus, Status> {
        let values = self.0.values().await.map_err(|error| status_of(&error))?;
        let (first_key, keys) = self.0.keys();
        let values = values.into_iter().map(|values| v1::SealedValues {
            place: values.place.to_owned(),
            key: values.key,
            count: i64::try_from(values.count).unwrap_or(i64::MAX),
        });
        Ok(v1::SealStatus {
            first_key,
            keys,
            values: values.collect(),
        })
    }
}

#[tonic::async_trait]
impl<K: KeepsSeals> SealService for Seals<K> {
    async fn get_seal_status(
        &self,
        _request: Request<v1::GetSealStatusRequest>,
    ) -> Result<Response<v1::SealStatus>, Status> {
        Ok(Response::new(self.status().await?))
    }

    async fn reseal(
        &self,
        _request: Request<v1::ResealRequest>,
    ) -> Result<Response<v1::ResealReply>, Status> {
        let resealed = self.0.reseal().await.map_err(|error| status_of(&error))?;
        tracing::info!(
            values = resealed,
            "secrets are sealed anew under the first key"
        );
        Ok(Response::new(v1::ResealReply {
            resealed,
            status: Some(self.status().await?),
        }))
    }
}

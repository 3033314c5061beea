//! The kinds of questions.

use super::gate::Call;
use crate::entity::MAX_ANSWER_BYTES;
use futures::{FutureExt as _, future::BoxFuture};
use keylight_contracts::v1::{
    GetSubmissionRequest, GetSubmissionsRequest, ListSubmissionsRequest, Submission,
    SubmissionPage, SubmissionStatsReply, SubmissionStatsRequest,
    entity_service_client::EntityServiceClient,
};
use keylight_rpc::client::Channel;
use std::{collections::HashMap, sync::Arc};
use tonic::{Code, Status};

type Answers<T> = BoxFuture<'static, Result<Vec<T>, Status>>;

fn client(entity: &Channel) -> EntityServiceClient<Channel> {
    EntityServiceClient::new(entity.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
}

/// Submissions by id; together they are one question with several ids.
pub(super) struct ById(pub(super) Channel);

impl Call for ById {
    type Group = ();
    type Question = i64;
    type Answer = Option<Submission>;

    fn call(&self, (): (), ids: Vec<i64>) -> Answers<Option<Submission>> {
        let mut client = client(&self.0);
        async move {
            if let [id] = ids[..] {
                let request = GetSubmissionRequest {
                    id,
                    ..Default::default()
                };
                return match client.get_submission(request).await {
                    Ok(found) => Ok(vec![Some(found.into_inner())]),
                    Err(status) if status.code() == Code::NotFound => Ok(vec![None]),
                    Err(status) => Err(status),
                };
            }
            let request = GetSubmissionsRequest { ids: ids.clone() };
            let found = client.get_submissions(request).await?.into_inner();
            let found: HashMap<i64, Submission> = found
                .submissions
                .into_iter()
                .map(|submission| (submission.id, submission))
                .collect();
            Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
        }
        .boxed()
    }
}

/// The counts of all submissions; everybody asks the same.
pub(super) struct Counts(pub(super) Channel);

impl Call for Counts {
    type Group = ();
    type Question = ();
    type Answer = SubmissionStatsReply;

    fn call(&self, (): (), callers: Vec<()>) -> Answers<SubmissionStatsReply> {
        let mut client = client(&self.0);
        async move {
            let counts = client.submission_stats(SubmissionStatsRequest {}).await?;
            Ok(vec![counts.into_inner(); callers.len()])
        }
        .boxed()
    }
}

/// Parts of the list; those who ask for the same part share it.
pub(super) struct Lists(pub(super) Channel);

impl Call for Lists {
    type Group = ListSubmissionsRequest;
    type Question = ();
    type Answer = Arc<SubmissionPage>;

    fn call(&self, part: ListSubmissionsRequest, callers: Vec<()>) -> Answers<Arc<SubmissionPage>> {
        let mut client = client(&self.0);
        async move {
            let page = Arc::new(client.list_submissions(part).await?.into_inner());
            Ok(vec![page; callers.len()])
        }
        .boxed()
    }
}

//! How long tasks were in their statuses.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::Value;

use crate::call::Call;
use crate::error::ClickUpError;
use crate::model::time_in_status::TimeInStatus;
use crate::transport::{Answer, ClickUp};

/// Tasks per call, set by the service.
pub const MOST_TASKS: usize = 100;

impl ClickUp {
    /// The times of up to 100 tasks, by task id (`O:GetBulkTasks'TimeinStatus`). Tasks that could not be read are missing. The
    /// ClickApp must be on; [`PlanLimit`](crate::Class::PlanLimit) says that it is not.
    ///
    /// # Errors
    /// See [`ClickUpError`]; nothing is sent for no task or for more than 100.
    pub async fn time_in_status(
        &self,
        tasks: &[&str],
    ) -> Result<Answer<BTreeMap<String, TimeInStatus>>, ClickUpError> {
        let route = "GET /v2/task/bulk_time_in_status/task_ids";
        if tasks.is_empty() || tasks.len() > MOST_TASKS {
            return Err(ClickUpError::unsendable(
                route,
                "takes between 1 and 100 tasks",
            ));
        }
        let query = tasks
            .iter()
            .map(|task| ("task_ids", (*task).to_owned()))
            .collect();
        let call = Call::new(Method::GET, route, &[]).query(query);
        Ok(self
            .read::<BTreeMap<String, Value>>(call)
            .await?
            .map(|body| {
                body.into_iter()
                    .filter_map(|(id, times)| Some((id, serde_json::from_value(times).ok()?)))
                    .collect()
            }))
    }
}

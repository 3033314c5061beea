//! Calls that only ask.

use super::Door;
use crate::{
    clickup::unsynced,
    journal::log,
    submissions::{
        counts,
        criteria::Criteria,
        embed::embed,
        find,
        list::{self, Page, Start},
        not_found, quarantine,
        row::SubmissionRow,
        search,
    },
};
use chrono::Duration;
use keylight_contracts::{
    time::{from_wire, to_wire},
    v1,
};
use keylight_domain::{
    error::DomainError,
    submissions::{MAX_DAYS, MAX_PAGE_SIZE, Paging, search_term},
};
use keylight_store::StoreError;

/// How far back the recent ones of the counts go.
const RECENT_DAYS: i64 = 7;

impl Door {
    pub(super) async fn get(
        &self,
        request: v1::GetSubmissionRequest,
    ) -> Result<v1::Submission, DomainError> {
        let row = if request.include_deleted {
            find::get_even_deleted(&self.pool, request.id).await?
        } else {
            find::get(&self.pool, request.id).await?
        };
        let mut found = [v1::Submission::from(row.ok_or_else(not_found)?)];
        embed(
            &self.pool,
            &mut found,
            request.with_user,
            request.with_project,
        )
        .await?;
        let [found] = found;
        Ok(found)
    }

    pub(super) async fn get_several(&self, ids: &[i64]) -> Result<v1::SubmissionList, DomainError> {
        if ids.len() > find::MOST_AT_ONCE {
            return Err(DomainError::invalid(format!(
                "At most {} submissions at once",
                find::MOST_AT_ONCE
            )));
        }
        let rows = find::get_several(&self.pool, ids).await?;
        Ok(v1::SubmissionList {
            submissions: rows.into_iter().map(Into::into).collect(),
        })
    }

    pub(super) async fn list(
        &self,
        request: v1::ListSubmissionsRequest,
    ) -> Result<v1::SubmissionPage, DomainError> {
        let criteria = Criteria::read(request.filter, request.deleted);
        let start = Start::read(request.page, request.page_size, &request.after);
        let mut page = to_page(list::list(&self.pool, &criteria, start).await?);
        embed(
            &self.pool,
            &mut page.submissions,
            request.with_user,
            request.with_project,
        )
        .await?;
        Ok(page)
    }

    pub(super) async fn search(
        &self,
        request: v1::SearchSubmissionsRequest,
    ) -> Result<v1::SubmissionPage, DomainError> {
        let paging = Paging::clamped(request.page, request.page_size);
        let term = search_term(Some(&request.term))
            .map_err(|problem| DomainError::invalid(problem.to_string()))?;
        Ok(to_page(search::search(&self.pool, term, paging).await?))
    }

    pub(super) async fn recent(
        &self,
        request: v1::RecentSubmissionsRequest,
    ) -> Result<v1::SubmissionList, DomainError> {
        let days = i64::from(request.days.clamp(0, MAX_DAYS));
        let since = self.clock.now() - Duration::days(days);
        let limit = request.limit.clamp(1, MAX_PAGE_SIZE);
        let rows = find::recent(&self.pool, since, limit).await?;
        Ok(v1::SubmissionList {
            submissions: to_list(rows),
        })
    }

    pub(super) async fn stats(
        &self,
        _: v1::SubmissionStatsRequest,
    ) -> Result<v1::SubmissionStatsReply, DomainError> {
        let since = self.clock.now() - Duration::days(RECENT_DAYS);
        Ok(counts::stats(&self.pool, since).await?)
    }

    pub(super) async fn quarantined(
        &self,
        request: v1::ListQuarantineRequest,
    ) -> Result<v1::QuarantinePage, DomainError> {
        let page = request.page.unwrap_or_default();
        quarantine::list(&self.pool, &page, request.settled).await
    }

    pub(super) async fn sync_view(
        &self,
        request: v1::GetSyncViewRequest,
    ) -> Result<v1::SyncView, DomainError> {
        let row = find::get(&self.pool, request.submission_id).await?;
        let Some(row) = row.filter(|row| row.sync_state != "off") else {
            return Ok(v1::SyncView {
                found: false,
                ..v1::SyncView::default()
            });
        };
        let imported = find::is_legacy(&self.pool, request.submission_id).await?;
        let correlation_id = row
            .correlation_id
            .map(|id| id.to_string())
            .unwrap_or_default();
        Ok(v1::SyncView {
            found: true,
            submission: Some(row.into()),
            correlation_id,
            imported,
        })
    }

    pub(super) async fn unsynced(
        &self,
        request: v1::ListUnsyncedRequest,
    ) -> Result<v1::ListUnsyncedReply, DomainError> {
        let before = request
            .changed_before
            .as_ref()
            .and_then(from_wire)
            .unwrap_or_else(|| self.clock.now());
        let submission_ids =
            unsynced::list(&self.pool, before, request.after_id, request.limit).await?;
        Ok(v1::ListUnsyncedReply { submission_ids })
    }

    pub(super) async fn events(
        &self,
        request: v1::ListEventsRequest,
    ) -> Result<v1::ListEventsReply, DomainError> {
        let after = request.after.unwrap_or_default();
        let events = log::list(&self.pool, after, request.limit).await?;
        Ok(v1::ListEventsReply { events })
    }

    pub(super) async fn check(&self) -> Result<v1::CheckDatabaseReply, DomainError> {
        let row = sqlx::query!(r#"SELECT now() AS "now!", version() AS "version!""#)
            .fetch_one(&self.pool)
            .await
            .map_err(StoreError::from)?;
        Ok(v1::CheckDatabaseReply {
            timestamp: Some(to_wire(row.now)),
            postgres_version: row.version,
            pool_total: self.pool.size(),
            pool_idle: u32::try_from(self.pool.num_idle()).unwrap_or(u32::MAX),
        })
    }
}

fn to_page(page: Page) -> v1::SubmissionPage {
    v1::SubmissionPage {
        submissions: to_list(page.rows),
        total_count: page.total,
        next: page.next.unwrap_or_default(),
    }
}

fn to_list(rows: Vec<SubmissionRow>) -> Vec<v1::Submission> {
    rows.into_iter().map(Into::into).collect()
}

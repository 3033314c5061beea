//! Behaviour where the documents of the real service, and those who observed it, disagree. Each
//! switch has both readings; the default is the one that is harder on a client.

use serde::{Deserialize, Serialize};

/// Switches that can also be changed at run time through `/_sim/options`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Send `Retry-After` with a 429.
    pub retry_after: bool,
    /// Send the three `X-RateLimit-` headers. Every observer saw them; one report says otherwise.
    pub rate_headers: bool,
    /// `X-RateLimit-Reset` is rounded up to the second that lies in the new window; otherwise down
    /// to one that may lie in the old one.
    pub rate_reset_rounds_up: bool,
    /// Rate windows begin with the clock's minute instead of with a token's first request.
    pub aligned_windows: bool,
    /// What calls on a deleted task answer.
    pub deleted_task: DeletedTask,
    /// A PUT that changes the status answers with the old one.
    pub stale_status_after_put: bool,
    /// Whether tasks get ids such as `HOME-12`, and when.
    pub custom_ids: CustomIds,
    /// Number fields are read in one form instead of mixed ones.
    pub numeric_fields: NumericFields,
    /// `date_…_gt` and `date_…_lt` include the given instant.
    pub inclusive_dates: bool,
    /// Status names in writes match without regard to case.
    pub fold_status_case: bool,
    /// A checklist change moves `date_updated`.
    pub checklists_move_date_updated: bool,
    /// A comment moves `date_updated`.
    pub comments_move_date_updated: bool,
    /// Webhook bodies as before 2025: no `team_id`, no `history_items` where there are none, no
    /// `role` of users, nothing that tells API changes from others.
    pub old_webhook_bodies: bool,
    /// Deliveries are signed in `x-ck-signature` instead of `X-Signature`.
    pub ck_signature: bool,
    /// The person whom `assignee_rem` is about stands in `after` instead of in `before`.
    pub assignee_rem_in_after: bool,
    /// An edited comment has a history id and a date of its own instead of those of its posting.
    pub new_history_id_on_comment_update: bool,
    /// Archiving and unarchiving a task are told as `taskUpdated`.
    pub archive_events: bool,
    /// An attachment of a task is told as `taskUpdated`.
    pub attachment_events: bool,
    /// Whom changes by automations name as their user.
    pub automation_user: AutomationUser,
    /// Minutes east of Greenwich of the zone in which date-only values are snapped to 04:00.
    pub zone_offset_minutes: i64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            retry_after: false,
            rate_headers: true,
            rate_reset_rounds_up: false,
            aligned_windows: false,
            deleted_task: DeletedTask::Item013,
            stale_status_after_put: false,
            custom_ids: CustomIds::Off,
            numeric_fields: NumericFields::Mixed,
            inclusive_dates: false,
            fold_status_case: false,
            checklists_move_date_updated: false,
            comments_move_date_updated: false,
            old_webhook_bodies: false,
            ck_signature: false,
            assignee_rem_in_after: false,
            new_history_id_on_comment_update: false,
            archive_events: false,
            attachment_events: false,
            automation_user: AutomationUser::Missing,
            zone_offset_minutes: -300,
        }
    }
}

/// The answer for a task that was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeletedTask {
    /// 404 with `ITEM_013`.
    #[serde(rename = "item_013")]
    Item013,
    /// 404 with `ITEM_015`.
    #[serde(rename = "item_015")]
    Item015,
    /// 401 with `OAUTH_027`, as for an id that never was.
    #[serde(rename = "oauth_027")]
    Oauth027,
}

/// Custom task ids, which are a feature that a workspace switches on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomIds {
    /// The workspace does not use them.
    Off,
    /// They appear two seconds after a task is made.
    Late,
    /// The answer to the create has them.
    AtOnce,
}

impl CustomIds {
    /// How long after its creation a task shows its id, in milliseconds.
    pub(crate) fn delay_ms(self) -> Option<i64> {
        match self {
            Self::Off => None,
            Self::Late => Some(2_000),
            Self::AtOnce => Some(0),
        }
    }
}

/// How number, currency and rating fields are read: all forms were seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumericFields {
    /// Number fields as text, the others as numbers.
    Mixed,
    /// All as text.
    Text,
    /// All as numbers.
    Number,
}

/// The user in history items of changes that an automation made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AutomationUser {
    /// There is no `user`.
    Missing,
    /// A user whom nobody knows, with the id -1.
    Unknown,
    /// The first person of the workspace, who made the automation.
    Owner,
}

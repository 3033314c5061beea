//! Configuration of one simulator.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a simulator is started with.
#[derive(Debug, Clone)]
pub struct SimConfig {
    /// Requests per token and window.
    pub rate_limit: u32,
    /// Length of the fixed rate window.
    pub window: Duration,
    /// Every id and secret follows from it.
    pub seed: u64,
    /// How webhook deliveries are tried again.
    pub webhook_retry: WebhookRetry,
    /// Whether webhooks may point at this machine (the real service refuses that).
    pub allow_local_webhooks: bool,
    /// Journal file that outlives the process; `None` keeps everything in memory.
    pub state: Option<PathBuf>,
    /// Behaviour where the documents of the real service disagree.
    pub options: Options,
}

impl Default for SimConfig {
    fn default() -> Self {
        Self {
            rate_limit: 100,
            window: Duration::from_secs(60),
            seed: 1,
            webhook_retry: WebhookRetry::default(),
            allow_local_webhooks: true,
            state: None,
            options: Options::default(),
        }
    }
}

/// Delivery attempts of one webhook event.
#[derive(Debug, Clone)]
pub struct WebhookRetry {
    /// Attempts in all; the real service documents 5.
    pub attempts: u32,
    /// Pause before the second attempt; doubled each time. The real spacing is not documented.
    pub backoff: Duration,
    /// A receiver that takes longer has failed; 7 s on the real service.
    pub timeout: Duration,
    /// Lost events until the webhook is suspended; 100 on the real service.
    pub suspend_after: u32,
}

impl Default for WebhookRetry {
    fn default() -> Self {
        Self {
            attempts: 5,
            backoff: Duration::from_millis(250),
            timeout: Duration::from_secs(7),
            suspend_after: 100,
        }
    }
}

/// Switches that can also be changed at run time through `/_sim/options`. The defaults are the
/// readings that are harder on a client.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Send `Retry-After` with a 429.
    pub retry_after: bool,
    /// A PUT that changes the status answers with the old one.
    pub stale_status_after_put: bool,
    /// Webhook bodies as in 2022: no `team_id`, no `history_items` where there are none.
    pub old_webhook_bodies: bool,
    /// `date_…_gt` and `date_…_lt` include the given instant.
    pub inclusive_dates: bool,
    /// Status names in writes match without regard to case.
    pub fold_status_case: bool,
    /// A checklist change moves `date_updated`.
    pub checklists_move_date_updated: bool,
    /// A comment moves `date_updated`.
    pub comments_move_date_updated: bool,
    /// Minutes east of Greenwich of the zone in which date-only values are snapped to 04:00.
    pub zone_offset_minutes: i64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            retry_after: false,
            stale_status_after_put: false,
            old_webhook_bodies: false,
            inclusive_dates: false,
            fold_status_case: false,
            checklists_move_date_updated: false,
            comments_move_date_updated: false,
            zone_offset_minutes: -300,
        }
    }
}

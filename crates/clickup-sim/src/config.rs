//! Configuration of one simulator.

use std::path::PathBuf;
use std::time::Duration;

use crate::options::Options;

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

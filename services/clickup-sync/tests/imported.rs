//! Applications of the predecessor: no task until somebody asks, and then behind everybody else.
#![allow(clippy::unwrap_used)]

mod support;

use keylight_contracts::events::{SUBMISSION_IMPORTED, SUBMISSION_STATUS_CHANGED};
use std::sync::atomic::Ordering;
use support::{Setup, System};

#[tokio::test(flavor = "multi_thread")]
async fn a_task_only_when_asked_and_in_the_bulk_lane() {
    let system = System::start(Setup {
        // a webhook about the new task would be a reason of its own, with a lane of its own
        webhook: false,
        ..Setup::default()
    })
    .await;
    system.entity.imported.store(true, Ordering::SeqCst);
    system.entity.mute.store(true, Ordering::SeqCst);
    system.entity.create(1).await;
    system.entity.mute.store(false, Ordering::SeqCst);
    let set = |state: &str| {
        let mut rows = system.entity.rows.lock().unwrap();
        state.clone_into(&mut rows.get_mut(&1).unwrap().submission.sync_state);
    };
    set("off");
    // somebody changed it here
    system.entity.tell(1, SUBMISSION_STATUS_CHANGED).await;
    system.at_rest().await;
    assert_eq!(system.count("SELECT count(*) FROM sync.links").await, 1);
    assert_eq!(system.task_calls().await, [] as [String; 0]);
    assert_eq!(system.entity.get(1).sync_state, "off");

    set("pending");
    system.entity.tell(1, SUBMISSION_IMPORTED).await;
    system.synced().await;
    system.at_rest().await;
    system.assert_equal().await;
    assert_eq!(system.count("SELECT lane::bigint FROM sync.links").await, 2);
}

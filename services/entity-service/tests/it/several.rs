//! Several submissions by their ids.

use crate::system::{System, application, told};
use keylight_contracts::v1;
use std::collections::BTreeSet;

#[tokio::test(flavor = "multi_thread")]
async fn those_that_are_there_come_back() {
    let system = System::start().await;
    let mut ids = Vec::new();
    for n in 0..3 {
        let application = application(&format!("several{n}@example.com"));
        ids.push(system.create(application).await.unwrap().id);
    }
    let _ = system.delete(ids[1]).await;
    let mut client = system.client.clone();
    let mut several = async |ids: Vec<i64>| {
        let request = v1::GetSubmissionsRequest { ids };
        told(client.get_submissions(request).await)
    };
    let found = several(vec![ids[2], ids[0], ids[0], ids[1], 0, -1, i64::MAX])
        .await
        .unwrap()
        .submissions;
    assert_eq!(
        found.iter().map(|row| row.id).collect::<BTreeSet<_>>(),
        BTreeSet::from([ids[0], ids[2]])
    );
    assert_eq!(found.len(), 2);
    for row in found {
        assert_eq!(row, system.get(row.id).await.unwrap());
    }
    assert!(several(Vec::new()).await.unwrap().submissions.is_empty());
    assert!(several((1..=100).collect()).await.is_ok());
    several((1..=101).collect()).await.unwrap_err();
}

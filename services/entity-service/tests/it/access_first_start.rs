//! The first account.

use crate::{
    access_door::{Door, audited, everything},
    system::System,
};
use futures::future::join_all;
use secrecy::{ExposeSecret as _, SecretString};
use std::sync::{Arc, Mutex};

type Heard = Arc<Mutex<Vec<String>>>;

async fn started(database: &Arc<keylight_testkit::postgres::Database>, heard: &Heard) -> System {
    let heard = heard.clone();
    let announce = Box::new(move |password: SecretString| {
        heard
            .lock()
            .unwrap()
            .push(password.expose_secret().to_owned());
    });
    System::announcing(database.clone(), announce).await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_of_several_makes_it_and_tells_the_password_once() {
    let (database, heard) = (System::database().await, Heard::default());
    let systems = join_all((0..3).map(|_| started(&database, &heard))).await;
    let told = heard.lock().unwrap().clone();
    assert_eq!(told.len(), 1);
    let door = Door::of(&systems[0]);
    let session = door.sign_in("admin", &told[0]).await.unwrap();
    let identity = session.identity.unwrap();
    assert!(identity.must_change_password && identity.role == "admin");
    assert!(!everything(&systems[0]).await.contains(&told[0]));
    // a later start leaves it alone
    let _later = started(&database, &heard).await;
    assert_eq!(heard.lock().unwrap().len(), 1);
    assert_eq!(systems[0].count("staff").await, 1);
    assert_eq!(audited(&systems[0], "staff").await[0].1, "system");
}

#[tokio::test]
async fn the_settings_may_give_the_password() {
    let (database, heard) = (System::database().await, Heard::default());
    let system = System::on(database.clone(), 4, |config| {
        config.admin_password = Some(SecretString::from("given by settings"));
    })
    .await;
    let session = Door::of(&system)
        .sign_in("admin", "given by settings")
        .await
        .unwrap();
    assert!(!session.identity.unwrap().must_change_password);
    let _later = started(&database, &heard).await;
    assert!(heard.lock().unwrap().is_empty());
}

#[tokio::test]
async fn without_anybody_to_tell_there_is_no_account() {
    let system = System::start().await;
    assert_eq!(system.count("staff").await, 0);
}

//! Killing any process at any moment loses nothing that was answered, and doubles nothing.

use super::{AMPLE, wait_until_all_have_tasks};
use crate::{System, applications, system::Part, web::Web};
use reqwest::StatusCode;
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// How long a killed part stays away.
const AWAY: Duration = Duration::from_millis(300);
/// Time for work to be under way before the next kill.
const UNDER_WAY: Duration = Duration::from_millis(700);

/// People who keep on posting and notes what was answered.
pub(super) struct Poster {
    stop: Arc<AtomicBool>,
    answered: Arc<Mutex<Vec<i64>>>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Poster {
    pub(super) fn start(web: &Web, at_once: usize, most: usize) -> Self {
        let (stop, answered) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(Mutex::new(Vec::new())),
        );
        let tasks = (0..at_once)
            .map(|_| {
                let (web, stop, answered) = (web.clone(), stop.clone(), answered.clone());
                let count = move |answered: &Mutex<Vec<i64>>| {
                    answered.lock().expect("nobody panics while noting").len()
                };
                tokio::spawn(async move {
                    while !stop.load(Ordering::Relaxed) && count(&answered) < most {
                        match web.try_post(&applications::next()).await {
                            Ok(answer) if answer.status == StatusCode::CREATED => {
                                let id = answer.json()["data"]["id"]
                                    .as_i64()
                                    .expect("an id is a number");
                                answered
                                    .lock()
                                    .expect("nobody panics while noting")
                                    .push(id);
                                // the machine is for what is tested
                                tokio::time::sleep(Duration::from_millis(30)).await;
                            }
                            // away, or busy coming back: a client would try again
                            Ok(answer) => {
                                assert!(
                                    answer.status.is_server_error(),
                                    "{} {}",
                                    answer.status,
                                    answer.text
                                );
                                tokio::time::sleep(Duration::from_millis(50)).await;
                            }
                            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                        }
                    }
                })
            })
            .collect();
        Self {
            stop,
            answered,
            tasks,
        }
    }

    pub(super) fn count(&self) -> usize {
        self.answered
            .lock()
            .expect("nobody panics while noting")
            .len()
    }

    pub(super) async fn stop(self) -> Vec<i64> {
        self.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await
                .expect("the poster saw only answers that it expects");
        }
        Arc::into_inner(self.answered)
            .expect("every poster has ended")
            .into_inner()
            .expect("nobody panics while noting")
    }
}

/// Kills each part of the set-up in turn while applications come in, `rounds` times.
pub async fn nothing_answered_is_lost(system: &mut System, rounds: usize) {
    system.simulator.rate_limit(AMPLE).await;
    let poster = Poster::start(&system.web, 4, usize::MAX);
    for round in 0..rounds {
        for part in system.parts() {
            tokio::time::sleep(UNDER_WAY).await;
            system.kill(part).await;
            tokio::time::sleep(AWAY).await;
            system.revive(part).await;
            if part == Part::Everything {
                // its simulator forgets the limit with the process
                system.simulator.rate_limit(AMPLE).await;
            }
            println!(
                "round {round}: {part:?} was killed and is back, {} answered so far",
                poster.count()
            );
        }
    }
    tokio::time::sleep(UNDER_WAY).await;
    let answered = poster.stop().await;
    assert!(answered.len() > 20, "only {} were answered", answered.len());
    let submissions = wait_until_all_have_tasks(system, answered.len()).await;
    for id in &answered {
        assert!(
            submissions
                .iter()
                .any(|submission| submission["id"].as_i64() == Some(*id)),
            "submission {id} was answered and is lost"
        );
    }
    println!(
        "{} answered, {} stored, one task each",
        answered.len(),
        submissions.len()
    );
}

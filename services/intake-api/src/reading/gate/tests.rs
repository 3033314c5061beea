#![allow(clippy::unwrap_used)]

use super::*;
use futures::{FutureExt as _, future::join_all};
use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::Duration,
};
use tokio::sync::Semaphore;

const LIMITS: Limits = Limits {
    calls: 1,
    together: 64,
    waiting: 1000,
};

/// A register that calls read at some moment between their begin and their end.
#[derive(Clone, Default)]
struct Register {
    version: Arc<AtomicU64>,
    calls: Arc<AtomicUsize>,
    most_together: Arc<AtomicUsize>,
}

impl Call for Register {
    type Group = u8;
    type Question = u64;
    type Answer = (u64, u64);

    fn call(
        &self,
        _: u8,
        questions: Vec<u64>,
    ) -> BoxFuture<'static, Result<Vec<(u64, u64)>, Status>> {
        let this = self.clone();
        async move {
            let number = this.calls.fetch_add(1, Ordering::SeqCst) as u64;
            this.most_together
                .fetch_max(questions.len(), Ordering::SeqCst);
            // now sooner, now later
            tokio::time::sleep(Duration::from_micros(number * 37 % 300)).await;
            let version = this.version.load(Ordering::SeqCst);
            tokio::time::sleep(Duration::from_micros(number * 53 % 300)).await;
            Ok(questions.into_iter().map(|id| (id, version)).collect())
        }
        .boxed()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_answer_is_never_older_than_its_question() {
    for calls in [1, 3] {
        let register = Register::default();
        let gate = Gate::new(register.clone(), Limits { calls, ..LIMITS });
        let readers = (0..48_u64).map(|reader| {
            let (gate, register) = (gate.clone(), register.clone());
            tokio::spawn(async move {
                for round in 0..60 {
                    let written = register.version.fetch_add(1, Ordering::SeqCst) + 1;
                    let question = reader * 1000 + round;
                    let group = u8::try_from(reader % 2).unwrap();
                    let (about, version) = gate.ask(group, question).await.unwrap();
                    assert_eq!(about, question, "somebody else's answer");
                    assert!(
                        version >= written,
                        "{version} was read before {written} was written"
                    );
                }
            })
        });
        for reader in join_all(readers).await {
            reader.unwrap();
        }
        let made = register.calls.load(Ordering::SeqCst);
        assert!(
            made < 48 * 60 / 2,
            "{made} calls: nothing was asked together"
        );
        assert!(register.most_together.load(Ordering::SeqCst) > 4);
        let state = gate.0.state();
        assert!(
            state.groups.is_empty() && state.waiting == 0,
            "something is left"
        );
    }
}

/// Calls that end when they are told to.
#[derive(Clone)]
struct Slow {
    permits: Arc<Semaphore>,
    seen: Arc<Mutex<Vec<Vec<u64>>>>,
}

impl Slow {
    fn new() -> Self {
        Self {
            permits: Arc::new(Semaphore::new(0)),
            seen: Arc::default(),
        }
    }

    fn seen(&self) -> Vec<Vec<u64>> {
        self.seen.lock().unwrap().clone()
    }
}

impl Call for Slow {
    type Group = ();
    type Question = u64;
    type Answer = u64;

    fn call(&self, (): (), questions: Vec<u64>) -> BoxFuture<'static, Result<Vec<u64>, Status>> {
        let this = self.clone();
        this.seen.lock().unwrap().push(questions.clone());
        async move {
            this.permits.acquire().await.unwrap().forget();
            assert!(!questions.contains(&13), "bad luck");
            if questions.contains(&7) {
                return Err(Status::not_found("seven"));
            }
            Ok(questions.into_iter().map(|n| n * 10).collect())
        }
        .boxed()
    }
}

fn ask(gate: &Gate<Slow>, question: u64) -> tokio::task::JoinHandle<Result<u64, Status>> {
    let gate = gate.clone();
    tokio::spawn(async move { gate.ask((), question).await })
}

async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn those_who_come_meanwhile_go_together() {
    let slow = Slow::new();
    let gate = Gate::new(slow.clone(), LIMITS);
    let mut asked = Vec::new();
    for question in 1..=4 {
        asked.push(ask(&gate, question));
        settle().await;
    }
    assert_eq!(slow.seen(), [vec![1]]);
    slow.permits.add_permits(1);
    settle().await;
    assert_eq!(slow.seen(), [vec![1], vec![2, 3, 4]]);
    slow.permits.add_permits(1);
    for (question, answer) in (1..=4).zip(asked) {
        assert_eq!(answer.await.unwrap().unwrap(), question * 10);
    }
}

#[tokio::test]
async fn whoever_goes_away_holds_nobody_up() {
    let slow = Slow::new();
    let gate = Gate::new(slow.clone(), LIMITS);
    let first = ask(&gate, 1);
    settle().await;
    let (second, third) = (ask(&gate, 2), ask(&gate, 3));
    settle().await;
    // one while it waits, one in the middle of its call
    second.abort();
    settle().await;
    first.abort();
    settle().await;
    assert_eq!(slow.seen(), [vec![1], vec![3]]);
    slow.permits.add_permits(2);
    assert_eq!(third.await.unwrap().unwrap(), 30);
    assert!(gate.0.state().groups.is_empty());
}

#[tokio::test]
async fn a_failure_is_told_to_all_who_went_together_and_to_nobody_else() {
    let slow = Slow::new();
    let gate = Gate::new(slow.clone(), LIMITS);
    let first = ask(&gate, 1);
    settle().await;
    let (second, seventh) = (ask(&gate, 2), ask(&gate, 7));
    settle().await;
    slow.permits.add_permits(2);
    assert_eq!(first.await.unwrap().unwrap(), 10);
    for failed in [second, seventh] {
        let status = failed.await.unwrap().unwrap_err();
        assert_eq!(status.code(), tonic::Code::NotFound);
    }
    let third = ask(&gate, 3);
    settle().await;
    let unlucky = ask(&gate, 13);
    settle().await;
    slow.permits.add_permits(2);
    assert_eq!(third.await.unwrap().unwrap(), 30);
    assert_eq!(
        unlucky.await.unwrap().unwrap_err().code(),
        tonic::Code::Internal
    );
    slow.permits.add_permits(1);
    assert_eq!(ask(&gate, 4).await.unwrap().unwrap(), 40);
}

#[tokio::test]
async fn waiting_is_bounded() {
    let slow = Slow::new();
    let limits = Limits {
        calls: 1,
        together: 2,
        waiting: 3,
    };
    let gate = Gate::new(slow.clone(), limits);
    let mut asked = Vec::new();
    for question in 1..=4 {
        asked.push(ask(&gate, question));
        settle().await;
    }
    let refused = ask(&gate, 5).await.unwrap().unwrap_err();
    assert_eq!(refused.code(), tonic::Code::Unavailable);
    slow.permits.add_permits(9);
    for answer in asked {
        answer.await.unwrap().unwrap();
    }
    assert_eq!(slow.seen(), [vec![1], vec![2, 3], vec![4]]);
}

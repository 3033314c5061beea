//! Questions that come while one like them is under way are asked together in the next call.
//!
//! An answer is never older than its question: a call takes the questions that wait when it begins, and no question
//! joins a call that has begun. Who asks alone waits for nobody.

use futures::future::BoxFuture;
use std::{
    collections::{HashMap, hash_map::Entry},
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::oneshot;
use tonic::Status;

/// What is asked, and how.
pub(crate) trait Call: Send + Sync + 'static {
    /// Questions of one group can be asked together.
    type Group: Clone + Eq + Hash + Send + Sync + 'static;
    /// What one caller wants to know.
    type Question: Send + 'static;
    /// What one caller learns.
    type Answer: Send + 'static;

    /// Answers in the order of the questions; one that is missing counts as a failure.
    fn call(
        &self,
        group: Self::Group,
        questions: Vec<Self::Question>,
    ) -> BoxFuture<'static, Result<Vec<Self::Answer>, Status>>;
}

/// How much may happen at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Calls of one group under way.
    pub(crate) calls: usize,
    /// Questions in one call.
    pub(crate) together: usize,
    /// Questions of all groups that wait; above that they are refused.
    pub(crate) waiting: usize,
}

/// Where questions are handed in; clones share the calls.
pub(crate) struct Gate<C: Call>(Arc<Shared<C>>);

impl<C: Call> Clone for Gate<C> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

struct Shared<C: Call> {
    call: C,
    limits: Limits,
    state: Mutex<State<C>>,
}

struct State<C: Call> {
    /// Those with a call under way.
    groups: HashMap<C::Group, Group<C>>,
    waiting: usize,
}

struct Group<C: Call> {
    under_way: usize,
    waiting: Vec<Waiting<C>>,
}

struct Waiting<C: Call> {
    question: C::Question,
    answer: oneshot::Sender<Result<C::Answer, Status>>,
}

/// What is done next.
enum Turn<C: Call> {
    /// Nobody of the group is asking, or not enough: the question goes at once.
    Now(C::Question, UnderWay<C>),
    /// It goes with the next call.
    Later(oneshot::Receiver<Result<C::Answer, Status>>),
}

impl<C: Call> Gate<C> {
    pub(crate) fn new(call: C, limits: Limits) -> Self {
        Self(Arc::new(Shared {
            call,
            limits,
            state: Mutex::new(State {
                groups: HashMap::new(),
                waiting: 0,
            }),
        }))
    }

    /// Asks, alone or together with others.
    ///
    /// # Errors
    /// What the call fails with, for everybody in it; `Unavailable` when too many wait.
    pub(crate) async fn ask(
        &self,
        group: C::Group,
        question: C::Question,
    ) -> Result<C::Answer, Status> {
        match self.turn(group, question)? {
            Turn::Now(question, under_way) => {
                let call = &under_way.shared.call;
                let answers = call.call(under_way.group.clone(), vec![question]).await?;
                answers.into_iter().next().ok_or_else(unanswered)
            }
            // the sender goes without an answer only when a call panics
            Turn::Later(answer) => answer.await.unwrap_or_else(|_| Err(unanswered())),
        }
    }

    fn turn(&self, group: C::Group, question: C::Question) -> Result<Turn<C>, Status> {
        let shared = &self.0;
        let mut state = shared.state();
        let full = state.waiting >= shared.limits.waiting;
        let known = state.groups.entry(group.clone()).or_insert_with(|| Group {
            under_way: 0,
            waiting: Vec::new(),
        });
        if known.under_way < shared.limits.calls {
            known.under_way += 1;
            let shared = shared.clone();
            return Ok(Turn::Now(question, UnderWay { shared, group }));
        }
        if full {
            return Err(Status::unavailable("too many wait for an answer"));
        }
        let (answer, answered) = oneshot::channel();
        known.waiting.push(Waiting { question, answer });
        state.waiting += 1;
        Ok(Turn::Later(answered))
    }
}

fn unanswered() -> Status {
    Status::internal("a question was left out of the answer")
}

impl<C: Call> Shared<C> {
    fn state(&self) -> MutexGuard<'_, State<C>> {
        // nothing panics while it is held, and a half-done change is not possible
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those who go with the next call; if nobody waits any more, there is one call less under way.
    fn next(&self, group: &C::Group) -> Vec<Waiting<C>> {
        let mut state = self.state();
        let Entry::Occupied(mut known) = state.groups.entry(group.clone()) else {
            return Vec::new();
        };
        let waiting = &mut known.get_mut().waiting;
        let before = waiting.len();
        let mut batch: Vec<Waiting<C>> = Vec::new();
        while batch.is_empty() && !waiting.is_empty() {
            let many = waiting.len().min(self.limits.together);
            batch.extend(waiting.drain(..many));
            // who has gone away needs no answer
            batch.retain(|waiting| !waiting.answer.is_closed());
        }
        let taken = before - waiting.len();
        if batch.is_empty() {
            known.get_mut().under_way -= 1;
            if known.get().under_way == 0 {
                known.remove();
            }
        }
        state.waiting -= taken;
        batch
    }
}

/// A call under way. However it ends, those who wait get their turn.
struct UnderWay<C: Call> {
    shared: Arc<Shared<C>>,
    group: C::Group,
}

impl<C: Call> Drop for UnderWay<C> {
    fn drop(&mut self) {
        let (shared, group) = (self.shared.clone(), self.group.clone());
        let batch = shared.next(&group);
        if batch.is_empty() {
            return;
        }
        // without a runtime the process is ending, and nobody is left to be answered
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(ask_together(UnderWay { shared, group }, batch));
        }
    }
}

async fn ask_together<C: Call>(under_way: UnderWay<C>, batch: Vec<Waiting<C>>) {
    let mut questions = Vec::with_capacity(batch.len());
    let mut senders = Vec::with_capacity(batch.len());
    for waiting in batch {
        questions.push(waiting.question);
        senders.push(waiting.answer);
    }
    let call = &under_way.shared.call;
    let answers = call.call(under_way.group.clone(), questions).await;
    // the next call may begin while these answers are handed out
    drop(under_way);
    match answers {
        Ok(answers) => {
            for (sender, answer) in senders.into_iter().zip(answers) {
                // who does not wait any more does not want it
                let _ = sender.send(Ok(answer));
            }
        }
        Err(status) => {
            for sender in senders {
                let _ = sender.send(Err(status.clone()));
            }
        }
    }
}

#[cfg(test)]
mod tests;

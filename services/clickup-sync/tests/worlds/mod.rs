//! One world: applications come, people edit on both sides for a minute of virtual time, things go wrong; then nothing does
//! any more, and both sides become equal.

pub mod trouble;

use crate::support::{
    LIST, Setup, System, chosen,
    virtual_time::{self, Dice, VirtualTime},
};
use chrono::{DateTime, TimeDelta};
use keylight_clickup_sim::Fault;
use keylight_contracts::time::from_wire;
use keylight_runtime::clock::Clock;
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use trouble::{Kind, Trouble};

/// How long things go wrong.
pub const TROUBLED: Duration = Duration::from_secs(60);
/// How long it is watched that nothing happens any more.
const CALM: Duration = Duration::from_secs(25);
const RECORDS: i64 = 10;
const EDITS: u64 = 45;
/// Longest pause after a failure, with its spread.
const LONGEST_PAUSE: Duration = Duration::from_secs(75);
const WINDOW: Duration = Duration::from_secs(60);
/// Calls that one record can need at most: search, look, write the task, write a field; and what else goes on meanwhile.
const CALLS_EACH: u64 = 6;

const STATUSES: [&str; 5] = ["new", "reviewed", "qualified", "contacted", "disqualified"];
/// Ours, and its place among the options.
const BUDGETS: [(&str, usize); 3] = [("200k_250k", 0), ("350k_400k", 2), ("500k_plus", 4)];

/// What a run is made of.
pub struct Plan {
    pub seed: u64,
    pub name: String,
    pub troubles: Vec<Trouble>,
}

impl Plan {
    /// One fault.
    pub fn alone(kind: Kind, seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        Self {
            seed,
            name: format!("{kind:?}"),
            troubles: kind.alone(&mut dice, u64::try_from(TROUBLED.as_millis()).unwrap()),
        }
    }

    /// Several at random.
    pub fn random(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let troubles = trouble::some(&mut dice, u64::try_from(TROUBLED.as_millis()).unwrap());
        let names: Vec<String> = troubles
            .iter()
            .map(|one| format!("{:?} {}-{} ms", one.kind, one.from, one.until))
            .collect();
        Self {
            seed,
            name: names.join(", "),
            troubles,
        }
    }
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// virtual time from the end of the faults until both sides were equal
    pub equal_after: Duration,
    /// and what was allowed
    pub allowed: Duration,
    pub calls: usize,
    /// answers 429, where no fault made them
    pub refused: usize,
}

#[derive(Clone, Copy, Debug)]
enum Edit {
    Create,
    OurStatus(&'static str),
    OurBudget(usize),
    TheirStatus(&'static str),
    TheirBudget(usize),
}

/// Who edits a record: what only one side edits must end as that side left it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Editor {
    Us,
    Them,
    Both,
}

const fn editor(id: i64) -> Editor {
    match id % 3 {
        0 => Editor::Us,
        1 => Editor::Them,
        _ => Editor::Both,
    }
}

/// Lives a world to its end.
///
/// # Errors
/// A sentence about what is not as it should be.
pub fn live(plan: &Plan) -> Result<Outcome, String> {
    virtual_time::run(plan.seed, |time| async move {
        let mut dice = Dice::new(plan.seed ^ 0xed17);
        let limit = dice.one(&[100, 100, 1_000]);
        let setup = Setup {
            rate_limit: limit,
            window: WINDOW,
            one_connection: dice.roll(2) == 0,
            sweep_interval: Duration::from_secs(10),
            canary_interval: Duration::from_secs(10),
            call_timeout: Duration::from_secs(20),
            lease: TimeDelta::seconds(15),
            time: Some(time.clone()),
            ..Setup::default()
        };
        let mut system = time.clone().still(System::prepare(setup)).await;
        system.sim.reseed_faults(plan.seed);
        let workers = 1 + dice.roll(2);
        let mut world = World {
            edits: edits(&mut dice),
            last: BTreeMap::new(),
            rules: BTreeMap::new(),
            told: Vec::new(),
            began: time.elapsed(),
            time,
        };
        let mut switches = switches(&plan.troubles);
        world
            .switch(&system, &mut switches, &plan.troubles, 0)
            .await;
        for _ in 0..workers {
            // as in production, but for the gRPC deadline
            let mut config = system.config();
            config.settle = TimeDelta::seconds(3);
            config.repair_interval = Duration::from_secs(30);
            system.worker_with(config).await;
        }
        world.minute(&system, switches, &plan.troubles).await;
        world.ends(&system, u64::from(limit), plan).await
    })
}

struct World {
    time: Arc<VirtualTime>,
    began: Duration,
    /// milliseconds since the beginning
    edits: Vec<(u64, i64, Edit)>,
    /// the last value that was written, by record and field
    last: BTreeMap<(i64, &'static str), String>,
    /// ids of the rules in force, by the place of their trouble
    rules: BTreeMap<usize, u64>,
    /// edits that were made, by their time
    told: Vec<(i64, String)>,
}

/// Beginnings and ends of faults in their order: time, index, on or off.
type Switches = Vec<(u64, usize, bool)>;

fn switches(troubles: &[Trouble]) -> Switches {
    let mut switches: Switches = troubles
        .iter()
        .enumerate()
        .flat_map(|(index, one)| [(one.from, index, true), (one.until, index, false)])
        .collect();
    switches.sort_unstable_by_key(|(at, index, on)| (*at, *on, *index));
    switches
}

fn edits(dice: &mut Dice) -> Vec<(u64, i64, Edit)> {
    let mut edits: Vec<_> = (1..=RECORDS)
        .map(|id| (dice.roll(25_000), id, Edit::Create))
        .collect();
    for _ in 0..EDITS {
        let id = 1 + i64::try_from(dice.roll(RECORDS.unsigned_abs())).unwrap();
        let ours = match editor(id) {
            Editor::Us => true,
            Editor::Them => false,
            Editor::Both => dice.roll(2) == 0,
        };
        let place = usize::try_from(dice.roll(BUDGETS.len() as u64)).unwrap();
        let edit = match (ours, dice.roll(3)) {
            (true, 0) => Edit::OurBudget(place),
            (true, _) => Edit::OurStatus(dice.one(&STATUSES)),
            (false, 0) => Edit::TheirBudget(place),
            (false, _) => Edit::TheirStatus(dice.one(&STATUSES)),
        };
        edits.push((dice.roll(59_000), id, edit));
    }
    edits.sort_unstable_by_key(|(at, id, _)| (*at, *id));
    edits
}

impl World {
    async fn until(&self, at: u64) {
        self.time
            .reaches(self.began + Duration::from_millis(at))
            .await;
    }

    /// Switches what is due at a time; what is in force is in `ids`.
    async fn switch(
        &mut self,
        system: &System,
        switches: &mut Switches,
        troubles: &[Trouble],
        now: u64,
    ) {
        while switches.first().is_some_and(|(at, _, _)| *at <= now) {
            let (_, index, on) = switches.remove(0);
            let trouble = &troubles[index];
            match (trouble.kind.down(), &trouble.rule, on) {
                (Some(mode), _, true) => system.down(mode).await,
                (Some(_), _, false) => system.up().await,
                (None, Some(rule), true) => {
                    let rule: Fault = serde_json::from_value(rule.clone()).unwrap();
                    let ids = system.sim.add_faults(vec![rule]).unwrap();
                    self.rules.insert(index, ids[0]);
                }
                (None, Some(_), false) => {
                    system.sim.remove_faults(self.rules.remove(&index));
                }
                (None, None, true) => suspend(system).await,
                (None, None, false) => {}
            }
        }
    }

    async fn minute(&mut self, system: &System, mut switches: Switches, troubles: &[Trouble]) {
        let mut edits = std::mem::take(&mut self.edits).into_iter().peekable();
        loop {
            let edit_at = edits.peek().map(|(at, _, _)| *at);
            let switch_at = switches.first().map(|(at, _, _)| *at);
            let Some(at) = edit_at.into_iter().chain(switch_at).min() else {
                break;
            };
            self.until(at).await;
            self.switch(system, &mut switches, troubles, at).await;
            while let Some((_, id, edit)) = edits.next_if(|(due, _, _)| *due <= at) {
                self.edit(system, id, edit).await;
            }
        }
        self.until(u64::try_from(TROUBLED.as_millis()).unwrap())
            .await;
        // nothing hangs on a rule any more
        system.sim.remove_faults(None);
        system.up().await;
    }

    async fn edit(&mut self, system: &System, id: i64, edit: Edit) {
        if let Edit::Create = edit {
            system.entity.create(id).await;
            return;
        }
        let at = self.time.elapsed().checked_sub(self.began).unwrap();
        let at = i64::try_from(at.as_millis()).unwrap();
        self.told.push((at, format!("record {id}: {edit:?}")));
        let known = system.entity.rows.lock().unwrap().contains_key(&id);
        let task = known
            .then(|| system.entity.get(id).clickup_task_id)
            .flatten();
        match (edit, task) {
            (Edit::OurStatus(status), _) if known => {
                system.entity.set_status(id, status).await;
                self.last.insert((id, "status"), status.to_owned());
            }
            (Edit::OurBudget(place), _) if known => {
                let budget = BUDGETS[place].0;
                system
                    .entity
                    .change(id, |one| one.build_budget = budget.to_owned())
                    .await;
                self.last.insert((id, "budget"), budget.to_owned());
            }
            (Edit::TheirStatus(status), Some(task)) => {
                let path = format!("/_sim/tasks/{task}/status");
                system.post(&path, json!({ "status": status })).await;
                self.last.insert((id, "status"), status.to_owned());
            }
            (Edit::TheirBudget(place), Some(task)) => {
                let (budget, place) = BUDGETS[place];
                let (field, option) = budget_option(&system.task(&task).await, place);
                let path = format!("/_sim/tasks/{task}");
                system
                    .post(&path, json!({"custom_fields": {field: option}}))
                    .await;
                self.last.insert((id, "budget"), budget.to_owned());
            }
            // not there yet
            _ => {}
        }
    }

    /// From the end of the faults on.
    async fn ends(&mut self, system: &System, limit: u64, plan: &Plan) -> Result<Outcome, String> {
        let ended = self.time.elapsed();
        let apart = differences(system).await.len() as u64;
        // the window that is under way may be used up; then there are as many calls as a window has
        let windows = 1 + (apart * CALLS_EACH).div_ceil(limit);
        let allowed = LONGEST_PAUSE + WINDOW * u32::try_from(windows).unwrap();
        let equal_after = loop {
            let now = self.time.elapsed().checked_sub(ended).unwrap();
            let differences = differences(system).await;
            if differences.is_empty() {
                break now;
            }
            if now > allowed {
                return Err(format!(
                    "not equal {} s after the end of the faults: {differences:#?}\n{}",
                    now.as_secs(),
                    self.story(system).await
                ));
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        };
        if let Err(why) = self.check_one_sided(system) {
            return Err(format!("{why}\n{}", self.story(system).await));
        }
        let log = system.log().await;
        let last = log.last().map_or(0, |entry| entry["seq"].as_u64().unwrap());
        tokio::time::sleep(CALM).await;
        let late = differences(system).await;
        if !late.is_empty() {
            return Err(format!("apart again: {late:#?}"));
        }
        self.check_one_sided(system)?;
        let log = system.log().await;
        let writes: Vec<String> = log
            .iter()
            .filter(|entry| entry["seq"].as_u64() > Some(last))
            .filter(|entry| is_task_write(entry))
            .map(|entry| entry.to_string())
            .collect();
        if !writes.is_empty() {
            return Err(format!("writes although both sides are equal: {writes:#?}"));
        }
        let made_by_faults = plan
            .troubles
            .iter()
            .any(|one| one.kind.refuses_for_the_rate());
        let refused = log.iter().filter(|entry| entry["status"] == 429).count();
        Ok(Outcome {
            equal_after,
            allowed,
            calls: log.len(),
            refused: if made_by_faults { 0 } else { refused },
        })
    }

    /// What happened, for whoever has to find out why.
    async fn story(&self, system: &System) -> String {
        let began = (self.time.now() - TimeDelta::from_std(self.time.elapsed()).unwrap()
            + TimeDelta::from_std(self.began).unwrap())
        .timestamp_millis();
        let mut lines: Vec<(i64, String)> = self.told.clone();
        for entry in system.log().await {
            let at = entry["at"].as_i64().unwrap() - began;
            let call = format!("{} {}", entry["method"], entry["path"]);
            let ended = format!(
                "{} after {} ms, {}",
                entry["status"], entry["ms"], entry["fault"]
            );
            lines.push((at, format!("{call}: {ended}")));
        }
        for (id, stored) in system.entity.rows.lock().unwrap().iter() {
            let task = stored.submission.clickup_task_id.clone();
            let began = DateTime::from_timestamp_millis(began).unwrap();
            let applied = stored.applied.iter().map(|one| {
                let at = one
                    .remote_time
                    .as_ref()
                    .and_then(from_wire)
                    .map(|at| at - began);
                let at = at.map(|at| at.num_milliseconds());
                format!("{:?} {:?} of {at:?}", one.status, one.build_budget)
            });
            let applied: Vec<String> = applied.collect();
            lines.push((
                i64::MAX,
                format!("record {id} is {task:?}; pulled {applied:?}"),
            ));
        }
        let rows: Vec<String> = sqlx::query_scalar(
            "SELECT row_to_json(l)::text FROM sync.links l ORDER BY submission_id",
        )
        .fetch_all(&system.pool)
        .await
        .unwrap();
        lines.extend(rows.into_iter().map(|row| (i64::MAX, row)));
        lines.sort();
        let lines = lines.iter().map(|(at, what)| format!("{at:>6} {what}"));
        lines.collect::<Vec<_>>().join("\n")
    }

    fn check_one_sided(&self, system: &System) -> Result<(), String> {
        for ((id, field), value) in &self.last {
            if editor(*id) == Editor::Both {
                continue;
            }
            let now = system.entity.get(*id);
            let is = match *field {
                "status" => now.status.unwrap_or_default(),
                _ => now.build_budget,
            };
            if is != *value {
                return Err(format!(
                    "{field} of {id}, edited by {:?} alone, is {is} instead of {value}",
                    editor(*id)
                ));
            }
        }
        Ok(())
    }
}

fn is_task_write(entry: &Value) -> bool {
    entry["method"] != "GET" && entry["path"].as_str().unwrap().contains("/task")
}

fn budget_option(task: &Value, place: usize) -> (String, Value) {
    let field = task["custom_fields"]
        .as_array()
        .unwrap()
        .iter()
        .find(|field| field["name"] == "Budget")
        .unwrap();
    let option = field["type_config"]["options"][place]["id"].clone();
    (field["id"].as_str().unwrap().to_owned(), option)
}

async fn suspend(system: &System) {
    let hooks: Value = system
        .http
        .get(format!("{}/_sim/webhooks", system.sim_url))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    for hook in hooks["webhooks"].as_array().unwrap() {
        let path = format!("/_sim/webhooks/{}/suspend", hook["id"].as_str().unwrap());
        system.post(&path, json!({})).await;
    }
}

/// Where the two sides are not equal, and what has not come to rest.
async fn differences(system: &System) -> Vec<String> {
    let mut found = Vec::new();
    let tasks = system.tasks_in(LIST).await;
    let submissions = system.entity.all();
    if tasks.len() != submissions.len() {
        found.push(format!("{} tasks of {}", tasks.len(), submissions.len()));
    }
    for one in submissions {
        let id = one.clickup_task_id.clone().unwrap_or_default();
        let Some(task) = tasks.iter().find(|task| task["id"] == id.as_str()) else {
            found.push(format!("{} has no task, {}", one.id, one.sync_state));
            continue;
        };
        let status = task["status"]["status"].as_str();
        if status != one.status.as_deref() {
            found.push(format!(
                "{}: {:?} here, {status:?} there",
                one.id, one.status
            ));
        }
        let wanted = keylight_domain::sync::labels::label(
            keylight_domain::sync::Field::Budget,
            &one.build_budget,
        );
        let budget = chosen(task, "Budget");
        if budget.as_deref() != Some(wanted) {
            found.push(format!("{}: {wanted} here, {budget:?} there", one.id));
        }
        if one.sync_state != "synced" {
            found.push(format!("{} is {}", one.id, one.sync_state));
        }
    }
    let waiting: Vec<(i64, String)> = sqlx::query_as(
        "SELECT submission_id, concat_ws(' ', progress, state, error_class, due_at::text) FROM sync.links
          WHERE due_at IS NOT NULL OR dead_at IS NOT NULL OR lease_until IS NOT NULL ORDER BY 1",
    )
    .fetch_all(&system.pool)
    .await
    .unwrap();
    found.extend(
        waiting
            .into_iter()
            .map(|(id, how)| format!("{id} waits: {how}")),
    );
    found
}

//! The ClickUp simulator through its control interface, which costs no rate budget.

use crate::web::client;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::time::Duration;

/// The list that applications go to.
pub const INTAKE_LIST: &str = "901001001";

/// A task, as far as tests look at it.
#[derive(Debug, Clone)]
pub struct Task {
    /// ClickUp's id.
    pub id: String,
    /// Title.
    pub name: String,
    /// Text, with our reference in it.
    pub description: String,
    /// Name of the status.
    pub status: String,
    /// 1 urgent to 4 low.
    pub priority: Option<i64>,
    fields: Value,
}

impl Task {
    fn read(task: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let priority = &task["priority"];
        let priority = if priority.is_object() {
            &priority["id"]
        } else {
            priority
        };
        Self {
            id: text(&task["id"]),
            name: text(&task["name"]),
            description: text(if task["description"].is_string() {
                &task["description"]
            } else {
                &task["text_content"]
            }),
            status: text(if task["status"].is_object() {
                &task["status"]["status"]
            } else {
                &task["status"]
            }),
            priority: priority
                .as_i64()
                .or_else(|| priority.as_str().and_then(|text| text.parse().ok())),
            fields: task["custom_fields"].clone(),
        }
    }

    /// The submission that it is the task of.
    #[must_use]
    pub fn submission(&self) -> Option<i64> {
        let (_, reference) = self.description.split_once("KL-")?;
        reference.split_once('-')?.0.parse().ok()
    }

    /// What a person sees in a custom field: the option's name, or the text.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<String> {
        let field = self
            .fields
            .as_array()?
            .iter()
            .find(|field| field["name"].as_str() == Some(name))?;
        let value = &field["value"];
        let options = field["type_config"]["options"].as_array();
        match (value, options) {
            (Value::Null, _) => None,
            // a drop-down's value is the option's place when read, its id when written
            (value, Some(options)) => options
                .iter()
                .find(|option| &option["orderindex"] == value || &option["id"] == value)
                .and_then(|option| option["name"].as_str())
                .map(str::to_owned),
            (Value::String(text), None) => Some(text.clone()),
            (other, None) => Some(other.to_string()),
        }
    }
}

/// A request that the simulator got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// GET, POST, ...
    pub method: String,
    /// Path without the query.
    pub path: String,
    /// Answered with.
    pub status: i64,
}

/// The simulator's control interface.
#[derive(Debug, Clone)]
pub struct Simulator {
    base: String,
    client: Client,
}

impl Simulator {
    /// A simulator at `base`, such as `http://127.0.0.1:8090`.
    #[must_use]
    pub fn new(base: impl Into<String>) -> Self {
        Self {
            base: base.into(),
            client: client(),
        }
    }

    /// Its address.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let mut request = self
            .client
            .request(method.clone(), format!("{}/_sim/{path}", self.base))
            // ten thousand tasks at once take a development build a while
            .timeout(Duration::from_secs(120));
        if let Some(body) = &body {
            request = request.json(body);
        }
        let response = request.send().await.unwrap_or_else(|error| {
            panic!("the simulator does not answer {method} {path}: {error:?}")
        });
        let status = response.status();
        let text = response.text().await.unwrap_or_default();
        assert!(
            status.is_success(),
            "the simulator answered {method} {path} with {status}: {text}"
        );
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// Whether it answers.
    pub async fn is_up(&self) -> bool {
        let health = self
            .client
            .get(format!("{}/_sim/health", self.base))
            .send()
            .await;
        health.is_ok_and(|response| response.status().is_success())
    }

    /// Every task of the intake list.
    pub async fn tasks(&self) -> Vec<Task> {
        let answer = self
            .ask(Method::GET, &format!("tasks?list={INTAKE_LIST}"), None)
            .await;
        let tasks = if answer.is_array() {
            &answer
        } else {
            &answer["tasks"]
        };
        tasks
            .as_array()
            .into_iter()
            .flatten()
            .map(Task::read)
            .collect()
    }

    /// The tasks of submission `id`: one, if all is well.
    pub async fn tasks_of(&self, id: i64) -> Vec<Task> {
        let mut tasks = self.tasks().await;
        tasks.retain(|task| task.submission() == Some(id));
        tasks
    }

    /// Moves a task to another status, as a person does on the board.
    pub async fn move_task(&self, id: &str, status: &str) {
        self.ask(
            Method::POST,
            &format!("tasks/{id}/status"),
            Some(json!({ "status": status })),
        )
        .await;
    }

    /// Every call since the log was cleared.
    pub async fn calls(&self) -> Vec<Call> {
        let answer = self.ask(Method::GET, "log?limit=100000", None).await;
        let entries = if answer.is_array() {
            &answer
        } else {
            &answer["entries"]
        };
        entries
            .as_array()
            .unwrap_or_else(|| panic!("the log has another shape: {answer}"))
            .iter()
            .map(|entry| {
                let path = entry["path"].as_str().unwrap_or_default();
                Call {
                    method: entry["method"].as_str().unwrap_or_default().to_owned(),
                    path: path.split('?').next().unwrap_or_default().to_owned(),
                    status: entry["status"].as_i64().unwrap_or_default(),
                }
            })
            .collect()
    }

    /// The calls about single tasks: what reads lists, fields and webhooks is upkeep and left out.
    pub async fn task_calls(&self) -> Vec<Call> {
        let mut calls = self.calls().await;
        calls.retain(|call| {
            let creates = call.method == "POST" && call.path.ends_with("/task");
            creates || call.path.starts_with("/api/v2/task/")
        });
        calls
    }

    /// Empties the log.
    pub async fn clear_log(&self) {
        self.ask(Method::DELETE, "log", None).await;
    }

    /// ClickUp is away, in the manner of `mode`: refuse, hang, 429 or 500.
    pub async fn down(&self, mode: &str) {
        self.ask(Method::POST, "down", Some(json!({ "mode": mode })))
            .await;
    }

    /// ClickUp is back.
    pub async fn up(&self) {
        self.ask(Method::POST, "up", None).await;
    }

    /// Switches a fault on.
    pub async fn fault(&self, fault: Value) {
        self.ask(Method::POST, "faults", Some(json!({ "faults": [fault] })))
            .await;
    }

    /// Switches all faults off.
    pub async fn no_faults(&self) {
        self.ask(Method::DELETE, "faults", None).await;
    }

    /// Requests per minute and token.
    pub async fn rate_limit(&self, limit: u32) {
        self.ask(Method::POST, "rate_limit", Some(json!({ "limit": limit })))
            .await;
    }
}

//! What the board page's templates show.

use askama::Template;
use serde_json::{Value, json};

use crate::fields::value::for_people;
use crate::state::{List, World};
use crate::tasks::model::{Task, priority_name};

/// Cards per column; a column says how many there are in all.
const MOST_CARDS: usize = 100;

/// The whole page.
#[derive(Template)]
#[template(path = "board.html")]
pub(crate) struct Page {
    team: String,
    place: String,
    list_id: String,
    list_name: String,
    lists: Vec<Tab>,
    version: u64,
    columns: Columns,
    style: &'static str,
    script: &'static str,
}

struct Tab {
    id: String,
    name: String,
    count: usize,
}

/// The columns alone, for the refresh.
#[derive(Template)]
#[template(path = "columns.html")]
pub(crate) struct Columns {
    columns: Vec<Column>,
}

struct Column {
    status: String,
    color: String,
    count: usize,
    cards: Vec<Card>,
}

struct Card {
    id: String,
    name: String,
    priority: Option<(&'static str, &'static str)>,
    chips: Vec<Chip>,
    tags: Vec<String>,
    people: Vec<Face>,
    comments: usize,
    files: usize,
    /// Checklist items, done and in all.
    steps: Option<(usize, usize)>,
    due: Option<i64>,
    updated: i64,
}

struct Chip {
    field: String,
    value: String,
}

struct Face {
    initials: String,
    name: String,
    color: String,
}

impl Page {
    /// `None` when there is no such list.
    pub(crate) fn of(world: &World, list_id: &str) -> Option<Self> {
        let list = world.workspace.list(list_id)?;
        let lists = world
            .workspace
            .lists
            .iter()
            .filter(|list| !list.deleted)
            .map(|list| Tab {
                id: list.id.clone(),
                name: list.name.clone(),
                count: world
                    .tasks
                    .list(&list.id)
                    .map_or(0, |index| index.created.len()),
            })
            .collect();
        Some(Self {
            team: world.workspace.name.clone(),
            place: place(world, list),
            list_id: list.id.clone(),
            list_name: list.name.clone(),
            lists,
            version: world.version,
            columns: Columns::of(world, list_id)?,
            style: include_str!("board.css"),
            script: include_str!("board.js"),
        })
    }
}

/// The space and, when there is one, the folder of a list.
fn place(world: &World, list: &List) -> String {
    let workspace = &world.workspace;
    let space = workspace.space(&list.space).map(|space| &space.name);
    let folder = workspace
        .folder(&list.folder)
        .filter(|folder| !folder.hidden)
        .map(|folder| &folder.name);
    let names: Vec<&str> = [space, folder]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    names.join(" / ")
}

impl Columns {
    /// `None` when there is no such list.
    pub(crate) fn of(world: &World, list_id: &str) -> Option<Self> {
        let list = world.workspace.list(list_id)?;
        let index = world.tasks.list(list_id);
        let columns = list
            .statuses
            .iter()
            .map(|status| {
                let entries = index.and_then(|index| index.by_status.get(&status.status));
                let cards = entries
                    .into_iter()
                    .flatten()
                    .rev()
                    .take(MOST_CARDS)
                    .filter_map(|(_, n)| world.tasks.by_number(*n))
                    .map(|task| Card::of(world, task))
                    .collect();
                Column {
                    status: status.status.clone(),
                    color: status.color.clone(),
                    count: entries.map_or(0, std::collections::BTreeSet::len),
                    cards,
                }
            })
            .collect();
        Some(Self { columns })
    }

    /// How many tasks stand in each column.
    pub(crate) fn counts(&self) -> Value {
        self.columns
            .iter()
            .map(|column| json!({"status": column.status, "count": column.count}))
            .collect()
    }
}

fn steps(task: &Task) -> Option<(usize, usize)> {
    let items = || task.checklists.iter().flat_map(|list| &list.items);
    let all = items().count();
    (all > 0).then(|| (items().filter(|item| item.resolved).count(), all))
}

impl Card {
    fn of(world: &World, task: &Task) -> Self {
        let workspace = &world.workspace;
        let fields = workspace
            .list(&task.list)
            .into_iter()
            .flat_map(|list| workspace.fields_of(list));
        // Options say most in the least room; texts wait until the card is opened.
        let chips = fields
            .filter(|field| !field.options.is_empty())
            .filter_map(|field| {
                let stored = task.fields.get(&field.id)?;
                Some(Chip {
                    field: field.name.clone(),
                    value: for_people(workspace, field, stored),
                })
            })
            .collect();
        Self {
            id: task.id.clone(),
            name: task.name.clone(),
            priority: task.priority.map(priority_name),
            chips,
            tags: task.tags.clone(),
            people: task
                .assignees
                .iter()
                .filter_map(|id| workspace.user(*id))
                .map(|user| Face {
                    initials: user.initials.clone(),
                    name: user.username.clone(),
                    color: user.color.clone(),
                })
                .collect(),
            comments: world.comments(task.n).len(),
            files: task.attachments.len(),
            steps: steps(task),
            due: task.due_date,
            updated: task.date_updated,
        }
    }
}

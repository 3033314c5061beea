//! Everything the simulator knows, and the only ways to change it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use super::defaults::default_workspace;
use super::journal::{Journal, Line, Record};
use super::shelf::Shelf;
use super::workspace::{Folder, List, Space, Workspace};
use crate::attachments::Attachment;
use crate::attachments::files::Files;
use crate::errors::ApiError;
use crate::ids::Ids;
use crate::options::{DeletedTask, Options};
use crate::tasks::model::{Activity, Comment, Task};
use crate::webhooks::{Event, Webhook};

/// Activity lines kept per task.
const ACTIVITY_KEPT: usize = 50;
/// Changes of status kept per task.
const STATIONS_KEPT: usize = 200;
/// Comments kept per task; the oldest go first.
const COMMENTS_KEPT: usize = 5_000;

/// The state behind the simulator's lock.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) workspace: Arc<Workspace>,
    pub(crate) tasks: Shelf,
    pub(crate) webhooks: Vec<Webhook>,
    pub(crate) ids: Ids,
    pub(crate) options: Options,
    /// Grows with every change; the board page polls it.
    pub(crate) version: u64,
    /// Events of the running change, taken when it ends.
    pub(crate) events: Vec<Event>,
    /// Uploads to custom fields, which wait until a task's value names them.
    pub(crate) uploads: BTreeMap<String, Attachment>,
    pub(crate) files: Files,
    comments: HashMap<u64, Vec<Comment>>,
    activity: HashMap<u64, VecDeque<Activity>>,
    journal: Option<Journal>,
    counter_written: u64,
}

impl World {
    /// How ids of the workspace's own form begin.
    pub(crate) const CUSTOM_ID_PREFIX: &'static str = "HOME-";

    /// # Errors
    /// The state file cannot be read or written.
    pub(crate) fn open(seed: u64, options: Options, state: Option<&Path>) -> io::Result<Self> {
        let mut world = Self {
            workspace: Arc::new(default_workspace()),
            tasks: Shelf::default(),
            webhooks: Vec::new(),
            ids: Ids::new(seed),
            options,
            version: 1,
            events: Vec::new(),
            uploads: BTreeMap::new(),
            files: Files::default(),
            comments: HashMap::new(),
            activity: HashMap::new(),
            journal: None,
            counter_written: 0,
        };
        if let Some(path) = state {
            Journal::read(path, |record| world.replay(record))?;
            world.journal = Some(world.rewritten(path)?);
        }
        Ok(world)
    }

    fn replay(&mut self, record: Record) {
        match record {
            Record::Ids(ids) => self.ids = ids,
            Record::Counter(counter) => self.ids.at_least(counter),
            Record::Workspace(workspace) => self.workspace = Arc::new(*workspace),
            Record::Webhooks(webhooks) => self.webhooks = webhooks,
            Record::Task(task) => {
                self.ids.at_least(task.n);
                self.tasks.put(*task);
            }
            Record::Gone(id) => {
                self.forget(&id);
                self.tasks.mark_gone(id);
            }
            Record::Comment(comment) => self.keep_comment(*comment),
            Record::CommentGone { task, id } => {
                if let Some(comments) = self.comments.get_mut(&task) {
                    comments.retain(|comment| comment.id != id);
                }
            }
            Record::Upload(upload) => {
                self.uploads.insert(upload.id.clone(), *upload);
            }
            Record::File { id, base64 } => self.files.restore(id, &base64),
            Record::Activity { task, entry } => self.keep_activity(task, entry),
        }
    }

    /// Everything, one line each.
    fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let head = [
            Line::Ids(&self.ids),
            Line::Workspace(&self.workspace),
            Line::Webhooks(&self.webhooks),
        ];
        let tasks = self.tasks.all().map(|task| Line::Task(task));
        let gone = self.tasks.gone_ids().map(|id| Line::Gone(id));
        let comments = self.comments.values().flatten().map(Line::Comment);
        let activity = self.activity.iter().flat_map(|(task, entries)| {
            entries
                .iter()
                .map(|entry| Line::Activity { task: *task, entry })
        });
        head.into_iter()
            .chain(gone)
            .chain(tasks)
            .chain(comments)
            .chain(activity)
            .chain(self.uploads.values().map(Line::Upload))
            .chain(self.files.lines())
    }

    fn rewritten(&self, path: &Path) -> io::Result<Journal> {
        Journal::rewrite(path, self.lines())
    }

    /// Everything, in the form of the state file.
    pub(crate) fn export(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for line in self.lines() {
            // Writing to memory cannot fail, and every line has text as keys.
            if serde_json::to_writer(&mut out, &line).is_ok() {
                out.push(b'\n');
            }
        }
        out
    }

    /// Takes the place of everything by what [`World::export`] gave.
    ///
    /// # Errors
    /// It is something else; then nothing has changed.
    pub(crate) fn import(&mut self, text: &[u8]) -> serde_json::Result<()> {
        let records = text
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(serde_json::from_slice)
            .collect::<serde_json::Result<Vec<Record>>>()?;
        let counter = self.ids.counter();
        self.clear();
        for record in records {
            self.replay(record);
        }
        // What was given meanwhile must not be given again.
        self.ids.at_least(counter);
        self.version += 1;
        self.compact();
        Ok(())
    }

    fn clear(&mut self) {
        self.tasks = Shelf::default();
        self.webhooks.clear();
        self.comments.clear();
        self.activity.clear();
        self.uploads.clear();
        self.files = Files::default();
    }

    /// A workspace without places, fields and tasks, but with its people and webhooks.
    pub(crate) fn empty(&mut self) {
        let webhooks = std::mem::take(&mut self.webhooks);
        self.clear();
        self.webhooks = webhooks;
        self.change_workspace(|workspace| {
            workspace.spaces.clear();
            workspace.folders.clear();
            workspace.lists.clear();
            workspace.fields.clear();
            workspace.templates.clear();
        });
        self.compact();
    }

    /// Ends a change: what it did is in the state file when this returns.
    pub(crate) fn settle(&mut self) {
        self.version += 1;
        let counter = self.ids.counter();
        let tasks = u64::try_from(self.tasks.len()).unwrap_or(u64::MAX);
        let Some(journal) = self.journal.as_mut() else {
            return;
        };
        if counter != self.counter_written {
            journal.note(&Line::Counter(counter));
            self.counter_written = counter;
        }
        journal.flush();
        if journal.is_mostly_stale(tasks) {
            self.compact();
        }
    }

    /// Rewrites the state file without its out-of-date lines.
    pub(crate) fn compact(&mut self) {
        let Some(path) = self
            .journal
            .as_ref()
            .map(|journal| journal.path().to_owned())
        else {
            return;
        };
        match self.rewritten(&path) {
            Ok(journal) => self.journal = Some(journal),
            Err(error) => tracing::error!(%error, "state file not rewritten"),
        }
    }

    /// Back to the default workspace. Ids go on, so that a link to an old task stays broken.
    pub(crate) fn reset(&mut self) {
        self.workspace = Arc::new(default_workspace());
        self.clear();
        self.version += 1;
        self.compact();
    }

    // --- reading ---

    /// # Errors
    /// 401 for an unknown list, 400 for an id that is not a number.
    pub(crate) fn list(&self, id: &str) -> Result<&List, ApiError> {
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ApiError::BAD_LIST_ID);
        }
        self.workspace.list(id).ok_or(ApiError::UNKNOWN_ID)
    }

    /// # Errors
    /// 401 for a space that is deleted or never was.
    pub(crate) fn space(&self, id: &str) -> Result<&Space, ApiError> {
        let found = self.workspace.space(id).filter(|space| !space.deleted);
        found.ok_or(ApiError::UNKNOWN_ID)
    }

    /// # Errors
    /// 401 for a folder that is deleted or never was.
    pub(crate) fn folder(&self, id: &str) -> Result<&Folder, ApiError> {
        let found = self.workspace.folder(id).filter(|folder| !folder.deleted);
        found.ok_or(ApiError::UNKNOWN_ID)
    }

    /// # Errors
    /// 404 for a deleted task unless an option says 401, 401 for one that never was.
    pub(crate) fn task(&self, id: &str) -> Result<Arc<Task>, ApiError> {
        match self.tasks.get(id) {
            Some(task) => Ok(Arc::clone(task)),
            None if self.tasks.is_gone(id) => Err(match self.options.deleted_task {
                DeletedTask::Item013 => ApiError::TASK_DELETED,
                DeletedTask::Item015 => ApiError::TASK_DELETED_TOO,
                DeletedTask::Oauth027 => ApiError::UNKNOWN_ID,
            }),
            None => Err(ApiError::UNKNOWN_ID),
        }
    }

    /// The task with an id such as `HOME-12`.
    pub(crate) fn task_by_custom_id(&self, id: &str) -> Option<&Arc<Task>> {
        self.options.custom_ids.delay_ms()?;
        let n = id.strip_prefix(Self::CUSTOM_ID_PREFIX)?.parse().ok()?;
        self.tasks.by_number(n)
    }

    pub(crate) fn comments(&self, task: u64) -> &[Comment] {
        self.comments.get(&task).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn comment(&self, id: u64) -> Option<&Comment> {
        self.comments
            .values()
            .flatten()
            .find(|comment| comment.id == id)
    }

    pub(crate) fn activity(&self, task: u64) -> impl Iterator<Item = &Activity> {
        self.activity.get(&task).into_iter().flatten()
    }

    // --- changing: each notes its line for the state file ---

    pub(crate) fn note(&mut self, line: &Line<'_>) {
        if let Some(journal) = self.journal.as_mut() {
            journal.note(line);
        }
    }

    /// Stores a task. `date_updated` becomes later than any earlier value of this task.
    pub(crate) fn put_task(&mut self, mut task: Task, now_ms: i64) -> Arc<Task> {
        task.date_updated = match self.tasks.by_number(task.n) {
            Some(old) => now_ms.max(old.date_updated + 1),
            None => now_ms.max(task.date_created),
        };
        self.put_untouched(task)
    }

    /// Stores a task whose `date_updated` stays as it is.
    pub(crate) fn put_untouched(&mut self, mut task: Task) -> Arc<Task> {
        let last = task.stations.last().map(|(status, _)| status);
        if last != Some(&task.status) {
            task.stations.push((task.status.clone(), task.date_updated));
            if task.stations.len() > STATIONS_KEPT {
                task.stations.remove(0);
            }
        }
        let task = self.tasks.put(task);
        self.note(&Line::Task(&task));
        task
    }

    pub(crate) fn remove_task(&mut self, id: &str) -> Option<Arc<Task>> {
        let task = self.forget(id)?;
        self.note(&Line::Gone(id));
        Some(task)
    }

    fn forget(&mut self, id: &str) -> Option<Arc<Task>> {
        let task = self.tasks.remove(id)?;
        self.comments.remove(&task.n);
        self.activity.remove(&task.n);
        Some(task)
    }

    /// Keeps an upload to a custom field.
    pub(crate) fn put_upload(&mut self, upload: Attachment) {
        self.note(&Line::Upload(&upload));
        self.uploads.insert(upload.id.clone(), upload);
    }

    /// Keeps the content of an attachment, as far as there is room.
    pub(crate) fn put_file(&mut self, id: &str, content: Bytes) {
        let line = self.files.keep(id, content);
        if let (Some(line), Some(journal)) = (line, self.journal.as_mut()) {
            journal.note(&line);
        }
    }

    pub(crate) fn put_comment(&mut self, comment: Comment) {
        self.note(&Line::Comment(&comment));
        self.keep_comment(comment);
    }

    fn keep_comment(&mut self, comment: Comment) {
        let comments = self.comments.entry(comment.task).or_default();
        match comments.iter_mut().find(|kept| kept.id == comment.id) {
            Some(kept) => *kept = comment,
            None => comments.push(comment),
        }
        if comments.len() > COMMENTS_KEPT {
            comments.remove(0);
        }
    }

    pub(crate) fn remove_comment(&mut self, task: u64, id: u64) {
        if let Some(comments) = self.comments.get_mut(&task) {
            comments.retain(|comment| comment.id != id);
        }
        self.note(&Line::CommentGone { task, id });
    }

    pub(crate) fn add_activity(&mut self, task: u64, entry: Activity) {
        self.note(&Line::Activity {
            task,
            entry: &entry,
        });
        self.keep_activity(task, entry);
    }

    fn keep_activity(&mut self, task: u64, entry: Activity) {
        let entries = self.activity.entry(task).or_default();
        if entries.len() == ACTIVITY_KEPT {
            entries.pop_front();
        }
        entries.push_back(entry);
    }

    /// Changes the workspace: lists, statuses, tags.
    pub(crate) fn change_workspace<T>(&mut self, change: impl FnOnce(&mut Workspace) -> T) -> T {
        let out = change(Arc::make_mut(&mut self.workspace));
        let workspace = Arc::clone(&self.workspace);
        self.note(&Line::Workspace(&workspace));
        out
    }

    /// Changes the webhooks or their health.
    pub(crate) fn change_webhooks<T>(&mut self, change: impl FnOnce(&mut Vec<Webhook>) -> T) -> T {
        let out = change(&mut self.webhooks);
        if let Some(journal) = self.journal.as_mut() {
            journal.note(&Line::Webhooks(&self.webhooks));
        }
        out
    }
}

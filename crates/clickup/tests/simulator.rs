//! The client against the simulator, which knows nothing of the client: what is written comes back.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use keylight_clickup::{
    Class, ClickUp, CreateTask, FieldInput, FieldKind, FieldValue, FieldWrite, Location, Moment,
    MoveTask, NewComment, Options, PeopleChange, Priority, Reading, StatusMapping, TaskField,
    TaskParts, TeamQuery, UpdateChecklistItem, UpdateComment, UpdateTask, Upload,
};
use keylight_clickup_sim::{Sim, SimConfig, serve};
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use url::Url;

const TEAM: &str = "9001001";
const INTAKE: &str = "901001001";
/// Has a field of every kind that the intake list lacks.
const PROJECTS: &str = "901001002";

struct Running {
    client: ClickUp,
    base: Url,
    _stop: DropGuard,
}

fn client(base: &Url, token: &str) -> ClickUp {
    ClickUp::new(base, &SecretString::from(token), Options::default()).unwrap()
}

async fn start() -> Running {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = Url::parse(&format!("http://{}/api", listener.local_addr().unwrap())).unwrap();
    let sim = Sim::new(SimConfig {
        rate_limit: 100_000,
        window: Duration::from_secs(60),
        ..SimConfig::default()
    })
    .unwrap();
    let stop = CancellationToken::new();
    tokio::spawn(serve(listener, sim, stop.clone()));
    Running {
        client: client(&base, "pk_1_SERVICE"),
        base,
        _stop: stop.drop_guard(),
    }
}

fn named(name: &str) -> CreateTask {
    CreateTask {
        name: name.to_owned(),
        ..CreateTask::default()
    }
}

/// Two values of the kind that differ; nothing for kinds that cannot be written.
fn values(kind: FieldKind, options: &[String], tasks: &[String]) -> Option<[FieldValue; 2]> {
    let text = |one: &str, other: &str| [one, other].map(|text| FieldValue::Text(text.to_owned()));
    let place = |lat, address: &str| {
        FieldValue::Location(Location {
            lat,
            lng: 153.4,
            formatted_address: address.to_owned(),
        })
    };
    Some(match kind {
        FieldKind::ShortText => text("one", "two"),
        FieldKind::Text => text("one\nline", "two"),
        FieldKind::Email => text("ann@x.example", "bo@x.example"),
        FieldKind::Phone => text("+1 201 555 0123", "+1 201 555 0124"),
        FieldKind::Url => text("https://x.example/a", "https://x.example/b"),
        FieldKind::Number | FieldKind::Currency => [8.0, -28.5].map(FieldValue::Number),
        FieldKind::DropDown => [1, 0].map(|place| FieldValue::Choice(options[place].clone())),
        FieldKind::Labels => [
            FieldValue::Labels(options[..2].to_vec()),
            FieldValue::Labels(options[1..2].to_vec()),
        ],
        FieldKind::Date => [1_667_367_645_000, 1_767_367_645_000].map(FieldValue::Date),
        FieldKind::Checkbox => [true, false].map(FieldValue::Checkbox),
        FieldKind::Users => [FieldValue::Users(vec![1]), FieldValue::Users(vec![2])],
        FieldKind::Tasks => [
            FieldValue::Tasks(tasks[..1].to_vec()),
            FieldValue::Tasks(tasks[1..2].to_vec()),
        ],
        FieldKind::Rating => [4, 2].map(FieldValue::Rating),
        FieldKind::ManualProgress => [20.0, 60.0].map(FieldValue::Progress),
        FieldKind::Location => [place(-28.016_667, "Gold Coast"), place(1.5, "Elsewhere")],
        FieldKind::Files
        | FieldKind::Button
        | FieldKind::AutomaticProgress
        | FieldKind::Formula
        | FieldKind::Other => return None,
    })
}

async fn reading(client: &ClickUp, task: &str, field: &str) -> Reading {
    let task = client.task(task).await.unwrap().value;
    task.field(field).map_or(Reading::Unset, TaskField::read)
}

#[tokio::test]
async fn every_kind_of_field_holds_what_was_written() {
    let running = start().await;
    let client = &running.client;
    let mut kinds = Vec::new();
    for list in [INTAKE, PROJECTS] {
        let mut tasks = Vec::new();
        for name in ["A", "B", "C"] {
            let task = client.create_task(list, &named(name)).await.unwrap().value;
            tasks.push(task.id);
        }
        let task = tasks.pop().unwrap();
        for field in client.list_fields(list).await.unwrap().value {
            let options: Vec<String> = field
                .options()
                .iter()
                .map(|option| option.id.clone())
                .collect();
            let Some([first, second]) = values(field.kind(), &options, &tasks) else {
                continue;
            };
            let what = format!("{} {}", field.name, field.kind_name());
            // at creation
            let mut new = named(&what);
            new.custom_fields = vec![FieldInput {
                id: field.id.clone(),
                value: FieldWrite::from_to(None, &first).unwrap(),
            }];
            let made = client.create_task(list, &new).await.unwrap().value.id;
            let expected = Reading::Value(first.clone());
            assert!(
                reading(client, &made, &field.id).await == expected,
                "{what} at creation"
            );
            // later, from one value to the next, and emptied
            let mut held: Option<FieldValue> = None;
            for wanted in [&first, &second, &first] {
                let write = FieldWrite::from_to(held.as_ref(), wanted).unwrap();
                assert!(write.fits(field.kind()), "{what}");
                client.set_field(&task, &field.id, &write).await.unwrap();
                let expected = Reading::Value(wanted.clone());
                assert!(
                    reading(client, &task, &field.id).await == expected,
                    "{what} written"
                );
                held = Some(wanted.clone());
            }
            client.clear_field(&task, &field.id).await.unwrap();
            assert_eq!(
                reading(client, &task, &field.id).await,
                Reading::Unset,
                "{what}"
            );
            kinds.push(field.kind());
        }
    }
    kinds.sort_by_key(|kind| kind.as_str());
    kinds.dedup();
    assert_eq!(kinds.len(), 16, "{kinds:?}");
}

#[tokio::test]
async fn files_go_up_into_fields_and_tasks_and_down_again() {
    let running = start().await;
    let client = &running.client;
    let task = client
        .create_task(PROJECTS, &named("T"))
        .await
        .unwrap()
        .value
        .id;
    let content: Vec<u8> = (0..200_000_u32).map(|n| (n % 251) as u8).collect();
    let file = Upload::of_bytes("Zoë \"plan\".pdf", content.clone());
    let made = client.upload(&task, file).await.unwrap().value;
    let listed = client.attachments(TEAM, &task, None).await.unwrap().value;
    assert_eq!((listed.attachments.len(), listed.unreadable), (1, 0));
    assert_eq!(listed.attachments[0].id, made.id);
    assert_eq!(listed.attachments[0].size, Some(200_000));
    let seen = client.task(&task).await.unwrap().value.attachments.unwrap();
    assert_eq!(seen[0].id, made.id);
    let mut download = client
        .download(made.url.as_deref().unwrap(), 200_000)
        .await
        .unwrap();
    let mut back = Vec::new();
    while let Some(piece) = download.chunk().await.unwrap() {
        back.extend_from_slice(&piece);
    }
    assert!(back == content);

    let fields = client.list_fields(PROJECTS).await.unwrap().value;
    let field = fields
        .iter()
        .find(|field| field.kind() == FieldKind::Files)
        .unwrap();
    let file = Upload::of_bytes("site.png", "content");
    let kept = client
        .upload_to_field(TEAM, &field.id, file)
        .await
        .unwrap()
        .value;
    let write = FieldWrite::Files {
        add: vec![kept.id.clone()],
        rem: Vec::new(),
    };
    client.set_field(&task, &field.id, &write).await.unwrap();
    assert_eq!(
        reading(client, &task, &field.id).await,
        Reading::Value(FieldValue::Files(vec![kept.id]))
    );
}

#[tokio::test]
async fn a_task_from_making_to_deleting() {
    let running = start().await;
    let client = &running.client;
    let team = &client.teams().await.unwrap().value[0];
    assert_eq!((team.id.as_str(), team.members.len()), (TEAM, 2));
    let staff = team.members[1].id;
    let spaces = client.spaces(TEAM).await.unwrap().value;
    let lists = client.folderless_lists(&spaces[0].id).await.unwrap().value;
    assert!(lists.iter().any(|list| list.id == INTAKE));
    assert!(
        client
            .folders(&spaces[0].id)
            .await
            .unwrap()
            .value
            .iter()
            .all(|folder| !folder.archived)
    );
    assert!(!client.list_members(INTAKE).await.unwrap().value.is_empty());
    client.custom_items(TEAM).await.unwrap();

    let due = Moment {
        at: 1_767_367_645_000,
        with_time: true,
    };
    let new = CreateTask {
        markdown_content: Some("**Budget**: high".into()),
        priority: Some(Priority::High),
        status: Some("reviewed".into()),
        assignees: vec![staff],
        tags: vec!["VIP".into()],
        due: Some(due),
        time_estimate: Some(3_600_000),
        notify_all: Some(false),
        ..named("Ann")
    };
    let id = client.create_task(INTAKE, &new).await.unwrap().value.id;
    let sub = CreateTask {
        parent: Some(id.clone()),
        ..named("Permit")
    };
    let sub = client.create_task(INTAKE, &sub).await.unwrap().value.id;
    let other = client
        .create_task(INTAKE, &named("Bo"))
        .await
        .unwrap()
        .value
        .id;
    let parts = TaskParts {
        markdown: true,
        subtasks: true,
    };
    let task = client.task_with(&id, parts).await.unwrap().value;
    assert_eq!(
        task.markdown_description.as_deref(),
        Some("**Budget**: high")
    );
    assert_eq!(task.subtasks.unwrap()[0].id, sub);
    assert_eq!(
        (task.due_date, task.time_estimate),
        (Some(due.at), Some(3_600_000))
    );
    assert_eq!(task.assignees.unwrap()[0].id, staff);
    assert!(task.tags.unwrap()[0].is_called("vip"));

    let update = UpdateTask {
        assignees: Some(PeopleChange {
            add: vec![1],
            rem: vec![staff],
        }),
        due: Some(None),
        priority: Some(None),
        time_estimate: Some(None),
        ..UpdateTask::default()
    };
    client.update_task(&id, &update).await.unwrap();
    client.add_tag(&id, "Second one").await.unwrap();
    client.remove_tag(&id, "vip").await.unwrap();
    let names: Vec<String> = client
        .space_tags(&spaces[0].id)
        .await
        .unwrap()
        .value
        .into_iter()
        .map(|tag| tag.name)
        .collect();
    assert!(names.contains(&"second one".to_owned()), "{names:?}");
    client.add_dependency(&id, &other).await.unwrap();
    client.add_link(&id, &other).await.unwrap();
    let list = client.create_checklist(&id, "Site").await.unwrap().value;
    let list = client
        .add_checklist_item(&list.id, "Fence")
        .await
        .unwrap()
        .value;
    let item = &list.items.as_ref().unwrap()[0];
    let tick = UpdateChecklistItem {
        resolved: Some(true),
        ..UpdateChecklistItem::default()
    };
    let list = client
        .update_checklist_item(&list.id, &item.id, &tick)
        .await
        .unwrap()
        .value;
    assert!(list.items.unwrap()[0].resolved);
    client.rename_checklist(&list.id, "Place").await.unwrap();

    let task = client.task(&id).await.unwrap().value;
    assert_eq!(
        (task.due_date, task.priority, task.time_estimate),
        (None, None, None)
    );
    assert_eq!(task.assignees.unwrap()[0].id, 1);
    let tags = task.tags.unwrap();
    assert!(tags.len() == 1 && tags[0].is_called("second one"));
    let waits = task.dependencies.unwrap();
    assert_eq!((&waits[0].task_id, &waits[0].depends_on), (&id, &other));
    assert_eq!(task.linked_tasks.unwrap()[0].other(&id), other);
    assert_eq!(task.checklists.unwrap()[0].name.as_deref(), Some("Place"));
    client.remove_dependency(&id, &other).await.unwrap();
    client.remove_link(&id, &other).await.unwrap();
    client.delete_checklist(&list.id).await.unwrap();
    let task = client.task(&id).await.unwrap().value;
    assert_eq!(task.dependencies, Some(Vec::new()));
    assert_eq!(task.linked_tasks, Some(Vec::new()));
    assert_eq!(task.checklists, Some(Vec::new()));

    let found = client
        .team_tasks(
            TEAM,
            &TeamQuery {
                list_ids: vec![INTAKE.into()],
                parent: Some(id.clone()),
                ..TeamQuery::default()
            },
        )
        .await
        .unwrap()
        .value;
    assert!(
        found
            .tasks
            .iter()
            .all(|task| task.parent.as_deref() == Some(&id))
    );

    let status_id = |list: &keylight_clickup::ListInfo, name: &str| {
        let status = list.statuses.iter().find(|status| status.name == name);
        status.and_then(|status| status.id.clone())
    };
    let from = client.list(INTAKE).await.unwrap().value;
    let to = client.list(PROJECTS).await.unwrap().value;
    let how = MoveTask {
        status_mappings: vec![StatusMapping {
            source_status_id: status_id(&from, "new").unwrap(),
            destination_status_id: to.statuses[1].id.clone().unwrap(),
        }],
        ..MoveTask::default()
    };
    client
        .move_task(TEAM, &other, PROJECTS, &how)
        .await
        .unwrap();
    let moved = client.task(&other).await.unwrap().value;
    assert_eq!(moved.list_id.as_deref(), Some(PROJECTS));
    assert_eq!(moved.status.unwrap().name, to.statuses[1].name);

    client.delete_task(&id).await.unwrap();
    assert_eq!(client.task(&id).await.unwrap_err().class, Class::Gone);
    assert_eq!(client.task(&sub).await.unwrap_err().class, Class::Gone);
}

#[tokio::test]
async fn comments_and_their_threads() {
    let running = start().await;
    let client = &running.client;
    let task = client
        .create_task(INTAKE, &named("T"))
        .await
        .unwrap()
        .value
        .id;
    let mut made = Vec::new();
    for n in 0..30 {
        let comment = NewComment {
            comment_text: format!("comment {n}"),
            ..NewComment::default()
        };
        made.push(
            client
                .create_comment(&task, &comment)
                .await
                .unwrap()
                .value
                .id,
        );
    }
    let mut read = Vec::new();
    let mut after = None;
    loop {
        let page = client
            .task_comments(&task, after.as_ref())
            .await
            .unwrap()
            .value;
        assert_eq!(page.unreadable, 0);
        read.extend(page.comments.into_iter().map(|comment| comment.id));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    read.reverse();
    assert_eq!(read, made, "newest first, each once");

    let first = &made[0];
    let reply = NewComment {
        comment_text: "answer".into(),
        ..NewComment::default()
    };
    client.create_reply(first, &reply).await.unwrap();
    let replies = client.replies(first).await.unwrap().value;
    assert_eq!(replies.comments[0].comment_text.as_deref(), Some("answer"));
    let changes = UpdateComment {
        comment_text: Some("changed".into()),
        resolved: Some(true),
        ..UpdateComment::default()
    };
    client.update_comment(&made[29], &changes).await.unwrap();
    client.delete_comment(&made[28]).await.unwrap();
    let page = client.task_comments(&task, None).await.unwrap().value;
    assert_eq!(page.comments[0].comment_text.as_deref(), Some("changed"));
    assert!(page.comments[0].resolved && page.comments[1].id == made[27]);
}

#[tokio::test]
async fn refusals_have_their_class() {
    let running = start().await;
    let client = &running.client;
    let unknown = CreateTask {
        status: Some("no such status".into()),
        ..named("T")
    };
    let refused = client.create_task(INTAKE, &unknown).await.unwrap_err();
    assert_eq!(refused.class, Class::StatusUnknown);
    let task = client
        .create_task(INTAKE, &named("T"))
        .await
        .unwrap()
        .value
        .id;
    let update = UpdateTask {
        status: Some("no such status".into()),
        ..UpdateTask::default()
    };
    let refused = client.update_task(&task, &update).await.unwrap_err();
    assert_eq!(refused.class, Class::StatusUnknown);
    let fields = client.list_fields(INTAKE).await.unwrap().value;
    let budget = fields
        .iter()
        .find(|field| field.kind() == FieldKind::DropDown)
        .unwrap();
    let write = FieldWrite::Choice("no such option".into());
    let refused = client
        .set_field(&task, &budget.id, &write)
        .await
        .unwrap_err();
    assert_eq!(refused.class, Class::FieldRefused);
    assert_eq!(
        client.task("zzzzz").await.unwrap_err().class,
        Class::Forbidden
    );
    let stranger = self::client(&running.base, "pk_9_UNKNOWN");
    let refused = stranger.authorized_user().await.unwrap_err();
    assert_eq!(refused.class, Class::TokenDead);
    let moved = client
        .move_task(TEAM, &task, "7", &MoveTask::default())
        .await
        .unwrap_err();
    assert_eq!(moved.class, Class::Forbidden, "{moved:?}");
}

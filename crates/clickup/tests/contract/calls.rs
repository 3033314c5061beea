//! Each call of the client at least once, with everything that it can carry.

use keylight_clickup::{
    CommentCursor, CreateTask, FieldFilter, FieldInput, FieldWrite, ListQuery, Location, Moment,
    MoveTask, NewComment, NewWebhook, OrderBy, PeopleChange, Priority, Scope, StatusMapping,
    TaskParts, TeamQuery, UpdateChecklistItem, UpdateComment, UpdateTask, Upload,
};
use serde_json::json;

use crate::Judge;

const FIELD: &str = "03efda77-c7a0-42d3-8afd-fd546353c2f5";

pub async fn make_all(judge: &Judge) {
    people_and_places(judge).await;
    tasks(judge).await;
    pages(judge).await;
    fields(judge).await;
    comments(judge).await;
    around_tasks(judge).await;
    files(judge).await;
    webhooks(judge).await;
}

async fn people_and_places(judge: &Judge) {
    let client = &judge.client;
    let user = judge.done("GetAuthorizedUser", client.authorized_user().await);
    assert!(user.timezone.is_some() && user.email.is_some());
    let teams = judge.done("GetAuthorizedTeams", client.teams().await);
    assert_eq!(teams[0].members.len(), 1);
    judge.items(
        "GetListMembers",
        "/members",
        client.list_members("124").await,
        Vec::len,
    );
    judge.items(
        "GetCustomItems",
        "/0/custom_items",
        client.custom_items("123").await,
        Vec::len,
    );
    judge.items("GetSpaces", "/spaces", client.spaces("123").await, Vec::len);
    judge.items(
        "GetFolders",
        "/folders",
        client.folders("789").await,
        Vec::len,
    );
    judge.items(
        "GetLists",
        "/lists",
        client.folder_lists("456").await,
        Vec::len,
    );
    judge.items(
        "GetFolderlessLists",
        "/lists",
        client.folderless_lists("789").await,
        Vec::len,
    );
    judge.items("GetList", "/statuses", client.list("124").await, |list| {
        list.statuses.len()
    });
    judge.items(
        "GetAccessibleCustomFields",
        "/fields",
        client.list_fields("123").await,
        Vec::len,
    );
    judge.items(
        "GetSpaceTags",
        "/tags",
        client.space_tags("512").await,
        Vec::len,
    );
}

fn every_kind_of_value() -> Vec<FieldWrite> {
    let ids = || vec!["a".to_owned(), "b".to_owned()];
    vec![
        FieldWrite::Text("text".into()),
        FieldWrite::Number(-28.5),
        FieldWrite::Choice("uuid1234".into()),
        FieldWrite::Labels(ids()),
        FieldWrite::Date {
            at: 1_667_367_645_000,
            with_time: true,
        },
        FieldWrite::Checkbox(true),
        FieldWrite::Users {
            add: vec![123, 456],
            rem: vec![987],
        },
        FieldWrite::Tasks {
            add: ids(),
            rem: Vec::new(),
        },
        FieldWrite::Rating(4),
        FieldWrite::Progress(20.0),
        FieldWrite::Location(Location {
            lat: -28.016_667,
            lng: 153.4,
            formatted_address: "Gold Coast QLD, Australia".into(),
        }),
        FieldWrite::Files {
            add: ids(),
            rem: Vec::new(),
        },
        FieldWrite::Press,
    ]
}

async fn tasks(judge: &Judge) {
    let client = &judge.client;
    let moment = Moment {
        at: 1_508_369_194_377,
        with_time: true,
    };
    let new = CreateTask {
        name: "Zoë".into(),
        markdown_content: Some("**Budget**".into()),
        status: Some("to do".into()),
        priority: Some(Priority::Normal),
        custom_fields: every_kind_of_value()
            .into_iter()
            .map(|value| FieldInput {
                id: FIELD.into(),
                value,
            })
            .collect(),
        assignees: vec![183],
        tags: vec!["vip".into()],
        start: Some(moment),
        due: Some(moment),
        time_estimate: Some(8_640_000),
        parent: Some("9hv".into()),
        custom_item_id: Some(1),
        notify_all: Some(false),
    };
    let made = judge.done("CreateTask", client.create_task("123", &new).await);
    assert!(made.name.is_some() && made.date_created.is_some() && made.status.is_some());

    let parts = TaskParts {
        markdown: true,
        subtasks: true,
    };
    let task = judge.done("GetTask", client.task_with("9hx", parts).await);
    assert!(task.attachments.is_some() && task.assignees.is_some() && task.checklists.is_some());

    let whole = UpdateTask {
        name: Some("Zoë".into()),
        markdown_content: Some(String::new()),
        status: Some("done".into()),
        priority: Some(Some(Priority::Low)),
        assignees: Some(PeopleChange {
            add: vec![182],
            rem: vec![183],
        }),
        start: Some(Some(moment)),
        due: Some(Some(moment)),
        time_estimate: Some(Some(5)),
        parent: Some("9hv".into()),
        custom_item_id: Some(0),
        archived: Some(true),
    };
    judge.done("UpdateTask", client.update_task("9hx", &whole).await);
    let emptying = UpdateTask {
        priority: Some(None),
        start: Some(None),
        due: Some(None),
        time_estimate: Some(None),
        ..UpdateTask::default()
    };
    judge.done("UpdateTask", client.update_task("9hx", &emptying).await);
    judge.done("DeleteTask", client.delete_task("9hx").await);

    let how = MoveTask {
        move_custom_fields: Some(true),
        custom_fields_to_move: vec![FIELD.into()],
        status_mappings: vec![StatusMapping {
            source_status_id: "sc1_a".into(),
            destination_status_id: "sc2_b".into(),
        }],
    };
    judge.done(
        "moveTask",
        client.move_task("108", "9hx", "901", &how).await,
    );
}

async fn pages(judge: &Judge) {
    let client = &judge.client;
    let query = ListQuery {
        page: 2,
        order_by: OrderBy::Updated,
        reverse: true,
        include_closed: true,
        subtasks: true,
        archived: true,
        markdown: true,
        date_updated_gt: Some(1_782_285_193_253),
        date_updated_lt: Some(1_782_285_193_254),
        date_created_gt: Some(5),
        date_created_lt: Some(6),
        statuses: vec!["to do".into()],
        assignees: vec![183],
        tags: vec!["vip".into()],
        custom_fields: vec![FieldFilter {
            field_id: FIELD.into(),
            operator: "=".into(),
            value: Some(json!("a&b")),
        }],
    };
    judge.items(
        "GetTasks",
        "/tasks",
        client.list_tasks("123", &query).await,
        |page| page.tasks.len(),
    );
    let query = TeamQuery {
        tasks: ListQuery {
            archived: false,
            ..query
        },
        space_ids: vec!["789".into()],
        folder_ids: vec!["456".into(), "457".into()],
        list_ids: vec!["123".into()],
        parent: Some("9hx".into()),
    };
    judge.items(
        "GetFilteredTeamTasks",
        "/tasks",
        client.team_tasks("108", &query).await,
        |page| page.tasks.len(),
    );
}

async fn fields(judge: &Judge) {
    let client = &judge.client;
    for value in every_kind_of_value() {
        judge.done(
            "SetCustomFieldValue",
            client.set_field("9hx", FIELD, &value).await,
        );
    }
    judge.done(
        "RemoveCustomFieldValue",
        client.clear_field("9hx", FIELD).await,
    );
    judge.done(
        "AddTagToTask",
        client.add_tag("9hx", "very important").await,
    );
    judge.done(
        "RemoveTagFromTask",
        client.remove_tag("9hx", "very important").await,
    );
}

async fn comments(judge: &Judge) {
    let client = &judge.client;
    let after = CommentCursor {
        start: 1_568_036_964_079,
        start_id: "458".into(),
    };
    judge.items(
        "GetTaskComments",
        "/comments",
        client.task_comments("9hx", Some(&after)).await,
        |page| page.comments.len(),
    );
    let new = NewComment {
        comment_text: "Zoë".into(),
        notify_all: false,
        assignee: Some(183),
    };
    let made = judge.done(
        "CreateTaskComment",
        client.create_comment("9hx", &new).await,
    );
    assert_eq!(made.id, "458");
    let whole = UpdateComment {
        comment_text: Some("Zoë".into()),
        resolved: Some(true),
        assignee: Some(183),
    };
    judge.done("UpdateComment", client.update_comment("458", &whole).await);
    for part in [
        UpdateComment {
            comment_text: Some("Zoë".into()),
            ..UpdateComment::default()
        },
        UpdateComment {
            resolved: Some(true),
            ..UpdateComment::default()
        },
    ] {
        judge.done("UpdateComment", client.update_comment("458", &part).await);
    }
    judge.done("DeleteComment", client.delete_comment("458").await);
    judge.items(
        "GetThreadedComments",
        "/comments",
        client.replies("458").await,
        |page| page.comments.len(),
    );
    judge.done(
        "CreateThreadedComment",
        client.create_reply("458", &new).await,
    );
}

async fn around_tasks(judge: &Judge) {
    let client = &judge.client;
    judge.done("AddDependency", client.add_dependency("9hv", "9hw").await);
    judge.done(
        "DeleteDependency",
        client.remove_dependency("9hv", "9hw").await,
    );
    judge.done("AddTaskLink", client.add_link("9hv", "9hz").await);
    judge.done("DeleteTaskLink", client.remove_link("9hv", "9hz").await);

    let (list, item) = (
        "b955c4dc-b8a8-48d8-a0c6-b4200788a683",
        "21e08dc8-e491-47f5-9fd8-d1dc4cedcc6f",
    );
    judge.done("CreateChecklist", client.create_checklist("9hx", "C").await);
    judge.done("EditChecklist", client.rename_checklist(list, "D").await);
    let made = judge.done(
        "CreateChecklistItem",
        client.add_checklist_item(list, "I").await,
    );
    assert_eq!(made.items.map(|items| items.len()), Some(1));
    let changes = UpdateChecklistItem {
        name: Some("J".into()),
        resolved: Some(true),
    };
    judge.done(
        "EditChecklistItem",
        client.update_checklist_item(list, item, &changes).await,
    );
    judge.done(
        "DeleteChecklistItem",
        client.delete_checklist_item(list, item).await,
    );
    judge.done("DeleteChecklist", client.delete_checklist(list).await);

    judge.items(
        "GetTaskTemplates",
        "/templates",
        client.task_templates("123", 0).await,
        Vec::len,
    );
    judge.done(
        "CreateTaskFromTemplate",
        client.create_task_from_template("512", "t-1", "N").await,
    );
    judge.items(
        "GetBulkTasks'TimeinStatus",
        "",
        client.time_in_status(&["27075wz", "20bbn28"]).await,
        |times| {
            times
                .values()
                .filter(|times| {
                    times.current_status.as_ref().is_some_and(|current| {
                        current.minutes().is_some() && current.since().is_some()
                    }) && times.status_history.len() == 2
                })
                .count()
        },
    );
}

async fn files(judge: &Judge) {
    let client = &judge.client;
    let file = || Upload::of_bytes("plan.pdf", "content");
    let made = judge.done("CreateTaskAttachment", client.upload("9hv", file()).await);
    assert!(made.url.is_some() && made.date.is_some());
    judge.done(
        "postEntityAttachment",
        client.upload_to_field("108", FIELD, file()).await,
    );
    judge.items(
        "getParentEntityAttachments",
        "/data",
        client.attachments("108", "9hx", Some("next")).await,
        |page| page.attachments.len(),
    );
}

async fn webhooks(judge: &Judge) {
    let client = &judge.client;
    judge.items(
        "GetWebhooks",
        "/webhooks",
        client.webhooks("108").await,
        Vec::len,
    );
    for scope in [
        Scope::Workspace,
        Scope::Space("789".into()),
        Scope::List("901".into()),
    ] {
        let new = NewWebhook {
            endpoint: "https://k.example/h".into(),
            events: vec!["taskUpdated".into()],
            scope,
        };
        let made = judge.done("CreateWebhook", client.create_webhook("108", &new).await);
        assert!(made.secret.is_some());
    }
    let hook = "4b67ac88-e506-4a29-9d42-26e504e3435e";
    let events = ["taskUpdated".to_owned()];
    judge.done(
        "UpdateWebhook",
        client
            .activate_webhook(hook, "https://k.example/h", &events)
            .await,
    );
    judge.done("DeleteWebhook", client.delete_webhook(hook).await);
}

//! Files at tasks and in custom fields.

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::support::{Answer, LIST, PROJECTS, Running, SERVICE, TEAM, read, start};

/// Uploads a file as API v2 wants it.
pub async fn upload(sim: &Running, task: &str, name: &str, content: &[u8]) -> Answer {
    post(
        sim,
        &format!("{task}/attachment"),
        "attachment[0]",
        name,
        content,
    )
    .await
}

/// Uploads a file as API v3 wants it.
pub async fn upload_v3(sim: &Running, entity: &str, name: &str, content: &[u8]) -> Answer {
    post(
        sim,
        &format!("{entity}/attachments"),
        "attachment",
        name,
        content,
    )
    .await
}

async fn post(sim: &Running, path: &str, part: &str, name: &str, content: &[u8]) -> Answer {
    let file = Part::bytes(content.to_vec()).file_name(name.to_owned());
    let form = Form::new().part(part.to_owned(), file);
    let request = sim.http.post(format!("{}{path}", sim.base));
    let request = request.header("authorization", SERVICE).multipart(form);
    read(request.send().await.unwrap()).await
}

fn path_of(task: &Value) -> String {
    format!("/api/v2/task/{}", task["id"].as_str().unwrap())
}

#[tokio::test]
async fn an_upload_shows_on_the_single_task_only() {
    let sim = start().await;
    let task = sim.task(json!({"name": "A"})).await;
    let path = path_of(&task);
    let made = upload(&sim, &path, "floor plan.PDF", b"%PDF-1.7")
        .await
        .ok();
    let id = made["id"].as_str().unwrap();
    assert!(id.ends_with(".pdf") && id.len() == 40, "{id}");
    assert_eq!(made["title"], "floor plan.PDF");
    assert_eq!(made["extension"], "pdf");
    assert_eq!(made["version"], "0");
    assert!(made["date"].is_i64(), "a number here, text when read");
    let shown = sim.get(&path).await.ok();
    let file = &shown["attachments"][0];
    assert_eq!(file["id"], made["id"]);
    assert_eq!(file["size"], 8);
    assert_eq!(file["user"]["id"], 1);
    assert_eq!(
        file["date"], shown["date_updated"],
        "it counts as an update"
    );
    let page = sim.get(&format!("/api/v2/list/{LIST}/task")).await.ok();
    assert!(page["tasks"][0].get("attachments").is_none());
    assert_eq!(sim.get(&format!("{path}/attachment")).await.status, 405);

    // The content is elsewhere, and no token is to be shown there.
    let url = made["url"].as_str().unwrap();
    assert!(!url.contains("/api/") && url.ends_with("floor%20plan.PDF"));
    let content = sim.http.get(url).send().await.unwrap();
    assert_eq!(content.status(), 200);
    assert_eq!(content.bytes().await.unwrap().as_ref(), b"%PDF-1.7");
    assert_eq!(sim.get("/_sim/health").await.ok()["token_leaks"], 0);
    let leaked = sim.http.get(url).header("authorization", SERVICE);
    assert_eq!(leaked.send().await.unwrap().status(), 400);
    assert_eq!(sim.get("/_sim/health").await.ok()["token_leaks"], 1);
}

#[tokio::test]
async fn bad_uploads_are_refused() {
    let sim = start().await;
    let task = sim.task(json!({"name": "A"})).await;
    let path = format!("{}/attachment", path_of(&task));
    let json = sim.post(&path, json!({"attachment": "x"})).await;
    assert_eq!(json.error(), (400, "ATTCH_045"));
    let form = Form::new().text("attachment", "https://cloud.example/file.pdf");
    let request = sim.http.post(format!("{}{path}", sim.base));
    let request = request.header("authorization", SERVICE).multipart(form);
    let by_address = read(request.send().await.unwrap()).await;
    assert_eq!(by_address.error(), (400, "ATTCH_039"));
    let gone = post(
        &sim,
        "/api/v2/task/86dzzzzzz/attachment",
        "attachment",
        "a",
        b"a",
    )
    .await;
    assert_eq!(gone.error(), (401, "OAUTH_027"));
    // A name with a path in it is only a name.
    let made = upload(&sim, &path_of(&task), "../../etc/passwd", b"x")
        .await
        .ok();
    assert_eq!(made["title"], "passwd");
    assert_eq!(made["extension"], "");
}

#[tokio::test]
async fn large_files_are_counted_piece_by_piece() {
    let sim = start().await;
    let task = sim.task(json!({"name": "A"})).await;
    let large = vec![7_u8; 9 * 1024 * 1024];
    upload(&sim, &path_of(&task), "large.bin", &large)
        .await
        .ok();
    let file = sim.get(&path_of(&task)).await.ok()["attachments"][0].clone();
    assert_eq!(file["size"], 9 * 1024 * 1024);
    let content = sim.http.get(file["url"].as_str().unwrap()).send().await;
    assert_eq!(content.unwrap().status(), 404, "too large to keep");
}

#[tokio::test]
async fn the_third_api_lists_by_cursor() {
    let sim = start().await;
    let task = sim.task(json!({"name": "A"})).await;
    let id = task["id"].as_str().unwrap();
    let path = format!("/api/v3/workspaces/{TEAM}/attachments/{id}/attachments");
    for n in 0..5 {
        let made = post(&sim, &path, "attachment", &format!("{n}.txt"), b"x")
            .await
            .ok();
        assert_eq!(made["parent_id"], id);
        assert_eq!(made["mime_type"], "application/octet-stream");
        assert!(made["date_created"].is_i64());
    }
    let mut titles = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = sim
            .get(&format!("{path}?limit=2&cursor={cursor}"))
            .await
            .ok();
        let data = page["data"].as_array().unwrap();
        assert!(data.len() <= 2 && !data.is_empty());
        titles.extend(data.iter().map(|file| file["title"].clone()));
        cursor = page["next_cursor"].as_str().unwrap().to_owned();
        if cursor.is_empty() {
            break;
        }
    }
    assert_eq!(titles, ["0.txt", "1.txt", "2.txt", "3.txt", "4.txt"]);
    for bad in ["limit=0", "limit=101", "cursor=nonsense"] {
        let answer = sim.get(&format!("{path}?{bad}")).await;
        assert_eq!(answer.status, 400, "{bad}");
        assert!(answer.body["message"].is_string() && answer.body.get("err").is_none());
    }
    let foreign = format!("/api/v3/workspaces/1/attachments/{id}/attachments");
    assert_eq!(sim.get(&foreign).await.status, 401);
}

#[tokio::test]
async fn a_files_field_takes_uploads_of_its_own() {
    let sim = start().await;
    let plans = sim.field(PROJECTS, "Plans").await;
    let field = plans["id"].as_str().unwrap();
    let list = format!("/api/v2/list/{PROJECTS}/task");
    let task = sim
        .post(
            &list,
            json!({"name": "A", "custom_fields": [{"id": field, "value": {"add": ["x"]}}]}),
        )
        .await
        .ok();
    let path = format!("/api/v3/workspaces/{TEAM}/custom_fields/{field}/attachments");
    let made = post(&sim, &path, "attachment", "plan.txt", b"rooms")
        .await
        .ok();
    assert_eq!(made["parent_entity_type"], "custom_fields");
    let set = format!("{}/field/{field}", path_of(&task));
    let unknown = sim.post(&set, json!({"value": {"add": ["no.txt"]}})).await;
    assert_eq!(unknown.error(), (400, "FIELD_375"));
    sim.post(&set, json!({"value": {"add": [made["id"]], "rem": []}}))
        .await
        .ok();
    let value = async || {
        let task = sim.get(&path_of(&task)).await.ok();
        let fields = task["custom_fields"].as_array().unwrap();
        let plans = fields.iter().find(|f| f["name"] == "Plans").unwrap();
        plans.get("value").cloned()
    };
    let shown = value().await.unwrap();
    assert_eq!(shown[0]["id"], made["id"]);
    assert_eq!(shown[0]["title"], "plan.txt");
    sim.post(&set, json!({"value": {"add": [], "rem": [made["id"]]}}))
        .await
        .ok();
    assert_eq!(value().await, None);
    let text = sim.field(PROJECTS, "Site notes").await;
    let other = format!(
        "/api/v3/workspaces/{TEAM}/custom_fields/{}/attachments",
        text["id"].as_str().unwrap()
    );
    assert_eq!(
        post(&sim, &other, "attachment", "a", b"a").await.status,
        404
    );
}

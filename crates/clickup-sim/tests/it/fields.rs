//! Custom field calls.

use serde_json::{Value, json};

use crate::support::{LIST, PROJECTS, Running, start};

async fn set(sim: &Running, task: &Value, field: &Value, value: Value) -> crate::support::Answer {
    let path = format!(
        "/api/v2/task/{}/field/{}",
        task["id"].as_str().unwrap(),
        field["id"].as_str().unwrap()
    );
    sim.post(&path, value).await
}

async fn shown(sim: &Running, task: &Value, field: &Value) -> Option<Value> {
    let task = sim
        .get(&format!("/api/v2/task/{}", task["id"].as_str().unwrap()))
        .await
        .ok();
    let fields = task["custom_fields"].as_array().unwrap().clone();
    let found = fields.into_iter().find(|f| f["id"] == field["id"]).unwrap();
    found.get("value").cloned()
}

#[tokio::test]
async fn every_type_reads_in_its_own_way() {
    let sim = start().await;
    let task = sim
        .post(
            &format!("/api/v2/list/{PROJECTS}/task"),
            json!({"name": "House"}),
        )
        .await
        .ok();
    let options = sim.field(PROJECTS, "Options").await;
    let solar = options["type_config"]["options"][0]["id"].clone();
    assert_eq!(options["type_config"]["options"][0]["label"], "Solar");
    for (name, written, read) in [
        ("Site reference", json!("A-1"), json!("A-1")),
        ("Site notes", json!("long"), json!("long")),
        ("Modules", json!(8), json!("8")),
        ("Contract sum", json!(250_000.5), json!(250_000.5)),
        (
            "Brochure",
            json!("https://keylight.example/b"),
            json!("https://keylight.example/b"),
        ),
        ("Permit granted", json!(true), json!("true")),
        ("Client mood", json!(4), json!(4)),
        (
            "Progress",
            json!({"current": 20}),
            json!({"current": "20", "percent_completed": 20}),
        ),
        ("Options", json!([solar]), json!([solar])),
    ] {
        let field = sim.field(PROJECTS, name).await;
        assert_eq!(shown(&sim, &task, &field).await, None, "{name}");
        assert_eq!(
            set(&sim, &task, &field, json!({"value": written}))
                .await
                .ok(),
            json!({})
        );
        assert_eq!(shown(&sim, &task, &field).await, Some(read), "{name}");
        let path = format!(
            "/api/v2/task/{}/field/{}",
            task["id"].as_str().unwrap(),
            field["id"].as_str().unwrap()
        );
        assert_eq!(sim.delete(&path).await.ok(), json!({}));
        assert_eq!(shown(&sim, &task, &field).await, None, "{name}");
    }
    let date = sim.field(PROJECTS, "Delivery date").await;
    let with_time = json!({"value": 1_798_675_200_123_i64, "value_options": {"time": true}});
    set(&sim, &task, &date, with_time).await.ok();
    assert_eq!(
        shown(&sim, &task, &date).await,
        Some(json!("1798675200123"))
    );
    let manager = sim.field(PROJECTS, "Site manager").await;
    set(&sim, &task, &manager, json!({"value": [2]})).await.ok();
    assert_eq!(
        shown(&sim, &task, &manager).await,
        None,
        "a plain array stores nothing"
    );
    set(
        &sim,
        &task,
        &manager,
        json!({"value": {"add": [2], "rem": []}}),
    )
    .await
    .ok();
    assert_eq!(
        shown(&sim, &task, &manager).await.unwrap()[0]["username"],
        "Sam Staff"
    );
}

#[tokio::test]
async fn wrong_values_and_foreign_fields_are_refused() {
    let sim = start().await;
    let task = sim.task(json!({"name": "A"})).await;
    let budget = sim.field(LIST, "Budget").await;
    let modules = sim.field(PROJECTS, "Modules").await;
    let answer = set(&sim, &task, &budget, json!({"value": "$500k+"})).await;
    assert_eq!(answer.error(), (400, "FIELD_011"));
    assert_eq!(
        set(&sim, &task, &modules, json!({"value": 1}))
            .await
            .error(),
        (400, "FIELD_422")
    );
    let create = json!({"name": "B", "custom_fields": [{"id": budget["id"], "value": "nope"}]});
    let answer = sim.post(&format!("/api/v2/list/{LIST}/task"), create).await;
    assert_eq!(answer.error(), (400, "FIELD_011"));
}

#[tokio::test]
async fn the_intake_list_offers_what_the_form_asks() {
    let sim = start().await;
    let budget = sim.field(LIST, "Budget").await;
    let names: Vec<_> = budget["type_config"]["options"]
        .as_array()
        .unwrap()
        .iter()
        .map(|o| o["name"].clone())
        .collect();
    assert_eq!(
        names,
        [
            "$200k–250k",
            "$250k–350k",
            "$350k–400k",
            "$400k–500k",
            "$500k+"
        ]
    );
    let all = sim.get(&format!("/api/v2/list/{LIST}/field")).await.ok();
    let names: Vec<_> = all["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["name"].clone())
        .collect();
    assert_eq!(
        names,
        ["Budget", "Timeline", "Land", "Category", "E-mail", "Phone"]
    );
    // Ids do not depend on the seed or the run.
    let other = start().await;
    assert_eq!(other.field(LIST, "Budget").await, budget);
}

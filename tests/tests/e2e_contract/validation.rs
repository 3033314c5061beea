//! What the public POST refuses, with the texts and the order that clients show to people (sections 3.2 and 3.4).

use crate::{
    Case,
    answers::same,
    api::{Api, SUBMISSIONS},
    cases,
};
use serde_json::{Value, json};

pub const CASES: &[Case] = cases! {
    "validate.everything_missing" => everything_missing,
    "validate.everything_bogus" => everything_bogus,
    "validate.FIELD.absent_null_empty" => absent_null_empty,
    "validate.FIELD.blank" => blank,
    "validate.order_of_mixed_mistakes" => order_of_mixed_mistakes,
    "validate.email_bad" => email_bad,
    "validate.phone_bad" => phone_bad,
    "validate.lot_address" => lot_address,
    "validate.preferred_area" => preferred_area,
    "validate.no_body" => no_body,
    "validate.array_body" => array_body,
    "validate.nothing_is_stored" => nothing_is_stored,
    "badjson.syntax" => syntax,
    "badjson.scalar" => scalar,
    "badjson.other_content_type" => other_content_type,
    "badjson.too_large" => too_large,
};

const REQUIRED: [&str; 9] = [
    "full_name",
    "email_address",
    "phone_number",
    "buyer_category",
    "financing_plan",
    "land_status",
    "build_budget",
    "construction_timeline",
    "project_description",
];
const TEXTS: [&str; 4] = [
    "full_name",
    "email_address",
    "phone_number",
    "project_description",
];

const NINE: [&str; 9] = [
    "full_name is required",
    "email_address is required",
    "phone_number is required",
    "buyer_category is required",
    "financing_plan is required",
    "land_status is required",
    "build_budget is required",
    "construction_timeline is required",
    "project_description is required",
];

const INVALID_JSON: &str = "Request body contains invalid JSON";

async fn everything_missing(api: &Api) -> anyhow::Result<()> {
    api.post(&json!({})).await?.mistakes(&NINE)
}

async fn everything_bogus(api: &Api) -> anyhow::Result<()> {
    let mut body = json!({});
    for field in REQUIRED {
        body[field] = json!("bogus");
    }
    api.post(&body).await?.mistakes(&[
        "email_address must be a valid email",
        "phone_number must be a valid phone number",
        "buyer_category must be one of: homebuyer, developer",
        "financing_plan must be one of: self_funding, finance_build",
        "land_status must be one of: own_land, need_land",
        "build_budget must be one of: 200k_250k, 250k_350k, 350k_400k, 400k_500k, 500k_plus",
        "construction_timeline must be one of: less_than_3_months, 3_to_6_months, 6_to_12_months, more_than_12_months",
    ])
}

async fn absent_null_empty(api: &Api) -> anyhow::Result<()> {
    for field in REQUIRED {
        let wanted = format!("{field} is required");
        for value in [None, Some(Value::Null), Some(json!(""))] {
            let mut body = api.application(json!({}));
            match value {
                Some(value) => body[field] = value,
                None => drop(body.as_object_mut().map(|fields| fields.remove(field))),
            }
            api.post(&body).await?.mistakes(&[&wanted])?;
        }
    }
    Ok(())
}

async fn blank(api: &Api) -> anyhow::Result<()> {
    for field in TEXTS {
        let body = api.application(json!({ field: " \t\u{a0}" }));
        api.post(&body)
            .await?
            .mistakes(&[&format!("{field} is required")])?;
    }
    Ok(())
}

async fn order_of_mixed_mistakes(api: &Api) -> anyhow::Result<()> {
    let body = api.application(json!({
        "project_description": "", "email_address": "nobody", "phone_number": "12", "build_budget": "much", "lot_address": "", "full_name": null,
    }));
    api.post(&body).await?.mistakes(&[
        "full_name is required",
        "project_description is required",
        "email_address must be a valid email",
        "phone_number must be a valid phone number",
        "build_budget must be one of: 200k_250k, 250k_350k, 350k_400k, 400k_500k, 500k_plus",
        "lot_address is required when land_status is own_land",
    ])
}

async fn email_bad(api: &Api) -> anyhow::Result<()> {
    for bad in [
        "nobody", "a@b", "@b.c", "a@.", "a b@c.d", "a@b c.d", "a@@b.c", "a@b.", "a.b.c",
    ] {
        let body = api.application(json!({ "email_address": bad }));
        api.post(&body)
            .await?
            .mistakes(&["email_address must be a valid email"])?;
    }
    Ok(())
}

async fn phone_bad(api: &Api) -> anyhow::Result<()> {
    for bad in [
        "123456789",
        "555-CALL-NOW",
        "555 123 456x7",
        "５５５１２３４５６７",
        "+1/555/1234567",
    ] {
        let body = api.application(json!({ "phone_number": bad }));
        api.post(&body)
            .await?
            .mistakes(&["phone_number must be a valid phone number"])?;
    }
    Ok(())
}

async fn lot_address(api: &Api) -> anyhow::Result<()> {
    for missing in [Value::Null, json!(""), json!("  ")] {
        let body = api.application(json!({ "land_status": "own_land", "lot_address": missing }));
        api.post(&body)
            .await?
            .mistakes(&["lot_address is required when land_status is own_land"])?;
    }
    Ok(())
}

async fn preferred_area(api: &Api) -> anyhow::Result<()> {
    let wanted = ["preferred_area_description is required when needs_help_finding_land is true"];
    for missing in [Value::Null, json!(""), json!("  ")] {
        let body = api.application(json!({ "land_status": "need_land", "needs_help_finding_land": true, "preferred_area_description": missing }));
        api.post(&body).await?.mistakes(&wanted)?;
    }
    let area = json!({ "land_status": "need_land", "needs_help_finding_land": true, "preferred_area_description": "Detroit" });
    api.accepted(area).await?;
    Ok(())
}

async fn no_body(api: &Api) -> anyhow::Result<()> {
    api.send(
        "POST",
        SUBMISSIONS,
        &[("content-type", "application/json")],
        "",
    )
    .await?
    .mistakes(&NINE)
}

async fn array_body(api: &Api) -> anyhow::Result<()> {
    for body in [
        "[]".to_owned(),
        json!([api.application(json!({}))]).to_string(),
    ] {
        api.post_as("application/json", body)
            .await?
            .status(400)?
            .framed()?;
    }
    Ok(())
}

async fn nothing_is_stored(api: &Api) -> anyhow::Result<()> {
    let marker = format!("Nobody{}", api.unique());
    let body = api.application(json!({ "full_name": marker, "build_budget": "much" }));
    api.post(&body).await?.status(400)?;
    let found = api.get(&format!("{SUBMISSIONS}/search?q={marker}")).await?;
    same("rows", found.rows()?.len(), 0)
}

async fn syntax(api: &Api) -> anyhow::Result<()> {
    for bad in ["{bad", "{\"a\":", "{}{}", "{\"a\":1,}", "{'a':1}"] {
        api.post_as("application/json", bad)
            .await?
            .error(400, "Invalid JSON", INVALID_JSON)?;
    }
    Ok(())
}

async fn scalar(api: &Api) -> anyhow::Result<()> {
    for scalar in ["null", "\"x\"", "1", "true"] {
        api.post_as("application/json", scalar)
            .await?
            .status(400)?
            .framed()?;
    }
    Ok(())
}

async fn other_content_type(api: &Api) -> anyhow::Result<()> {
    for content_type in ["text/plain", "multipart/form-data; boundary=x"] {
        let body = api.application(json!({})).to_string();
        api.post_as(content_type, body)
            .await?
            .status_in(&[400, 415])?
            .framed()?;
    }
    Ok(())
}

async fn too_large(api: &Api) -> anyhow::Result<()> {
    let body = api
        .application(json!({ "project_description": "x".repeat(11 * 1024 * 1024) }))
        .to_string();
    let answer = api.post_as("application/json", body).await?.status(413)?;
    answer.framed()
}

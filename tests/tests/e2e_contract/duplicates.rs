//! One submission per e-mail address (section 3.3).

use crate::{
    Case,
    api::{Api, SUBMISSIONS},
    cases,
};
use anyhow::ensure;
use serde_json::json;

pub const CASES: &[Case] = cases! {
    "duplicate.same" => duplicate_same,
    "duplicate.case_and_blanks" => duplicate_case_and_blanks,
    "duplicate.plus_address_is_another" => plus_address_is_another,
    "duplicate.validated_first" => validated_first,
    "duplicate.free_after_delete" => free_after_delete,
};

const DUPLICATE: &str = "A submission with this email already exists";

async fn duplicate_same(api: &Api) -> anyhow::Result<()> {
    let body = api.application(json!({}));
    api.post(&body).await?.status(201)?;
    api.post(&body).await?.sentence(DUPLICATE)
}

async fn duplicate_case_and_blanks(api: &Api) -> anyhow::Result<()> {
    let email = api.email();
    api.accepted(json!({ "email_address": email })).await?;
    for variant in [
        email.to_uppercase(),
        format!("  {email}\t"),
        format!("\u{a0}{email}\u{feff}"),
    ] {
        api.post(&api.application(json!({ "email_address": variant })))
            .await?
            .sentence(DUPLICATE)?;
    }
    Ok(())
}

async fn plus_address_is_another(api: &Api) -> anyhow::Result<()> {
    let email = api.email();
    api.accepted(json!({ "email_address": email })).await?;
    api.accepted(json!({ "email_address": email.replace('@', "+house@") }))
        .await?;
    Ok(())
}

async fn validated_first(api: &Api) -> anyhow::Result<()> {
    let body = api.application(json!({}));
    api.post(&body).await?.status(201)?;
    let mut invalid = body;
    invalid["full_name"] = json!("");
    api.post(&invalid)
        .await?
        .mistakes(&["full_name is required"])
}

async fn free_after_delete(api: &Api) -> anyhow::Result<()> {
    let body = api.application(json!({}));
    let id = api.post(&body).await?.status(201)?.data()?["id"].clone();
    api.admin("DELETE", &format!("{SUBMISSIONS}/{id}"), None)
        .await?
        .status(200)?;
    let again = api.post(&body).await?.status(201)?.data()?["id"].clone();
    ensure!(again != id, "the id {id} was given out again");
    Ok(())
}

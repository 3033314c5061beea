//! What the public POST accepts, and what it makes of it (sections 2 and 3.1).

use crate::{
    Case,
    answers::{is_submission, same},
    api::{Api, ORIGIN, SUBMISSIONS},
    cases,
};
use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

pub const CASES: &[Case] = cases! {
    "create.shape" => shape,
    "create.trim" => trim,
    "create.email_normalised" => email_normalised,
    "create.defaults" => defaults,
    "create.null_optionals" => null_optionals,
    "create.empty_referral_source" => empty_referral_source,
    "create.unknown_null_field_ignored" => unknown_null_field_ignored,
    "create.every_optional_field" => every_optional_field,
    "create.every_enum_value" => every_enum_value,
    "create.boolean_spellings" => boolean_spellings,
    "create.phone_as_number" => phone_as_number,
    "create.urlencoded_form" => urlencoded_form,
    "create.json_with_charset" => json_with_charset,
    "create.unicode" => unicode,
    "create.own_land_help_without_area" => own_land_help_without_area,
    "create.need_land_keeps_the_lot_address" => need_land_keeps_the_lot_address,
    "create.self_funding_with_lender_interest" => self_funding_with_lender_interest,
    "create.max_lengths" => max_lengths,
    "create.long_description" => long_description,
    "create.trailing_slash" => trailing_slash,
    "create.odd_but_accepted_emails" => odd_but_accepted_emails,
};

async fn shape(api: &Api) -> anyhow::Result<()> {
    let answer = api.post(&api.application(json!({}))).await?.status(201)?;
    same(
        "message",
        &answer.json["message"],
        &json!("Submission created successfully"),
    )?;
    let made = answer.data()?;
    is_submission(made)?;
    same("status", &made["status"], &json!("new"))?;
    let seen = api.submission(&made["id"]).await?;
    is_submission(&seen)?;
    for key in [
        "full_name",
        "email_address",
        "created_at",
        "project_description",
        "land_status",
    ] {
        same(key, &seen[key], &made[key])?;
    }
    Ok(())
}

async fn trim(api: &Api) -> anyhow::Result<()> {
    let email = api.email();
    // what JavaScript's trim takes away …
    let blanks = "\t\u{b}\u{c}\n\r \u{a0}\u{1680}\u{2000}\u{2009}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}\u{feff}";
    let padded = |text: &str| format!("{blanks}{text}{blanks}");
    let made = api
        .accepted(json!({
            "full_name": padded("Pad Ded"), "email_address": padded(&email), "phone_number": " +1 (555) 123.4567 ", "company_name": padded("Acme"),
            "lot_address": padded("1 Elm St"), "preferred_area_description": padded("Detroit"), "project_description": padded("A house."),
        }))
        .await?;
    for (key, wanted) in [
        ("full_name", "Pad Ded"),
        ("email_address", email.as_str()),
        ("phone_number", "+1 (555) 123.4567"),
        ("company_name", "Acme"),
        ("lot_address", "1 Elm St"),
        ("preferred_area_description", "Detroit"),
        ("project_description", "A house."),
    ] {
        same(key, &made[key], &json!(wanted))?;
    }
    // … and what it leaves
    for kept in ["\u{85}", "\u{200b}", "\u{180e}"] {
        let name = format!("{kept}Zoe{kept}");
        same(
            "full_name",
            &api.accepted(json!({ "full_name": name })).await?["full_name"],
            &json!(name),
        )?;
    }
    // enum values are not trimmed
    let padded = api.application(json!({ "buyer_category": "homebuyer " }));
    api.post(&padded)
        .await?
        .mistakes(&["buyer_category must be one of: homebuyer, developer"])
}

async fn email_normalised(api: &Api) -> anyhow::Result<()> {
    let number = api.unique();
    let made = api
        .accepted(json!({ "email_address": format!("  MiXed.Case{number}@Example.COM ") }))
        .await?;
    same(
        "email_address",
        &made["email_address"],
        &json!(format!("mixed.case{number}@example.com")),
    )
}

async fn defaults(api: &Api) -> anyhow::Result<()> {
    let made = api.accepted(json!({})).await?;
    same(
        "referral_source",
        &made["referral_source"],
        &json!("Ritz-Craft"),
    )?;
    same(
        "lender",
        &made["interested_in_preferred_lender"],
        &json!(false),
    )?;
    same("help", &made["needs_help_finding_land"], &json!(false))?;
    same("admin_notes", &made["admin_notes"], &Value::Null)
}

async fn null_optionals(api: &Api) -> anyhow::Result<()> {
    let made = api
        .accepted(json!({
            "company_name": null, "interested_in_preferred_lender": null, "needs_help_finding_land": null, "preferred_area_description": null,
            "referral_source": null, "land_status": "need_land", "lot_address": null,
        }))
        .await?;
    same("company_name", &made["company_name"], &Value::Null)?;
    same(
        "lender",
        &made["interested_in_preferred_lender"],
        &json!(false),
    )?;
    same(
        "referral_source",
        &made["referral_source"],
        &json!("Ritz-Craft"),
    )
}

async fn empty_referral_source(api: &Api) -> anyhow::Result<()> {
    let made = api.accepted(json!({ "referral_source": "" })).await?;
    same(
        "referral_source",
        &made["referral_source"],
        &json!("Ritz-Craft"),
    )
}

async fn unknown_null_field_ignored(api: &Api) -> anyhow::Result<()> {
    api.accepted(json!({ "utm_source": null, "whatever": null }))
        .await?;
    Ok(())
}

async fn every_optional_field(api: &Api) -> anyhow::Result<()> {
    let fields = json!({
        "company_name": "Acme Homes", "interested_in_preferred_lender": true, "needs_help_finding_land": true,
        "preferred_area_description": "North of Detroit", "referral_source": "A friend", "lot_address": "2 Oak Rd",
    });
    let made = api.accepted(fields.clone()).await?;
    for (key, value) in fields.as_object().context("an object")? {
        same(key, &made[key], value)?;
    }
    Ok(())
}

async fn every_enum_value(api: &Api) -> anyhow::Result<()> {
    for (key, values) in [
        ("buyer_category", &["homebuyer", "developer"][..]),
        ("financing_plan", &["self_funding", "finance_build"]),
        ("land_status", &["own_land", "need_land"]),
        (
            "build_budget",
            &[
                "200k_250k",
                "250k_350k",
                "350k_400k",
                "400k_500k",
                "500k_plus",
            ],
        ),
        (
            "construction_timeline",
            &[
                "less_than_3_months",
                "3_to_6_months",
                "6_to_12_months",
                "more_than_12_months",
            ],
        ),
    ] {
        for value in values {
            same(
                key,
                &api.accepted(json!({ key: value })).await?[key],
                &json!(value),
            )?;
        }
    }
    Ok(())
}

async fn boolean_spellings(api: &Api) -> anyhow::Result<()> {
    let yes = [
        json!(true),
        json!("true"),
        json!("yes"),
        json!("on"),
        json!("1"),
        json!(1),
        json!(" TRUE "),
        json!("Yes"),
        json!("t"),
    ];
    let no = [
        json!(false),
        json!("false"),
        json!("no"),
        json!("off"),
        json!("0"),
        json!(0),
        json!(""),
        json!("OFF"),
        json!("n"),
    ];
    for (spellings, meaning) in [(yes, true), (no, false)] {
        for spelling in spellings {
            let made = api
                .accepted(json!({ "interested_in_preferred_lender": spelling }))
                .await?;
            same(
                &spelling.to_string(),
                &made["interested_in_preferred_lender"],
                &json!(meaning),
            )?;
        }
    }
    Ok(())
}

async fn phone_as_number(api: &Api) -> anyhow::Result<()> {
    let made = api
        .accepted(json!({ "phone_number": 5_551_234_567_i64, "full_name": 42 }))
        .await?;
    same("phone_number", &made["phone_number"], &json!("5551234567"))?;
    same("full_name", &made["full_name"], &json!("42"))
}

async fn urlencoded_form(api: &Api) -> anyhow::Result<()> {
    let email = api.email();
    let form = format!(
        "full_name=Ada+F%C3%B6rm&email_address={}&phone_number=%2B1+555+123+4567&buyer_category=developer&financing_plan=finance_build\
         &land_status=own_land&lot_address=1+Elm+St&build_budget=500k_plus&construction_timeline=less_than_3_months&project_description=Two%0D%0Alines\
         &interested_in_preferred_lender=on&company_name=",
        email.replace('@', "%40")
    );
    let made = api
        .post_as("application/x-www-form-urlencoded", form)
        .await?
        .status(201)?
        .data()?
        .clone();
    for (key, wanted) in [
        ("full_name", json!("Ada Förm")),
        ("email_address", json!(email)),
        ("phone_number", json!("+1 555 123 4567")),
        ("interested_in_preferred_lender", json!(true)),
        ("needs_help_finding_land", json!(false)),
        ("project_description", json!("Two\r\nlines")),
    ] {
        same(key, &made[key], &wanted)?;
    }
    Ok(())
}

async fn json_with_charset(api: &Api) -> anyhow::Result<()> {
    for content_type in [
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
    ] {
        api.post_as(content_type, api.application(json!({})).to_string())
            .await?
            .status(201)?;
    }
    Ok(())
}

async fn unicode(api: &Api) -> anyhow::Result<()> {
    let text =
        "Zoë \"Z\" O'Neil <script>alert(1)</script>\n\\ \u{1f3e0} e\u{301} مرحبا %_ ${x} \u{202e}";
    let made = api
        .accepted(json!({ "full_name": text, "project_description": text, "company_name": text }))
        .await?;
    let seen = api.submission(&made["id"]).await?;
    for key in ["full_name", "project_description", "company_name"] {
        same(key, &seen[key], &json!(text))?;
    }
    Ok(())
}

async fn own_land_help_without_area(api: &Api) -> anyhow::Result<()> {
    api.accepted(json!({ "land_status": "own_land", "needs_help_finding_land": true }))
        .await?;
    Ok(())
}

async fn need_land_keeps_the_lot_address(api: &Api) -> anyhow::Result<()> {
    let made = api
        .accepted(json!({ "land_status": "need_land", "lot_address": "9 Ash Ln" }))
        .await?;
    same("lot_address", &made["lot_address"], &json!("9 Ash Ln"))
}

async fn self_funding_with_lender_interest(api: &Api) -> anyhow::Result<()> {
    api.accepted(
        json!({ "financing_plan": "self_funding", "interested_in_preferred_lender": true }),
    )
    .await?;
    Ok(())
}

async fn max_lengths(api: &Api) -> anyhow::Result<()> {
    // counted in characters, not bytes
    let (long, referral) = ("é".repeat(255), "ü".repeat(100));
    let tail = format!("{}@example.com", api.unique());
    let email = format!("{}{tail}", "a".repeat(255 - tail.len()));
    let phone = "5".repeat(20);
    let fields = json!({ "full_name": long, "company_name": long, "referral_source": referral, "email_address": email, "phone_number": phone });
    let made = api.accepted(fields.clone()).await?;
    for (key, value) in fields.as_object().context("an object")? {
        same(key, &made[key], value)?;
    }
    Ok(())
}

async fn long_description(api: &Api) -> anyhow::Result<()> {
    let text = "Ein Haus mit Aussicht. ".repeat(435);
    ensure!(
        text.len() > 10_000,
        "the text is too short to show anything"
    );
    let made = api.accepted(json!({ "project_description": text })).await?;
    same(
        "project_description",
        &made["project_description"],
        &json!(text.trim()),
    )
}

async fn trailing_slash(api: &Api) -> anyhow::Result<()> {
    let headers = [("content-type", "application/json"), ("origin", ORIGIN)];
    let body = api.application(json!({})).to_string();
    api.send("POST", &format!("{SUBMISSIONS}/"), &headers, body)
        .await?
        .status(201)?;
    Ok(())
}

async fn odd_but_accepted_emails(api: &Api) -> anyhow::Result<()> {
    let number = api.unique();
    for odd in [
        ".a@b.c",
        "a@b..c",
        "a@-b.c",
        "a@b.c.",
        "a,b@c.d",
        "a@[1.2.3.4]",
        "ünï@exämple.de",
    ] {
        let email = format!("{number}{odd}");
        same(
            odd,
            &api.accepted(json!({ "email_address": email })).await?["email_address"],
            &json!(email),
        )?;
    }
    Ok(())
}

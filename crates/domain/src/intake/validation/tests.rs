#![allow(clippy::unwrap_used)]

use super::super::whitespace::trim;
use super::*;
use proptest::prelude::*;

fn good() -> RawFields {
    RawFields::from_pairs([
        ("full_name", "Ada Probe"),
        ("email_address", "ada@example.com"),
        ("phone_number", "555-123-4567"),
        ("buyer_category", "homebuyer"),
        ("financing_plan", "self_funding"),
        ("land_status", "own_land"),
        ("lot_address", "1 Elm St"),
        ("build_budget", "350k_400k"),
        ("construction_timeline", "6_to_12_months"),
        ("project_description", "A small house."),
    ])
}

fn messages(raw: &RawFields) -> Vec<String> {
    match parse(raw) {
        Ok(_) => Vec::new(),
        Err(problems) => problems
            .into_iter()
            .map(|problem| problem.message)
            .collect(),
    }
}

#[test]
fn defaults() {
    let application = parse(&good()).unwrap();
    assert_eq!(application.referral_source, "Ritz-Craft");
    assert!(!application.interested_in_preferred_lender);
    assert!(!application.needs_help_finding_land);
    assert_eq!(application.company_name, None);
    assert_eq!(
        parse(&good().with(Field::ReferralSource, ""))
            .unwrap()
            .referral_source,
        "Ritz-Craft"
    );
    assert_eq!(
        parse(&good().with(Field::ReferralSource, "Fair"))
            .unwrap()
            .referral_source,
        "Fair"
    );
}

#[test]
fn texts_are_trimmed_and_the_address_folded() {
    let raw = good()
        .with(Field::FullName, "  Pad Ded ")
        .with(
            Field::EmailAddress,
            "\u{feff} MiXed.Case@Example.COM\u{2029}",
        )
        .with(Field::PhoneNumber, " +1 (555) 123.4567 ")
        .with(Field::CompanyName, "Acme\u{a0} ")
        .with(Field::LotAddress, "\u{b}1 Elm St\r\n");
    let application = parse(&raw).unwrap();
    assert_eq!(application.full_name, "Pad Ded");
    assert_eq!(application.email_address, "mixed.case@example.com");
    assert_eq!(application.phone_number, "+1 (555) 123.4567");
    assert_eq!(application.company_name.as_deref(), Some("Acme"));
    assert_eq!(application.lot_address.as_deref(), Some("1 Elm St"));
}

#[test]
fn nothing_at_all_names_the_nine_required_fields() {
    assert_eq!(
        messages(&RawFields::new()),
        [
            "full_name is required",
            "email_address is required",
            "phone_number is required",
            "buyer_category is required",
            "financing_plan is required",
            "land_status is required",
            "build_budget is required",
            "construction_timeline is required",
            "project_description is required"
        ]
    );
}

#[test]
fn bogus_everywhere_names_every_rule_in_order() {
    let raw = Field::ALL
        .into_iter()
        .fold(RawFields::new(), |raw, field| raw.with(field, "bogus"));
    assert_eq!(
        messages(&raw)[..7],
        [
            "email_address must be a valid email",
            "phone_number must be a valid phone number",
            "buyer_category must be one of: homebuyer, developer",
            "financing_plan must be one of: self_funding, finance_build",
            "land_status must be one of: own_land, need_land",
            "build_budget must be one of: 200k_250k, 250k_350k, 350k_400k, 400k_500k, 500k_plus",
            "construction_timeline must be one of: less_than_3_months, 3_to_6_months, 6_to_12_months, more_than_12_months",
        ]
    );
}

#[test]
fn one_missing_field_is_one_message() {
    for field in REQUIRED {
        for value in [RawValue::Absent, "".into()] {
            assert_eq!(
                messages(&good().with(field, value)),
                [format!("{field} is required")]
            );
        }
    }
    assert_eq!(
        messages(&good().with(Field::FullName, " \t ")),
        ["full_name is required"]
    );
    assert_eq!(messages(&good().with(Field::BuyerCategory, "  ")).len(), 2);
}

#[test]
fn land_rules() {
    let address = "lot_address is required when land_status is own_land";
    let area = "preferred_area_description is required when needs_help_finding_land is true";
    for missing in [RawValue::Absent, "".into(), " \u{a0}".into()] {
        assert_eq!(
            messages(&good().with(Field::LotAddress, missing)),
            [address]
        );
    }
    let need = good()
        .with(Field::LandStatus, "need_land")
        .with(Field::LotAddress, RawValue::Absent);
    assert_eq!(messages(&need), [""; 0]);
    // a form's checkbox asks for the area just as JSON's true does
    for yes in [
        RawValue::Flag(true),
        "true".into(),
        "on".into(),
        RawValue::Number("1".to_owned()),
    ] {
        assert_eq!(
            messages(&need.clone().with(Field::NeedsHelpFindingLand, yes)),
            [area]
        );
    }
    let helped = need
        .clone()
        .with(Field::NeedsHelpFindingLand, true)
        .with(Field::PreferredAreaDescription, " Detroit ");
    assert_eq!(
        parse(&helped)
            .unwrap()
            .preferred_area_description
            .as_deref(),
        Some("Detroit")
    );
    assert_eq!(
        messages(&good().with(Field::NeedsHelpFindingLand, true)),
        [""; 0]
    );
    let kept = parse(&need.with(Field::LotAddress, "2 Oak St")).unwrap();
    assert_eq!(kept.lot_address.as_deref(), Some("2 Oak St"));
}

#[test]
fn lengths_count_characters() {
    let cases = [
        (Field::FullName, 255),
        (Field::CompanyName, 255),
        (Field::ReferralSource, 100),
        (Field::ProjectDescription, 20_000),
        (Field::LotAddress, 20_000),
        (Field::PreferredAreaDescription, 20_000),
    ];
    for (field, longest) in cases {
        assert_eq!(
            messages(&good().with(field, "😀".repeat(longest))),
            [""; 0],
            "{field}"
        );
        let over = good().with(field, "😀".repeat(longest + 1));
        assert_eq!(
            messages(&over),
            [format!("{field} must be at most {longest} characters")]
        );
    }
    assert_eq!(
        messages(&good().with(Field::PhoneNumber, "5".repeat(20))),
        [""; 0]
    );
    let over = messages(&good().with(Field::PhoneNumber, "5".repeat(21)));
    assert_eq!(over, ["phone_number must be at most 20 characters"]);
    let address = |length: usize| format!("{}@b.c", "a".repeat(length - 4));
    assert_eq!(
        messages(&good().with(Field::EmailAddress, address(255))),
        [""; 0]
    );
    let over = messages(&good().with(Field::EmailAddress, address(256)));
    assert_eq!(over, ["email_address must be at most 255 characters"]);
}

#[test]
fn wrong_types_are_named() {
    let digits = |text: &str| RawValue::Number(text.to_owned());
    assert_eq!(
        parse(&good().with(Field::PhoneNumber, digits("5551234567")))
            .unwrap()
            .phone_number,
        "5551234567"
    );
    for value in [RawValue::Structured, RawValue::Flag(true)] {
        assert_eq!(
            messages(&good().with(Field::FullName, value.clone())),
            ["full_name must be text"]
        );
        assert_eq!(
            messages(&good().with(Field::CompanyName, value.clone())),
            ["company_name must be text"]
        );
        assert_eq!(
            messages(&good().with(Field::LotAddress, value.clone())),
            ["lot_address must be text"]
        );
        assert_eq!(
            messages(&good().with(Field::PhoneNumber, value.clone())),
            ["phone_number must be a valid phone number"]
        );
        assert_eq!(
            messages(&good().with(Field::EmailAddress, value)),
            ["email_address must be a valid email"]
        );
    }
    assert_eq!(
        messages(&good().with(Field::EmailAddress, digits("7"))),
        ["email_address must be a valid email"]
    );
    assert_eq!(
        messages(&good().with(Field::NeedsHelpFindingLand, "maybe")),
        ["needs_help_finding_land must be true or false"]
    );
    assert_eq!(
        messages(&good().with(Field::InterestedInPreferredLender, RawValue::Structured)),
        ["interested_in_preferred_lender must be true or false"]
    );
    assert_eq!(
        messages(&good().with(Field::BuildBudget, digits("1"))).len(),
        1
    );
}

#[test]
fn nul_is_refused_in_every_text() {
    for field in [
        Field::FullName,
        Field::CompanyName,
        Field::LotAddress,
        Field::ProjectDescription,
        Field::ReferralSource,
    ] {
        assert_eq!(
            messages(&good().with(field, "a\0b")),
            [format!("{field} must not contain NUL characters")]
        );
    }
    assert_eq!(
        messages(&good().with(Field::EmailAddress, "a\0@b.c")).len(),
        1
    );
}

fn any_value() -> impl Strategy<Value = RawValue> {
    prop_oneof![
        Just(RawValue::Absent),
        Just(RawValue::Structured),
        any::<bool>().prop_map(RawValue::Flag),
        any::<i64>().prop_map(|n| RawValue::Number(n.to_string())),
        any::<String>().prop_map(RawValue::Text),
        "[ \u{a0}]{0,2}[a-z@. ]{0,12}".prop_map(RawValue::Text),
        prop::sample::select(vec![
            "homebuyer",
            "developer",
            "self_funding",
            "finance_build",
            "own_land",
            "need_land",
            "200k_250k",
            "500k_plus",
            "3_to_6_months",
            "on",
            "off",
            "a@b.c",
            "+1 555 123 4567",
        ])
        .prop_map(Into::into),
    ]
}

/// Mostly valid, so that both outcomes come up.
fn any_fields() -> impl Strategy<Value = RawFields> {
    prop::collection::vec(
        (prop::sample::select(Field::ALL.to_vec()), any_value()),
        0..5,
    )
    .prop_map(|changes| {
        changes
            .into_iter()
            .fold(good(), |raw, (field, value)| raw.with(field, value))
    })
}

proptest! {
    #[test]
    fn an_application_keeps_its_promises(raw in any_fields()) {
        match parse(&raw) {
            Ok(application) => {
                // texts in their final form: parsing again changes nothing
                prop_assert_eq!(parse(&application.to_raw()), Ok(application.clone()));
                let texts = [Some(&application.full_name), Some(&application.email_address), Some(&application.phone_number),
                    Some(&application.project_description), Some(&application.referral_source), application.company_name.as_ref(),
                    application.lot_address.as_ref(), application.preferred_area_description.as_ref()];
                for text in texts.into_iter().flatten() {
                    prop_assert!(!text.is_empty() && !text.contains('\0') && trim(text) == text);
                    prop_assert!(text.chars().count() <= MAX_TEXT);
                }
                prop_assert!(application.land_status != LandStatus::OwnLand || application.lot_address.is_some());
            }
            Err(problems) => {
                prop_assert!(!problems.is_empty());
                for problem in &problems {
                    prop_assert!(problem.message.starts_with(problem.field.as_str()));
                }
            }
        }
    }

    #[test]
    fn a_field_that_is_not_at_fault_is_not_blamed(field in prop::sample::select(Field::ALL.to_vec()), value in any_value()) {
        if let Err(problems) = parse(&good().with(field, value)) {
            for problem in problems {
                let depends = matches!((field, problem.field), (Field::LandStatus | Field::NeedsHelpFindingLand, Field::PreferredAreaDescription)
                    | (Field::LandStatus, Field::LotAddress));
                prop_assert!(problem.field == field || depends, "{:?}", problem);
            }
        }
    }
}

//! Which case asks for which label of the predecessor's recorded behaviour. A label that ends with `*` stands for all
//! that begin so; the recording itself is compared with this table where it is at hand.

use crate::{TABLES, alone, inside};
use std::collections::BTreeSet;

/// The recording, if it is at hand: a path.
const RECORDING: &str = "KEYLIGHT_CONTRACT_FILE";

/// Labels, and the cases that ask for each.
const COVERED: &[(&str, &[&str])] = &[
    // headers, CORS, routing
    ("headers.nosniff_and_frame", &["headers.nosniff_and_frame"]),
    (
        "headers.hsts_in_production",
        &["headers.hsts_in_production"],
    ),
    ("headers.content_type", &["headers.content_type"]),
    (
        "cors.*",
        &[
            "cors.allowed_origin",
            "cors.foreign_origin",
            "cors.actual_responses",
        ],
    ),
    ("cors.foreign_origin", &["cors.foreign_origin"]),
    ("cors.actual_responses", &["cors.actual_responses"]),
    ("cors.preflight", &["cors.preflight"]),
    (
        "cors.preflight_admin_methods",
        &["cors.preflight_admin_methods"],
    ),
    ("notfound.*", &["notfound.shape", "notfound.double_slash"]),
    ("wrong_method", &["wrong_method"]),
    // health and info
    ("health.shape", &["health.shape"]),
    ("health.public", &["health.shape"]),
    ("health.head", &["health.head"]),
    ("root.info", &["root.info"]),
    ("testdb.ok", &["testdb.ok"]),
    // creation
    ("create.shape", &["create.shape"]),
    ("create.every_enum_value", &["create.every_enum_value"]),
    ("create.trim", &["create.trim"]),
    ("create.email_normalised", &["create.email_normalised"]),
    ("create.defaults", &["create.defaults"]),
    ("create.null_optionals", &["create.null_optionals"]),
    (
        "create.empty_referral_source",
        &["create.empty_referral_source"],
    ),
    (
        "create.unknown_null_field_ignored",
        &["create.unknown_null_field_ignored"],
    ),
    (
        "create.every_optional_field",
        &["create.every_optional_field"],
    ),
    ("create.boolean_spellings", &["create.boolean_spellings"]),
    ("create.phone_as_number", &["create.phone_as_number"]),
    (
        "create.urlencoded_form",
        &["create.urlencoded_form", "create.json_with_charset"],
    ),
    ("create.unicode", &["create.unicode"]),
    (
        "create.own_land_help_without_area",
        &[
            "create.own_land_help_without_area",
            "create.need_land_keeps_the_lot_address",
            "create.self_funding_with_lender_interest",
        ],
    ),
    (
        "create.max_lengths",
        &["create.max_lengths", "create.long_description"],
    ),
    ("create.trailing_slash", &["create.trailing_slash"]),
    // validation
    (
        "validate.FIELD.*",
        &[
            "validate.FIELD.absent_null_empty",
            "validate.everything_missing",
        ],
    ),
    ("validate.FIELD.blank", &["validate.FIELD.blank"]),
    (
        "validate.email_bad",
        &["validate.email_bad", "create.odd_but_accepted_emails"],
    ),
    ("validate.phone_bad", &["validate.phone_bad"]),
    ("validate.lot_address.*", &["validate.lot_address"]),
    ("validate.preferred_area.*", &["validate.preferred_area"]),
    ("validate.array_body", &["validate.array_body"]),
    ("validate.no_body", &["validate.no_body"]),
    ("badjson.syntax", &["badjson.syntax"]),
    ("badjson.scalar", &["badjson.scalar"]),
    (
        "badjson.other_content_type",
        &["badjson.other_content_type"],
    ),
    ("badjson.too_large", &["badjson.too_large"]),
    (
        "duplicate.*",
        &[
            "duplicate.same",
            "duplicate.case_and_blanks",
            "duplicate.plus_address_is_another",
            "duplicate.validated_first",
            "duplicate.free_after_delete",
        ],
    ),
    // reading
    ("list.order", &["list.order"]),
    (
        "list.shape",
        &["list.shape", "list.empty", "list.stats_count_everything"],
    ),
    ("list.trailing_slash", &["list.trailing_slash"]),
    ("list.pagination", &["list.pagination"]),
    (
        "list.pagination.past_the_end",
        &["list.pagination.past_the_end"],
    ),
    (
        "list.filter.*",
        &[
            "list.filter.each",
            "list.filter.combined",
            "list.filter.empty_unknown_and_other",
        ],
    ),
    (
        "stats.*",
        &["stats.shape", "stats.exact_at_once", "stats.empty"],
    ),
    (
        "search.*",
        &[
            "search.fields",
            "search.shape_and_order",
            "search.refusals",
            "search.quotes_are_text",
            "search.pagination",
        ],
    ),
    (
        "recent.*",
        &["recent.defaults", "recent.limit_and_days", "recent.empty"],
    ),
    ("by_status.*", &["by_status.shape", "by_status.bogus"]),
    ("get.*", &["get.refusals"]),
    ("get.shape", &["get.shape"]),
    ("get.head", &["get.head"]),
    // changing
    ("put.status", &["put.status"]),
    ("put.notes", &["put.notes"]),
    ("put.changes_nothing_else", &["put.changes_nothing_else"]),
    ("put.*", &["put.order_of_refusals", "put.case_matters"]),
    ("delete.*", &["delete.shape", "delete.refusals"]),
    // defects
    ("F01", &["f01 no injection through keys"]),
    ("F02", &["f02 admin endpoints want a credential"]),
    ("F03", &["f03 no mass assignment"]),
    ("F04", &["f04 unknown keys lose no lead"]),
    ("F05", &["f05 one of many at once"]),
    ("F06", &["f06 over-long values"]),
    ("F07", &["f07 e-mail of another type"]),
    ("F08", &["f08 arrays and objects in texts"]),
    ("F09", &["f09 no boolean"]),
    ("F10", &["f10 nul characters"]),
    ("F11", &["f11 sloppy ids"]),
    ("F12", &["f12 numbers out of range"]),
    ("F13", &["f13 recent is bounded"]),
    ("F14", &["f14 repeated and bracketed parameters"]),
    ("F15", &["f15 wildcards are text"]),
    ("F16", &["f16 timeline filter"]),
    ("F17", &["f17 updated_at moves"]),
    ("F18", &["f18 cors on refused bodies"]),
    ("F19", &["f19 corrupt gzip"]),
    ("F20", &["f20 413 and 415 have names"]),
    ("F21", &["f21 no internals in errors"]),
    ("F22", &["f22 bounded texts", "f22 rate limit"]),
    ("F23", &["f23 the area check takes every yes"]),
    ("F24", &["f24 no powered-by"]),
    ("F25", &["f25 malformed url"]),
    ("F26", &["f26 recent is not starved"]),
    ("F27", &["f27 an old spelling of an address is taken"]),
    ("F28", &["f28 the database goes away and comes back"]),
    ("F29", &["f29 strangers learn nothing of the database"]),
    ("F30", &["f30 safe by default"]),
    ("F31", &["f31 no default secret"]),
    ("F32", &["f32 no table is scanned for an address"]),
    ("F33", &["f33 overload is told"]),
    (
        "F34",
        &[
            "f34 pages of rows with one time",
            "list.pages_neither_overlap_nor_miss",
        ],
    ),
    (
        "F35",
        &[
            "f35 every origin of the list",
            "f35 a missing list of origins is told",
        ],
    ),
    ("F36", &["f36 no personal data in logs"]),
    ("F37", &["f37 an audit trail"]),
    // a decision about the product, and kept until it is made
    ("F38", &["duplicate.same"]),
    ("F39", &["f39 starting again adds nothing"]),
];

/// Labels of every case, of all tables.
fn cases() -> Vec<&'static str> {
    TABLES
        .iter()
        .flat_map(|table| table.iter().map(|case| case.label))
        .chain(inside::CASES.iter().map(|case| case.label))
        .chain(alone::CASES.iter().map(|case| case.label))
        .collect()
}

#[test]
fn every_case_has_a_name_of_its_own() {
    let cases = cases();
    let distinct: BTreeSet<&str> = cases.iter().copied().collect();
    assert_eq!(cases.len(), distinct.len());
}

#[test]
fn every_label_has_a_case() {
    let cases: BTreeSet<&str> = cases().into_iter().collect();
    for (label, by) in COVERED {
        assert!(!by.is_empty(), "nobody asks for {label}");
        for case in *by {
            assert!(cases.contains(case), "{label}: there is no case {case:?}");
        }
    }
    let labels: BTreeSet<&str> = COVERED.iter().map(|(label, _)| *label).collect();
    assert_eq!(labels.len(), COVERED.len(), "a label stands twice");
    for number in 1..=39 {
        assert!(
            labels.contains(format!("F{number:02}").as_str()),
            "F{number:02}"
        );
    }
}

#[test]
fn every_label_of_the_recording_is_covered() {
    let Some(path) = std::env::var_os(RECORDING) else {
        println!("left out: {RECORDING} does not say where the recording is");
        return;
    };
    let text = std::fs::read_to_string(path).unwrap();
    let labels = labels(&text);
    assert!(labels.len() > 80, "only {} labels were found", labels.len());
    let covered: BTreeSet<&str> = COVERED.iter().map(|(label, _)| *label).collect();
    let open: Vec<&String> = labels
        .iter()
        .filter(|label| !covered.contains(label.as_str()))
        .collect();
    assert!(open.is_empty(), "nobody asks for {open:?}");
    let gone: Vec<&&str> = covered
        .iter()
        .filter(|label| !labels.contains(**label))
        .collect();
    assert!(gone.is_empty(), "the recording does not know {gone:?}");
}

/// Labels in a text: `[one.thing, other.*]`, and the numbers of defects.
fn labels(text: &str) -> BTreeSet<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '*');
    let mut labels = BTreeSet::new();
    for bracketed in text.split('[').skip(1) {
        // an address of a list element in a label has brackets of its own
        let inner = bracketed.split([']', '[', '\n']).next().unwrap_or_default();
        for label in inner.split(',') {
            let label = label.trim().trim_end_matches("...").trim();
            let known = label.starts_with(|c: char| c.is_ascii_lowercase())
                && label.chars().all(plain)
                && (label.contains('.') || label.contains('_'));
            if known {
                labels.insert(label.to_owned());
            }
        }
    }
    for word in text.split(|c: char| !c.is_ascii_alphanumeric()) {
        if word.len() == 3 && word.starts_with('F') && word[1..].parse::<u8>().is_ok() {
            labels.insert(word.to_owned());
        }
    }
    labels
}

#[test]
fn labels_are_found_in_a_text() {
    let found = labels(
        "KEEP [a.b, c.*]; `{\"data\":[{\"id\":1}]}` [list.pages[...]] [wrong_method] [x] [F 1] see F07, F100.",
    );
    let found: Vec<&str> = found.iter().map(String::as_str).collect();
    assert_eq!(found, ["F07", "a.b", "c.*", "list.pages", "wrong_method"]);
}

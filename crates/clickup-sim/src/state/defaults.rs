//! The workspace that every simulator starts with.

use super::workspace::{Folder, List, Space, Status, StatusKind, Template, User, Workspace};
use crate::fields::{Field, FieldKind, FieldOption};
use crate::ids::fixed_uuid;

const FIELD_DATE_MS: i64 = 1_764_547_200_000;
const OPTION_COLOURS: [&str; 6] = [
    "#b5bcc2", "#02bcd4", "#7b68ee", "#2ecd6f", "#f9ae27", "#e50000",
];

/// Team `9001001` with the intake list `901001001` and the project list `901001002`.
pub(crate) fn default_workspace() -> Workspace {
    let fields = vec![
        drop_down(
            "Budget",
            &[
                "$200k–250k",
                "$250k–350k",
                "$350k–400k",
                "$400k–500k",
                "$500k+",
            ],
        ),
        drop_down(
            "Timeline",
            &[
                "Less than 3 months",
                "3–6 months",
                "6–12 months",
                "More than 12 months",
            ],
        ),
        drop_down("Land", &["Owns land", "Needs land"]),
        drop_down("Category", &["Home buyer", "Developer"]),
        plain("E-mail", FieldKind::Email),
        plain("Phone", FieldKind::Phone),
    ];
    // One field of each further kind, on the second list, so that clients can try them.
    let mut extra = vec![
        plain("Site reference", FieldKind::ShortText),
        plain("Site notes", FieldKind::Text),
        plain("Modules", FieldKind::Number),
        plain("Contract sum", FieldKind::Currency),
        plain("Brochure", FieldKind::Url),
        plain("Delivery date", FieldKind::Date),
        plain("Permit granted", FieldKind::Checkbox),
        plain("Site manager", FieldKind::Users),
        plain("Client mood", FieldKind::Emoji),
        plain("Progress", FieldKind::ManualProgress),
        plain("Site", FieldKind::Location),
        plain("Related homes", FieldKind::Tasks),
        plain("Related list", FieldKind::ListRelationship),
        plain("Checklist progress", FieldKind::AutomaticProgress),
        plain("Plans", FieldKind::Attachment),
        plain("Send contract", FieldKind::Button),
        plain("Total", FieldKind::Formula),
        plain("Votes", FieldKind::Votes),
        plain("Rollup", FieldKind::Rollup),
        plain("Summary", FieldKind::Ai),
    ];
    extra.push(labels("Options", &["Solar", "Heat pump", "Carport"]));
    let intake_fields = fields.iter().map(|field| field.id.clone()).collect();
    let project_fields = extra.iter().map(|field| field.id.clone()).collect();

    Workspace {
        id: "9001001".into(),
        name: "Keylight Homes".into(),
        users: vec![
            user(
                1,
                "Keylight Service",
                "service@keylight.example",
                "#5f55ee",
                "KS",
                "SERVICE",
            ),
            user(
                2,
                "Sam Staff",
                "sam@keylight.example",
                "#e16b16",
                "SS",
                "STAFF",
            ),
        ],
        spaces: vec![Space {
            id: "90010010".into(),
            name: "Keylight".into(),
            statuses: statuses(
                "p90010010",
                &[
                    ("to do", "#87909e", StatusKind::Open),
                    ("complete", "#008844", StatusKind::Closed),
                ],
            ),
            tags: Vec::new(),
            deleted: false,
        }],
        folders: vec![hidden_folder("901001901"), hidden_folder("901001902")],
        lists: vec![
            List {
                id: "901001001".into(),
                name: "Home applications".into(),
                folder: "901001901".into(),
                space: "90010010".into(),
                content: "Applications of home buyers and developers".into(),
                orderindex: 0,
                colour: None,
                override_statuses: true,
                statuses: statuses(
                    "sc901001001",
                    &[
                        ("new", "#87909e", StatusKind::Open),
                        ("reviewed", "#1090e0", StatusKind::Custom),
                        ("qualified", "#5f55ee", StatusKind::Custom),
                        ("contacted", "#e16b16", StatusKind::Custom),
                        ("disqualified", "#aa8d80", StatusKind::Done),
                        ("closed", "#008844", StatusKind::Closed),
                    ],
                ),
                fields: intake_fields,
                deleted: false,
            },
            List {
                id: "901001002".into(),
                name: "Projects".into(),
                folder: "901001902".into(),
                space: "90010010".into(),
                content: "Homes being built".into(),
                orderindex: 1,
                colour: None,
                override_statuses: true,
                statuses: statuses(
                    "sc901001002",
                    &[
                        ("to do", "#87909e", StatusKind::Open),
                        ("in progress", "#5f55ee", StatusKind::Custom),
                        ("complete", "#008844", StatusKind::Closed),
                    ],
                ),
                fields: project_fields,
                deleted: false,
            },
        ],
        fields: fields.into_iter().chain(extra).collect(),
        templates: vec![site_visit()],
    }
}

fn site_visit() -> Template {
    let body = serde_json::json!({
        "name": "Site visit",
        "markdown_content": "Meet the owner **on site**.",
        "priority": 2,
        "tags": ["visit"],
    });
    Template {
        id: "t-9001001".into(),
        name: "Site visit".into(),
        body: body.as_object().cloned().unwrap_or_default(),
    }
}

fn user(id: u64, name: &str, email: &str, color: &str, initials: &str, suffix: &str) -> User {
    User {
        id,
        username: name.into(),
        email: email.into(),
        color: color.into(),
        initials: initials.into(),
        role: if id == 1 { 2 } else { 3 },
        personal_tokens: vec![format!("pk_{id}_{suffix}")],
        oauth_tokens: vec![format!("oauth_{id}_{suffix}")],
    }
}

fn hidden_folder(id: &str) -> Folder {
    Folder {
        id: id.into(),
        name: "hidden".into(),
        space: "90010010".into(),
        hidden: true,
        statuses: None,
        deleted: false,
    }
}

fn statuses(prefix: &str, wanted: &[(&str, &str, StatusKind)]) -> Vec<Status> {
    (0_i64..)
        .zip(wanted)
        .map(|(orderindex, (name, color, kind))| Status {
            id: status_id(prefix, name),
            status: (*name).into(),
            color: (*color).into(),
            orderindex,
            kind: *kind,
        })
        .collect()
}

/// `sc{list}_{eight characters}`, the form of statuses that a list defines itself.
pub(crate) fn status_id(prefix: &str, name: &str) -> String {
    let text = fixed_uuid(&format!("{prefix}/{name}"));
    format!("{prefix}_{}", &text[..8])
}

fn plain(name: &str, kind: FieldKind) -> Field {
    Field {
        id: fixed_uuid(&format!("field/{name}")),
        name: name.into(),
        kind,
        options: Vec::new(),
        date_created: FIELD_DATE_MS,
        config: serde_json::Value::Null,
        required: false,
    }
}

fn drop_down(name: &str, options: &[&str]) -> Field {
    with_options(name, FieldKind::DropDown, options)
}

fn labels(name: &str, options: &[&str]) -> Field {
    with_options(name, FieldKind::Labels, options)
}

fn with_options(name: &str, kind: FieldKind, options: &[&str]) -> Field {
    Field {
        options: options
            .iter()
            .enumerate()
            .map(|(place, option)| FieldOption {
                id: fixed_uuid(&format!("option/{name}/{option}")),
                name: (*option).into(),
                color: OPTION_COLOURS[place % OPTION_COLOURS.len()].into(),
            })
            .collect(),
        ..plain(name, kind)
    }
}

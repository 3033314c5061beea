//! The rules about one row of the predecessor, pure. Nothing is repaired here: what is found is told.

use super::{
    fold,
    moment::{self, Moment},
    rule::{Decision, Rule},
    source::SourceRow,
    survey::{Survey, print_of},
    tables::{Kind, Table},
};
use chrono::{DateTime, TimeDelta, Utc};
use keylight_domain::{
    intake::{
        BuildBudget, BuyerCategory, ConstructionTimeline, FinancingPlan, LandStatus, MAX_TEXT,
    },
    submissions::SubmissionStatus,
};

/// Whether a column's text is one that today's rules know.
type IsKnown<'a> = &'a dyn Fn(&str) -> bool;

/// The predecessor was written in 2025; nothing can have come in before.
const FIRST_DAY: &str = "2025-01-01T00:00:00Z";
/// Most of an unknown value that is shown in a report.
const SHOWN: usize = 60;
const PROJECT_STATUSES: [&str; 5] = ["planning", "active", "on_hold", "completed", "cancelled"];
/// What people typed, as against what was chosen from a list.
const TYPED: &[&str] = &[
    "full_name",
    "email_address",
    "phone_number",
    "company_name",
    "name",
    "description",
    "lot_address",
    "preferred_area_description",
    "project_description",
    "admin_notes",
    "referral_source",
];

/// Judges rows of one table.
pub(super) struct Judge<'a> {
    pub(super) survey: &'a Survey,
    pub(super) now: DateTime<Utc>,
}

/// The findings of one row, while they are collected.
struct Findings<'a> {
    table: Table,
    row: &'a SourceRow,
    list: Vec<Decision>,
}

impl Findings<'_> {
    fn value(&self, column: &str) -> Option<&str> {
        self.row.values[self.table.place(column)].as_deref()
    }

    fn add(&mut self, rule: Rule, column: Option<&str>, kept: impl Into<String>) {
        self.list.push(Decision {
            table: self.table,
            id: Some(self.row.id),
            rule,
            column: column.map(ToOwned::to_owned),
            kept: kept.into(),
        });
    }

    fn link(&self, column: &str) -> Option<i64> {
        self.value(column)?.parse().ok()
    }

    fn truth(&self, column: &str) -> bool {
        self.value(column) == Some("true")
    }
}

impl Judge<'_> {
    /// Everything that is to be said about the row.
    pub(super) fn judge(&self, table: Table, row: &SourceRow) -> Vec<Decision> {
        let mut findings = Findings {
            table,
            row,
            list: Vec::new(),
        };
        self.identity(&mut findings);
        Self::texts(&mut findings);
        self.times(&mut findings);
        self.links(&mut findings);
        Self::choices(&mut findings);
        match table {
            Table::Users => self.user(&mut findings),
            Table::Projects => self.project(&mut findings),
            Table::Submissions => self.submission(&mut findings),
        }
        findings.list
    }

    fn identity(&self, findings: &mut Findings<'_>) {
        let id = findings.row.id;
        if id <= 0 || id >= i64::from(i32::MAX) {
            findings.add(Rule::IdUnusual, Some("id"), "id kept");
        }
        if let Some(first) = self.survey.doubles.get(&(findings.table, id)) {
            findings.add(Rule::RowDoubled, None, format!("the same as id {first}"));
        }
    }

    fn texts(findings: &mut Findings<'_>) {
        for (place, column) in findings.table.columns().iter().enumerate() {
            let Some(text) = findings.row.values[place].as_deref() else {
                if column.required {
                    findings.add(Rule::NullAsEmpty, Some(column.name), "null kept beside");
                }
                continue;
            };
            if column.kind != Kind::Text {
                continue;
            }
            if text.chars().any(is_unusual) {
                findings.add(
                    Rule::TextUnusual,
                    Some(column.name),
                    format!("{} bytes kept", text.len()),
                );
            }
            if !TYPED.contains(&column.name) {
                continue;
            }
            if text.len() > MAX_TEXT && text.chars().count() > MAX_TEXT {
                findings.add(
                    Rule::TextLong,
                    Some(column.name),
                    format!("{} bytes kept", text.len()),
                );
            }
            if text.starts_with('{') && text.ends_with('}')
                || matches!(text, "true" | "false" | "0")
            {
                findings.add(Rule::TextSerialised, Some(column.name), "text kept");
            }
        }
    }

    fn times(&self, findings: &mut Findings<'_>) {
        let first_day = DateTime::parse_from_rfc3339(FIRST_DAY).map(|day| day.to_utc());
        let mut known = [None, None];
        for (place, column) in ["created_at", "updated_at"].into_iter().enumerate() {
            match findings.value(column).map(moment::read) {
                None => findings.add(Rule::TimeMissing, Some(column), "null kept"),
                Some(Moment::Infinite) => {
                    findings.add(Rule::TimeInfinite, Some(column), "infinity kept");
                }
                Some(Moment::Beyond) => findings.add(
                    Rule::TimeFar,
                    Some(column),
                    "kept; shown as unknown, for no calendar here reaches that far",
                ),
                Some(Moment::At(at)) => {
                    known[place] = Some(at);
                    if first_day.is_ok_and(|day| at < day) || at > self.now + TimeDelta::days(1) {
                        findings.add(Rule::TimeFar, Some(column), "time kept");
                    }
                }
            }
        }
        if let [Some(made), Some(changed)] = known
            && changed < made
        {
            findings.add(Rule::TimeReversed, None, "times kept");
        }
    }

    fn links(&self, findings: &mut Findings<'_>) {
        for column in findings.table.columns() {
            if column.kind != Kind::Link {
                continue;
            }
            if let Some(id) = findings.link(column.name)
                && !self.survey.knows(column.name, id)
            {
                findings.add(
                    Rule::LinkDangling,
                    Some(column.name),
                    format!("{id} kept beside"),
                );
            }
        }
    }

    fn choices(findings: &mut Findings<'_>) {
        if findings.table == Table::Users {
            return;
        }
        let project = findings.table == Table::Projects;
        let status = |text: &str| {
            if project {
                PROJECT_STATUSES.contains(&text)
            } else {
                SubmissionStatus::parse(text).is_some()
            }
        };
        let known: [(&str, IsKnown<'_>); 6] = [
            ("status", &status),
            ("buyer_category", &|text| {
                BuyerCategory::parse(text).is_some()
            }),
            ("financing_plan", &|text| {
                FinancingPlan::parse(text).is_some()
            }),
            ("land_status", &|text| LandStatus::parse(text).is_some()),
            ("build_budget", &|text| BuildBudget::parse(text).is_some()),
            ("construction_timeline", &|text| {
                ConstructionTimeline::parse(text).is_some()
            }),
        ];
        for (column, is_known) in known {
            match findings.value(column) {
                // step 005 made projects from names and descriptions alone
                None if project && column != "status" => {}
                None => findings.add(Rule::ValueMissing, Some(column), "null kept"),
                Some(text) if is_known(text) => {}
                Some(text) => {
                    let shown: String = text.chars().take(SHOWN).collect();
                    findings.add(Rule::ValueUnknown, Some(column), format!("{shown:?} kept"));
                }
            }
        }
    }

    fn user(&self, findings: &mut Findings<'_>) {
        self.folded(findings);
        if !self.survey.linked_users.contains(&findings.row.id) {
            findings.add(Rule::Unused, None, "user kept");
        }
    }

    fn project(&self, findings: &mut Findings<'_>) {
        if findings.value("user_id").is_none() {
            findings.add(Rule::OwnerMissing, Some("user_id"), "null kept");
        }
        match self.survey.project_uses.get(&findings.row.id) {
            None => findings.add(Rule::Unused, None, "project kept"),
            Some(1) => {}
            Some(uses) => findings.add(
                Rule::ProjectShared,
                None,
                format!("{uses} applications keep the link"),
            ),
        }
    }

    fn submission(&self, findings: &mut Findings<'_>) {
        self.folded(findings);
        let print = print_of(findings.value("email_address").unwrap_or_default());
        if let Some(group) = self.survey.addresses.get(&print)
            && group.count > 1
        {
            findings.add(
                Rule::AddressShared,
                Some("email_address"),
                format!(
                    "{} applications, the first is id {}",
                    group.count, group.first
                ),
            );
        }
        let (user, project) = (findings.link("user_id"), findings.link("project_id"));
        match user {
            None => match self.survey.user_addresses.get(&print) {
                None => findings.add(Rule::PersonMissing, Some("user_id"), "null kept"),
                Some(group) => findings.add(
                    Rule::PersonUnlinked,
                    Some("user_id"),
                    format!("null kept; user {} has the address", group.first),
                ),
            },
            Some(user) => {
                if self.survey.users.get(&user).is_some_and(|of| *of != print) {
                    findings.add(
                        Rule::PersonOther,
                        Some("user_id"),
                        format!("user {user} kept"),
                    );
                }
            }
        }
        match project {
            None => findings.add(Rule::ProjectMissing, Some("project_id"), "null kept"),
            Some(project) => {
                if let (Some(user), Some(Some(owner))) = (user, self.survey.projects.get(&project))
                    && user != *owner
                {
                    findings.add(
                        Rule::OwnerOther,
                        Some("project_id"),
                        format!("project {project} of user {owner} kept"),
                    );
                }
            }
        }
        Self::answers(findings);
    }

    /// Answers that an application has to give today.
    fn answers(findings: &mut Findings<'_>) {
        let is_blank = |text: Option<&str>| text.is_none_or(keylight_domain::intake::is_blank);
        let required = [
            ("project_description", true),
            ("full_name", true),
            (
                "lot_address",
                findings.value("land_status") == Some(LandStatus::OwnLand.as_str()),
            ),
            (
                "preferred_area_description",
                findings.value("land_status") == Some(LandStatus::NeedLand.as_str())
                    && findings.truth("needs_help_finding_land"),
            ),
        ];
        for (column, needed) in required {
            if needed && is_blank(findings.value(column)) {
                findings.add(Rule::ValueMissing, Some(column), "kept as it is");
            }
        }
        for column in ["interested_in_preferred_lender", "needs_help_finding_land"] {
            if findings.value(column).is_none() {
                findings.add(Rule::ValueMissing, Some(column), "null kept");
            }
        }
        let digits = findings
            .value("phone_number")
            .unwrap_or_default()
            .chars()
            .filter(char::is_ascii_digit)
            .count();
        if digits < 7 {
            findings.add(
                Rule::PhoneWithoutDigits,
                Some("phone_number"),
                format!("{digits} digits kept"),
            );
        }
    }

    fn folded(&self, findings: &mut Findings<'_>) {
        let text = findings.value("email_address").unwrap_or_default();
        if fold(text) != text {
            findings.add(Rule::AddressFolded, Some("email_address"), "kept as it is");
        }
    }
}

/// Characters that no keyboard makes, apart from line ends and tabs.
fn is_unusual(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        || matches!(c,
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fffd}')
}

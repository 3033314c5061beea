//! Every rule across records: a row that breaks it is reported, and mended where that decides nothing.

use crate::{
    projects_desk::{Desk, caller, outcome},
    records_breakers::breakers,
};
use entity_service::records::rules;
use keylight_contracts::v1::{self, records_service_client::RecordsServiceClient};
use std::collections::BTreeMap;

pub async fn report(desk: &Desk) -> BTreeMap<String, v1::RuleReport> {
    let request = v1::CheckRecordsRequest { examples: 1000 };
    let client = RecordsServiceClient::new(desk.system.channel.clone());
    let report = outcome(client.clone().check_records(request).await).unwrap();
    report
        .rules
        .into_iter()
        .map(|rule| (rule.rule.clone(), rule))
        .collect()
}

pub async fn repair(
    desk: &Desk,
    rule: &str,
    preview: bool,
) -> Result<v1::RepairReport, keylight_domain::error::DomainError> {
    let request = v1::RepairRecordsRequest {
        rule: rule.to_owned(),
        entity_ids: Vec::new(),
        preview,
        caller: caller("spring cleaning"),
    };
    let client = RecordsServiceClient::new(desk.system.channel.clone());
    outcome(client.clone().repair_records(request).await)
}

/// Two applications, with their people (`u1`, `u2`) and projects (`p1`, `p2`), and a third person (`u3`).
struct Base {
    ids: Vec<(&'static str, i64)>,
}

impl Base {
    async fn make(desk: &Desk) -> Self {
        let (ada, bob) = (
            desk.applied("ada@example.com").await,
            desk.applied("bob@example.com").await,
        );
        let third = desk.person("eve@example.com").await;
        Self {
            ids: vec![
                ("{s1}", ada.id),
                ("{s2}", bob.id),
                ("{u1}", ada.user_id.unwrap()),
                ("{u2}", bob.user_id.unwrap()),
                ("{u3}", third),
                ("{p1}", ada.project_id.unwrap()),
                ("{p2}", bob.project_id.unwrap()),
            ],
        }
    }

    fn fill(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, id) in &self.ids {
            text = text.replace(name, &id.to_string());
        }
        text
    }

    async fn run(&self, desk: &Desk, statement: &str) {
        let statement = sqlx::AssertSqlSafe(self.fill(statement));
        sqlx::raw_sql(statement)
            .execute(&desk.system.pool)
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_rule_is_broken_seen_and_mended() {
    let desk = Desk::start().await;
    let breakers = breakers();
    for rule in rules::all() {
        let (_, breaking, id, mended) = breakers
            .iter()
            .find(|(name, ..)| *name == rule.name)
            .unwrap_or_else(|| panic!("nobody breaks {}", rule.name));
        assert_eq!(rule.remedy.is_some(), !mended.is_empty(), "{}", rule.name);
        let base = Base::make(&desk).await;
        assert_eq!(
            report(&desk).await,
            BTreeMap::new(),
            "before {} is broken",
            rule.name
        );
        base.run(&desk, breaking).await;
        let broken = report(&desk).await;
        let seen = broken
            .get(rule.name)
            .unwrap_or_else(|| panic!("{} is not seen: {broken:?}", rule.name));
        assert_eq!(
            (seen.count, seen.repairable),
            (1, rule.remedy.is_some()),
            "{}",
            rule.name
        );
        let case = &seen.examples[0];
        assert_eq!(
            (case.entity.as_str(), case.entity_id.to_string()),
            (rule.entity, base.fill(id)),
            "{}",
            rule.name
        );
        assert!(!case.detail.contains("example.com") && !case.detail.is_empty());
        if mended.is_empty() {
            let refused = repair(&desk, rule.name, false).await.unwrap_err();
            assert_eq!(
                refused.code,
                keylight_domain::error::ErrorCode::InvalidInput
            );
            assert_eq!(case.remedy, "");
        } else {
            mend(&desk, &base, rule, case, mended).await;
        }
        desk.sql(
            "TRUNCATE entity.submissions, entity.projects, entity.users, entity.project_people CASCADE",
        )
        .await;
    }
    assert_eq!(breakers.len(), rules::all().count());
}

async fn mend(
    desk: &Desk,
    base: &Base,
    rule: &rules::Rule,
    case: &v1::RecordProblem,
    mended: &str,
) {
    let audited = |why: &'static str| async move {
        let statement =
            "SELECT count(*) FROM entity.audit_log WHERE action = 'repaired' AND cause LIKE $1";
        let count: i64 = sqlx::query_scalar(statement)
            .bind(why)
            .fetch_one(&desk.system.pool)
            .await
            .unwrap();
        count
    };
    let before = audited("rule %").await;
    let preview = repair(desk, rule.name, true).await.unwrap();
    assert_eq!(
        (&preview.repaired[..], preview.count, preview.unseen),
        (&[case.clone()][..], 1, 0)
    );
    assert!(!case.remedy.is_empty() && !case.remedy.contains("{}"));
    assert_eq!(audited("rule %").await, before, "a preview does nothing");
    assert!(report(desk).await.contains_key(rule.name));

    let done = repair(desk, rule.name, false).await.unwrap();
    assert_eq!(done, preview, "{} does what it said", rule.name);
    assert_eq!(
        audited("rule %").await,
        before + 1,
        "{} says what it did",
        rule.name
    );
    assert!(
        !report(desk).await.contains_key(rule.name),
        "{} is mended",
        rule.name
    );
    let statement = sqlx::AssertSqlSafe(base.fill(mended));
    let right: bool = sqlx::query_scalar(statement)
        .fetch_one(&desk.system.pool)
        .await
        .unwrap();
    assert!(right, "{}: {}", rule.name, base.fill(mended));
    let again = repair(desk, rule.name, false).await.unwrap();
    assert_eq!(
        (again.count, again.left.len()),
        (0, 0),
        "{} has nothing left",
        rule.name
    );
    assert_eq!(audited("rule %: spring cleaning").await, before + 1);
}

/// What people do all day leaves nothing to report.
#[tokio::test(flavor = "multi_thread")]
async fn a_life_without_accidents_breaks_no_rule() {
    let desk = Desk::with_connections(1).await;
    let ada = desk.applied("ada@example.com").await;
    let bob = desk.applied("bob@example.com").await;
    let (p1, p2) = (ada.project_id.unwrap(), bob.project_id.unwrap());
    let (u1, u2) = (ada.user_id.unwrap(), bob.user_id.unwrap());
    desk.system
        .update(ada.id, "qualified", Some("yes"))
        .await
        .unwrap();
    desk.add(p1, u2, "co_buyer").await.unwrap();
    desk.link(bob.id, p1).await.unwrap();
    desk.add(p1, u2, "owner").await.unwrap();
    desk.change(p1, "activate").await.unwrap();
    desk.change(p1, "complete").await.unwrap();
    desk.change(p1, "archive").await.unwrap();
    desk.link(ada.id, 0).await.unwrap();
    desk.delete(p1, false).await.unwrap();
    desk.restore(p1).await.unwrap();
    desk.delete(p1, true).await.unwrap();
    desk.restore(p1).await.unwrap();
    desk.delete(p2, true).await.unwrap();
    let third = desk.applied("eve@example.com").await;
    desk.system.delete(third.id).await.unwrap();
    desk.project(u1, "Another").await;
    let moved = v1::ProjectFields {
        user_id: Some(u1),
        description: Some("Bigger".to_owned()),
        ..Default::default()
    };
    desk.update(p1, moved, None).await.unwrap();
    // ClickUp has heard of everything
    desk.sql("UPDATE entity.submissions SET sync_state = 'synced', synced_version = version")
        .await;
    desk.link(bob.id, 0).await.unwrap();
    assert_eq!(report(&desk).await, BTreeMap::new());
}

/// Nor does what staff do with people: new addresses, merges, deletions, erasure.
#[tokio::test(flavor = "multi_thread")]
async fn people_who_come_and_go_break_no_rule() {
    let desk = Desk::start().await;
    let mut people =
        v1::people_service_client::PeopleServiceClient::new(desk.system.channel.clone());
    let mut applied = Vec::new();
    for name in ["ada", "bob", "eve", "joe", "kim"] {
        applied.push(desk.applied(&format!("{name}@example.com")).await);
    }
    let user = |n: usize| applied[n].user_id.unwrap();
    let project = |n: usize| applied[n].project_id.unwrap();
    desk.add(project(2), user(1), "co_buyer").await.unwrap();
    desk.add(project(4), user(3), "contact").await.unwrap();

    let moved = v1::UpdatePersonRequest {
        id: user(0),
        email_address: Some("Ada.New@example.com".to_owned()),
        caller: caller("moved"),
        ..Default::default()
    };
    outcome(people.update_person(moved).await).unwrap();
    assert_eq!(report(&desk).await, BTreeMap::new(), "a new address");

    let merge = |kept_id, merged_id| v1::MergePeopleRequest {
        kept_id,
        merged_id,
        caller: caller("the same person"),
    };
    outcome(people.merge_people(merge(user(0), user(1))).await).unwrap();
    assert_eq!(report(&desk).await, BTreeMap::new(), "merged");
    let twice = outcome(people.merge_people(merge(user(2), user(0))).await).unwrap();
    assert_eq!(report(&desk).await, BTreeMap::new(), "merged twice");
    let undo = v1::UndoMergeRequest {
        merge_id: twice.id,
        caller: caller("not the same person"),
    };
    outcome(people.undo_merge(undo).await).unwrap();
    assert_eq!(report(&desk).await, BTreeMap::new(), "and back");

    let delete = v1::DeletePersonRequest {
        id: user(3),
        cascade: true,
        expected_version: None,
        caller: caller("asked for"),
    };
    outcome(people.delete_person(delete.clone()).await).unwrap();
    assert_eq!(report(&desk).await, BTreeMap::new(), "deleted");
    let refused = desk.restore(project(3)).await.unwrap_err();
    assert!(
        refused.message.contains("restore the person first"),
        "{refused}"
    );
    let restore = v1::RestorePersonRequest {
        id: user(3),
        caller: caller("after all"),
    };
    outcome(people.restore_person(restore).await).unwrap();
    assert_eq!(report(&desk).await, BTreeMap::new(), "restored");
    assert_eq!(desk.view(project(3)).await.unwrap().submissions.len(), 1);

    outcome(people.delete_person(delete).await).unwrap();
    let erase = v1::ErasePersonRequest {
        id: user(3),
        confirm_email: "joe@example.com".to_owned(),
        caller: caller("asked for"),
    };
    outcome(people.erase_person(erase).await).unwrap();
    assert_eq!(report(&desk).await, BTreeMap::new(), "erased");
    let left: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM entity.project_search WHERE project_id = $1 AND text ILIKE '%ada probe%'",
    )
    .bind(project(3))
    .fetch_one(&desk.system.pool)
    .await
    .unwrap();
    assert_eq!(left, 0, "what is searched is blank as well");
}

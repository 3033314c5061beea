//! For each rule across records: a statement that breaks it, on the base of `records_rules`.

const MERGED: &str = "UPDATE entity.users SET holds_email = false, open_submissions = 0, merged_into = {u1} WHERE id = {u2};";
const DELETED: &str = "UPDATE entity.users SET holds_email = false, open_submissions = 0, deleted_at = now() WHERE id = {u2};";

/// How each rule is broken, the record that is reported, and for rules with a remedy what must be true afterwards.
pub fn breakers() -> Vec<(&'static str, String, &'static str, &'static str)> {
    let one = |text: &str| text.to_owned();
    vec![
        (
            "user_address_held_by_nobody",
            one("UPDATE entity.users SET holds_email = false, open_submissions = 0 WHERE id = {u1}"),
            "{u1}",
            "SELECT holds_email AND open_submissions = 1 FROM entity.users WHERE id = {u1}",
        ),
        (
            "user_open_submissions_miscounted",
            one("UPDATE entity.users SET open_submissions = 3 WHERE id = {u1}"),
            "{u1}",
            "SELECT open_submissions = 1 FROM entity.users WHERE id = {u1}",
        ),
        (
            "user_shares_address",
            one("INSERT INTO entity.users (full_name, email_address, email_key, holds_email, created_at, updated_at)
                 SELECT 'Twin', email_address, email_key, false, now(), now() FROM entity.users WHERE id = {u1}"),
            "{u1}",
            "",
        ),
        (
            "user_address_misfolded",
            one("UPDATE entity.users SET email_address = 'ELSE@example.com' WHERE id = {u3}"),
            "{u3}",
            "",
        ),
        (
            "user_merged_into_nobody",
            format!(
                "{MERGED} UPDATE entity.users SET holds_email = false, open_submissions = 0, deleted_at = now() WHERE id = {{u1}}"
            ),
            "{u2}",
            "",
        ),
        (
            "user_times_wrong",
            one("UPDATE entity.users SET created_at = 'infinity' WHERE id = {u2}"),
            "{u2}",
            "",
        ),
        (
            "project_owner_merged",
            format!("{MERGED} INSERT INTO entity.project_people VALUES ({{p2}}, {{u1}}, 'contact', now())"),
            "{p2}",
            "SELECT user_id = {u1} AND NOT EXISTS (SELECT FROM entity.project_people WHERE project_id = {p2})
             FROM entity.projects WHERE id = {p2}",
        ),
        ("project_owner_deleted", one(DELETED), "{p2}", ""),
        (
            "project_without_owner",
            one("UPDATE entity.projects SET user_id = NULL WHERE id = {p1}"),
            "{p1}",
            "SELECT user_id = {u1} AND version = 2 FROM entity.projects WHERE id = {p1}",
        ),
        (
            "project_person_merged",
            format!(
                "{} INSERT INTO entity.project_people VALUES
                     ({{p1}}, {{u2}}, 'co_buyer', now()), ({{p1}}, {{u2}}, 'contact', now()), ({{p1}}, {{u3}}, 'contact', now())",
                MERGED.replace("{u1}", "{u3}")
            ),
            "{p1}",
            "SELECT array_agg(user_id || role ORDER BY role) = ARRAY['{u3}co_buyer', '{u3}contact']
             FROM entity.project_people WHERE project_id = {p1}",
        ),
        (
            "project_person_deleted",
            format!("{DELETED} INSERT INTO entity.project_people VALUES ({{p1}}, {{u2}}, 'contact', now())"),
            "{p1}",
            "",
        ),
        (
            "project_owner_listed_twice",
            one("INSERT INTO entity.project_people VALUES ({p1}, {u1}, 'contact', now()), ({p1}, {u1}, 'co_buyer', now())"),
            "{p1}",
            "SELECT count(*) = 0 FROM entity.project_people WHERE project_id = {p1}",
        ),
        (
            "project_archived_while_running",
            one("UPDATE entity.projects SET archived_at = now() WHERE id = {p1}"),
            "{p1}",
            "SELECT archived_at IS NULL FROM entity.projects WHERE id = {p1}",
        ),
        (
            "project_shared_by_strangers",
            one("UPDATE entity.submissions SET project_id = {p1} WHERE id = {s2}"),
            "{p1}",
            "",
        ),
        (
            "project_status_unknown",
            one("ALTER TABLE entity.projects DISABLE TRIGGER status_machine;
                 UPDATE entity.projects SET legacy = true, status = 'On Hold' WHERE id = {p1};
                 ALTER TABLE entity.projects ENABLE TRIGGER status_machine"),
            "{p1}",
            "",
        ),
        (
            "project_choice_unknown",
            one("UPDATE entity.projects SET legacy = true, land_status = 'swamp', build_budget = '1m' WHERE id = {p1}"),
            "{p1}",
            "",
        ),
        (
            "project_times_wrong",
            one("UPDATE entity.projects SET updated_at = created_at - interval '1 second' WHERE id = {p1}"),
            "{p1}",
            "",
        ),
        (
            "submission_without_person",
            one("UPDATE entity.submissions SET user_id = NULL WHERE id = {s1}"),
            "{s1}",
            "SELECT user_id = {u1} AND version = 2 FROM entity.submissions WHERE id = {s1}",
        ),
        (
            "submission_of_merged_person",
            // merged twice, one after the other
            format!(
                "{MERGED} UPDATE entity.users SET holds_email = false, open_submissions = 0, merged_into = {{u3}} WHERE id = {{u1}};
                 UPDATE entity.submissions SET deleted_at = now() WHERE id = {{s1}}"
            ),
            "{s2}",
            "SELECT user_id = {u3} FROM entity.submissions WHERE id = {s2}",
        ),
        ("submission_of_deleted_person", one(DELETED), "{s2}", ""),
        (
            "submission_address_of_somebody_else",
            one("UPDATE entity.submissions SET user_id = {u2} WHERE id = {s1}"),
            "{s1}",
            "",
        ),
        (
            "submission_of_deleted_project",
            one("UPDATE entity.projects SET deleted_at = now() WHERE id = {p1}"),
            "{s1}",
            "SELECT project_id IS NULL AND version = 2 FROM entity.submissions WHERE id = {s1}",
        ),
        (
            "submission_project_of_somebody_else",
            one("UPDATE entity.submissions SET project_id = {p1} WHERE id = {s2}"),
            "{s2}",
            "SELECT count(*) = 1 FROM entity.project_people WHERE project_id = {p1} AND user_id = {u2} AND role = 'contact'",
        ),
        (
            "submission_without_project",
            one("UPDATE entity.submissions SET project_id = NULL WHERE id = {s1}"),
            "{s1}",
            "",
        ),
        (
            "submission_assigned_to_nobody",
            one("INSERT INTO entity.staff (id, username, full_name, role, password_hash, must_change_password, disabled_at,
                     created_at, updated_at)
                 VALUES (gen_random_uuid(), 'gone', 'Gone', 'viewer', '$argon2id$', false, now(), now(), now());
                 UPDATE entity.submissions SET assignee = (SELECT id FROM entity.staff WHERE username = 'gone') WHERE id = {s1}"),
            "{s1}",
            "",
        ),
        (
            "submission_counts_wrong",
            one("INSERT INTO entity.submission_values VALUES ('status', 'none', 7)"),
            "0",
            "SELECT NOT EXISTS (SELECT FROM entity.wrong_submission_values)",
        ),
        (
            "submission_search_wrong",
            one("INSERT INTO entity.submission_search SELECT id, created_at, lower(concat_ws(chr(1), full_name, email_address,
                     coalesce(company_name, ''), coalesce(project_description, ''))) FROM entity.submissions
                 ON CONFLICT DO NOTHING;
                 DELETE FROM entity.submission_search_pending;
                 UPDATE entity.submission_search SET document = 'x' WHERE submission_id = {s1}"),
            "{s1}",
            "SELECT NOT EXISTS (SELECT FROM entity.wrong_submission_documents)",
        ),
        (
            "submission_synced_ahead",
            one("UPDATE entity.submissions SET synced_version = 9 WHERE id = {s1}"),
            "{s1}",
            "SELECT sync_state = 'pending' AND synced_version = 0 FROM entity.submissions WHERE id = {s1}",
        ),
        (
            "submission_synced_behind",
            one("UPDATE entity.submissions SET sync_state = 'synced' WHERE id = {s1}"),
            "{s1}",
            "SELECT sync_state = 'pending' AND synced_version = 0 FROM entity.submissions WHERE id = {s1}",
        ),
        (
            "submission_address_misfolded",
            one("UPDATE entity.submissions SET email_address = 'ELSE@example.com' WHERE id = {s1}"),
            "{s1}",
            "",
        ),
        (
            "submission_status_unknown",
            one("UPDATE entity.submissions SET legacy = true, status = NULL WHERE id = {s1}"),
            "{s1}",
            "",
        ),
        (
            "submission_choice_unknown",
            one("UPDATE entity.submissions SET legacy = true, buyer_category = 'king' WHERE id = {s1}"),
            "{s1}",
            "",
        ),
        (
            "submission_times_wrong",
            one("UPDATE entity.submissions SET created_at = NULL WHERE id = {s1}"),
            "{s1}",
            "",
        ),
    ]
}

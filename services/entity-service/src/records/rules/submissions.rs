//! Rules about submissions. Deleted ones may be as they are.

use super::{Remedy, Rule, survivor, wrong_choices, wrong_times};

pub(super) const RULES: &[Rule] = &[
    Rule::new(
        "submission_without_person",
        "submission",
        "A submission belongs to nobody; the predecessor linked only some",
        "SELECT s.id,
             CASE WHEN u.id IS NULL THEN 'no person, and nobody answers for its address'
                 ELSE 'no person, though person ' || u.id || ' answers for its address' END AS detail,
             u.id AS target
         FROM entity.submissions s LEFT JOIN entity.users u ON u.email_key = s.email_key AND u.holds_email
         WHERE s.deleted_at IS NULL AND s.user_id IS NULL",
    )
    .mended_by(Remedy::GivePerson, "link it to person {}, who answers for its address")
    .with_target(),
    Rule::new(
        "submission_of_merged_person",
        "submission",
        "A submission belongs to a person who was merged into another",
        concat!(
            "SELECT s.id, 'its person ' || u.id || ' was merged into another' AS detail, ",
            survivor!("u.id"),
            " AS target FROM entity.submissions s JOIN entity.users u ON u.id = s.user_id
             WHERE s.deleted_at IS NULL AND u.merged_into IS NOT NULL"
        ),
    )
    .mended_by(Remedy::GivePerson, "link it to person {}, into whom its person was merged")
    .with_target(),
    Rule::new(
        "submission_of_deleted_person",
        "submission",
        "A submission is open though its person was deleted; restore the person or delete the submission",
        "SELECT s.id, 'its person ' || u.id || ' is deleted' AS detail, NULL::bigint AS target
         FROM entity.submissions s JOIN entity.users u ON u.id = s.user_id
         WHERE s.deleted_at IS NULL AND u.deleted_at IS NOT NULL AND u.merged_into IS NULL",
    ),
    Rule::new(
        "submission_address_of_somebody_else",
        "submission",
        "The address of a submission is not its person's, never was, and is not that of somebody merged into them",
        concat!(
            "SELECT s.id, 'its address is not that of its person ' || u.id AS detail, NULL::bigint AS target
             FROM entity.submissions s JOIN entity.users u ON u.id = s.user_id
             WHERE s.deleted_at IS NULL AND u.deleted_at IS NULL AND u.merged_into IS NULL AND s.email_key <> u.email_key
               AND NOT EXISTS (SELECT FROM entity.users m WHERE m.email_key = s.email_key AND m.merged_into IS NOT NULL AND ",
            survivor!("m.id"),
            " = u.id)
               AND NOT EXISTS (
                   WITH RECURSIVE same AS (
                       SELECT u.id
                       UNION SELECT g.merged_id FROM same JOIN entity.merges g ON g.kept_id = same.id
                       WHERE g.undone_at IS NULL)
                   SELECT FROM same JOIN entity.audit_log l ON l.entity = 'user' AND l.entity_id = same.id
                   WHERE lower(btrim(l.before->>'email_address')) = s.email_key OR l.before->>'email_key' = s.email_key)"
        ),
    ),
    Rule::new(
        "submission_of_deleted_project",
        "submission",
        "A submission is open though its project was deleted",
        "SELECT s.id, 'its project ' || p.id || ' is deleted' AS detail, NULL::bigint AS target
         FROM entity.submissions s JOIN entity.projects p ON p.id = s.project_id
         WHERE s.deleted_at IS NULL AND p.deleted_at IS NOT NULL",
    )
    .mended_by(Remedy::Unlink, "take its link to the project away, as the deletion should have"),
    Rule::new(
        "submission_project_of_somebody_else",
        "submission",
        "The project of a submission has nothing to do with its person",
        "SELECT s.id, 'its person ' || u.id || ' is not of its project ' || p.id AS detail, u.id AS target
         FROM entity.submissions s JOIN entity.projects p ON p.id = s.project_id JOIN entity.users u ON u.id = s.user_id
         WHERE s.deleted_at IS NULL AND p.deleted_at IS NULL AND u.deleted_at IS NULL AND u.merged_into IS NULL
           AND p.user_id IS DISTINCT FROM u.id
           AND NOT EXISTS (SELECT FROM entity.project_people pp WHERE pp.project_id = p.id AND pp.user_id = u.id)",
    )
    .mended_by(Remedy::AddContact, "add person {} to the project as a contact")
    .with_target(),
    Rule::new(
        "submission_without_project",
        "submission",
        "A submission belongs to no project, and nobody has taken its link away on purpose",
        "SELECT s.id, 'no project' AS detail, NULL::bigint AS target
         FROM entity.submissions s
         WHERE s.deleted_at IS NULL AND s.project_id IS NULL
           AND NOT EXISTS (SELECT FROM entity.audit_log l WHERE l.entity = 'submission' AND l.entity_id = s.id
               AND l.after->'project_id' = 'null')",
    ),
    Rule::new(
        "submission_assigned_to_nobody",
        "submission",
        "A submission is assigned to an account that is disabled, so nobody takes care of it",
        "SELECT s.id, 'the account of its assignee is disabled' AS detail, NULL::bigint AS target
         FROM entity.submissions s JOIN entity.staff a ON a.id = s.assignee
         WHERE s.deleted_at IS NULL AND a.disabled_at IS NOT NULL",
    ),
    Rule::new(
        "submission_synced_ahead",
        "submission",
        "A submission is said to equal ClickUp in a version that it does not have yet: its next change would not be sent",
        "SELECT s.id, 'equals ClickUp in version ' || s.synced_version || ', is at ' || s.version AS detail,
             NULL::bigint AS target
         FROM entity.submissions s WHERE s.deleted_at IS NULL AND s.synced_version > s.version",
    )
    .mended_by(Remedy::CompareAgain, "compare it with ClickUp again"),
    Rule::new(
        "submission_synced_behind",
        "submission",
        "A submission is said to be in sync though ClickUp has an older version of it",
        "SELECT s.id, 'equals ClickUp in version ' || s.synced_version || ', is at ' || s.version AS detail,
             NULL::bigint AS target
         FROM entity.submissions s
         WHERE s.deleted_at IS NULL AND s.sync_state = 'synced' AND s.synced_version < s.version",
    )
    .mended_by(Remedy::CompareAgain, "compare it with ClickUp again"),
    Rule::new(
        "submission_address_misfolded",
        "submission",
        "The folded form of an address is not the address in lower case, so the submission is not counted for it",
        // addresses of other letters are folded by rules that the database does not have
        "SELECT s.id, 'the folded address is another' AS detail, NULL::bigint AS target
         FROM entity.submissions s
         WHERE s.deleted_at IS NULL AND btrim(s.email_address) ~ '^[!-~]+$'
           AND s.email_key <> lower(btrim(s.email_address))",
    ),
    Rule::new(
        "submission_status_unknown",
        "submission",
        "The status of a submission is none of ours; any status can be set from there",
        "SELECT s.id, CASE WHEN s.status IS NULL THEN 'no status' ELSE 'a status that is none' END AS detail,
             NULL::bigint AS target
         FROM entity.submissions s
         WHERE s.deleted_at IS NULL
           AND coalesce(s.status, '') NOT IN ('new', 'reviewed', 'qualified', 'disqualified', 'contacted')",
    ),
    Rule::new(
        "submission_choice_unknown",
        "submission",
        "A submission has an answer that is not among the choices",
        concat!(
            "SELECT s.id, 'not among the choices: ' || ",
            wrong_choices!("s"),
            " AS detail, NULL::bigint AS target FROM entity.submissions s WHERE s.deleted_at IS NULL AND ",
            wrong_choices!("s"),
            " IS NOT NULL"
        ),
    ),
    Rule::new(
        "submission_times_wrong",
        "submission",
        "Times that cannot be: rows of the predecessor may have them",
        concat!(
            "SELECT s.id, ",
            wrong_times!("s"),
            " AS detail, NULL::bigint AS target FROM entity.submissions s WHERE s.deleted_at IS NULL AND ",
            wrong_times!("s"),
            " IS NOT NULL"
        ),
    ),
    Rule::new(
        "submission_counts_wrong",
        "submission",
        "The counts that statistics and pages show are not what counting says; somebody changed tables with the triggers off",
        "SELECT 0::bigint AS id, 'counts of combinations, values or hours differ' AS detail, NULL::bigint AS target
         WHERE EXISTS (SELECT FROM entity.wrong_submission_combinations)
            OR EXISTS (SELECT FROM entity.wrong_submission_values) OR EXISTS (SELECT FROM entity.wrong_submission_hours)",
    )
    .mended_by(Remedy::Derive, "count anew"),
    Rule::new(
        "submission_search_wrong",
        "submission",
        "What search reads of a submission is not what it says; somebody changed tables with the triggers off",
        "SELECT d.submission_id AS id, 'the search text is another' AS detail, NULL::bigint AS target
         FROM entity.wrong_submission_documents d",
    )
    .mended_by(Remedy::Derive, "make it anew"),
];

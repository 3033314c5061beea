//! Rules about projects and their people.

use super::{Remedy, Rule, survivor, wrong_choices, wrong_times};

pub(super) const RULES: &[Rule] = &[
    Rule::new(
        "project_owner_merged",
        "project",
        "The owner of a project was merged into another person",
        concat!(
            "SELECT p.id, 'the owner, person ' || u.id || ', was merged into another' AS detail, ",
            survivor!("u.id"),
            " AS target FROM entity.projects p JOIN entity.users u ON u.id = p.user_id
             WHERE p.deleted_at IS NULL AND u.merged_into IS NOT NULL"
        ),
    )
    .mended_by(Remedy::ReplaceOwner, "make person {}, into whom the owner was merged, the owner")
    .with_target(),
    Rule::new(
        "project_owner_deleted",
        "project",
        "The owner of a project was deleted; restore them, or give the project another owner",
        "SELECT p.id, 'the owner, person ' || u.id || ', is deleted' AS detail, NULL::bigint AS target
         FROM entity.projects p JOIN entity.users u ON u.id = p.user_id
         WHERE p.deleted_at IS NULL AND u.deleted_at IS NOT NULL AND u.merged_into IS NULL",
    ),
    Rule::new(
        "project_without_owner",
        "project",
        "A project has no owner; the predecessor made many of those",
        "SELECT p.id,
             CASE count(DISTINCT u.id)
                 WHEN 0 THEN 'no owner, and nobody whose submissions belong to it'
                 WHEN 1 THEN 'no owner, and the submissions of one person belong to it'
                 ELSE 'no owner, and the submissions of ' || count(DISTINCT u.id) || ' people belong to it' END AS detail,
             CASE WHEN count(DISTINCT u.id) = 1 THEN min(u.id) END AS target
         FROM entity.projects p
             LEFT JOIN entity.submissions s ON s.project_id = p.id AND s.deleted_at IS NULL
             LEFT JOIN entity.users u ON u.id = s.user_id AND u.deleted_at IS NULL AND u.merged_into IS NULL
         WHERE p.user_id IS NULL AND p.deleted_at IS NULL
         GROUP BY p.id",
    )
    .mended_by(Remedy::GiveOwner, "make person {}, whose submissions belong to it, the owner")
    .with_target(),
    Rule::new(
        "project_person_merged",
        "project",
        "Somebody of a project was merged into another person",
        "SELECT DISTINCT pp.project_id AS id, 'person ' || u.id || ' was merged into another' AS detail, u.id AS target
         FROM entity.project_people pp JOIN entity.projects p ON p.id = pp.project_id JOIN entity.users u ON u.id = pp.user_id
         WHERE p.deleted_at IS NULL AND u.merged_into IS NOT NULL",
    )
    .mended_by(Remedy::MoveRoles, "give the roles of person {} to the person into whom they were merged")
    .with_target(),
    Rule::new(
        "project_person_deleted",
        "project",
        "Somebody of a project was deleted; restore them, or take them out of the project",
        "SELECT DISTINCT pp.project_id AS id, 'person ' || u.id || ' is deleted' AS detail, NULL::bigint AS target
         FROM entity.project_people pp JOIN entity.projects p ON p.id = pp.project_id JOIN entity.users u ON u.id = pp.user_id
         WHERE p.deleted_at IS NULL AND u.deleted_at IS NOT NULL AND u.merged_into IS NULL",
    ),
    Rule::new(
        "project_owner_listed_twice",
        "project",
        "The owner of a project has further roles in it, although an owner is everything",
        "SELECT DISTINCT p.id, 'the owner, person ' || p.user_id || ', has further roles' AS detail, NULL::bigint AS target
         FROM entity.projects p JOIN entity.project_people pp ON pp.project_id = p.id AND pp.user_id = p.user_id
         WHERE p.deleted_at IS NULL",
    )
    .mended_by(Remedy::DropRoles, "take the further roles of the owner away"),
    Rule::new(
        "project_archived_while_running",
        "project",
        "A project is archived, so nobody sees it, and is neither completed nor cancelled",
        "SELECT p.id, 'archived while ' || coalesce(p.status, 'without a status') AS detail, NULL::bigint AS target
         FROM entity.projects p
         WHERE p.deleted_at IS NULL AND p.archived_at IS NOT NULL AND NOT p.legacy
           AND p.status IS DISTINCT FROM 'completed' AND p.status IS DISTINCT FROM 'cancelled'",
    )
    .mended_by(Remedy::Unarchive, "take it out of the archive"),
    Rule::new(
        "project_shared_by_strangers",
        "project",
        "Submissions of several people belong to one project that is not theirs together; the predecessor gave everybody \
         with the same description one project",
        "SELECT p.id, 'submissions of ' || count(DISTINCT s.user_id) || ' people, of whom '
                 || count(DISTINCT s.user_id) FILTER (WHERE m.user_id IS NULL) || ' are not of the project' AS detail,
             NULL::bigint AS target
         FROM (SELECT project_id FROM entity.submissions WHERE deleted_at IS NULL AND user_id IS NOT NULL
               GROUP BY project_id HAVING min(user_id) <> max(user_id)) several
             JOIN entity.projects p ON p.id = several.project_id
             JOIN entity.submissions s ON s.project_id = p.id AND s.deleted_at IS NULL
             LEFT JOIN (SELECT DISTINCT project_id, user_id FROM entity.project_members) m
                 ON m.project_id = p.id AND m.user_id = s.user_id
         WHERE p.deleted_at IS NULL AND s.user_id IS NOT NULL
         GROUP BY p.id
         HAVING count(*) FILTER (WHERE m.user_id IS NULL) > 0",
    ),
    Rule::new(
        "project_status_unknown",
        "project",
        "The status of a project is none of ours; any status can be set from there",
        "SELECT p.id, CASE WHEN p.status IS NULL THEN 'no status' ELSE 'a status that is none' END AS detail,
             NULL::bigint AS target
         FROM entity.projects p
         WHERE p.deleted_at IS NULL
           AND coalesce(p.status, '') NOT IN ('planning', 'active', 'on_hold', 'completed', 'cancelled')",
    ),
    Rule::new(
        "project_choice_unknown",
        "project",
        "A project has an answer that is not among the choices",
        concat!(
            "SELECT p.id, 'not among the choices: ' || ",
            wrong_choices!("p"),
            " AS detail, NULL::bigint AS target FROM entity.projects p WHERE p.deleted_at IS NULL AND ",
            wrong_choices!("p"),
            " IS NOT NULL"
        ),
    ),
    Rule::new(
        "project_times_wrong",
        "project",
        "Times that cannot be: rows of the predecessor may have them",
        concat!(
            "SELECT p.id, ",
            wrong_times!("p"),
            " AS detail, NULL::bigint AS target FROM entity.projects p WHERE p.deleted_at IS NULL AND ",
            wrong_times!("p"),
            " IS NOT NULL"
        ),
    ),
];

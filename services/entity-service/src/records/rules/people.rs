//! Rules about people.

use super::{Remedy, Rule, survivor, wrong_times};

pub(super) const RULES: &[Rule] = &[
    Rule::new(
        "user_address_held_by_nobody",
        "user",
        "Nobody answers for an address that a person has: it could apply as if it were new",
        "SELECT min(u.id) AS id, 'nobody answers for the address of ' || count(*) || ' present person(s)' AS detail,
             NULL::bigint AS target
         FROM entity.users u
         WHERE u.deleted_at IS NULL AND u.merged_into IS NULL
         GROUP BY u.email_key HAVING NOT bool_or(u.holds_email)",
    )
    .mended_by(Remedy::HoldAddress, "let this person, the first one with it, answer for the address"),
    Rule::new(
        "user_open_submissions_miscounted",
        "user",
        "The number of open submissions of an address is wrong, so it is refused, or let in twice",
        "SELECT u.id, 'counted ' || u.open_submissions || ', there are ' || coalesce(c.open, 0) AS detail,
             NULL::bigint AS target
         FROM entity.users u LEFT JOIN (
             SELECT s.email_key, count(*) AS open FROM entity.submissions s WHERE s.deleted_at IS NULL GROUP BY s.email_key
         ) c ON c.email_key = u.email_key
         WHERE u.holds_email AND u.open_submissions <> coalesce(c.open, 0)",
    )
    .mended_by(Remedy::Recount, "count the open submissions of the address again"),
    Rule::new(
        "user_shares_address",
        "user",
        "Several people have one address; they may be the same person and could be merged",
        "SELECT min(u.id) AS id, 'people ' || string_agg(u.id::text, ', ' ORDER BY u.id) || ' share one address' AS detail,
             NULL::bigint AS target
         FROM entity.users u
         WHERE u.deleted_at IS NULL AND u.merged_into IS NULL
         GROUP BY u.email_key HAVING count(*) > 1",
    ),
    Rule::new(
        "user_address_misfolded",
        "user",
        "The folded form of an address is not the address in lower case, so the person is not found by it",
        // addresses of other letters are folded by rules that the database does not have
        "SELECT u.id, 'the folded address is another' AS detail, NULL::bigint AS target
         FROM entity.users u
         WHERE u.deleted_at IS NULL AND btrim(u.email_address) ~ '^[!-~]+$'
           AND u.email_key <> lower(btrim(u.email_address))",
    ),
    Rule::new(
        "user_merged_into_nobody",
        "user",
        "A person was merged into somebody who is gone, so what belongs to them leads nowhere",
        concat!(
            "SELECT u.id, 'merged into person ' || u.merged_into || ', who is gone' AS detail, NULL::bigint AS target
             FROM entity.users u WHERE u.merged_into IS NOT NULL AND u.deleted_at IS NULL AND ",
            survivor!("u.id"),
            " IS NULL"
        ),
    ),
    Rule::new(
        "user_times_wrong",
        "user",
        "Times that cannot be: rows of the predecessor may have them",
        concat!(
            "SELECT u.id, ",
            wrong_times!("u"),
            " AS detail, NULL::bigint AS target FROM entity.users u WHERE u.deleted_at IS NULL AND ",
            wrong_times!("u"),
            " IS NOT NULL"
        ),
    ),
];

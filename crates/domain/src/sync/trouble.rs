//! What stands in the way of a record, and what a person does about it, in plain words.

/// Kinds of trouble as they stand in rows: the classes of failed calls, and what is found without a call.
pub const CLASSES: [&str; 14] = [
    "unreachable",
    "retry",
    "unexpected",
    "unclear",
    "rate_limited",
    "token_dead",
    "status_unknown",
    "field_refused",
    "gone",
    "forbidden",
    "plan_limit",
    "our_fault",
    "already_exists",
    "task_gone",
];
/// Kinds of trouble of our own parts.
pub const OWN_CLASSES: [&str; 2] = ["entity", "defect"];

/// Trouble that a change of the list or of the mapping may have ended.
pub const MENDED_BY_MAPPING: [&str; 2] = ["status_unknown", "field_refused"];

/// Whether this is the name of a kind of trouble.
#[must_use]
pub fn is_class(name: &str) -> bool {
    CLASSES.contains(&name) || OWN_CLASSES.contains(&name)
}

/// Whether two kinds of trouble are the same as far as patience with them goes.
#[must_use]
pub fn is_alike(one: &str, other: &str) -> bool {
    const AWAY: [&str; 4] = ["unreachable", "retry", "unexpected", "unclear"];
    one == other || (AWAY.contains(&one) && AWAY.contains(&other))
}

/// What to do about it. For a name that is none, that of a defect.
#[must_use]
pub fn remedy(class: &str) -> &'static str {
    match class {
        "unreachable" => {
            "ClickUp could not be reached. Check the network and CLICKUP_BASE_URL; it is tried again by itself, and what was \
             given up can be replayed once ClickUp answers."
        }
        "retry" => {
            "ClickUp answered with a failure of its own or not in time. If other records get through, look at what is special \
             about this one; then replay it."
        }
        "unexpected" => {
            "Something answered that is not ClickUp, for example a proxy. Check CLICKUP_BASE_URL and what stands between; then \
             replay."
        }
        "unclear" => {
            "ClickUp's answers do not tell enough to go on safely. Look at the task and the list in ClickUp; then replay."
        }
        "rate_limited" => {
            "The rate limit is used up, perhaps by others with the same token. It goes on by itself."
        }
        "token_dead" => {
            "ClickUp does not accept the token. Make a new one in ClickUp and set it with `keylight clickup connect` or \
             CLICKUP_TOKEN; then everything goes on by itself."
        }
        "status_unknown" => {
            "The list in ClickUp has no status of this name. Add the status to the list or change the mapping; it is tried \
             again by itself when the list has changed."
        }
        "field_refused" => {
            "ClickUp refuses a value of a custom field. Check the field and its options in the list, or the mapping; it is \
             tried again by itself when the list has changed."
        }
        "gone" => {
            "What the call was about is deleted in ClickUp, most likely the list. Restore it from ClickUp's trash or choose \
             another list; then replay."
        }
        "forbidden" => {
            "The token's user may not see or change this, or it does not exist. Share the list with that user in ClickUp; then \
             replay."
        }
        "plan_limit" => {
            "The plan of the ClickUp workspace does not allow it: storage, uses of custom fields, or task types are used up. \
             Free some or change the plan; then replay."
        }
        "our_fault" => {
            "ClickUp says that the request itself is wrong. This is a defect of Keylight: report it with the error's code; \
             replay after an update."
        }
        "already_exists" => "The same thing is in ClickUp already. Look at it there; then replay.",
        "task_gone" => {
            "The task was deleted in ClickUp. Take it out of ClickUp's trash and replay; or delete the submission if it is not \
             wanted any more."
        }
        "entity" => "The system of record does not answer. It is tried again by itself.",
        _ => {
            "Keylight fell over this record. This is a defect: report it with the log of that time; replay after an update."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_a_remedy_of_its_own() {
        let mut told: Vec<&str> = CLASSES
            .iter()
            .chain(&OWN_CLASSES)
            .map(|class| remedy(class))
            .collect();
        let all = told.len();
        told.sort_unstable();
        told.dedup();
        assert_eq!(told.len(), all);
        assert!(MENDED_BY_MAPPING.iter().all(|class| is_class(class)));
    }

    #[test]
    fn outages_in_different_dress_are_one() {
        assert!(is_alike("retry", "unreachable"));
        assert!(!is_alike("retry", "forbidden"));
    }
}

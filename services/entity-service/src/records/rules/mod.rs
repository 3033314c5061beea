//! The rules across entities, as data.

mod people;
mod projects;
mod submissions;

/// How a case is mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// The submission gets the target as its person.
    GivePerson,
    /// The target becomes a contact of the submission's project.
    AddContact,
    /// The submission loses its link to the project.
    Unlink,
    /// The submission is compared with ClickUp again.
    CompareAgain,
    /// The open submissions of the person's address are counted again.
    Recount,
    /// The person answers for the address from now on.
    HoldAddress,
    /// The target becomes the owner of the project, and nobody of it has to go.
    GiveOwner,
    /// The target, into whom the owner was merged, takes the owner's place.
    ReplaceOwner,
    /// The roles of the target, a merged person, go to the person into whom they were merged.
    MoveRoles,
    /// The further roles of the owner, who is everything anyway, go.
    DropRoles,
    /// The project is taken out of the archive.
    Unarchive,
    /// Counts and search texts are brought to what the submissions say.
    Derive,
}

/// A rule that holds across records, or should.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Its name in reports and commands.
    pub name: &'static str,
    /// `submission`, `user` or `project`.
    pub entity: &'static str,
    /// What is wrong where it is broken, and how it may have come about.
    pub meaning: &'static str,
    /// `SELECT` of the cases: `id` of the record (bigint), `detail` in words without personal data, and `target` (bigint),
    /// the other record that the remedy needs; null where there is none.
    pub cases: &'static str,
    /// What is done about a case, if nothing has to be decided; `{}` stands for the target.
    pub remedy: Option<(Remedy, &'static str)>,
    /// Whether a case without a target can be mended.
    pub needs_target: bool,
}

impl Rule {
    const fn new(
        name: &'static str,
        entity: &'static str,
        meaning: &'static str,
        cases: &'static str,
    ) -> Self {
        Self {
            name,
            entity,
            meaning,
            cases,
            remedy: None,
            needs_target: false,
        }
    }

    const fn mended_by(mut self, remedy: Remedy, words: &'static str) -> Self {
        self.remedy = Some((remedy, words));
        self
    }

    const fn with_target(mut self) -> Self {
        self.needs_target = true;
        self
    }

    /// What would be done about a case with this target, in words; empty when a person has to decide.
    #[must_use]
    pub fn remedy_for(&self, target: Option<i64>) -> String {
        match (self.remedy, target) {
            (Some((_, words)), Some(target)) => words.replace("{}", &target.to_string()),
            (Some((_, words)), None) if !self.needs_target => words.to_owned(),
            _ => String::new(),
        }
    }
}

/// Every rule, in the order in which reports show them and in which mending makes sense.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    people::RULES
        .iter()
        .chain(projects::RULES)
        .chain(submissions::RULES)
}

/// The rule of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.name == name)
}

/// SQL for the person into whom the person with id `$x` was merged in the end, if that one is there.
macro_rules! survivor {
    ($x:literal) => {
        concat!(
            "(WITH RECURSIVE chain AS (",
            "SELECT k.id, k.merged_into, k.deleted_at, 1 AS step FROM entity.users k WHERE k.id = ",
            $x,
            " UNION ALL SELECT k.id, k.merged_into, k.deleted_at, chain.step + 1 ",
            "FROM chain JOIN entity.users k ON k.id = chain.merged_into WHERE chain.step < 50",
            ") SELECT chain.id FROM chain WHERE chain.merged_into IS NULL AND chain.deleted_at IS NULL LIMIT 1)"
        )
    };
}
pub(crate) use survivor;

/// SQL that says in words what is wrong with the times of `$t`; null when nothing is.
macro_rules! wrong_times {
    ($t:literal) => {
        concat!(
            "CASE WHEN ",
            $t,
            ".created_at IS NULL THEN 'there is no time of creation' ",
            "WHEN NOT isfinite(",
            $t,
            ".created_at) THEN 'the time of creation is infinite' ",
            "WHEN ",
            $t,
            ".updated_at IS NULL THEN 'there is no time of change' ",
            "WHEN NOT isfinite(",
            $t,
            ".updated_at) THEN 'the time of change is infinite' ",
            "WHEN ",
            $t,
            ".created_at > ",
            $t,
            ".updated_at THEN 'changed before it was created' END"
        )
    };
}
pub(crate) use wrong_times;

/// SQL that names the choices of `$t` that are none; null when all are.
macro_rules! wrong_choices {
    ($t:literal) => {
        concat!(
            "nullif(concat_ws(', ',",
            " CASE WHEN ", $t, ".buyer_category NOT IN ('homebuyer', 'developer') THEN 'buyer_category' END,",
            " CASE WHEN ", $t, ".financing_plan NOT IN ('self_funding', 'finance_build') THEN 'financing_plan' END,",
            " CASE WHEN ", $t, ".land_status NOT IN ('own_land', 'need_land') THEN 'land_status' END,",
            " CASE WHEN ", $t, ".build_budget NOT IN ('200k_250k', '250k_350k', '350k_400k', '400k_500k', '500k_plus')",
            " THEN 'build_budget' END,",
            " CASE WHEN ", $t, ".construction_timeline NOT IN ('less_than_3_months', '3_to_6_months',",
            " '6_to_12_months', 'more_than_12_months') THEN 'construction_timeline' END), '')"
        )
    };
}
pub(crate) use wrong_choices;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_distinct_and_remedies_are_said() {
        let mut names = HashSet::new();
        for rule in all() {
            assert!(names.insert(rule.name), "{} twice", rule.name);
            assert!(matches!(rule.entity, "submission" | "user" | "project"));
            assert!(rule.name.starts_with(rule.entity), "{}", rule.name);
            let words = rule.remedy.map_or("", |(_, words)| words);
            assert_eq!(rule.needs_target, words.contains("{}"), "{}", rule.name);
            assert_eq!(find(rule.name).map(|found| found.name), Some(rule.name));
        }
        assert!(names.len() >= 25);
    }
}

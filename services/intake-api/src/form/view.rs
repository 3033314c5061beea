//! The form as data: sections, fields, and what was typed into them.

use super::words;
use keylight_domain::intake::{
    BuildBudget, BuyerCategory, ConstructionTimeline, Field, FieldProblem, FinancingPlan,
    LandStatus, MAX_TEXT, RawFields,
};

/// What is wrong with one field, for a person.
pub(super) struct Problem {
    pub(super) field: Field,
    pub(super) sentence: String,
}

impl Problem {
    /// One sentence per field, of several problems the first; in the order of the page.
    pub(super) fn of(problems: &[FieldProblem]) -> Vec<Problem> {
        let mut shown: Vec<Problem> = Vec::new();
        for problem in problems {
            if shown.iter().all(|earlier| earlier.field != problem.field) {
                shown.push(Problem {
                    field: problem.field,
                    sentence: words::sentence(problem),
                });
            }
        }
        let nothing = RawFields::new();
        let page = sections(&nothing, &[]);
        let place = |problem: &Problem| {
            let mut names = page
                .iter()
                .flat_map(|section| section.fields.iter().map(|field| field.name));
            names.position(|name| name == problem.name())
        };
        shown.sort_by_key(place);
        shown
    }

    /// Name of the field, for links to it.
    pub(super) const fn name(&self) -> &'static str {
        self.field.as_str()
    }

    /// Label of the field.
    pub(super) const fn label(&self) -> &'static str {
        words::label(self.field)
    }
}

/// Fields that belong together.
pub(super) struct Section<'a> {
    pub(super) title: &'static str,
    pub(super) fields: Vec<FieldView<'a>>,
}

/// One field.
pub(super) struct FieldView<'a> {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) hint: &'static str,
    pub(super) required: bool,
    /// `field=value`: with JavaScript the field is shown only then. Empty = always.
    pub(super) only_when: &'static str,
    pub(super) problem: Option<&'a str>,
    pub(super) input: Input<'a>,
}

/// How a field is filled in.
pub(super) enum Input<'a> {
    /// One line.
    Line {
        kind: &'static str,
        mode: &'static str,
        autocomplete: &'static str,
        longest: usize,
        value: &'a str,
    },
    /// Several lines.
    Lines {
        rows: u8,
        longest: usize,
        value: &'a str,
    },
    /// One of a few.
    Choice(Vec<Choice>),
    /// Yes or nothing.
    Tick(bool),
}

/// One answer of a choice.
pub(super) struct Choice {
    pub(super) value: &'static str,
    pub(super) label: &'static str,
    pub(super) chosen: bool,
}

/// The whole form.
pub(super) fn sections<'a>(fields: &'a RawFields, problems: &'a [Problem]) -> Vec<Section<'a>> {
    let form = Form { fields, problems };
    vec![
        Section {
            title: "About you",
            fields: vec![
                form.choice(
                    Field::BuyerCategory,
                    BuyerCategory::ALL
                        .iter()
                        .map(|v| (v.as_str(), words::buyer(*v))),
                ),
                form.line(Field::FullName, "text", "text", "name", 255)
                    .required(),
                // not of type email: browsers refuse addresses that exist
                form.line(Field::EmailAddress, "text", "email", "email", 255)
                    .required(),
                form.line(Field::PhoneNumber, "tel", "tel", "tel", 20)
                    .required()
                    .hint("Ten digits or more"),
                form.line(Field::CompanyName, "text", "text", "organization", 255),
            ],
        },
        Section {
            title: "Your land",
            fields: vec![
                form.choice(
                    Field::LandStatus,
                    LandStatus::ALL
                        .iter()
                        .map(|v| (v.as_str(), words::land(*v))),
                ),
                form.lines(Field::LotAddress, 2)
                    .hint("If you own land")
                    .only_when("land_status=own_land"),
                form.tick(Field::NeedsHelpFindingLand)
                    .only_when("land_status=need_land"),
                form.lines(Field::PreferredAreaDescription, 2)
                    .hint("City, county or area, if you would like help finding land")
                    .only_when("needs_help_finding_land=true"),
            ],
        },
        Section {
            title: "Your build",
            fields: vec![
                form.choice(
                    Field::BuildBudget,
                    BuildBudget::ALL
                        .iter()
                        .map(|v| (v.as_str(), words::budget(*v))),
                ),
                form.choice(
                    Field::ConstructionTimeline,
                    ConstructionTimeline::ALL
                        .iter()
                        .map(|v| (v.as_str(), words::timeline(*v))),
                ),
                form.choice(
                    Field::FinancingPlan,
                    FinancingPlan::ALL
                        .iter()
                        .map(|v| (v.as_str(), words::financing(*v))),
                ),
                form.tick(Field::InterestedInPreferredLender),
            ],
        },
        Section {
            title: "Your project",
            fields: vec![
                form.lines(Field::ProjectDescription, 6)
                    .required()
                    .hint("Size, style, rooms, anything that matters to you"),
                form.line(Field::ReferralSource, "text", "text", "off", 100),
            ],
        },
    ]
}

struct Form<'a> {
    fields: &'a RawFields,
    problems: &'a [Problem],
}

impl<'a> Form<'a> {
    fn field(&self, field: Field, input: Input<'a>) -> FieldView<'a> {
        let problem = self.problems.iter().find(|problem| problem.field == field);
        FieldView {
            name: field.as_str(),
            label: words::label(field),
            hint: "",
            required: false,
            only_when: "",
            problem: problem.map(|problem| problem.sentence.as_str()),
            input,
        }
    }

    fn line(
        &self,
        field: Field,
        kind: &'static str,
        mode: &'static str,
        autocomplete: &'static str,
        longest: usize,
    ) -> FieldView<'a> {
        self.field(
            field,
            Input::Line {
                kind,
                mode,
                autocomplete,
                longest,
                value: self.fields.text(field),
            },
        )
    }

    fn lines(&self, field: Field, rows: u8) -> FieldView<'a> {
        self.field(
            field,
            Input::Lines {
                rows,
                longest: MAX_TEXT,
                value: self.fields.text(field),
            },
        )
    }

    fn tick(&self, field: Field) -> FieldView<'a> {
        self.field(field, Input::Tick(!self.fields.text(field).is_empty()))
    }

    fn choice(
        &self,
        field: Field,
        values: impl Iterator<Item = (&'static str, &'static str)>,
    ) -> FieldView<'a> {
        let chosen = self.fields.text(field);
        let choices = values
            .map(|(value, label)| Choice {
                value,
                label,
                chosen: value == chosen,
            })
            .collect();
        self.field(field, Input::Choice(choices)).required()
    }
}

impl FieldView<'_> {
    fn required(self) -> Self {
        Self {
            required: true,
            ..self
        }
    }

    fn hint(self, hint: &'static str) -> Self {
        Self { hint, ..self }
    }

    fn only_when(self, only_when: &'static str) -> Self {
        Self { only_when, ..self }
    }

    /// Whether it never has to be filled in; a field that sometimes must be says so in its hint.
    pub(super) const fn is_optional(&self) -> bool {
        !self.required && self.only_when.is_empty()
    }

    /// The ids of the texts that describe the field, for screen readers.
    pub(super) fn described_by(&self) -> String {
        let mut ids = String::new();
        if !self.hint.is_empty() {
            ids = format!("{}-hint", self.name);
        }
        if self.problem.is_some() {
            ids = format!("{ids} {}-problem", self.name)
                .trim_start()
                .to_owned();
        }
        ids
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn problems_stand_in_the_order_of_the_page() {
        let problems = Problem::of(&keylight_domain::intake::parse(&RawFields::new()).unwrap_err());
        let names: Vec<_> = problems.iter().map(Problem::name).collect();
        assert_eq!(
            (names[0], names[8]),
            ("buyer_category", "project_description")
        );
    }

    #[test]
    fn every_field_of_an_application_is_on_the_form_once() {
        let raw = RawFields::new();
        let mut names: Vec<_> = sections(&raw, &[])
            .iter()
            .flat_map(|section| section.fields.iter().map(|field| field.name))
            .collect();
        let mut expected: Vec<_> = Field::ALL.iter().map(|field| field.as_str()).collect();
        names.sort_unstable();
        expected.sort_unstable();
        assert_eq!(names, expected);
    }
}

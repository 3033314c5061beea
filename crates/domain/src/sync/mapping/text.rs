//! Templates for names and descriptions: text with `{fields}`.

use crate::sync::labels::label;
use crate::sync::template::{Record, escape_into};
use crate::sync::value::{Field, Holds, Value};

enum Piece<'a> {
    Words(&'a str),
    Field(&'a str),
}

/// The pieces of a template; `{{` and `}}` are braces. A brace that is not closed is a word.
fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        let (words, tail) = rest.split_at(at);
        pieces.push(Piece::Words(words));
        let closed = tail[1..].find('}').filter(|_| tail.starts_with('{'));
        rest = match closed {
            _ if tail.starts_with("{{") || tail.starts_with("}}") => {
                pieces.push(Piece::Words(&tail[..1]));
                &tail[2..]
            }
            Some(end) => {
                pieces.push(Piece::Field(tail[1..=end].trim()));
                &tail[end + 2..]
            }
            None => {
                pieces.push(Piece::Words(&tail[..1]));
                &tail[1..]
            }
        };
    }
    pieces.push(Piece::Words(rest));
    pieces
}

/// What is wrong with the fields of a template.
pub(super) fn unknown_fields(template: &str) -> Vec<String> {
    let known = |name: &str| Field::named(name).is_some_and(Field::is_custom);
    pieces(template)
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Field(name) if !known(name) => {
                let name: String = name.chars().take(60).collect();
                Some(format!("\"{{{name}}}\" is no field of an application"))
            }
            _ => None,
        })
        .collect()
}

/// The fields that a template may use.
pub(super) fn known_fields() -> String {
    let names: Vec<_> = Field::CUSTOM
        .iter()
        .map(|field| format!("{{{}}}", field.as_str()))
        .collect();
    names.join(", ")
}

/// What people read for a fact of an application; empty when there is none.
fn shown(field: Field, record: &Record) -> String {
    let value = record.value(field);
    match (field.holds(), &value) {
        (Holds::Moment, Value::Code(moment)) => moment.get(..10).unwrap_or(moment).to_owned(),
        (_, Value::Code(code)) => label(field, code).to_owned(),
        _ => value.as_words().unwrap_or("").trim().to_owned(),
    }
}

/// Fills a template for one line: blanks and line ends become one blank.
#[must_use]
pub(in crate::sync) fn line(template: &str, record: &Record) -> String {
    let filled: String = pieces(template)
        .into_iter()
        .map(|piece| match piece {
            Piece::Words(words) => words.to_owned(),
            Piece::Field(name) => {
                Field::named(name).map_or_else(String::new, |field| shown(field, record))
            }
        })
        .collect();
    filled.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Fills a template of markdown. What applicants wrote is text, not markup; a line whose fields are all empty is left out.
#[must_use]
pub(in crate::sync) fn markdown(template: &str, record: &Record) -> String {
    let mut text = String::with_capacity(template.len() * 2);
    for line in template.lines() {
        let (mut filled, mut fields, mut empty) = (String::new(), 0, 0);
        for piece in pieces(line) {
            match piece {
                Piece::Words(words) => filled.push_str(words),
                Piece::Field(name) => {
                    let words =
                        Field::named(name).map_or_else(String::new, |field| shown(field, record));
                    fields += 1;
                    empty += usize::from(words.is_empty());
                    escape_into(&mut filled, &words);
                }
            }
        }
        if fields == 0 || empty < fields {
            text.push_str(&filled);
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            full_name: "Ada\nProbe".into(),
            buyer_category: "developer".into(),
            company_name: Some("Probe *Homes*".into()),
            interested_in_preferred_lender: Some(true),
            ..Record::default()
        }
    }

    #[test]
    fn fields_are_filled_in() {
        assert_eq!(
            line("{applicant} ({category}) {{x}} {", &record()),
            "Ada Probe (Developer) {x} {"
        );
        assert_eq!(
            markdown(
                "**{company}**\n\n- Lot: {lot_address}\n- Lender: {lender} {phone}",
                &record()
            ),
            "**Probe \\*Homes\\***\n\n- Lender: Yes \n"
        );
    }

    #[test]
    fn unknown_fields_are_named() {
        assert_eq!(unknown_fields("{applicant} {{status}} {budget}"), [""; 0]);
        assert_eq!(
            unknown_fields("{status} {nobody}"),
            [
                "\"{status}\" is no field of an application",
                "\"{nobody}\" is no field of an application"
            ]
        );
    }
}

//! What holds for every body whatever: compiled into the tests of this crate and into the fuzz target `intake_body`.

use keylight_domain::intake::{
    Application, Field, FieldProblem, MAX_TEXT, RawFields, RawValue, parse, parse_owned, trim,
};

/// The longest sentence about one field; it lists choices and never repeats what was sent.
const LONGEST_SENTENCE: usize = 160;

/// What became of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Not a JSON object or array.
    NotRead,
    /// Read, and refused with problems.
    Refused,
    /// An application.
    Accepted,
}

/// Reads a body as the intake does.
///
/// # Panics
/// When anything that should hold for every body does not.
pub fn check(body: &[u8]) -> Outcome {
    // other requests read single keys of such bodies
    let _ = RawValue::pick_from_json(body, ["status", "admin_notes"]);

    let read = RawFields::from_json(body);
    if let Ok(value) = serde_json::from_slice::<serde_json::Value>(body) {
        match value {
            serde_json::Value::Object(map) => {
                assert_eq!(read, Ok(RawFields::from_map(map)), "two readers disagree");
            }
            serde_json::Value::Array(_) => {
                assert_eq!(read, Ok(RawFields::new()), "an array has fields");
            }
            _ => assert!(read.is_err(), "a scalar was read"),
        }
    }
    let Ok(raw) = read else {
        return Outcome::NotRead;
    };
    let judged = parse(&raw);
    assert_eq!(
        judged,
        parse_owned(raw.clone()),
        "copied and moved fields are judged differently"
    );
    match judged {
        Ok(application) => {
            is_sound(&application);
            Outcome::Accepted
        }
        Err(problems) => {
            are_sound(&problems);
            Outcome::Refused
        }
    }
}

fn is_sound(application: &Application) {
    assert_eq!(
        parse(&application.to_raw()).as_ref(),
        Ok(application),
        "an accepted application is refused or changed when it comes again"
    );
    let texts = [
        (Field::FullName, Some(&application.full_name), 1, 255),
        (
            Field::EmailAddress,
            Some(&application.email_address),
            5,
            255,
        ),
        (Field::PhoneNumber, Some(&application.phone_number), 10, 20),
        (
            Field::CompanyName,
            application.company_name.as_ref(),
            1,
            255,
        ),
        (
            Field::LotAddress,
            application.lot_address.as_ref(),
            1,
            MAX_TEXT,
        ),
        (
            Field::PreferredAreaDescription,
            application.preferred_area_description.as_ref(),
            1,
            MAX_TEXT,
        ),
        (
            Field::ProjectDescription,
            Some(&application.project_description),
            1,
            MAX_TEXT,
        ),
        (
            Field::ReferralSource,
            Some(&application.referral_source),
            1,
            100,
        ),
    ];
    for (field, text, shortest, longest) in texts {
        let Some(text) = text else { continue };
        let length = text.chars().count();
        assert!(
            (shortest..=longest).contains(&length),
            "{field} has {length} characters"
        );
        assert!(!text.contains('\0'), "{field} has a NUL");
        assert_eq!(trim(text), text, "{field} is not trimmed");
    }
    let address = &application.email_address;
    assert_eq!(
        &address.to_lowercase(),
        address,
        "the address is not folded"
    );
}

fn are_sound(problems: &[FieldProblem]) {
    assert!(!problems.is_empty(), "refused without a reason");
    for (at, FieldProblem { field, message }) in problems.iter().enumerate() {
        assert!(
            message
                .strip_prefix(field.as_str())
                .is_some_and(|rest| rest.starts_with(' ')),
            "{message:?} does not begin with {field}"
        );
        assert!(message.len() <= LONGEST_SENTENCE, "{message:?} is too long");
        assert!(
            !message.contains(char::is_control),
            "{message:?} has control characters"
        );
        let again = problems[..at].iter().any(|other| other.message == *message);
        assert!(!again, "{message:?} is told twice");
    }
}

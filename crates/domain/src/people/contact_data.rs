//! Name, e-mail address, phone and company, as staff may write them: the rules and limits of the application form.

use crate::intake::{Field, MAX_NAME, MAX_PHONE, is_email, is_phone, trim};

/// A phone number as it is kept.
pub type Phone = String;

/// A person to be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPerson {
    /// 1 to 255 characters.
    pub full_name: String,
    /// Trimmed and lower-cased.
    pub email_address: String,
    /// If known.
    pub phone_number: Option<Phone>,
    /// If any.
    pub company_name: Option<String>,
}

/// What is to be changed of a person; `None` leaves as is, an inner `None` empties.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PersonChange {
    /// The new name.
    pub full_name: Option<String>,
    /// The new address, trimmed and lower-cased.
    pub email_address: Option<String>,
    /// The new phone number.
    pub phone_number: Option<Option<Phone>>,
    /// The new company.
    pub company_name: Option<Option<String>>,
}

impl NewPerson {
    /// Reads what was sent; texts are trimmed, and empty phone or company is none.
    ///
    /// # Errors
    /// One sentence for each field that breaks a rule, in the order of the fields. None repeats what was sent.
    pub fn read(
        full_name: &str,
        email_address: &str,
        phone_number: Option<&str>,
        company_name: Option<&str>,
    ) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let person = Self {
            full_name: name(full_name, &mut problems),
            email_address: email(email_address, &mut problems),
            phone_number: phone(phone_number.unwrap_or_default(), &mut problems),
            company_name: company(company_name.unwrap_or_default(), &mut problems),
        };
        if problems.is_empty() {
            Ok(person)
        } else {
            Err(problems)
        }
    }
}

impl PersonChange {
    /// As [`NewPerson::read`], for the fields that were sent.
    ///
    /// # Errors
    /// As there.
    pub fn read(
        full_name: Option<&str>,
        email_address: Option<&str>,
        phone_number: Option<&str>,
        company_name: Option<&str>,
    ) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let change = Self {
            full_name: full_name.map(|text| name(text, &mut problems)),
            email_address: email_address.map(|text| email(text, &mut problems)),
            phone_number: phone_number.map(|text| phone(text, &mut problems)),
            company_name: company_name.map(|text| company(text, &mut problems)),
        };
        if problems.is_empty() {
            Ok(change)
        } else {
            Err(problems)
        }
    }
}

fn name(text: &str, problems: &mut Vec<String>) -> String {
    let text = trim(text);
    if text.is_empty() {
        problems.push(format!("{} is required", Field::FullName));
    }
    bounded(text, Field::FullName, MAX_NAME, problems)
}

fn email(text: &str, problems: &mut Vec<String>) -> String {
    let address = trim(text).to_lowercase();
    if address.is_empty() {
        problems.push(format!("{} is required", Field::EmailAddress));
    } else if !is_email(&address) {
        problems.push(format!("{} must be a valid email", Field::EmailAddress));
    }
    bounded(&address, Field::EmailAddress, MAX_NAME, problems)
}

fn phone(text: &str, problems: &mut Vec<String>) -> Option<Phone> {
    let number = trim(text);
    if number.is_empty() {
        return None;
    }
    if !is_phone(number) {
        problems.push(format!(
            "{} must be a valid phone number",
            Field::PhoneNumber
        ));
    }
    Some(bounded(number, Field::PhoneNumber, MAX_PHONE, problems))
}

fn company(text: &str, problems: &mut Vec<String>) -> Option<String> {
    let text = trim(text);
    (!text.is_empty()).then(|| bounded(text, Field::CompanyName, MAX_NAME, problems))
}

fn bounded(text: &str, field: Field, longest: usize, problems: &mut Vec<String>) -> String {
    if text.chars().count() > longest {
        problems.push(format!("{field} must be at most {longest} characters"));
    } else if text.contains('\0') {
        problems.push(format!("{field} must not contain NUL characters"));
    }
    text.to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::intake::{RawFields, parse};
    use proptest::prelude::*;

    #[test]
    fn texts_are_trimmed_and_addresses_folded() {
        let person = NewPerson::read(
            " Ada Probe\t",
            " Ada@Example.COM ",
            Some(" 555-123-4567 "),
            Some("  "),
        )
        .unwrap();
        assert_eq!(person.full_name, "Ada Probe");
        assert_eq!(person.email_address, "ada@example.com");
        assert_eq!(person.phone_number.as_deref(), Some("555-123-4567"));
        assert_eq!(person.company_name, None);
    }

    #[test]
    fn every_field_that_is_wrong_is_named() {
        let problems =
            NewPerson::read(" ", "nobody", Some("12"), Some(&"x".repeat(256))).unwrap_err();
        assert_eq!(
            problems,
            [
                "full_name is required",
                "email_address must be a valid email",
                "phone_number must be a valid phone number",
                "company_name must be at most 255 characters",
            ]
        );
        assert_eq!(
            NewPerson::read("a\0b", "", None, None).unwrap_err(),
            [
                "full_name must not contain NUL characters",
                "email_address is required"
            ]
        );
    }

    #[test]
    fn what_was_not_sent_is_not_changed_and_empty_empties() {
        let change = PersonChange::read(None, None, Some(""), None).unwrap();
        assert_eq!(
            change,
            PersonChange {
                phone_number: Some(None),
                ..PersonChange::default()
            }
        );
        assert_eq!(
            PersonChange::read(Some(""), None, None, None).unwrap_err(),
            ["full_name is required"]
        );
    }

    proptest! {
        /// The form and the staff are held to the same rules.
        #[test]
        fn the_form_takes_what_is_taken_here(name in "\\PC{0,260}", email in "[ a-zA-Z@.\u{e4}]{0,20}", phone in "[0-9 ()+x-]{1,24}") {
            let fields = RawFields::new()
                .with(Field::FullName, name.clone())
                .with(Field::EmailAddress, email.clone())
                .with(Field::PhoneNumber, phone.clone());
            let formed = parse(&fields).unwrap_err();
            let formed: Vec<_> = formed
                .into_iter()
                .filter(|problem| matches!(problem.field, Field::FullName | Field::EmailAddress | Field::PhoneNumber))
                .map(|problem| problem.message)
                // a person may be without a phone
                .filter(|message| message != "phone_number is required")
                .collect();
            let read = NewPerson::read(&name, &email, Some(&phone), None);
            prop_assert_eq!(formed.is_empty(), read.is_ok(), "{:?} {:?}", formed, read);
        }
    }
}

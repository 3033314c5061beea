//! Which days are answered.

use chrono::{Days, NaiveDate};
use keylight_domain::error::DomainError;

/// Days that are answered when the caller names none.
const USUAL_DAYS: u64 = 30;
/// Days that one answer may span: about ten years.
const MOST_DAYS: i64 = 3660;

/// What the caller asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// First day, if named.
    pub from: Option<NaiveDate>,
    /// Last day, if named.
    pub to: Option<NaiveDate>,
}

impl Asked {
    /// Reads the two texts of a request; empty means not named.
    ///
    /// # Errors
    /// When a text is not a calendar day, with the field's name.
    pub fn parse(from: &str, to: &str) -> Result<Self, DomainError> {
        Ok(Self {
            from: day("from", from)?,
            to: day("to", to)?,
        })
    }

    /// First and last day of the answer. `newest` is the newest day of which anything is known.
    ///
    /// # Errors
    /// When the range is reversed or too long.
    pub fn resolve(self, newest: NaiveDate) -> Result<(NaiveDate, NaiveDate), DomainError> {
        let to = self
            .to
            .unwrap_or_else(|| newest.max(self.from.unwrap_or(newest)));
        let from = self.from.unwrap_or_else(|| {
            to.checked_sub_days(Days::new(USUAL_DAYS - 1))
                .unwrap_or(NaiveDate::MIN)
        });
        if from > to {
            return Err(refused("from must not be after to"));
        }
        if (to - from).num_days() >= MOST_DAYS {
            return Err(refused(&format!(
                "at most {MOST_DAYS} days can be asked for at once"
            )));
        }
        Ok((from, to))
    }
}

fn day(field: &str, text: &str) -> Result<Option<NaiveDate>, DomainError> {
    if text.is_empty() {
        return Ok(None);
    }
    // chrono would also take +12026-1-1, which PostgreSQL's dates and our contract do not know
    let plain = text.len() == 10
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-');
    match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        Ok(day) if plain => Ok(Some(day)),
        _ => Err(refused(&format!(
            "{field} must be a day such as 2026-11-22"
        ))),
    }
}

fn refused(why: &str) -> DomainError {
    DomainError::invalid("The range of days cannot be answered").with_details(vec![why.to_owned()])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn on(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn resolved(from: &str, to: &str) -> Result<(NaiveDate, NaiveDate), Vec<String>> {
        Asked::parse(from, to)
            .and_then(|asked| asked.resolve(on("2026-11-22")))
            .map_err(|error| error.details)
    }

    #[test]
    fn without_days_the_last_thirty_up_to_the_newest() {
        assert_eq!(resolved("", ""), Ok((on("2026-10-24"), on("2026-11-22"))));
        assert_eq!(
            resolved("", "2026-03-01"),
            Ok((on("2026-01-31"), on("2026-03-01")))
        );
        assert_eq!(
            resolved("2026-11-01", ""),
            Ok((on("2026-11-01"), on("2026-11-22")))
        );
        assert_eq!(
            resolved("2026-12-01", ""),
            Ok((on("2026-12-01"), on("2026-12-01"))),
            "nothing is known of it yet"
        );
    }

    #[test]
    fn both_ends_are_included() {
        assert_eq!(
            resolved("2026-11-22", "2026-11-22"),
            Ok((on("2026-11-22"), on("2026-11-22")))
        );
    }

    #[test]
    fn what_cannot_be_answered_says_why() {
        for (from, to, word) in [
            ("2026-11-23", "2026-11-22", "after"),
            ("2016-01-01", "2026-11-22", "3660"),
            ("22.11.2026", "", "from"),
            ("", "2026-02-30", "to must"),
            ("", "+2026-1-01", "to must"),
            ("0001-01-01", "9999-12-31", "3660"),
        ] {
            let details = resolved(from, to).unwrap_err();
            assert!(details[0].contains(word), "{from} {to}: {details:?}");
        }
    }
}

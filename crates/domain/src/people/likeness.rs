//! How alike two people are, and why.

use super::{
    fold::{digits, folded_email, folded_words},
    keys::company_words,
};

/// From this score on a pair is shown to staff. An equal name alone is enough, an equal company is not.
pub const SUGGESTED_FROM: f64 = 0.45;

/// Names at least this alike are called similar.
const SIMILAR_NAME: f64 = 0.88;
/// Digits that decide whether two phone numbers are one: country codes are often left out.
const PHONE_DIGITS: usize = 10;
/// Fewer digits are an extension, not a number.
const FEWEST_PHONE_DIGITS: usize = 7;
/// Addresses that belong to an office rather than to a person.
const OFFICE_ADDRESSES: [&str; 14] = [
    "info", "office", "contact", "sales", "admin", "mail", "hello", "team", "support", "service",
    "home", "me", "email", "test",
];

/// What is compared of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traits {
    /// Folded words of the name.
    pub name: Vec<String>,
    /// The folded e-mail address.
    pub email: String,
    /// The last ten digits of the phone number, if there are enough to tell people apart.
    pub phone: Option<String>,
    /// Folded words of the company, without its legal form.
    pub company: Vec<String>,
    mailbox: String,
}

/// Why two people may be the same, in the words of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The same e-mail address.
    SameEmail,
    /// Addresses that reach the same mailbox: dots and what follows a plus sign are left out.
    SameMailbox,
    /// The same digits of the phone number.
    SamePhone,
    /// The same name, also when its words are turned round.
    SameName,
    /// A name that is nearly the same.
    SimilarName,
    /// What stands before the `@` is the same.
    SameLocalPart,
    /// The same company, whatever its legal form.
    SameCompany,
}

impl Reason {
    /// Name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Reason::SameEmail => "same_email",
            Reason::SameMailbox => "same_mailbox",
            Reason::SamePhone => "same_phone",
            Reason::SameName => "same_name",
            Reason::SimilarName => "similar_name",
            Reason::SameLocalPart => "same_local_part",
            Reason::SameCompany => "same_company",
        }
    }

    /// How much it says by itself, 0 to 1.
    const fn weight(self) -> f64 {
        match self {
            Reason::SameEmail => 0.9,
            Reason::SameMailbox => 0.8,
            Reason::SamePhone => 0.6,
            Reason::SameName => 0.5,
            Reason::SimilarName => 0.3,
            Reason::SameLocalPart => 0.25,
            Reason::SameCompany => 0.15,
        }
    }
}

/// How alike two people are.
#[derive(Debug, Clone, PartialEq)]
pub struct Likeness {
    /// 0 (nothing in common) to 1.
    pub score: f64,
    /// What they have in common, strongest first.
    pub reasons: Vec<Reason>,
}

impl Traits {
    /// The traits of a person as they are written.
    #[must_use]
    pub fn of(
        full_name: &str,
        email_address: &str,
        phone_number: Option<&str>,
        company_name: Option<&str>,
    ) -> Self {
        let email = folded_email(email_address);
        Self {
            name: folded_words(full_name),
            mailbox: mailbox(&email),
            email,
            phone: phone_number.and_then(phone),
            company: company_words(company_name.unwrap_or_default()),
        }
    }

    /// The address as most mail servers deliver it.
    pub(super) fn mailbox(&self) -> &str {
        &self.mailbox
    }

    /// What stands before the `@`, if it is long enough and not an office's.
    pub(super) fn telling_local_part(&self) -> Option<&str> {
        let (local, _) = self.mailbox.split_once('@')?;
        (local.chars().count() >= 5 && !OFFICE_ADDRESSES.contains(&local)).then_some(local)
    }
}

fn mailbox(email: &str) -> String {
    let Some((local, host)) = email.rsplit_once('@') else {
        return String::new();
    };
    let local = match local.split_once('+') {
        Some((before, _)) if !before.is_empty() => before,
        _ => local,
    };
    let local: String = local.chars().filter(|c| *c != '.').collect();
    if local.is_empty() || host.is_empty() {
        return String::new();
    }
    format!("{local}@{host}")
}

fn phone(number: &str) -> Option<String> {
    let digits = digits(number);
    let last = &digits[digits.len().saturating_sub(PHONE_DIGITS)..];
    let first = last.bytes().next()?;
    // 000-000-0000 is what people type who do not want to be called
    (last.len() >= FEWEST_PHONE_DIGITS && last.bytes().any(|digit| digit != first))
        .then(|| last.to_owned())
}

/// How alike two people are. The order of the two does not matter.
#[must_use]
pub fn compare(a: &Traits, b: &Traits) -> Likeness {
    let mut reasons = Vec::new();
    let both = |x: &str, y: &str| !x.is_empty() && x == y;
    if both(&a.email, &b.email) {
        reasons.push(Reason::SameEmail);
    } else if both(&a.mailbox, &b.mailbox) {
        reasons.push(Reason::SameMailbox);
    } else if a.telling_local_part().is_some() && a.telling_local_part() == b.telling_local_part() {
        reasons.push(Reason::SameLocalPart);
    }
    if a.phone.is_some() && a.phone == b.phone {
        reasons.push(Reason::SamePhone);
    }
    let names = name_likeness(&a.name, &b.name);
    if names >= 1.0 {
        reasons.push(Reason::SameName);
    } else if names >= SIMILAR_NAME {
        reasons.push(Reason::SimilarName);
    }
    if !a.company.is_empty() && a.company == b.company {
        reasons.push(Reason::SameCompany);
    }
    reasons.sort_unstable();
    // independent hints: each leaves its part of the doubt
    let doubt: f64 = reasons
        .iter()
        .map(|reason| match reason {
            Reason::SimilarName => 1.0 - reason.weight() * names,
            _ => 1.0 - reason.weight(),
        })
        .product();
    let mut score = 1.0 - doubt;
    // a couple shares phone and company, a family an address
    let strangers = names < 0.7 && !a.name.is_empty() && !b.name.is_empty();
    if strangers {
        score *= 0.8;
    }
    Likeness { score, reasons }
}

/// 0 to 1; 1 when the words are the same in any order. A name without the other's middle names is nearly the same.
fn name_likeness(a: &[String], b: &[String]) -> f64 {
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    let sorted = |words: &[String]| {
        let mut words = words.to_vec();
        words.sort_unstable();
        words
    };
    let (x, y) = (sorted(a), sorted(b));
    if x == y {
        return 1.0;
    }
    let as_written = strsim::jaro_winkler(&a.join(" "), &b.join(" "));
    let by_words = strsim::jaro_winkler(&x.join(" "), &y.join(" "));
    // both ways, because the measure looks at the first one's words in turn
    let (short, long) = if x.len() <= y.len() {
        (&x, &y)
    } else {
        (&y, &x)
    };
    let contained = short.len() >= 2
        && short.len() < long.len()
        && short.iter().all(|word| long.contains(word));
    let likeness = if contained {
        0.95
    } else {
        as_written.max(by_words)
    };
    // only the same is the same
    likeness.min(0.999)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn person(name: &str, email: &str, phone: &str, company: &str) -> Traits {
        Traits::of(name, email, Some(phone), Some(company))
    }

    fn reasons(a: &Traits, b: &Traits) -> Vec<&'static str> {
        compare(a, b)
            .reasons
            .into_iter()
            .map(Reason::as_str)
            .collect()
    }

    #[test]
    fn each_reason_is_found() {
        let ada = person(
            "Ada Probe",
            "ada.probe@example.com",
            "+1 (555) 123-4567",
            "Probe Homes LLC",
        );
        let other = |name: &str, email: &str, phone: &str, company: &str| {
            reasons(&ada, &person(name, email, phone, company))
        };
        assert_eq!(
            other("X Y", " ADA.probe@example.com", "", ""),
            ["same_email"]
        );
        assert_eq!(
            other("X Y", "adaprobe+house@example.com", "", ""),
            ["same_mailbox"]
        );
        assert_eq!(
            other("X Y", "ada.probe@elsewhere.org", "", ""),
            ["same_local_part"]
        );
        assert_eq!(other("X Y", "x@y.z", "555.123.4567", ""), ["same_phone"]);
        assert_eq!(other("PROBE, Ada", "x@y.z", "", ""), ["same_name"]);
        assert_eq!(other("Ada Prohbe", "x@y.z", "", ""), ["similar_name"]);
        assert_eq!(other("Ada Maria Probe", "x@y.z", "", ""), ["similar_name"]);
        assert_eq!(
            other("X Y", "x@y.z", "", "probe homes, inc."),
            ["same_company"]
        );
        assert_eq!(
            other("X Y", "x@y.z", "1234567", "Other"),
            Vec::<&str>::new()
        );
    }

    #[test]
    fn more_in_common_is_more_alike_and_a_company_alone_is_not_enough() {
        let ada = person(
            "Ada Probe",
            "ada@example.com",
            "555-123-4567",
            "Probe Homes",
        );
        let score =
            |name, email, phone, company| compare(&ada, &person(name, email, phone, company)).score;
        let colleague = score("Bo Other", "bo@example.com", "555-999-0000", "Probe Homes");
        let namesake = score("Ada Probe", "x@y.z", "", "");
        let partner = score("Bo Other", "x@y.z", "555-123-4567", "");
        let again = score("Ada Probe", "x@y.z", "555-123-4567", "");
        assert!(colleague < SUGGESTED_FROM, "{colleague}");
        assert!(
            namesake >= SUGGESTED_FROM && partner >= SUGGESTED_FROM,
            "{namesake} {partner}"
        );
        assert!(again > namesake && again > partner, "{again}");
        assert!(
            score(
                "Ada Probe",
                "ada@example.com",
                "555-123-4567",
                "Probe Homes"
            ) > 0.95
        );
    }

    #[test]
    fn what_people_type_to_be_left_alone_is_no_phone_number() {
        let a = person("A B", "a@example.com", "000-000-0000", "");
        let b = person("C D", "b@example.com", "(000) 000 0000", "");
        assert_eq!(compare(&a, &b).reasons, []);
        let office = (
            person("A B", "info@one.com", "", ""),
            person("C D", "info@two.com", "", ""),
        );
        assert_eq!(compare(&office.0, &office.1).reasons, []);
    }

    fn anybody() -> impl Strategy<Value = Traits> {
        (
            "\\PC{0,20}|[A-C]da [P-R]robe",
            "[a-c]{0,6}@[a-b]{0,1}\\.com",
            "[0-1]{0,12}",
            "[a-b]{0,2} (Inc|LLC|)",
        )
            .prop_map(|(name, email, phone, company)| person(&name, &email, &phone, &company))
    }

    proptest! {
        #[test]
        fn the_order_does_not_matter_and_scores_are_bounded(a in anybody(), b in anybody()) {
            let (there, back) = (compare(&a, &b), compare(&b, &a));
            prop_assert!((there.score - back.score).abs() < 1e-9, "{} {}", there.score, back.score);
            prop_assert_eq!(&there.reasons, &back.reasons);
            prop_assert!((0.0..=1.0).contains(&there.score));
            prop_assert_eq!(there.reasons.is_empty(), there.score <= 0.0);
            prop_assert!(there.reasons.is_sorted());
        }

        #[test]
        fn everybody_is_like_themselves(a in anybody()) {
            let same = compare(&a, &a);
            prop_assert!(a.email.is_empty() || same.score >= 0.9);
        }
    }
}

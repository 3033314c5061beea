//! Keys by which a database finds candidates: two people who may be the same share at least one of them, so that nobody
//! has to be compared with everybody.

use super::{fold::folded_words, likeness::Traits};

/// Something that two people have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DuplicateKey {
    /// What it is made of: `email`, `mailbox`, `local_part`, `phone`, `name`, `name_skeleton`, `name_ends`.
    pub kind: &'static str,
    /// At most 64 characters.
    pub key: String,
}

/// Longest key.
const MAX_KEY: usize = 64;

/// The keys of a person, sorted, each once.
#[must_use]
pub fn keys(person: &Traits) -> Vec<DuplicateKey> {
    let mut keys = Vec::with_capacity(8);
    let mut add = |kind, key: &str| {
        if !key.is_empty() {
            let key = key.chars().take(MAX_KEY).collect();
            keys.push(DuplicateKey { kind, key });
        }
    };
    add("email", &person.email);
    add("mailbox", person.mailbox());
    if let Some(local) = person.telling_local_part() {
        add("local_part", local);
    }
    if let Some(phone) = &person.phone {
        add("phone", phone);
    }
    if person.name.len() >= 2 {
        let mut sorted = person.name.clone();
        sorted.sort_unstable();
        add("name", &sorted.join(" "));
        let mut skeletons: Vec<_> = person.name.iter().map(|word| skeleton(word)).collect();
        skeletons.sort_unstable();
        add("name_skeleton", &skeletons.join(" "));
        // the outer words: a middle name is often left out, and either of the two may be misspelt
        let (first, last) = (&person.name[0], &person.name[person.name.len() - 1]);
        let initial = |word: &str| word.chars().next().map(String::from).unwrap_or_default();
        add("name_ends", &format!("{} {last}", initial(first)));
        add("name_ends", &format!("{first} {}", initial(last)));
    } else if let [only] = person.name.as_slice() {
        add("name", only);
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// The first letter and the consonants after it, doubled ones once and letters of one sound as one: survives most
/// spelling mistakes.
fn skeleton(word: &str) -> String {
    let sound = |c| match c {
        'c' | 'q' => 'k',
        'z' => 's',
        other => other,
    };
    let mut letters = word.chars().map(sound);
    let mut kept: String = letters.next().map(String::from).unwrap_or_default();
    for c in letters {
        if !matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y' | 'h') && !kept.ends_with(c) {
            kept.push(c);
        }
    }
    kept
}

/// Words of a company without what says only that it is one.
pub(super) fn company_words(name: &str) -> Vec<String> {
    const FORMS: [&str; 17] = [
        "inc",
        "incorporated",
        "llc",
        "ltd",
        "limited",
        "corp",
        "corporation",
        "co",
        "company",
        "gmbh",
        "ag",
        "kg",
        "plc",
        "lp",
        "llp",
        "the",
        "and",
    ];
    let words = folded_words(name);
    let telling: Vec<_> = words
        .iter()
        .filter(|word| !FORMS.contains(&word.as_str()))
        .cloned()
        .collect();
    if telling.is_empty() { words } else { telling }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::{SUGGESTED_FROM, compare};
    use proptest::prelude::*;

    fn person(name: &str, email: &str, phone: &str) -> Traits {
        Traits::of(name, email, Some(phone), None)
    }

    fn share(a: &Traits, b: &Traits) -> bool {
        let other = keys(b);
        keys(a).iter().any(|key| other.contains(key))
    }

    #[test]
    fn misspelt_turned_and_shortened_names_meet() {
        let ada = person("Catherine Miller", "a@example.com", "");
        for other in [
            "Miller, Catherine",
            "Katherine Miller",
            "Catherine Anne Miller",
            "Catherine Milller",
            "C. Miller",
            "Catherin Müller",
        ] {
            assert!(share(&ada, &person(other, "b@example.org", "")), "{other}");
        }
        assert!(!share(&ada, &person("Robert Jones", "b@example.org", "")));
    }

    #[test]
    fn nothing_gives_no_key() {
        assert_eq!(keys(&Traits::of("", "", Some(""), None)), []);
    }

    proptest! {
        /// Whoever is worth a suggestion by address, phone or name is found.
        #[test]
        fn who_is_alike_shares_a_key(
            a in "[A-Z][a-z]{2,6} [A-Z][a-z]{2,6}", b in "[A-Z][a-z]{2,6} [A-Z][a-z]{2,6}",
            emails in prop::collection::vec("[a-c]{1,2}@[a-b]\\.com", 2), phones in prop::collection::vec("555123[0-9]{4}|", 2),
        ) {
            let (a, b) = (person(&a, &emails[0], &phones[0]), person(&b, &emails[1], &phones[1]));
            let alike = compare(&a, &b);
            if alike.score >= SUGGESTED_FROM {
                prop_assert!(share(&a, &b), "{:?} {:?} {:?}", alike, a, b);
            }
        }

        #[test]
        fn keys_are_short_and_sorted(name in any::<String>(), email in any::<String>(), phone in any::<String>()) {
            let keys = keys(&Traits::of(&name, &email, Some(&phone), None));
            prop_assert!(keys.is_sorted() && keys.len() <= 9);
            prop_assert!(keys.iter().all(|key| key.key.chars().count() <= 64));
        }
    }
}

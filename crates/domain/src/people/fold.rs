//! Texts reduced to what matters when two are compared.

use crate::intake::trim;
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// An e-mail address as it is compared: trimmed and lower-cased.
#[must_use]
pub fn folded_email(address: &str) -> String {
    trim(address).to_lowercase()
}

/// The ASCII digits of a text.
#[must_use]
pub fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// The words of a text in lower case, without accents and punctuation, in the order in which they stand.
#[must_use]
pub fn folded_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let letters = text
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase);
    for c in letters.chain([' ']) {
        if c.is_alphanumeric() {
            match c {
                // letters that decompose into nothing simpler
                'ß' => word.push_str("ss"),
                'ø' => word.push('o'),
                'æ' => word.push_str("ae"),
                'œ' => word.push_str("oe"),
                'ł' => word.push('l'),
                'đ' | 'ð' => word.push('d'),
                'þ' => word.push_str("th"),
                'ı' => word.push('i'),
                _ => word.push(c),
            }
        } else if !matches!(c, '\'' | '’') && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn accents_case_and_punctuation_do_not_matter() {
        assert_eq!(
            folded_words("José  O'Brien-Müller"),
            ["jose", "obrien", "muller"]
        );
        assert_eq!(
            folded_words("Ｊｏｓｅ\u{301} Łukasz Strauß"),
            ["jose", "lukasz", "strauss"]
        );
        assert_eq!(folded_words(" .,- "), Vec::<String>::new());
        assert_eq!(folded_words("李 小龙"), ["李", "小龙"]);
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,40}") {
            let once = folded_words(&text).join(" ");
            prop_assert_eq!(folded_words(&once).join(" "), once);
        }

        #[test]
        fn words_are_of_letters_and_digits(text in any::<String>()) {
            for word in folded_words(&text) {
                prop_assert!(!word.is_empty() && !word.contains(char::is_whitespace));
            }
        }
    }
}

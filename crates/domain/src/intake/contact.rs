//! How an applicant can be reached. Deliberately loose: a wrong guess about addresses turns a customer away.

use super::whitespace::is_js_space;

/// Whether this may be an e-mail address: one `@` with something before it, and after it a dot that is neither the
/// first nor the last character; no white space.
pub(crate) fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.split_once('@') else {
        return false;
    };
    if name.is_empty() || host.contains('@') || text.contains(is_js_space) {
        return false;
    }
    host.char_indices()
        .any(|(at, c)| c == '.' && at > 0 && at + 1 < host.len())
}

/// Whether this may be a phone number: at least ten characters, all of them ASCII digits, white space, `-`, `(`, `)`,
/// `+` or `.`.
pub(crate) fn is_phone(text: &str) -> bool {
    let mut count = 0_usize;
    for c in text.chars() {
        if !(c.is_ascii_digit() || matches!(c, '-' | '(' | ')' | '+' | '.') || is_js_space(c)) {
            return false;
        }
        count += 1;
    }
    count >= 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn email_addresses() {
        for good in [
            ".a@b.c",
            "a@b..c",
            "a@-b.c",
            "a@b.c.",
            "a,b@c.d",
            "a@[1.2.3.4]",
            "ünï@exämple.de",
            "a@.b.c",
        ] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "a@b",
            "@b.c",
            "a@.c",
            "a@b.",
            "a@@b.c",
            "a@b@c.d",
            "a b@c.d",
            "a@b.c\u{a0}d",
            "a.b",
            "a@",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn phone_numbers() {
        for good in [
            "555-123-4567",
            "+1 (555) 123.4567",
            "----------",
            "55512\n34567",
            "55512\u{a0}34567",
        ] {
            assert!(is_phone(good), "{good}");
        }
        for bad in [
            "",
            "123456789",
            "555-123-456x",
            "٥٥٥١٢٣٤٥٦٧",
            "call me later",
        ] {
            assert!(!is_phone(bad), "{bad}");
        }
    }
}

//! Descriptions: what is left of markdown in the plain text, and the rich form in webhooks.

use serde_json::{Value, json};

/// Text with the marks of markdown taken out, line by line.
pub(crate) fn strip_markdown(markdown: &str) -> String {
    let lines: Vec<String> = markdown.lines().map(strip_line).collect();
    lines.join("\n").trim_end().to_owned()
}

fn strip_line(line: &str) -> String {
    let body = line.trim_start();
    let indent = &line[..line.len() - body.len()];
    let without_heading = body.trim_start_matches('#');
    let body = if without_heading.len() < body.len() && without_heading.starts_with(' ') {
        without_heading.trim_start()
    } else {
        body
    };
    let body = body
        .strip_prefix("> ")
        .or_else(|| body.strip_prefix("- "))
        .or_else(|| body.strip_prefix("* "))
        .unwrap_or(body);
    format!("{indent}{}", strip_spans(body))
}

/// Takes out `**`, `__`, backticks and link targets. Single `*` and `_` stay: they are more often
/// text than emphasis.
fn strip_spans(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("**").or_else(|| rest.strip_prefix("__")) {
            rest = after;
        } else if next == '`' {
            rest = &rest[1..];
        } else if next == '['
            && let Some((label, after)) = rest[1..].split_once("](")
            && !label.contains(['[', ']'])
            && let Some((_, after)) = after.split_once(')')
        {
            out.push_str(label);
            rest = after;
        } else if next == '\\' && rest[1..].starts_with(|c: char| c.is_ascii_punctuation()) {
            out.push_str(&rest[1..2]);
            rest = &rest[2..];
        } else {
            out.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    out
}

/// The `after` of a `content` item: a string that holds Quill delta JSON.
pub(crate) fn quill(text: &str) -> Value {
    if text.is_empty() {
        return json!("{\"ops\":[{\"insert\":\"\\n\"}]}");
    }
    let delta = json!({"ops": [
        {"insert": text},
        {"insert": "\n", "attributes": {"block-id": "block-00000000-0000-4000-8000-000000000000"}},
    ]});
    json!(delta.to_string())
}

#[cfg(test)]
mod tests {
    use super::strip_markdown;

    #[test]
    fn marks_go_and_text_stays() {
        let markdown = "# Home\n\n- **Budget:** $250k\n- see [plan](https://x/y)\n`code` a_b_c 2*3\nRef: KL-1-0a1b2c3d\n";
        assert_eq!(
            strip_markdown(markdown),
            "Home\n\nBudget: $250k\nsee plan\ncode a_b_c 2*3\nRef: KL-1-0a1b2c3d"
        );
        assert_eq!(strip_markdown("#1 house"), "#1 house");
        assert_eq!(strip_markdown("1\\. ä\\"), "1. ä\\");
    }
}

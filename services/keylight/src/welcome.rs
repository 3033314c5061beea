//! What a person reads when everything runs.

use crate::settings::reachable;
use entity_service::access::first_start::USERNAME;
use std::{fmt::Write as _, net::SocketAddr, path::Path};

/// Where things are.
pub(crate) struct Places<'a> {
    /// Form, API, console, webhooks.
    pub(crate) http: SocketAddr,
    /// The simulator's board, if it runs.
    pub(crate) simulator: Option<SocketAddr>,
    /// What is kept.
    pub(crate) folder: &'a Path,
    /// One-time password of the first account, made at this start.
    pub(crate) first_password: Option<&'a str>,
    /// What to say about the admin token.
    pub(crate) token: Token<'a>,
}

/// The admin token, as far as it is to be told.
pub(crate) enum Token<'a> {
    /// Made at this start: shown this once.
    Fresh(&'a str, &'a Path),
    /// Made at an earlier start: where it is.
    Kept(&'a Path),
    /// Given by the environment.
    Given,
}

/// The text of the welcome.
pub(crate) fn text(places: &Places<'_>) -> String {
    let http = reachable(places.http);
    let mut text = String::from("\nKeylight is up.\n\n");
    let mut line = |what: &str, value: &str| {
        let _ = writeln!(text, "  {what:<14} {value}");
    };
    line("intake form", &format!("http://{http}/"));
    line("console", &format!("http://{http}/console"));
    if let Some(password) = places.first_password {
        line(
            "first sign-in",
            &format!("{USERNAME} with the one-time password {password}"),
        );
    }
    line("API", &format!("http://{http}/api/submissions"));
    match places.simulator {
        Some(address) => line(
            "ClickUp board",
            &format!(
                "http://{}/   (simulator; CLICKUP_TOKEN is not set)",
                reachable(address)
            ),
        ),
        None => line("ClickUp", "the real one, as CLICKUP_TOKEN is set"),
    }
    match places.token {
        Token::Fresh(token, file) => {
            line("admin token", token);
            line("", &format!("kept in {}", file.display()));
        }
        Token::Kept(file) => line("admin token", &format!("in {}", file.display())),
        Token::Given => line("admin token", "as KEYLIGHT_ADMIN_TOKEN says"),
    }
    line("data", &places.folder.display().to_string());
    text.push_str("\nCtrl-C stops it; the data stays.\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_shown_only_when_it_is_new() {
        let (folder, file) = (Path::new("/data"), Path::new("/data/admin-token"));
        let places = |token| Places {
            http: SocketAddr::from(([0, 0, 0, 0], 8080)),
            simulator: Some(SocketAddr::from(([127, 0, 0, 1], 8090))),
            folder,
            first_password: match token {
                Token::Fresh(..) => Some("0ne-time"),
                _ => None,
            },
            token,
        };
        let fresh = text(&places(Token::Fresh("t0ken", file)));
        assert!(
            fresh.contains("t0ken")
                && fresh.contains("admin with the one-time password 0ne-time")
                && fresh.contains("http://127.0.0.1:8080/"),
            "{fresh}"
        );
        let kept = text(&places(Token::Kept(file)));
        assert!(
            !kept.contains("t0ken")
                && !kept.contains("one-time")
                && kept.contains("/data/admin-token"),
            "{kept}"
        );
    }
}

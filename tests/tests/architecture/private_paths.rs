//! Nothing of a developer's machine is in the repository.

use crate::{repository_files, root};
use std::fs;

/// Beginnings of folders that exist on somebody's machine only, in two halves so that this file itself may pass.
const PRIVATE_FOLDERS: &[(&str, &str)] = &[
    ("/wo", "rk/"),
    ("/tmp/br", "ief"),
    ("/ro", "ot/"),
    ("/ho", "me/"),
    ("/Us", "ers/"),
];

/// Places in `text` that name a private folder, as `line: folder`.
fn private_paths(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for (a, b) in PRIVATE_FOLDERS {
            let folder = format!("{a}{b}");
            // in the middle of a longer path, a URL or a template it is no folder of a machine
            let begins = |at: usize| {
                line[..at]
                    .chars()
                    .next_back()
                    .is_none_or(|c| !c.is_alphanumeric() && !"/.}-_~".contains(c))
            };
            if line.match_indices(&folder).any(|(at, _)| begins(at)) {
                found.push(format!("{}: {folder}", number + 1));
            }
        }
    }
    found
}

#[test]
fn no_file_names_a_folder_of_somebodys_machine() {
    let mut wrong = Vec::new();
    for file in repository_files() {
        // what is not text is not looked into
        let Ok(text) = fs::read_to_string(root().join(&file)) else {
            continue;
        };
        wrong.extend(
            private_paths(&text)
                .iter()
                .map(|place| format!("{}:{place}", file.display())),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_private_path_would_be_seen() {
    for (a, b) in PRIVATE_FOLDERS {
        assert_eq!(
            private_paths(&format!("fine\nread(\"{a}{b}x\")")).len(),
            1,
            "{a}{b}"
        );
    }
    assert_eq!(
        private_paths("https://example.com/home/page ../home/x {base}/work/1"),
        Vec::<String>::new()
    );
}

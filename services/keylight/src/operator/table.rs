//! What commands print for people: columns that line up. For scripts there is `--json`.

use keylight_contracts::time::from_wire;
use prost_types::Timestamp;
use std::fmt::Write as _;

/// Rows under their headings. The last column is not padded.
pub(crate) fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = headings.iter().map(|text| text.chars().count()).collect();
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| plain(cell)).collect())
        .collect();
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut row = String::new();
        for (cell, width) in cells.zip(&widths) {
            let _ = write!(row, "{cell:<width$}  ");
        }
        text.push_str(row.trim_end());
        text.push('\n');
    };
    line(&mut headings.iter().copied());
    for row in &rows {
        line(&mut row.iter().map(String::as_str));
    }
    text
}

/// Without what a terminal would obey.
fn plain(cell: &str) -> String {
    if cell.is_empty() {
        return "-".to_owned();
    }
    cell.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

/// A time for people, in UTC; empty when there is none.
pub(crate) fn time(time: Option<&Timestamp>) -> String {
    time.and_then(from_wire).map_or_else(String::new, |at| {
        at.format("%Y-%m-%d %H:%M UTC").to_string()
    })
}

/// A time for scripts (RFC 3339).
pub(crate) fn rfc3339(time: Option<&Timestamp>) -> Option<String> {
    time.and_then(from_wire)
        .map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
}

/// Prints; whoever reads may have gone.
pub(crate) fn print(text: &str) {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Prints a JSON value on lines of its own.
pub(crate) fn print_json(value: &serde_json::Value) {
    print(&format!("{value:#}\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_nothing_reaches_the_terminal() {
        let rows = [
            vec!["anna".to_owned(), "Änne Müßig".to_owned(), String::new()],
            vec!["b".to_owned(), "\u{1b}[2J".to_owned(), "x".to_owned()],
        ];
        let text = table(&["user", "name", "seen"], &rows);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "user  name        seen");
        assert_eq!(lines[1], "anna  Änne Müßig  -");
        assert_eq!(lines[2], "b     \u{fffd}[2J        x");
    }

    #[test]
    fn times() {
        let at = Timestamp {
            seconds: 1_795_347_000,
            nanos: 5,
        };
        assert_eq!(time(Some(&at)), "2026-11-22 11:30 UTC");
        assert_eq!(rfc3339(Some(&at)).as_deref(), Some("2026-11-22T11:30:00Z"));
        assert_eq!((time(None), rfc3339(None)), (String::new(), None));
    }
}

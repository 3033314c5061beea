//! What came of an import, on the terminal.

use entity_service::legacy_import::run::{Outcome, Wish};
use std::{fmt::Write as _, path::Path};

/// Characters of a digest that are shown; the whole is compared.
const SHOWN: usize = 16;

/// Prints it.
pub(super) fn print(outcome: &Outcome, wish: &Wish, report: &Path, rows_per_second: u64) {
    use std::io::Write as _;
    let text = text(outcome, wish, report, rows_per_second);
    // nobody has to look
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

fn text(outcome: &Outcome, wish: &Wish, report: &Path, rows_per_second: u64) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{:<20} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "table", "read", "added", "changed", "same", "conflicts", "removed", "gone"
    );
    for (table, counts) in &outcome.tables {
        let _ = writeln!(
            text,
            "{:<20} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
            table.legacy_name(),
            counts.read,
            counts.added,
            counts.changed,
            counts.same,
            counts.conflicts,
            counts.removed,
            counts.gone
        );
    }
    if !outcome.rules.is_empty() {
        text.push_str("\ndecisions:\n");
    }
    for ((table, rule), count) in &outcome.rules {
        let _ = writeln!(
            text,
            "{count:>9}  {:<20} {:<22} {}; remedy: {}",
            table.legacy_name(),
            rule.name(),
            rule.meaning(),
            rule.remedy()
        );
    }
    for table in &outcome.compared {
        let _ = writeln!(
            text,
            "\n{}: {} rows there, {} here{}",
            table.table.legacy_name(),
            table.their_rows,
            table.our_rows,
            if table.left_out == 0 {
                String::new()
            } else {
                format!("; {} changed here since are left out", table.left_out)
            }
        );
        for column in &table.columns {
            let theirs = column
                .theirs
                .as_deref()
                .map_or("(no such column)", |hex| &hex[..SHOWN]);
            let _ = writeln!(
                text,
                "  {:<32} {theirs:<16} {:<16} {}",
                column.column,
                &column.ours[..SHOWN],
                if column.is_equal() {
                    "equal"
                } else {
                    "DIFFERENT"
                }
            );
        }
    }
    text.push('\n');
    if outcome.woken > 0 {
        let _ = writeln!(
            text,
            "{} applications wait for their ClickUp task",
            outcome.woken
        );
    }
    let _ = writeln!(text, "report: {}", report.display());
    if wish.dry_run {
        text.push_str("dry run: nothing was changed\n");
    } else {
        let verdict = if outcome.is_equal() {
            "both sides hold the same"
        } else {
            "BOTH SIDES DIFFER: do not switch over before this is understood"
        };
        let _ = writeln!(text, "{rows_per_second} rows/s; {verdict}");
    }
    text
}

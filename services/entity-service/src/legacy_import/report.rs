//! The report file: one line for each decision, in CSV (RFC 4180), for people and for programs.
//!
//! It holds ids, codes and lengths, and texts only where an unknown value is the finding. It is a local file of the
//! operator all the same, and whoever makes it keeps it from others.

use super::rule::Decision;
use std::io::{self, Write};

/// What follows a run.
pub trait Observer: Send {
    /// Something was decided about a row.
    ///
    /// # Errors
    /// When it cannot be written down; the run ends then.
    fn decided(&mut self, decision: &Decision) -> io::Result<()>;

    /// A stage of the run has begun: its name, and how many rows it will go through.
    fn begins(&mut self, stage: &str, rows: u64);

    /// So many more rows of the stage are done.
    fn done(&mut self, rows: u64);
}

/// Writes decisions as lines.
pub struct Csv<W> {
    output: W,
}

impl<W: Write> Csv<W> {
    /// Begins with the names of the columns.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn begin(mut output: W) -> io::Result<Self> {
        writeln!(output, "table,id,rule,column,kept,remedy")?;
        Ok(Self { output })
    }

    /// One line.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&mut self, decision: &Decision) -> io::Result<()> {
        let id = decision.id.map(|id| id.to_string()).unwrap_or_default();
        writeln!(
            self.output,
            "{},{id},{},{},{},{}",
            decision.table.legacy_name(),
            decision.rule,
            quoted(decision.column.as_deref().unwrap_or_default()),
            quoted(&decision.kept),
            quoted(decision.rule.remedy()),
        )
    }

    /// Everything that was written, safe.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn end(mut self) -> io::Result<W> {
        self.output.flush()?;
        Ok(self.output)
    }
}

/// A value of a line. One that a spreadsheet would take for a formula begins with an apostrophe.
fn quoted(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if !formula && !text.contains(['"', ',', '\n', '\r']) {
        return text.to_owned();
    }
    let guard = if formula { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::legacy_import::{rule::Rule, tables::Table};

    #[test]
    fn a_line_can_be_read_back_and_is_no_formula() {
        let decision = |kept: &str| Decision {
            table: Table::Submissions,
            id: Some(-5),
            rule: Rule::ValueUnknown,
            column: Some("status".to_owned()),
            kept: kept.to_owned(),
        };
        let mut report = Csv::begin(Vec::new()).unwrap();
        report.write(&decision(r#""a,b" kept"#)).unwrap();
        report.write(&decision("=1+1")).unwrap();
        let text = String::from_utf8(report.end().unwrap()).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "table,id,rule,column,kept,remedy");
        assert_eq!(
            lines[1],
            r#"intake_submissions,-5,value_unknown,status,"""a,b"" kept",choose a known value"#
        );
        assert!(lines[2].contains(r#","'=1+1","#), "{}", lines[2]);
    }
}

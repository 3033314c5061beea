//! How far it is: a line that moves on a terminal, and plain lines elsewhere.

use std::{
    io::{IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

/// Between two looks of a line that moves.
const REDRAW: Duration = Duration::from_millis(100);
/// Between two plain lines.
const SAY: Duration = Duration::from_secs(5);
/// Characters of the bar.
const WIDTH: usize = 24;

/// The stage under way.
struct Stage {
    name: String,
    rows: u64,
    done: u64,
    began: Instant,
    shown: Instant,
}

/// Shows stages on the error stream, so that the result can be sent elsewhere.
pub(super) struct Progress {
    terminal: bool,
    stage: Option<Stage>,
    /// Rows that were taken over, and for how long.
    taken: (u64, Duration),
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            terminal: std::io::stderr().is_terminal(),
            stage: None,
            taken: (0, Duration::ZERO),
        }
    }

    /// Begins a stage of so many rows; 0 when nobody knows.
    pub(super) fn begin(&mut self, name: &str, rows: u64) {
        self.end();
        let now = Instant::now();
        self.stage = Some(Stage {
            name: name.to_owned(),
            rows,
            done: 0,
            began: now,
            shown: now,
        });
        self.show(true);
    }

    /// So many more rows are done.
    pub(super) fn add(&mut self, rows: u64) {
        if let Some(stage) = &mut self.stage {
            stage.done += rows;
        }
        self.show(false);
    }

    /// Ends the stage.
    pub(super) fn end(&mut self) {
        let Some(stage) = self.stage.take() else {
            return;
        };
        let took = stage.began.elapsed();
        if matches!(
            stage.name.as_str(),
            "users" | "projects" | "intake_submissions"
        ) {
            self.taken.0 += stage.done;
            self.taken.1 += took;
        }
        let line = format!(
            "{}: {} rows in {:.1} s, {} rows/s",
            stage.name,
            stage.done,
            took.as_secs_f64(),
            rate(stage.done, took)
        );
        let clear = if self.terminal { "\r\x1b[K" } else { "" };
        // nobody has to look
        let _ = writeln!(std::io::stderr(), "{clear}{line}");
    }

    /// Rows of the three tables per second, over all.
    pub(super) fn rows_per_second(&self) -> u64 {
        rate(self.taken.0, self.taken.1)
    }

    fn show(&mut self, first: bool) {
        let Some(stage) = &mut self.stage else {
            return;
        };
        let pause = if self.terminal { REDRAW } else { SAY };
        if !first && stage.shown.elapsed() < pause {
            return;
        }
        stage.shown = Instant::now();
        let line = stage.line();
        let mut out = std::io::stderr().lock();
        let _ = if self.terminal {
            write!(out, "\r\x1b[K{line}").and_then(|()| out.flush())
        } else if first {
            Ok(())
        } else {
            writeln!(out, "{line}")
        };
    }
}

impl Stage {
    fn line(&self) -> String {
        let took = self.began.elapsed();
        let rate = rate(self.done, took);
        if self.rows == 0 {
            return format!("{}: {} rows, {rate} rows/s", self.name, self.done);
        }
        let share = self.done.min(self.rows).saturating_mul(WIDTH as u64) / self.rows;
        let filled = usize::try_from(share).unwrap_or(WIDTH);
        let left = self
            .rows
            .saturating_sub(self.done)
            .checked_div(rate)
            .map(|seconds| format!(", {}:{:02} left", seconds / 60, seconds % 60))
            .unwrap_or_default();
        format!(
            "{} [{}{}] {}/{} rows, {rate} rows/s{left}",
            self.name,
            "#".repeat(filled),
            "-".repeat(WIDTH - filled),
            self.done,
            self.rows
        )
    }
}

fn rate(rows: u64, took: Duration) -> u64 {
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
    rows.saturating_mul(1000) / millis
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_how_far_and_how_long() {
        let stage = Stage {
            name: "users".to_owned(),
            rows: 400,
            done: 100,
            began: Instant::now()
                .checked_sub(Duration::from_secs(1))
                .unwrap_or_else(Instant::now),
            shown: Instant::now(),
        };
        let line = stage.line();
        assert!(
            line.starts_with("users [######------------------] 100/400 rows, "),
            "{line}"
        );
        assert!(line.ends_with("0:03 left"), "{line}");
    }
}

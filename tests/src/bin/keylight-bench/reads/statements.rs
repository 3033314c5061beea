//! The statements that the system runs for a request, read from PostgreSQL's log and run again by pgbench. So the
//! comparison cannot drift from the code.

use crate::pgbench;
use anyhow::{Context as _, bail, ensure};
use sqlx::PgPool;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::Duration,
};

/// A statement as it was run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executed {
    sql: String,
    /// `None` is null.
    parameters: Vec<Option<String>>,
}

/// PostgreSQL's log while it tells every statement.
pub struct StatementLog<'a> {
    pool: &'a PgPool,
    file: File,
}

impl<'a> StatementLog<'a> {
    /// Lets PostgreSQL tell every statement. Needs an administrator's connection.
    pub async fn begin(pool: &'a PgPool, path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| path.display().to_string())?;
        tell_statements(pool, "SET log_statement = 'all'").await?;
        Ok(Self { pool, file })
    }

    /// Forgets what was told so far.
    pub fn skip(&mut self) -> anyhow::Result<()> {
        self.file.seek(SeekFrom::End(0))?;
        Ok(())
    }

    /// What was told since.
    pub fn read(&mut self) -> anyhow::Result<Vec<Executed>> {
        let mut bytes = Vec::new();
        self.file.read_to_end(&mut bytes)?;
        parse(&String::from_utf8_lossy(&bytes))
    }

    /// Lets PostgreSQL be silent again.
    pub async fn end(self) -> anyhow::Result<()> {
        tell_statements(self.pool, "RESET log_statement").await
    }
}

async fn tell_statements(pool: &PgPool, change: &'static str) -> anyhow::Result<()> {
    let change = sqlx::AssertSqlSafe(format!("ALTER SYSTEM {change}"));
    sqlx::query(change).execute(pool).await?;
    sqlx::query("SELECT pg_reload_conf()").execute(pool).await?;
    // the server's processes are told one after the other
    tokio::time::sleep(Duration::from_millis(500)).await;
    Ok(())
}

/// The statements in a piece of log. A line that continues the one before begins with a tab.
fn parse(log: &str) -> anyhow::Result<Vec<Executed>> {
    let mut entries: Vec<String> = Vec::new();
    for line in log.lines() {
        match (line.strip_prefix('\t'), entries.last_mut()) {
            (Some(more), Some(entry)) => {
                entry.push('\n');
                entry.push_str(more);
            }
            _ => entries.push(line.to_owned()),
        }
    }
    // by process: its parameters follow its statement
    let mut executed: Vec<Executed> = Vec::new();
    let mut last = BTreeMap::new();
    for entry in entries {
        let Some(process) = entry.split(['[', ']']).nth(1).map(str::to_owned) else {
            continue;
        };
        if let Some((_, told)) = entry.split_once(" LOG:  ") {
            last.remove(&process);
            let sql = match (
                told.strip_prefix("execute "),
                told.strip_prefix("statement: "),
            ) {
                (Some(named), _) => named.split_once(": ").map(|(_, sql)| sql),
                (None, sql) => sql,
            };
            if let Some(sql) = sql {
                last.insert(process, executed.len());
                executed.push(Executed {
                    sql: sql.to_owned(),
                    parameters: Vec::new(),
                });
            }
        } else if let Some((_, told)) = entry.split_once(" DETAIL:  ") {
            let (title, list) = told.split_once(": ").unwrap_or_default();
            if let (true, Some(at)) = (title.eq_ignore_ascii_case("parameters"), last.get(&process))
            {
                executed[*at].parameters = parameters(list)?;
            }
        }
    }
    Ok(executed)
}

/// Reads `$1 = 'text', $2 = NULL`; a quote in a text is doubled.
fn parameters(list: &str) -> anyhow::Result<Vec<Option<String>>> {
    let mut values = Vec::new();
    let mut rest = list;
    while !rest.is_empty() {
        let (_, value) = rest.split_once(" = ").context("no value of a parameter")?;
        if let Some(after) = value.strip_prefix("NULL") {
            values.push(None);
            rest = after;
        } else {
            let mut text = String::new();
            rest = value
                .strip_prefix('\'')
                .context("no quote before a value")?;
            loop {
                let (piece, after) = rest.split_once('\'').context("no quote after a value")?;
                text.push_str(piece);
                rest = after;
                match rest.strip_prefix('\'') {
                    Some(more) => {
                        text.push('\'');
                        rest = more;
                    }
                    None => break,
                }
            }
            values.push(Some(text));
        }
        rest = rest.strip_prefix(", ").unwrap_or(rest);
    }
    Ok(values)
}

/// Scripts for pgbench: one for each sample of a question.
#[derive(Debug)]
pub struct Scripts {
    name: String,
    texts: Vec<String>,
    variables: Vec<(String, String)>,
    statements: Vec<String>,
}

impl Scripts {
    /// Of what was told while each sample was asked. Statements of others, which run their errands meanwhile, are not in
    /// most of the windows. The first `samples` windows make the scripts. With `any_id` the only sample asked for the end
    /// of this range, and any of it will do.
    pub fn of(
        name: &str,
        windows: &[Vec<Executed>],
        samples: usize,
        any_id: Option<&RangeInclusive<i64>>,
    ) -> anyhow::Result<Self> {
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for window in windows {
            let texts: BTreeSet<&str> = window.iter().map(|one| one.sql.as_str()).collect();
            for text in texts {
                *seen.entry(text).or_default() += 1;
            }
        }
        let ours = |one: &Executed| {
            2 * seen.get(one.sql.as_str()).copied().unwrap_or_default() > windows.len()
                && !one.sql.starts_with("SELECT pg_reload_conf")
        };
        let mut this = Self {
            name: name.replace(|c: char| !c.is_ascii_alphanumeric(), "-"),
            texts: Vec::new(),
            variables: Vec::new(),
            statements: Vec::new(),
        };
        for (sample, window) in windows.iter().take(samples).enumerate() {
            let ours: Vec<&Executed> = window.iter().filter(|one| ours(one)).collect();
            ensure!(!ours.is_empty(), "{name}: PostgreSQL told of no statement");
            let mut script = any_id
                .map(|ids| format!("\\set id random({}, {})\n", ids.start(), ids.end()))
                .unwrap_or_default();
            for (at, one) in ours.iter().enumerate() {
                script.push_str(&this.with_variables(one, &format!("s{sample}_{at}"), any_id)?);
                script.push_str(";\n");
            }
            if sample == 0 {
                this.statements = ours.iter().map(|one| one.sql.clone()).collect();
            }
            this.texts.push(script);
        }
        if any_id.is_some() && !this.texts.iter().all(|text| text.contains(":id")) {
            bail!("{name}: no parameter is the id that was asked for");
        }
        Ok(this)
    }

    /// The statements for one answer.
    pub fn statements(&self) -> &[String] {
        &self.statements
    }

    /// The statement with pgbench's variables in the place of its parameters. It has no null, so a null is written out.
    fn with_variables(
        &mut self,
        one: &Executed,
        prefix: &str,
        any_id: Option<&RangeInclusive<i64>>,
    ) -> anyhow::Result<String> {
        let mut script = String::with_capacity(one.sql.len());
        let mut rest = one.sql.as_str();
        while let Some((before, after)) = rest.split_once('$') {
            script.push_str(before);
            let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let number: usize = after[..digits]
                .parse()
                .context("a $ that is no parameter")?;
            rest = &after[digits..];
            let value = number.checked_sub(1).and_then(|at| one.parameters.get(at));
            match value.context("a parameter without a value")? {
                None => script.push_str("NULL"),
                Some(value) if any_id.is_some_and(|ids| *value == ids.end().to_string()) => {
                    script.push_str(":id");
                }
                Some(value) => {
                    let variable = format!("{prefix}_{number}");
                    script.push(':');
                    script.push_str(&variable);
                    if self.variables.iter().all(|(name, _)| *name != variable) {
                        self.variables.push((variable, value.clone()));
                    }
                }
            }
        }
        script.push_str(rest.trim_end().trim_end_matches(';'));
        Ok(script)
    }

    /// Runs per second.
    pub async fn rate(
        &self,
        database_url: &str,
        clients: u32,
        duration: Duration,
    ) -> anyhow::Result<f64> {
        let mut files: Vec<PathBuf> = Vec::new();
        for (sample, text) in self.texts.iter().enumerate() {
            let name = format!(
                "keylight-bench-{}-{}-{sample}.sql",
                std::process::id(),
                self.name
            );
            let file = std::env::temp_dir().join(name);
            tokio::fs::write(&file, text).await?;
            files.push(file);
        }
        let rate = pgbench::transactions_per_second(
            database_url,
            clients,
            duration,
            &files,
            &self.variables,
        )
        .await;
        for file in files {
            tokio::fs::remove_file(file).await?;
        }
        rate
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const LOG: &str = "2026-11-22 11:00:00.000 UTC [41] LOG:  execute sqlx_s_1: SELECT count(*)\n\tFROM entity.submissions WHERE a = $1 AND b = $2 AND c = $1::text\n\
        2026-11-22 11:00:00.000 UTC [42] LOG:  statement: BEGIN\n\
        2026-11-22 11:00:00.000 UTC [41] DETAIL:  parameters: $1 = 'it''s, $2 = ''x''', $2 = NULL\n\
        2026-11-22 11:00:00.001 UTC [42] ERROR:  something\n\
        2026-11-22 11:00:00.001 UTC [41] LOG:  execute sqlx_s_2: SELECT 1 FROM t WHERE id = $1\n\
        2026-11-22 11:00:00.001 UTC [41] DETAIL:  Parameters: $1 = '77'\n";

    #[test]
    fn statements_and_their_parameters_are_found() {
        let told = parse(LOG).unwrap();
        assert_eq!(told.len(), 3);
        assert_eq!(
            told[0].sql,
            "SELECT count(*)\nFROM entity.submissions WHERE a = $1 AND b = $2 AND c = $1::text"
        );
        assert_eq!(
            told[0].parameters,
            [Some("it's, $2 = 'x'".to_owned()), None]
        );
        assert_eq!(told[1].sql, "BEGIN");
        assert_eq!(told[2].parameters, [Some("77".to_owned())]);
        assert!(parameters("$1 = 'open").is_err());
    }

    #[test]
    fn scripts_have_variables_and_leave_errands_out() {
        let told = parse(LOG).unwrap();
        let errand = told[1].clone();
        let windows = vec![vec![told[0].clone(), errand], vec![told[0].clone()]];
        let scripts = Scripts::of("list", &windows, 2, None).unwrap();
        assert_eq!(
            scripts.texts[1],
            "SELECT count(*)\nFROM entity.submissions WHERE a = :s1_0_1 AND b = NULL AND c = :s1_0_1::text;\n"
        );
        assert_eq!(scripts.variables.len(), 2);
        assert_eq!(scripts.statements().len(), 1);

        // somebody else's statement in the only window that makes a script
        let both = vec![told[1].clone(), told[2].clone()];
        let asked = [both, vec![told[2].clone()], vec![told[2].clone()]];
        let one = Scripts::of("by id", &asked, 1, Some(&(1..=77))).unwrap();
        assert_eq!(
            one.texts[0],
            "\\set id random(1, 77)\nSELECT 1 FROM t WHERE id = :id;\n"
        );
        let other = Scripts::of("by id", &asked, 1, Some(&(1..=78)));
        other.unwrap_err();
    }
}

//! Makes a database of the predecessor with every kind of mess, for trying an import.

use anyhow::{Context as _, bail};
use keylight_testkit::legacy::{Sample, Shape, Variant};
use sqlx::postgres::PgPoolOptions;

const USAGE: &str = "\
Makes the predecessor's tables with every kind of mess in an empty PostgreSQL database.

usage: keylight-legacy-sample URL knex|sql ROWS [SEED] [full|only-submissions|other-columns] [HUGE]

HUGE is the number of descriptions of 10 MB. The same arguments make the same rows.";

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |place: usize| arguments.get(place).map(String::as_str);
    let (Some(url), Some(shape), Some(rows)) = (argument(0), argument(1), argument(2)) else {
        bail!("{USAGE}");
    };
    let shape = match shape {
        "knex" => Shape::Knex,
        "sql" => Shape::Sql,
        _ => bail!("{USAGE}"),
    };
    let variant = match argument(4) {
        None | Some("full") => Variant::Full,
        Some("only-submissions") => Variant::OnlySubmissions,
        Some("other-columns") => Variant::OtherColumns,
        Some(_) => bail!("{USAGE}"),
    };
    let pool = PgPoolOptions::new().max_connections(1).connect(url).await?;
    let sample = Sample {
        variant,
        huge: argument(5)
            .map_or(Ok(0), str::parse)
            .context("HUGE is not a number")?,
        ..Sample::new(
            shape,
            rows.parse().context("ROWS is not a number")?,
            argument(3)
                .map_or(Ok(1), str::parse)
                .context("SEED is not a number")?,
        )
    };
    sample.make(&pool).await?;
    Ok(())
}

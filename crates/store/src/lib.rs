//! PostgreSQL: pool, migrations, error classes, outbox

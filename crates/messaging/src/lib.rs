//! The message bus and its two adapters, RabbitMQ and PostgreSQL

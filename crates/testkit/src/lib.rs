//! For tests only: private PostgreSQL and RabbitMQ, the running system, wait_until

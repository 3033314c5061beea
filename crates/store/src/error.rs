//! What a database failure means to a caller.

use keylight_domain::error::{DomainError, ErrorCode};

/// A failed database operation. Its text never holds row values: PostgreSQL's detail, which does, is left out.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No connection, or the database is going away: the same request may succeed later.
    #[error("database is not available: {0}")]
    Unavailable(String),
    /// Two transactions got in each other's way; repeating is right.
    #[error("transaction must be repeated: {0}")]
    Contention(String),
    /// A constraint refused the change.
    #[error("constraint {constraint} refused the change")]
    Constraint {
        /// Name of the constraint.
        constraint: String,
        /// PostgreSQL's five-character code.
        code: String,
    },
    /// A defect: wrong SQL, a row that cannot be read.
    #[error("database operation failed: {0}")]
    Defect(String),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut => {
                StoreError::Unavailable("no free connection in time".to_owned())
            }
            sqlx::Error::PoolClosed
            | sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::WorkerCrashed => StoreError::Unavailable(error.to_string()),
            sqlx::Error::Protocol(_) => StoreError::Unavailable("connection was cut".to_owned()),
            sqlx::Error::Database(database) => {
                let code = database.code().unwrap_or_default().into_owned();
                // the message of these classes names relations and codes, never values; the detail is not taken
                match code.as_str() {
                    "40001" | "40P01" | "55P03" => StoreError::Contention(code),
                    // a primary that has become a replica: the other one is being turned to
                    "25006" => StoreError::Unavailable(code),
                    _ if code.starts_with("08")
                        || code.starts_with("57P")
                        || code.starts_with("53") =>
                    {
                        StoreError::Unavailable(code)
                    }
                    _ if code.starts_with("23") => StoreError::Constraint {
                        constraint: database.constraint().unwrap_or("unnamed").to_owned(),
                        code,
                    },
                    _ => StoreError::Defect(format!("sqlstate {code}")),
                }
            }
            sqlx::Error::ColumnDecode { index, .. } => {
                StoreError::Defect(format!("column {index} cannot be read"))
            }
            _ => StoreError::Defect(error.to_string()),
        }
    }
}

impl StoreError {
    /// Whether the same operation may succeed when it is repeated.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, StoreError::Unavailable(_) | StoreError::Contention(_))
    }
}

impl From<StoreError> for DomainError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Unavailable(_) | StoreError::Contention(_) => {
                DomainError::unavailable(error.to_string())
            }
            StoreError::Constraint { .. } => {
                DomainError::new(ErrorCode::Conflict, "The change contradicts what is stored")
                    .caused_by(error.to_string())
            }
            StoreError::Defect(_) => DomainError::internal(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exhaustion_is_worth_a_retry_and_says_nothing_internal() {
        let error = DomainError::from(StoreError::from(sqlx::Error::PoolTimedOut));
        assert_eq!(error.code, ErrorCode::Unavailable);
        assert!(!error.message.contains("connection"));
    }
}

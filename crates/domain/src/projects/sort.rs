//! Orders of a list of projects.

use crate::intake::choices::choice;

choice! {
    /// By what a list of projects can be sorted.
    SortKey {
        /// When it was made.
        CreatedAt = "created_at",
        /// When it was last changed.
        UpdatedAt = "updated_at",
        /// Its name, as the database compares texts.
        Name = "name",
        /// The name of its status.
        Status = "status",
    }
}

/// An order. Rows without a value stand at the small end; equal values are told apart by id in the same direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// By what.
    pub key: SortKey,
    /// Greatest first.
    pub descending: bool,
}

impl Default for Sort {
    fn default() -> Self {
        Self {
            key: SortKey::CreatedAt,
            descending: true,
        }
    }
}

impl Sort {
    /// Reads `key` or `-key`; nothing means newest first.
    ///
    /// # Errors
    /// A sentence for the caller when there is no such key.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let (name, descending) = text
            .strip_prefix('-')
            .map_or((text, false), |name| (name, true));
        let key = SortKey::parse(name).ok_or_else(|| {
            format!(
                "sort must be one of: {}; a leading \"-\" turns it round",
                SortKey::listed()
            )
        })?;
        Ok(Self { key, descending })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders() {
        assert_eq!(Sort::parse(""), Ok(Sort::default()));
        assert_eq!(Sort::parse("-created_at"), Ok(Sort::default()));
        assert_eq!(
            Sort::parse("name"),
            Ok(Sort {
                key: SortKey::Name,
                descending: false
            })
        );
        for refused in ["--name", "Name", "id", "-", "name "] {
            assert!(Sort::parse(refused).is_err(), "{refused:?}");
        }
    }
}

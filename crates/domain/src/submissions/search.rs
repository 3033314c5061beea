//! The text that people search for.

use crate::intake::trim;

/// Why a search term is refused. The texts are part of the public API (contract 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SearchTermProblem {
    /// None was given.
    #[error("Search term (q) is required")]
    Missing,
    /// Fewer than two UTF-16 units after trimming.
    #[error("Search term must be at least 2 characters")]
    TooShort,
    /// No stored text has a NUL character, and the database takes none.
    #[error("Search term must not contain NUL characters")]
    Nul,
}

/// The term to search for: trimmed, otherwise plain text, without wildcards.
///
/// # Errors
/// When there is none, or it is too short to be a search.
pub fn search_term(q: Option<&str>) -> Result<&str, SearchTermProblem> {
    let q = q
        .filter(|q| !q.is_empty())
        .ok_or(SearchTermProblem::Missing)?;
    let term = trim(q);
    if term.encode_utf16().take(2).count() < 2 {
        return Err(SearchTermProblem::TooShort);
    }
    if term.contains('\0') {
        return Err(SearchTermProblem::Nul);
    }
    Ok(term)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms() {
        assert_eq!(search_term(Some(" ada ")), Ok("ada"));
        assert_eq!(search_term(Some("%_")), Ok("%_"));
        assert_eq!(search_term(Some("😀")), Ok("😀"));
        assert_eq!(search_term(None), Err(SearchTermProblem::Missing));
        assert_eq!(search_term(Some("")), Err(SearchTermProblem::Missing));
        assert_eq!(search_term(Some("  a ")), Err(SearchTermProblem::TooShort));
        assert_eq!(search_term(Some("   ")), Err(SearchTermProblem::TooShort));
        assert_eq!(search_term(Some("\0\0")), Err(SearchTermProblem::Nul));
    }
}

//! Pages of a list.

use super::js_number::leading_integer;

/// Rows on a page when nobody says how many.
pub const DEFAULT_PAGE_SIZE: i32 = 20;
/// Most rows on a page.
pub const MAX_PAGE_SIZE: i32 = 100;
/// Highest page number; with the largest page the offset still fits in 64 bits by far.
pub const MAX_PAGE: i64 = 2_147_483_647;

/// Which page of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paging {
    /// From 1 to [`MAX_PAGE`].
    pub page: i64,
    /// From 1 to [`MAX_PAGE_SIZE`].
    pub page_size: i32,
}

impl Paging {
    /// Reads the query parameters `page` and `pageSize`; whatever they are, a page comes out.
    #[must_use]
    pub fn from_query(page: Option<&str>, page_size: Option<&str>) -> Self {
        let page = page.and_then(leading_integer).unwrap_or(1);
        let page_size = match page_size.and_then(leading_integer) {
            None | Some(0) => DEFAULT_PAGE_SIZE,
            // inside the clamp it always fits
            Some(size) => {
                i32::try_from(size.clamp(1, i64::from(MAX_PAGE_SIZE))).unwrap_or(DEFAULT_PAGE_SIZE)
            }
        };
        Self::clamped(page, page_size)
    }

    /// A page from numbers that another process sent, kept inside the bounds.
    #[must_use]
    pub fn clamped(page: i64, page_size: i32) -> Self {
        Self {
            page: page.clamp(1, MAX_PAGE),
            page_size: page_size.clamp(1, MAX_PAGE_SIZE),
        }
    }

    /// Rows before this page.
    #[must_use]
    pub fn offset(self) -> i64 {
        (self.page - 1) * i64::from(self.page_size)
    }
}

/// Where a page stands in its list, as clients are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pagination {
    /// The page that was asked for, also when it is past the end.
    pub page: i64,
    /// Rows on a full page.
    pub page_size: i32,
    /// Rows in the whole list.
    pub total_count: i64,
    /// Pages in the whole list; 0 when it is empty.
    pub total_pages: i64,
    /// Whether a page comes after this one.
    pub has_next: bool,
    /// Whether a page comes before this one.
    pub has_prev: bool,
}

impl Pagination {
    /// Where `paging` stands in a list of `total_count` rows.
    #[must_use]
    pub fn new(paging: Paging, total_count: i64) -> Self {
        let total_count = total_count.max(0);
        let size = i64::from(paging.page_size);
        let total_pages = total_count / size + i64::from(total_count % size != 0);
        Self {
            page: paging.page,
            page_size: paging.page_size,
            total_count,
            total_pages,
            has_next: paging.page < total_pages,
            has_prev: paging.page > 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn senseless_parameters_give_the_defaults() {
        let read = |page: &str, size: &str| {
            let paging = Paging::from_query(Some(page), Some(size));
            (paging.page, paging.page_size)
        };
        assert_eq!(
            Paging::from_query(None, None),
            Paging {
                page: 1,
                page_size: 20
            }
        );
        assert_eq!(read("", ""), (1, 20));
        assert_eq!(read("abc", "abc"), (1, 20));
        assert_eq!(read("0", "0"), (1, 20));
        assert_eq!(read("-5", "-5"), (1, 1));
        assert_eq!(read("3", "101"), (3, 100));
        assert_eq!(
            read("99999999999999999999", "99999999999999999999"),
            (MAX_PAGE, 100)
        );
    }

    #[test]
    fn an_empty_list_has_no_pages() {
        let empty = Pagination::new(
            Paging {
                page: 1,
                page_size: 20,
            },
            0,
        );
        assert_eq!(
            (empty.total_pages, empty.has_next, empty.has_prev),
            (0, false, false)
        );
        let past = Pagination::new(
            Paging {
                page: 9,
                page_size: 2,
            },
            3,
        );
        assert_eq!(
            (past.page, past.total_pages, past.has_next, past.has_prev),
            (9, 2, false, true)
        );
    }

    #[test]
    fn clients_read_camel_case() {
        let json = serde_json::json!(Pagination::new(
            Paging {
                page: 1,
                page_size: 20
            },
            2
        ));
        let expected = serde_json::json!({"page":1,"pageSize":20,"totalCount":2,"totalPages":1,"hasNext":false,"hasPrev":false});
        assert_eq!(json, expected);
    }

    proptest! {
        #[test]
        fn every_query_gives_a_page(page in any::<String>(), size in any::<String>(), total in any::<i64>()) {
            let paging = Paging::from_query(Some(&page), Some(&size));
            prop_assert!(paging.page >= 1 && (1..=100).contains(&paging.page_size) && paging.offset() >= 0);
            let _ = Pagination::new(paging, total);
        }

        #[test]
        fn following_has_next_visits_every_row_once(total in 0_i64..500, size in 1_i32..=100) {
            let mut seen = 0;
            let mut paging = Paging { page: 1, page_size: size };
            loop {
                let place = Pagination::new(paging, total);
                prop_assert_eq!(paging.offset(), seen);
                seen += (total - paging.offset()).clamp(0, i64::from(size));
                if !place.has_next { break; }
                paging.page += 1;
            }
            prop_assert_eq!(seen, total);
        }
    }
}

//! Which other sites' pages may call us (contract 1.2).

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

const VARY_ACTUAL: HeaderValue = HeaderValue::from_static("Origin");
const VARY_PREFLIGHT: HeaderValue =
    HeaderValue::from_static("Origin, Access-Control-Request-Headers");
const TRUE: HeaderValue = HeaderValue::from_static("true");
const METHODS: HeaderValue = HeaderValue::from_static("GET,HEAD,PUT,PATCH,POST,DELETE");
const EXPOSED: HeaderValue =
    HeaderValue::from_static("x-request-id, retry-after, etag, idempotent-replayed");
/// Ten minutes; browsers ask again after that.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");
/// Longest list of asked-for headers that is echoed.
const MAX_ASKED: usize = 1024;

/// Local development servers of the intake website.
pub const DEVELOPMENT_ORIGINS: [&str; 6] = [
    "http://localhost:3000",
    "http://localhost:4200",
    "http://localhost:5500",
    "http://localhost:8080",
    "http://127.0.0.1:5500",
    "http://127.0.0.1:8080",
];

/// The origins whose pages may read our answers.
#[derive(Debug, Clone, Default)]
pub struct Cors {
    allowed: Vec<HeaderValue>,
}

impl Cors {
    /// Allows these origins. Blanks around them and a slash at the end do not count; what cannot be an origin is left out.
    pub fn new<'a>(origins: impl IntoIterator<Item = &'a str>) -> Self {
        let allowed = origins
            .into_iter()
            .map(|origin| origin.trim().trim_end_matches('/'))
            .filter(|origin| !origin.is_empty())
            .filter_map(|origin| HeaderValue::from_str(origin).ok())
            .collect();
        Self { allowed }
    }

    /// Whether no other site may call us.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.allowed.is_empty()
    }

    /// The origin to echo, if the request comes from an allowed one.
    pub(crate) fn echo(&self, request: &HeaderMap) -> Option<HeaderValue> {
        let origin = request.get(header::ORIGIN)?;
        self.allowed
            .iter()
            .find(|allowed| *allowed == origin)
            .cloned()
    }

    /// Adds the headers of an ordinary answer.
    pub(crate) fn mark(echo: Option<HeaderValue>, answer: &mut HeaderMap) {
        answer.append(header::VARY, VARY_ACTUAL);
        if let Some(origin) = echo {
            answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            answer.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
            answer.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }

    /// Status and headers of the answer to `OPTIONS`. The headers that the page asks for are allowed, `authorization`
    /// among them.
    pub(crate) fn preflight(
        echo: Option<HeaderValue>,
        asked: Option<HeaderValue>,
    ) -> (StatusCode, HeaderMap) {
        let mut answer = HeaderMap::with_capacity(8);
        answer.insert(header::VARY, VARY_PREFLIGHT);
        if let Some(origin) = echo {
            answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            answer.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
            answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            answer.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
            if let Some(asked) = asked.filter(|asked| asked.len() <= MAX_ASKED) {
                answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked);
            }
        }
        (StatusCode::NO_CONTENT, answer)
    }
}

/// What a preflight asks for.
pub(crate) const ASKED: HeaderName = header::ACCESS_CONTROL_REQUEST_HEADERS;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn from(origin: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, HeaderValue::from_str(origin).unwrap());
        headers
    }

    #[test]
    fn only_listed_origins_are_echoed() {
        let cors = Cors::new(["https://a.example", " https://b.example/ ", ""]);
        for good in ["https://a.example", "https://b.example"] {
            assert_eq!(cors.echo(&from(good)).unwrap(), good);
        }
        for bad in [
            "null",
            "https://a.example.evil.example",
            "http://a.example",
            "https://A.example",
        ] {
            assert_eq!(cors.echo(&from(bad)), None, "{bad}");
        }
        assert_eq!(cors.echo(&HeaderMap::new()), None);
        assert!(Cors::new([" "]).is_empty());
    }
}

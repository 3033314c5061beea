//! Requests that another site has a signed-in browser send. A browser says where a request comes from, and only our own
//! pages know the session's form token: a change needs both.

use super::guard::Audience;
use crate::{app::Door, query::Query};
use axum::{body::Body, extract::Request};
use http::{HeaderMap, HeaderName, Method, StatusCode, header};
use keylight_domain::error::ErrorCode;
use keylight_web::{
    body::{self, Kind},
    error::ApiError,
};
use subtle::ConstantTimeEq as _;

const X_CSRF_TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// Name of the hidden field in forms.
pub(crate) const FIELD: &str = "csrf";

/// Lets a request of a session through, with its body as it was. People follow links to pages from anywhere; what is
/// meant for programs is not even read from another site, which may be one that the API's CORS answers trust.
///
/// # Errors
/// 403 for what another site may have caused.
pub(super) async fn check(
    door: &Door,
    token: &str,
    audience: Audience,
    request: Request,
) -> Result<Request, ApiError> {
    let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    if !(reads && audience == Audience::People) {
        from_here(request.headers())?;
    }
    if reads {
        return Ok(request);
    }
    if let Some(shown) = request.headers().get(X_CSRF_TOKEN) {
        return same(shown.as_bytes(), token).map(|()| request);
    }
    if body::kind(request.headers())? != Kind::Form {
        return Err(refused("this needs the header X-CSRF-Token"));
    }
    let (mut parts, body) = request.into_parts();
    let bytes = body::read(&parts.headers, body, door.body_limit).await?;
    // unpacked now
    parts.headers.remove(header::CONTENT_ENCODING);
    parts.headers.remove(header::CONTENT_LENGTH);
    let form = Query::parse(std::str::from_utf8(&bytes).unwrap_or_default());
    same(form.get(FIELD).unwrap_or_default().as_bytes(), token)?;
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

/// Whether a browser says that the request comes from a page of ours. Programs say nothing, and are believed: they have
/// nobody's cookies.
///
/// # Errors
/// 403 when it comes from elsewhere.
pub(crate) fn from_here(headers: &HeaderMap) -> Result<(), ApiError> {
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let ours = match (text(&SEC_FETCH_SITE), text(&header::ORIGIN)) {
        (Some(site), _) => ["same-origin", "none"].contains(&site),
        (None, Some(origin)) => {
            let host = text(&header::HOST).unwrap_or_default();
            origin.split_once("://").is_some_and(|(_, of)| of == host)
        }
        (None, None) => true,
    };
    if ours {
        Ok(())
    } else {
        Err(refused("this was sent by another site"))
    }
}

fn same(shown: &[u8], token: &str) -> Result<(), ApiError> {
    if !token.is_empty() && bool::from(shown.ct_eq(token.as_bytes())) {
        Ok(())
    } else {
        Err(refused("the form is out of date; load the page again"))
    }
}

fn refused(why: &'static str) -> ApiError {
    ApiError::new(
        StatusCode::FORBIDDEN,
        "Forbidden",
        ErrorCode::Forbidden.as_str(),
        format!("The request was refused: {why}"),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_ours_and_programs() {
        let ours = |pairs: &[(HeaderName, &str)]| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "console.example:8080".parse().unwrap());
            for (name, value) in pairs {
                headers.insert(name, value.parse().unwrap());
            }
            from_here(&headers).is_ok()
        };
        let origin = |text| (header::ORIGIN, text);
        assert!(ours(&[]));
        assert!(ours(&[(SEC_FETCH_SITE, "same-origin")]));
        assert!(ours(&[(SEC_FETCH_SITE, "none")]));
        assert!(ours(&[origin("http://console.example:8080")]));
        for site in ["cross-site", "same-site", "", "SAME-ORIGIN"] {
            assert!(!ours(&[(SEC_FETCH_SITE, site)]), "{site}");
        }
        for text in [
            "null",
            "https://evil.example",
            "http://console.example",
            "http://console.example:8080.evil.example",
        ] {
            assert!(!ours(&[origin(text)]), "{text}");
        }
        // what the browser says of the site counts more
        assert!(!ours(&[
            (SEC_FETCH_SITE, "cross-site"),
            origin("http://console.example:8080")
        ]));
    }
}

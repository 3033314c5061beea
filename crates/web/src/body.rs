//! Bodies: within a limit, compressed or not, and what kind they are.

use crate::error::ApiError;
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use std::io::Read;

/// What a body says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `application/json`.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// Anything else, or nothing said: counts as no body at all.
    Other,
}

/// What the headers say the body is.
///
/// # Errors
/// 415 for JSON or a form in a charset other than UTF-8.
pub fn kind(headers: &HeaderMap) -> Result<Kind, ApiError> {
    let Some(text) = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
    else {
        return Ok(Kind::Other);
    };
    let mut parts = text.split(';');
    let essence = parts.next().unwrap_or_default().trim();
    let kind = if essence.eq_ignore_ascii_case("application/json") {
        Kind::Json
    } else if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Kind::Form
    } else {
        return Ok(Kind::Other);
    };
    let charset = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then(|| value.trim().trim_matches('"'))
    });
    match charset {
        None => Ok(kind),
        Some(name)
            if ["utf-8", "utf8", "us-ascii"]
                .iter()
                .any(|known| known.eq_ignore_ascii_case(name)) =>
        {
            Ok(kind)
        }
        Some(_) => Err(ApiError::unsupported_media_type(
            "Request body must be in UTF-8",
        )),
    }
}

/// Reads a whole body of at most `limit` bytes, before and after decompression.
///
/// # Errors
/// 413 above the limit, 415 for an unknown encoding, 400 for a body that is cut off or wrongly compressed.
pub async fn read(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, ApiError> {
    let encoding = encoding(headers)?;
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    // the client waits for our word before it sends anything
    if headers.contains_key(header::EXPECT) && announced.is_some_and(|length| length > limit as u64)
    {
        return Err(ApiError::too_large(limit));
    }
    let bytes = collect(body, limit).await?;
    match encoding {
        Encoding::Identity => Ok(bytes),
        // a limit of a few hundred kB decompresses in about a millisecond, so it may happen right here
        Encoding::Gzip => inflate(MultiGzDecoder::new(bytes.as_ref()), limit),
        Encoding::Deflate => inflate(ZlibDecoder::new(bytes.as_ref()), limit),
    }
}

/// Most bytes that are received and thrown away after a body has turned out too large.
const DISCARDED: usize = 32 << 20;

/// The whole body; usually one piece, which is not copied.
async fn collect(mut body: Body, limit: usize) -> Result<Bytes, ApiError> {
    let mut first = Bytes::new();
    let mut all: Option<BytesMut> = None;
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return Err(ApiError::unreadable_body());
        };
        let Ok(data) = frame.into_data() else {
            continue;
        };
        length = length.saturating_add(data.len());
        if length > limit {
            discard(body, length).await;
            return Err(ApiError::too_large(limit));
        }
        match &mut all {
            Some(all) => all.extend_from_slice(&data),
            None if first.is_empty() => first = data,
            None => {
                let mut joined = BytesMut::from(first.as_ref());
                joined.extend_from_slice(&data);
                all = Some(joined);
            }
        }
    }
    Ok(all.map_or(first, BytesMut::freeze))
}

/// Takes the rest of a body that is refused. A client that is still sending when the connection closes would see a
/// broken connection instead of the answer.
async fn discard(mut body: Body, mut length: usize) {
    while length < DISCARDED {
        match body.frame().await {
            Some(Ok(frame)) => length += frame.data_ref().map_or(0, Bytes::len),
            _ => return,
        }
    }
}

enum Encoding {
    Identity,
    Gzip,
    Deflate,
}

fn encoding(headers: &HeaderMap) -> Result<Encoding, ApiError> {
    let Some(value) = headers.get(header::CONTENT_ENCODING) else {
        return Ok(Encoding::Identity);
    };
    match value
        .to_str()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
        .as_str()
    {
        "" | "identity" => Ok(Encoding::Identity),
        "gzip" | "x-gzip" => Ok(Encoding::Gzip),
        "deflate" => Ok(Encoding::Deflate),
        _ => Err(ApiError::unsupported_media_type(
            "Request body must be plain, gzip or deflate",
        )),
    }
}

fn inflate(decoder: impl Read, limit: usize) -> Result<Bytes, ApiError> {
    let mut plain = Vec::new();
    // one byte more than allowed tells a full body from one that is too large
    match decoder.take(limit as u64 + 1).read_to_end(&mut plain) {
        Ok(length) if length > limit => Err(ApiError::too_large(limit)),
        Ok(_) => Ok(plain.into()),
        Err(_) => Err(ApiError::unreadable_body()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder, write::ZlibEncoder};
    use futures::StreamExt as _;
    use http::{HeaderName, HeaderValue, StatusCode};
    use std::io::Write as _;
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn kinds() {
        let of = |text: &str| kind(&headers(&[(header::CONTENT_TYPE, text)]));
        assert_eq!(of("application/json"), Ok(Kind::Json));
        assert_eq!(of("Application/JSON; charset=\"UTF-8\""), Ok(Kind::Json));
        assert_eq!(
            of("application/x-www-form-urlencoded;charset=utf-8"),
            Ok(Kind::Form)
        );
        assert_eq!(of("text/plain; charset=latin1"), Ok(Kind::Other));
        assert_eq!(kind(&HeaderMap::new()), Ok(Kind::Other));
        assert_eq!(
            of("application/json; charset=x-unknown")
                .unwrap_err()
                .status,
            StatusCode::UNSUPPORTED_MEDIA_TYPE
        );
    }

    #[tokio::test]
    async fn limits_hold_before_and_after_decompression() {
        let plain = HeaderMap::new();
        assert_eq!(read(&plain, Body::from("12345"), 5).await.unwrap(), "12345");
        assert_eq!(
            read(&plain, Body::from("123456"), 5)
                .await
                .unwrap_err()
                .status,
            StatusCode::PAYLOAD_TOO_LARGE
        );
        let zipped = headers(&[(header::CONTENT_ENCODING, "gzip")]);
        assert_eq!(
            read(&zipped, Body::from(gzip(b"12345")), 1000)
                .await
                .unwrap(),
            "12345"
        );
        let bomb = gzip(&vec![b'x'; 100_000]);
        assert!(bomb.len() < 1000);
        assert_eq!(
            read(&zipped, Body::from(bomb), 1000)
                .await
                .unwrap_err()
                .status,
            StatusCode::PAYLOAD_TOO_LARGE
        );
    }

    #[tokio::test]
    async fn pieces_are_joined_and_the_rest_of_a_large_body_is_taken() {
        let pieces = |count: usize| {
            let taken = Arc::new(AtomicUsize::new(0));
            let counted = taken.clone();
            let stream = futures::stream::iter(0..count).map(move |_| {
                counted.fetch_add(1, Ordering::SeqCst);
                Ok::<_, std::io::Error>(Bytes::from_static(b"1234"))
            });
            (Body::from_stream(stream), taken)
        };
        let none = HeaderMap::new();
        assert_eq!(read(&none, pieces(3).0, 12).await.unwrap(), "123412341234");
        let (large, taken) = pieces(50);
        let refused = read(&none, large, 12).await.unwrap_err();
        assert_eq!(
            (refused.status, taken.load(Ordering::SeqCst)),
            (StatusCode::PAYLOAD_TOO_LARGE, 50)
        );
        // a client that asks first is told at once
        let (large, taken) = pieces(50);
        let asks = headers(&[
            (header::EXPECT, "100-continue"),
            (header::CONTENT_LENGTH, "200"),
        ]);
        assert_eq!(
            read(&asks, large, 12).await.unwrap_err().status,
            StatusCode::PAYLOAD_TOO_LARGE
        );
        assert_eq!(taken.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn corrupt_or_unknown_compression_is_refused() {
        let zipped = headers(&[(header::CONTENT_ENCODING, "gzip")]);
        let mut cut = gzip(b"{\"full_name\":\"Ada\"}");
        cut.truncate(cut.len() - 6);
        for body in [b"not gzip".to_vec(), cut] {
            assert_eq!(
                read(&zipped, Body::from(body), 1000)
                    .await
                    .unwrap_err()
                    .status,
                StatusCode::BAD_REQUEST
            );
        }
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(b"{}").unwrap();
        let deflated = headers(&[(header::CONTENT_ENCODING, "Deflate")]);
        assert_eq!(
            read(&deflated, Body::from(encoder.finish().unwrap()), 10)
                .await
                .unwrap(),
            "{}"
        );
        let unknown = headers(&[(header::CONTENT_ENCODING, "br")]);
        assert_eq!(
            read(&unknown, Body::empty(), 10).await.unwrap_err().status,
            StatusCode::UNSUPPORTED_MEDIA_TYPE
        );
    }
}

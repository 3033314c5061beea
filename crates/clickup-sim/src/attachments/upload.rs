//! Reading an upload: the first file of a multipart body, piece by piece.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};

use super::files::LARGEST_KEPT;
use super::{Attachment, Parent};
use crate::errors::ApiError;
use crate::sim::Change;

/// Longest name of a file.
const LONGEST_NAME: usize = 255;

/// A file that came in.
#[derive(Debug)]
pub(crate) struct Upload {
    name: String,
    mime: String,
    size: u64,
    sha256: String,
    /// `None` when it was too large to keep.
    content: Option<Bytes>,
}

impl Upload {
    /// Reads a multipart body: the first part with a file name is the file, `filename` overrides
    /// its name.
    ///
    /// # Errors
    /// 400 when it is not multipart, or holds no file.
    pub(crate) async fn read(request: Request<Body>) -> Result<Self, ApiError> {
        let mut parts = Multipart::from_request(request, &())
            .await
            .map_err(|_| ApiError::NOT_MULTIPART)?;
        let mut upload = None;
        let mut rename = None;
        while let Some(part) = parts
            .next_field()
            .await
            .map_err(|_| ApiError::NOT_MULTIPART)?
        {
            match part.file_name().map(str::to_owned) {
                Some(name) if upload.is_none() => {
                    let mime = part
                        .content_type()
                        .unwrap_or("application/octet-stream")
                        .to_owned();
                    upload = Some(Self::drain(name, mime, part).await?);
                }
                None if part.name() == Some("filename") => rename = part.text().await.ok(),
                None if is_file_part(part.name()) => {
                    // Cloud files cannot be given by their address.
                    return Err(ApiError::FILE_EXPECTED);
                }
                _ => {}
            }
        }
        let mut upload = upload.ok_or(ApiError::FILE_EXPECTED)?;
        if let Some(name) = rename.filter(|name| !name.trim().is_empty()) {
            upload.name = name;
        }
        Ok(upload)
    }

    async fn drain(
        name: String,
        mime: String,
        mut part: axum::extract::multipart::Field<'_>,
    ) -> Result<Self, ApiError> {
        let mut hash = Sha256::new();
        let mut size = 0_u64;
        let mut content = Some(Vec::new());
        while let Some(piece) = part.chunk().await.map_err(|_| ApiError::NOT_MULTIPART)? {
            hash.update(&piece);
            size += u64::try_from(piece.len()).unwrap_or(0);
            if let Some(kept) = &mut content {
                if kept.len() + piece.len() <= LARGEST_KEPT {
                    kept.extend_from_slice(&piece);
                } else {
                    content = None;
                }
            }
        }
        Ok(Self {
            name,
            mime,
            size,
            sha256: hex(&hash.finalize()),
            content: content.map(Bytes::from),
        })
    }

    /// A file that a person drops on a card.
    pub(crate) fn of_person(name: &str, mime: Option<&str>, content: Bytes) -> Self {
        Self {
            name: name.to_owned(),
            mime: mime.unwrap_or("application/octet-stream").to_owned(),
            size: u64::try_from(content.len()).unwrap_or(0),
            sha256: hex(&Sha256::digest(&content)),
            content: Some(content),
        }
    }

    /// Gives the file an id and an address and keeps its content.
    pub(crate) fn keep(
        self,
        change: &mut Change<'_>,
        user: u64,
        parent: &str,
        parent_kind: Parent,
        host: &str,
    ) -> Attachment {
        let title: String = self
            .name
            .rsplit(['/', '\\'])
            .next()
            .unwrap_or_default()
            .chars()
            .filter(|letter| !letter.is_control())
            .take(LONGEST_NAME)
            .collect();
        let title = if title.is_empty() {
            "file".to_owned()
        } else {
            title
        };
        let extension = title
            .rsplit_once('.')
            .map(|(_, end)| end.to_lowercase())
            .filter(|end| !end.is_empty() && end.chars().all(char::is_alphanumeric))
            .unwrap_or_default();
        let uuid = change.world.ids.uuid();
        let id = if extension.is_empty() {
            uuid
        } else {
            format!("{uuid}.{extension}")
        };
        if let Some(content) = self.content {
            change.world.put_file(&id, content);
        }
        Attachment {
            url: format!("http://{host}/attachments/{id}/{}", escaped(&title)),
            id,
            title,
            extension,
            mime: self.mime,
            size: self.size,
            sha256: self.sha256,
            date: change.now,
            user,
            parent: parent.to_owned(),
            parent_kind,
        }
    }
}

/// The address by which the caller reached this simulator.
pub(crate) fn host(headers: &HeaderMap) -> String {
    headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or("localhost")
        .to_owned()
}

/// The specification names the part `attachment`, the guide `attachment[0]`.
fn is_file_part(name: Option<&str>) -> bool {
    name.is_some_and(|name| name == "attachment" || name.starts_with("attachment["))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Percent-encodes all that is not plain in a path.
fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

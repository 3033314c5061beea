//! A file on its way to ClickUp: one multipart form, streamed, with its length told beforehand.

use std::fmt::Write as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::Stream;
use http_body::{Body, Frame, SizeHint};

type Content = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send + Sync>>;

/// Largest file that ClickUp takes, in bytes.
pub const LARGEST_FILE: u64 = 1 << 30;

/// A file to be uploaded. Read once, in pieces, as fast as ClickUp takes them.
pub struct Upload {
    filename: String,
    length: u64,
    content: Content,
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upload")
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

impl Upload {
    /// A file of exactly `length` bytes. Content that is longer or shorter fails the upload.
    #[must_use]
    pub fn new(
        filename: &str,
        length: u64,
        content: impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            filename: filename.to_owned(),
            length,
            content: Box::pin(content),
        }
    }

    /// A file that is in memory already.
    #[must_use]
    pub fn of_bytes(filename: &str, content: impl Into<Bytes>) -> Self {
        let content = content.into();
        Self::new(
            filename,
            content.len() as u64,
            futures::stream::iter([Ok(content)]),
        )
    }

    pub(crate) fn is_too_large(&self) -> bool {
        self.length > LARGEST_FILE
    }

    /// Content type and body of the form.
    pub(crate) fn into_form(self) -> Result<(String, reqwest::Body), getrandom::Error> {
        // not to be guessed, so that no content can hold it
        let mut random = [0_u8; 16];
        getrandom::fill(&mut random)?;
        let mut boundary = String::from("keylight-");
        for byte in random {
            // writing to a String cannot fail
            let _ = write!(boundary, "{byte:02x}");
        }
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"attachment\"; filename=\"{}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n",
            quoted(&self.filename)
        );
        let form = Form {
            head: Some(head.into()),
            left: self.length,
            content: self.content,
            tail: Some(format!("\r\n--{boundary}--\r\n").into()),
        };
        Ok((
            format!("multipart/form-data; boundary={boundary}"),
            reqwest::Body::wrap(form),
        ))
    }
}

/// A file name as forms carry it: what would end the quotes or the line is escaped as browsers do.
fn quoted(filename: &str) -> String {
    let mut text = String::with_capacity(filename.len());
    for letter in filename.chars() {
        match letter {
            '"' => text.push_str("%22"),
            '\r' => text.push_str("%0D"),
            '\n' => text.push_str("%0A"),
            other => text.push(other),
        }
    }
    text
}

struct Form {
    head: Option<Bytes>,
    left: u64,
    content: Content,
    tail: Option<Bytes>,
}

impl Body for Form {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(head) = self.head.take() {
            return Poll::Ready(Some(Ok(Frame::data(head))));
        }
        if self.tail.is_none() {
            return Poll::Ready(None);
        }
        let piece = match self.content.as_mut().poll_next(context) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Some(Ok(piece))) => match self.left.checked_sub(piece.len() as u64) {
                Some(left) => {
                    self.left = left;
                    Ok(piece)
                }
                None => Err(io::Error::other("file is longer than was said")),
            },
            Poll::Ready(Some(Err(error))) => Err(error),
            Poll::Ready(None) if self.left > 0 => {
                Err(io::Error::other("file is shorter than was said"))
            }
            Poll::Ready(None) => match self.tail.take() {
                Some(tail) => Ok(tail),
                None => return Poll::Ready(None),
            },
        };
        if piece.is_err() {
            // nothing more after a failure
            self.tail = None;
        }
        Poll::Ready(Some(piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.head.is_none() && self.tail.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let around = [&self.head, &self.tail]
            .into_iter()
            .flatten()
            .map(|part| part.len() as u64)
            .sum::<u64>();
        SizeHint::with_exact(self.left + around)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        assert_eq!(quoted("pl\"an\r\nX: y.pdf"), "pl%22an%0D%0AX: y.pdf");
        assert_eq!(quoted("Zoë plan.pdf"), "Zoë plan.pdf");
    }

    #[test]
    fn neither_name_nor_content_is_shown() {
        let shown = format!("{:?}", Upload::of_bytes("Ann.pdf", "secret"));
        assert_eq!(shown, "Upload { length: 6, .. }");
    }
}

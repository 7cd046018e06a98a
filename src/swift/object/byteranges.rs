//! `multipart/byteranges`, exactly as Swift writes it.

use std::collections::VecDeque;
use std::ops::Range;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};

use crate::http::body::{BodyError, Broken, ByteStream};
use crate::ops::{Error, ObjectReader};

/// Several ranges of an object as one body.
pub(crate) struct ByteRanges {
    boundary: String,
    /// The object's `Content-Type`, which every part repeats.
    content_type: String,
    size: u64,
    ranges: Vec<Range<u64>>,
}

/// A section of the body, as far as it is sent.
enum Piece {
    Text(Bytes),
    Opened(ByteStream),
    Closed(Range<u64>),
}

impl ByteRanges {
    /// The ranges of an object of `size` bytes.
    pub(crate) fn new(boundary: String, content_type: String, size: u64, ranges: Vec<Range<u64>>) -> Self {
        Self { boundary, content_type, size, ranges }
    }

    /// The answer's `Content-Type`.
    pub(crate) fn media_type(&self) -> String {
        format!("multipart/byteranges;boundary={}", self.boundary)
    }

    /// The answer's `Content-Length`.
    pub(crate) fn length(&self) -> u64 {
        let parts = self
            .ranges
            .iter()
            .map(|range| (self.head(range).len() + LINE_END.len()) as u64 + (range.end - range.start));
        parts.sum::<u64>() + self.end().len() as u64
    }

    /// The body. Waits for the first bytes, so that damage in them is a clean error.
    pub(crate) async fn stream(
        self,
        reader: ObjectReader,
    ) -> Result<impl Stream<Item = Result<Bytes, BodyError>> + Send + 'static, Error> {
        let mut pieces = VecDeque::with_capacity(3 * self.ranges.len() + 1);
        for (index, range) in self.ranges.iter().enumerate() {
            pieces.push_back(Piece::Text(self.head(range).into()));
            pieces.push_back(if index == 0 {
                Piece::Opened(reader.open(range.clone()).await?.stream)
            } else {
                Piece::Closed(range.clone())
            });
            pieces.push_back(Piece::Text(Bytes::from_static(LINE_END.as_bytes())));
        }
        pieces.push_back(Piece::Text(self.end().into()));
        Ok(stream::try_unfold((reader, pieces), |(reader, mut pieces)| async move {
            loop {
                match pieces.pop_front() {
                    None => return Ok(None),
                    Some(Piece::Text(text)) => return Ok(Some((text, (reader, pieces)))),
                    Some(Piece::Closed(range)) => {
                        let opened = reader.open(range).await;
                        let body = opened.map_err(|error| BodyError::Source(Broken::new(error)))?;
                        pieces.push_front(Piece::Opened(body.stream));
                    }
                    Some(Piece::Opened(mut body)) => {
                        if let Some(bytes) = body.next().await.transpose()? {
                            pieces.push_front(Piece::Opened(body));
                            return Ok(Some((bytes, (reader, pieces))));
                        }
                    }
                }
            }
        }))
    }

    fn head(&self, range: &Range<u64>) -> String {
        format!(
            "--{}\r\nContent-Type: {}\r\nContent-Range: {}\r\n\r\n",
            self.boundary,
            self.content_type,
            content_range(range, self.size)
        )
    }

    fn end(&self) -> String {
        format!("--{}--", self.boundary)
    }
}

const LINE_END: &str = "\r\n";

/// The value of `Content-Range`.
pub(crate) fn content_range(range: &Range<u64>, size: u64) -> String {
    format!("bytes {}-{}/{size}", range.start, range.end - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_swifts_form() {
        let ranges = ByteRanges::new("b".into(), "text/plain".into(), 10, vec![0..2, 4..6]);
        assert_eq!(ranges.media_type(), "multipart/byteranges;boundary=b");
        assert_eq!(
            ranges.head(&(4..6)),
            "--b\r\nContent-Type: text/plain\r\nContent-Range: bytes 4-5/10\r\n\r\n"
        );
        let whole = "--b\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\n01\r\n\
                     --b\r\nContent-Type: text/plain\r\nContent-Range: bytes 4-5/10\r\n\r\n45\r\n--b--";
        assert_eq!(ranges.length(), whole.len() as u64);
    }
}

//! Lines of the framing, of bounded length, however they are cut up on the wire.

use bytes::{Buf, Bytes};

use crate::http::body::BodyError;

/// The beginning of a line whose end has not arrived yet.
#[derive(Default)]
pub(super) struct LineBuffer(Vec<u8>);

/// How a line has to end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    CrLf,
    /// `\r\n` or `\n`: the examples of AWS's manual have both in a trailer.
    Any,
}

impl LineBuffer {
    /// Takes the next line from the input, without its ending; `None` when the input is used up before the
    /// line's end. `limit` counts the ending.
    pub(super) fn take(
        &mut self,
        input: &mut Bytes,
        limit: usize,
        ending: Ending,
    ) -> Result<Option<Vec<u8>>, BodyError> {
        let window = &input[..input.len().min(limit.saturating_sub(self.0.len()))];
        let Some(end) = window.iter().position(|&b| b == b'\n') else {
            self.0.extend_from_slice(window);
            if self.0.len() >= limit {
                return Err(BodyError::Malformed("a line is too long"));
            }
            input.clear();
            return Ok(None);
        };
        let mut line = std::mem::take(&mut self.0);
        line.extend_from_slice(&window[..end]);
        input.advance(end + 1);
        if line.last() == Some(&b'\r') {
            line.pop();
        } else if ending == Ending::CrLf {
            return Err(BodyError::Malformed("a line does not end with CRLF"));
        }
        Ok(Some(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(pieces: &[&'static str], limit: usize, ending: Ending) -> Result<Option<Vec<u8>>, BodyError> {
        let mut buffer = LineBuffer::default();
        for piece in pieces {
            let mut input = Bytes::from_static(piece.as_bytes());
            if let Some(line) = buffer.take(&mut input, limit, ending)? {
                return Ok(Some(line));
            }
            assert!(input.is_empty());
        }
        Ok(None)
    }

    #[test]
    fn lines_across_pieces() {
        for pieces in [&["ab\r\nrest"][..], &["a", "b\r", "\nrest"], &["ab", "", "\r\n"]] {
            assert_eq!(take(pieces, 4, Ending::CrLf), Ok(Some(b"ab".to_vec())));
        }
        assert_eq!(take(&["ab\r"], 4, Ending::CrLf), Ok(None));
        assert_eq!(take(&["ab\n"], 4, Ending::Any), Ok(Some(b"ab".to_vec())));
        assert!(take(&["ab\n"], 4, Ending::CrLf).is_err());
    }

    #[test]
    fn lines_are_bounded() {
        assert!(take(&["abc\r\n"], 4, Ending::CrLf).is_err());
        assert!(take(&["a", "b", "c", "d"], 4, Ending::CrLf).is_err());
        assert!(take(&["abcdefgh"], 4, Ending::Any).is_err());
    }
}
